"""Present a ledger as a graph of records, sources, releases, models and their edges."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pyarrow as pa

from provenance.errors import MisuseError, NotFoundError
from provenance.lineage import PathEdge, node_id
from provenance.model.edge import NodeKind
from provenance.store.connection import Database
from provenance.views.identifiers import resolve_record
from provenance.views.lineage import WAY_SQL, row_way
from provenance.views.model_writers import ALIASES, WRITERS, make_writers

NODES = "graph_nodes"
EDGES = "graph_edges"
NAMED = "graph_named"
FOUND = "graph_found"

COLLECT = "collect"
"""What leads from a source to its records: they carry origin, and are no history."""

HISTORY = f"(SELECT * FROM {EDGES} WHERE process IS DISTINCT FROM '{COLLECT}')"
"""The edges that are shown."""

_KINDS: tuple[NodeKind, ...] = ("source", "release", "model")
_NAMED_KINDS: tuple[NodeKind, ...] = (*_KINDS, "entity")

# A parent that is not known yet is NULL: what was done to it is known all the same.
# Members are the parents of a release; a record comes of the model that wrote it, and the model of
# the release that it was trained on. What came of itself unchanged has no edge.
_KNOWN_SQL = f"""
SELECT child, parent, relation, process, activity, {WAY_SQL} AS way, 0 AS choice, false AS found
FROM ledger.edges
WHERE child IS NOT NULL AND parent IS NOT NULL AND child <> parent AND (
    reading_id IN (SELECT reading_id FROM files UNION ALL SELECT reading_id FROM imports)
    OR reading_id IS NULL AND commit_id IN (SELECT commit_id FROM commits))
"""
_SEALED_SQL = f"""
SELECT n.id, m.record_id, 'derived', 'assemble', NULL, 0, 0, false
FROM members m JOIN {NAMED} n ON n.kind = 'release' AND n.name = m.release
"""
_TRAINED_SQL = f"""
SELECT n.id, r.id, 'derived', 'train', NULL, 0, 0, false
FROM models m JOIN {NAMED} n ON n.kind = 'model' AND n.name = m.name
JOIN {NAMED} r ON r.kind = 'release' AND r.name = m.trained_on
"""
_EDGES_SQL = f"""
{_KNOWN_SQL} UNION ALL SELECT *, true FROM {FOUND} UNION ALL {_SEALED_SQL} UNION ALL {_TRAINED_SQL}
"""

# What takes more than reading edges as they lie is worked out once, and not at every hop.
_LATE_SQL = """
SELECT child, parent, relation, process, activity, way, choice FROM late_edges
WHERE child IS NOT NULL
"""
# What wrote the text in a row is of the same making as the parents that the row names.
_WRITTEN_SQL = f"""
SELECT e.record_id, w.id, 'derived', e.process, NULL, {row_way("e")}, 0
FROM own_evidence e JOIN {WRITERS} w ON w.generator = e.generator
WHERE e.tier <> 'derived' AND e.claim IN ('synthetic', 'mixed')
UNION ALL
SELECT s.record_id, w.id, 'derived', d.process, NULL, {row_way("s")}, 0
FROM ledger.sightings s JOIN declared d USING (reading_id)
JOIN {WRITERS} w ON w.generator = d.generator
"""
_ALIASES_SQL = f"SELECT id, model, 'derived', NULL, NULL, 0, 0 FROM {ALIASES}"
# A source that something was made from stands for its records, one of which is the parent.
_COLLECTED_SQL = f"""
SELECT DISTINCT n.id, s.record_id, 'derived', '{COLLECT}', NULL, 0, 1
FROM sightings s JOIN {NAMED} n ON n.kind = 'source' AND n.name = s.source
WHERE n.id IN (SELECT parent FROM ledger.edges WHERE parent_kind = 'source')
"""
_SPREAD_SQL = "FROM spread_edges"

_NODES_SQL = f"""
SELECT record_id AS id, 'record' AS kind, label::VARCHAR AS label, NULL::BIGINT AS own_depth
FROM origins
UNION ALL
SELECT id, kind, NULL, NULL FROM {NAMED}
"""


# Each part of the graph costs DuckDB a plan, however little is in it: what there is none of is left
# out.
_PARTS_SQL = f"""
SELECT EXISTS (FROM ledger.quotes)
        OR EXISTS (FROM ledger.edges WHERE child IS NULL OR parent IS NULL),
    EXISTS (FROM ledger.edges WHERE parent_kind = 'source'),
    EXISTS (FROM ledger.edges WHERE starts_with(child_ref, 'source:')),
    EXISTS (FROM {NAMED} WHERE kind = 'model')
