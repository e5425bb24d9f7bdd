"""Which members of a set descend from a model: the feeding of a model with its own output."""

from __future__ import annotations

from collections.abc import Collection

from provenance import conditions
from provenance.errors import MisuseError
from provenance.graph import EDGES, NAMED, NODES, chain_text, make_graph
from provenance.lineage import Index, descends_from, index_edges, made_from, node_id
from provenance.model.base import quote_literal
from provenance.model.finding import Finding
from provenance.model.names import fold_name
from provenance.model.policy import Policy
from provenance.spellings import generator_names
from provenance.store.catalogue import Database

DESCENT = "set_descent"
"""Temporary table (record_id, descends_from VARCHAR[]) of the records that descend from a model."""

_EVERY = "(SELECT record_id FROM sightings UNION SELECT record_id FROM members)"
_REACHED = "descent_reached"

ANY = ""
"""Among the models that a record descends from: whatever a parent of unknown origin comes of."""

_BETWEEN = f"""(SELECT e.* FROM {EDGES} e
    ANTI JOIN {NAMED} c ON c.id = e.child ANTI JOIN {NAMED} p ON p.id = e.parent)"""
"""Edges from records to records."""

_DOUBTED = f"""(
SELECT o.record_id AS id FROM origins o SEMI JOIN {_BETWEEN} e ON e.parent = o.record_id
WHERE o.label = 'unknown' OR o.label <> 'human' AND o.generator IS NULL
UNION
SELECT child FROM lineage WHERE parent IS NULL AND child IS NOT NULL AND relation = 'derived'
    AND coalesce(parent_kind, 'record') = 'record')"""
"""Records that may come of any model, or of parents that are not known."""


def models_asked(policy: Policy | None, where: str | None = None) -> tuple[str, ...]:
    """The models whose descendants the budgets of a policy, or a condition, ask about."""
    texts = [where]
    for budget in policy.budgets if policy else ():
        texts += [budget.where, budget.forbid]
    found = [model for text in texts if text for model in conditions.models(conditions.parse(text))]
    return tuple(dict.fromkeys(found))


def make_descent(connection: Database, models: Collection[str], *more: str) -> None:
    """Make ``set_descent`` for some models; costs nothing when there are none.

    A model is meant by every spelling of its name. What comes of a record that may be any model's
    descends from ``ANY``.

    Args:
        more: relations, besides those of the ledger, that name generators.

    Raises:
        MisuseError: a model is not known.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {DESCENT} (record_id UUID, descends_from VARCHAR[])"
    )
    if not models:
        return
    written = _spellings(connection, models, more)
    make_graph(connection)
    edges = index_edges(connection, EDGES, "descent_edges")
    found = []
    for number, model in enumerate(models):
        roots = _written_by(model, written[model])
        made_from(connection, NODES, edges.down, roots, f"{_REACHED}_{number}")
        found.append(f"SELECT id, {quote_literal(model)} AS model FROM {_REACHED}_{number}")
    if connection.execute(f"SELECT 1 FROM {EDGES} LIMIT 1").fetchall():
        made_from(connection, NODES, _BETWEEN, _DOUBTED, f"{_REACHED}_any")
        found.append(f"SELECT id, '{ANY}' FROM {_REACHED}_any")
    connection.execute(
        f"INSERT INTO {DESCENT} SELECT id, list(DISTINCT model ORDER BY model) "
        f"FROM ({' UNION ALL '.join(found)}) SEMI JOIN {_EVERY} e ON e.record_id = id GROUP BY id"
    )


def _written_by(model: str, names: Collection[str]) -> str:
    """SQL of the nodes that a model is, and of the records that are said to be its own."""
    ids = ", ".join(quote_literal(str(node_id("model", name))) for name in [model, *names])
    listed = ", ".join(map(quote_literal, names))
    return (
        f"(SELECT unnest([{ids}])::UUID AS id "
        f"UNION SELECT record_id FROM claims WHERE generator IN ({listed}))"
    )


def _spellings(
    connection: Database, models: Collection[str], more: Collection[str]
) -> dict[str, list[str]]:
    """The names that are known for each model: registered, or written in evidence."""
    registered = [name for (name,) in connection.execute("SELECT name FROM models").fetchall()]
    known = {*registered, *generator_names(connection, *more)}
    found: dict[str, list[str]] = {}
    for model in models:
        found[model] = sorted(name for name in known if fold_name(name) == fold_name(model))
        if not found[model]:
            raise MisuseError(
                f"descends_from: there is no model `{model}`",
                hint=f"the models are: {', '.join(sorted(registered))}"
                if registered
                else "`prov model set NAME` registers one",
            )
    return found


def descent_findings(
    connection: Database, members: str, models: Collection[str], release: str | None = None
) -> list[Finding]:
    """What a set holds of models' own descendants, each with the shortest chain that shows it.

    Args:
        members: the relation of the set.
        models: models that the policy asks about.
        release: the set, where it is a release: models trained on it are asked about too.
    """
    rows = connection.execute("SELECT name, trained_on FROM models ORDER BY name").fetchall()
    wanted = {fold_name(model) for model in models}
    asked = [name for name, trained in rows if fold_name(name) in wanted]
    asked += [
        name for name, trained in rows if trained == release and release and name not in asked
    ]
    if not asked:
        return []
    make_graph(connection)
    edges = index_edges(connection, EDGES, "descent_edges")
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
