"""Which members of a set descend from a model: the feeding of a model with its own output."""

from __future__ import annotations

from collections.abc import Collection

from provenance.errors import MisuseError
from provenance.lineage import Index, descends_from, index_edges, made_from, node_id
from provenance.model.base import quote_literal
from provenance.model.finding import Finding
from provenance.model.model_names import fold_name
from provenance.model.policy import Policy
from provenance.policy.conditions import grammar
from provenance.store.connection import Database
from provenance.views.generator_names import generator_names
from provenance.views.ledger_graph import EDGES, NAMED, NODES, chain_text, make_graph
from provenance.views.model_spellings import ModelNames

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

_SPELLED = "descent_spelled"
"""Temporary table (child, generator, parent): what may be a model that is asked about: the node of
another one, or a name in evidence."""


def models_asked(policy: Policy | None, where: str | None = None) -> tuple[str, ...]:
    """The models whose descendants the budgets of a policy, or a condition, ask about."""
    texts = [where]
    for budget in policy.budgets if policy else ():
        texts += [budget.where, budget.forbid]
    found = [model for text in texts if text for model in grammar.models(grammar.parse(text))]
    return tuple(dict.fromkeys(found))


def make_descent(connection: Database, models: Collection[str], *more: str) -> None:
    """Make ``set_descent`` for some models; costs nothing when there are none.

    A model is meant by every spelling of its name. What comes of a record that may be any model's
    descends from ``ANY``.

    Args:
        more: relations, besides those of the ledger, that name generators.

    Raises:
        MisuseError: a model is neither registered nor named by any record or edge.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {DESCENT} (record_id UUID, descends_from VARCHAR[])"
    )
    if not models:
        return
    make_graph(connection)
    _make_spelled(connection, models, more)
    _check(connection, models)
    edges = _lineage(connection, models, more)
    found = []
    for number, model in enumerate(models):
        into = f"{_REACHED}_{number}"
        descends_from(connection, NODES, edges, node_id("model", model), _EVERY, into)
        found.append(f"SELECT record_id, {quote_literal(model)} AS model FROM {into}")
    if connection.execute(f"SELECT 1 FROM {EDGES} LIMIT 1").fetchall():
        made_from(connection, NODES, _BETWEEN, _DOUBTED, f"{_REACHED}_any")
        found.append(
            f"SELECT record_id, '{ANY}' FROM {_EVERY} e JOIN {_REACHED}_any a ON a.id = e.record_id"
        )
    connection.execute(
        f"INSERT INTO {DESCENT} SELECT record_id, list(DISTINCT model ORDER BY model) "
        f"FROM ({' UNION ALL '.join(found)}) GROUP BY record_id"
    )


def _check(connection: Database, models: Collection[str]) -> None:
    known = [row[0] for row in connection.execute("SELECT name FROM models ORDER BY 1").fetchall()]
    for model in models:
        named = connection.execute(
            f"SELECT 1 FROM {NAMED} WHERE kind = 'model' AND name = ? UNION ALL "
            f"SELECT 1 FROM {_SPELLED} WHERE parent = ? LIMIT 1",
            [model, node_id("model", model)],
        ).fetchall()
        if not named:
            raise MisuseError(
                f"descends_from: there is no model `{model}`",
                hint=f"the models are: {', '.join(known)}"
                if known
                else "`prov model set NAME` registers one",
            )


def _lineage(connection: Database, models: Collection[str], more: Collection[str] = ()) -> Index:
    """All edges, and those that lead from other spellings of the names of some models to them."""
    make_graph(connection)
    _make_spelled(connection, models, more)
    _add_names(connection, models)
    spelled = (
        f"SELECT child, parent, 'derived', NULL, NULL, 0, 0 FROM {_SPELLED} "
        f"WHERE child IS NOT NULL UNION ALL "
        f"SELECT e.record_id, s.parent, 'derived', e.process, NULL, 0, 0 FROM evidence e "
        f"JOIN {_SPELLED} s ON s.generator = e.generator "
        "WHERE e.tier <> 'derived' AND e.claim IN ('synthetic', 'mixed') UNION ALL "
        f"SELECT s.record_id, w.parent, 'derived', d.process, NULL, 0, 0 FROM ledger.sightings s "
        f"JOIN declared d USING (reading_id) JOIN {_SPELLED} w ON w.generator = d.generator"
    )
    columns = "child, parent, relation, process, activity, way, choice"
    every = f"(SELECT {columns} FROM {EDGES} UNION ALL {spelled})"
    return index_edges(connection, every, "descent_edges")


def _make_spelled(connection: Database, models: Collection[str], more: Collection[str]) -> None:
    """Make a table of all other names that may mean a model: of nodes, and in evidence."""
    rows: list[tuple[object, object, object]] = []
    nodes = connection.execute(f"SELECT name, id FROM {NAMED} WHERE kind = 'model'").fetchall()
    generators = generator_names(connection, *more)
    asked = ModelNames.of(models)
    for name, node in nodes:
        for model in asked.alike(name) + asked.same(name):
            if model != name:
                rows.append((node, None, node_id("model", model)))
    for name in generators:
        for model in asked.alike(name) + asked.same(name):
            rows.append((None, name, node_id("model", model)))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SPELLED} (child UUID, generator VARCHAR, parent UUID)"
    )
    if rows:
        connection.executemany(f"INSERT INTO {_SPELLED} VALUES (?, ?, ?)", rows)


def _add_names(connection: Database, models: Collection[str]) -> None:
    """Give the models that are asked about names to be shown by."""
    nodes = connection.execute(f"SELECT name FROM {NAMED} WHERE kind = 'model'").fetchall()
    known = {row[0] for row in nodes}
    names = [(name, node_id("model", name)) for name in models if name not in known]
    if names:
        connection.executemany(f"INSERT INTO {NAMED} VALUES ('model', ?, ?)", names)


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
    edges = _lineage(connection, asked)
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
