"""Which members of a set descend from a model: the feeding of a model with its own output."""

from __future__ import annotations

from collections.abc import Collection

from provenance import conditions
from provenance.errors import MisuseError
from provenance.graph import EDGES, NODES, chain_text, make_graph
from provenance.lineage import Index, descends_from, index_edges, node_id
from provenance.model.base import quote_literal
from provenance.model.finding import Finding
from provenance.model.policy import Policy
from provenance.store.catalogue import Database

DESCENT = "set_descent"
"""Temporary table (record_id, descends_from VARCHAR[]) of the records that descend from a model."""

_EVERY = "(SELECT record_id FROM sightings UNION SELECT record_id FROM members)"
_REACHED = "descent_reached"


def models_asked(policy: Policy | None, where: str | None = None) -> tuple[str, ...]:
    """The models whose descendants the budgets of a policy, or a condition, ask about."""
    texts = [where]
    for budget in policy.budgets if policy else ():
        texts += [budget.where, budget.forbid]
    found = [model for text in texts if text for model in conditions.models(conditions.parse(text))]
    return tuple(dict.fromkeys(found))


def make_descent(connection: Database, models: Collection[str]) -> None:
    """Make ``set_descent`` for some models; costs nothing when there are none.

    Raises:
        MisuseError: a model is not registered.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {DESCENT} (record_id UUID, descends_from VARCHAR[])"
    )
    if not models:
        return
    _check(connection, models)
    edges = _lineage(connection)
    found = []
    for number, model in enumerate(models):
        into = f"{_REACHED}_{number}"
        descends_from(connection, NODES, edges, node_id("model", model), _EVERY, into)
        found.append(f"SELECT record_id, {quote_literal(model)} AS model FROM {into}")
    connection.execute(
        f"INSERT INTO {DESCENT} SELECT record_id, list(model ORDER BY model) "
        f"FROM ({' UNION ALL '.join(found)}) GROUP BY record_id"
    )


def _check(connection: Database, models: Collection[str]) -> None:
    known = [row[0] for row in connection.execute("SELECT name FROM models ORDER BY 1").fetchall()]
    for model in models:
        if model not in known:
            raise MisuseError(
                f"descends_from: there is no model `{model}`",
                hint=f"the models are: {', '.join(known)}"
                if known
                else "`prov model set NAME` registers one",
            )


def _lineage(connection: Database) -> Index:
    make_graph(connection)
    return index_edges(connection, EDGES, "descent_edges")


def descent_findings(
    connection: Database, members: str, models: Collection[str], release: str | None = None
) -> list[Finding]:
    """What a set holds of models' own descendants, each with the shortest chain that shows it.

    Args:
        members: the relation of the set.
        models: models that the policy asks about.
        release: the set, where it is a release: models trained on it are asked about too.
    """
    trained = connection.execute(
        "SELECT name FROM models WHERE trained_on = ? ORDER BY name", [release]
    ).fetchall()
    asked = tuple(dict.fromkeys([*models, *(name for (name,) in trained)]))
    if not asked:
        return []
    edges = _lineage(connection)
    return [item for model in asked for item in _finding(connection, edges, members, model)]


def _finding(connection: Database, edges: Index, members: str, model: str) -> list[Finding]:
    start = node_id("model", model)
    found = descends_from(connection, NODES, edges, start, members, _REACHED)
    if not found.members:
        return []
    chain = chain_text(connection, found.chain)
    return [
        Finding(
            code="self-consumption",
            severity="error",
            subject=f"model {model}",
            reason=f"{found.members:,} records descend from it: {chain}",
            remedy=f"`--where \"NOT descends_from('{model}')\"` leaves them out",
        )
    ]