"""
_NO_EDGES = (
    "SELECT NULL::UUID AS child, NULL::UUID AS parent, NULL::VARCHAR AS relation, "
    "NULL::VARCHAR AS process, NULL::VARCHAR AS activity, NULL::INTEGER AS way, "
    "NULL::INTEGER AS choice WHERE false"
)


def make_graph(connection: Database) -> None:
    """Make the views ``graph_nodes`` and ``graph_edges`` (docs/concepts/lineage.md), once."""
    if connection.execute("FROM duckdb_views() WHERE view_name = ?", [EDGES]).fetchall():
        return  # a snapshot does not change
    make_named(connection)
    late, collected, spread, models = connection.execute(_PARTS_SQL).fetchone() or (True,) * 4
    written, aliases = make_writers(connection, NAMED) if models else (False, False)
    parts = {
        _LATE_SQL: late,
        _COLLECTED_SQL: collected,
        _SPREAD_SQL: spread,
        _WRITTEN_SQL: written,
        _ALIASES_SQL: aliases,
    }
    found = [_NO_EDGES, *(part for part, needed in parts.items() if needed)]
    connection.execute(f"CREATE TEMP TABLE {FOUND} AS {' UNION ALL '.join(found)}")
    connection.execute(f"CREATE TEMP VIEW {EDGES} AS {_EDGES_SQL}")
    connection.execute(f"CREATE TEMP VIEW {NODES} AS {_NODES_SQL}")


def make_named(connection: Database) -> None:
    """Make the table ``graph_named``: sources, releases, models and imported entities.

    A model that edges lead to is one, whether anybody registered it or not.
    """
    query = " UNION ALL ".join(f"SELECT DISTINCT '{kind}', name FROM {kind}s" for kind in _KINDS)
    met = "SELECT 'model', substr(parent_ref, 7) FROM ledger.edges WHERE parent_kind = 'model'"
    named = connection.execute(f"{query} UNION {met}").fetchall()
    kinds, names = ([row[place] for row in named] for place in (0, 1))
    ids = [node_id(kind, name).bytes for kind, name in named]
    table = pa.table(
        {
            "kind": pa.array(kinds, pa.string()),
            "name": pa.array(names, pa.string()),
            "id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array(ids, pa.binary(16))),
        }
    )
    connection.register("named_table", table)
    imports = connection.execute("SELECT 1 FROM ledger.imports LIMIT 1").fetchone()
    told = "UNION SELECT kind, name, id FROM imported_nodes WHERE kind <> 'record'"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {NAMED} AS FROM named_table {told if imports else ''}"
    )
    connection.unregister("named_table")


def edges_since(commits: str) -> str:
    """SQL of the edges that some commits brought, but for those that have to be looked for.

    It holds where nothing was superseded; the releases that the commits sealed may be those that
    models were trained on.

    Args:
        commits: SQL of ids of commits.
    """
    return (
        f"{_KNOWN_SQL} AND commit_id IN ({commits}) "
        f"UNION ALL {_SEALED_SQL} WHERE m.commit_id IN ({commits}) "
        f"UNION ALL {_TRAINED_SQL} WHERE m.trained_on IN "
        f"(SELECT name FROM ledger.releases WHERE commit_id IN ({commits}))"
    )


def resolve_node(connection: Database, text: str) -> tuple[NodeKind, uuid.UUID]:
    """The node behind ``source:NAME``, ``release:``, ``model:``, ``entity:``, or a record.

    Raises:
        NotFoundError, MisuseError: there is none, or there are several.
    """
    kind, colon, name = text.partition(":")
    if colon and kind in _NAMED_KINDS:
        row = connection.execute(
            f"SELECT id FROM {NAMED} WHERE kind = ? AND name = ?", [kind, name]
        ).fetchone()
        if row is None:
            raise NotFoundError(f"there is no {kind} `{name}`")
        return kind, row[0]
    try:
        return "record", resolve_record(connection, text)
    except NotFoundError as error:
        rows = connection.execute(f"SELECT kind FROM {NAMED} WHERE name = ?", [text]).fetchall()
        if len(rows) == 1:
            return resolve_node(connection, f"{rows[0][0]}:{text}")
        if rows:
            kinds = ", ".join(f"{row[0]}:{text}" for row in rows)
            raise MisuseError(f"`{text}` is the name of several things", hint=kinds) from error
        raise


def node_names(connection: Database, table: str) -> dict[uuid.UUID, str]:
    """What the nodes of a relation are called: ``sha256:…`` for records, else kind and name."""
    rows = connection.execute(f"""
        SELECT t.id, n.kind || ':' || n.name FROM {table} t JOIN {NAMED} n USING (id)
        UNION ALL
        SELECT DISTINCT t.id, 'sha256:' || replace(CAST(s.record_id AS VARCHAR), '-', '')
            || replace(CAST(s.digest_rest AS VARCHAR), '-', '')
        FROM {table} t JOIN sightings s ON s.record_id = t.id""").fetchall()
    return dict(rows)


def chain_text(connection: Database, steps: Sequence[PathEdge]) -> str:
    """A chain of edges as one line, from its last parent down to its first child.

    For example ``model:ours-7b → sha256:0c8a7f27b4d0… (generate) → release:r1 (assemble)``.
    """
    ids = {node for step in steps for node in (step.child, step.parent)}
    connection.execute("CREATE OR REPLACE TEMP TABLE chain_named (id UUID)")
    connection.execute("INSERT INTO chain_named SELECT unnest(?)", [list(ids)])
    names = node_names(connection, "chain_named")
    said = [_short(names, steps[-1].parent)]
    for step in reversed(steps):
        said.append(f"{_short(names, step.child)} ({step.process or step.relation})")
    return " → ".join(said)


def _short(names: dict[uuid.UUID, str], node: uuid.UUID) -> str:
    name = names.get(node, f"sha256:{node.hex}")
    return f"{name[:23]}…" if name.startswith("sha256:") else name
