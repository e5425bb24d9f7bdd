"""The ledger as a graph: its records, sources, releases and models, and what came of what."""

from __future__ import annotations

import uuid

import pyarrow as pa

from provenance.errors import MisuseError, NotFoundError
from provenance.lineage import node_id
from provenance.lookup import resolve_record
from provenance.model.edge import NodeKind
from provenance.store.catalogue import Database

NODES = "graph_nodes"
EDGES = "graph_edges"
NAMED = "graph_named"

_KINDS: tuple[NodeKind, ...] = ("source", "release", "model")

# A parent that is not known yet is NULL: what was done to it is known all the same.
# Members are the parents of a release; a record comes of the model that wrote it, and the model of
# the release that it was trained on.
_EDGES_SQL = f"""
SELECT child, parent, relation, process, activity FROM lineage WHERE child IS NOT NULL
UNION ALL
SELECT n.id, m.record_id, 'derived', 'assemble', NULL
FROM members m JOIN {NAMED} n ON n.kind = 'release' AND n.name = m.release
UNION ALL
SELECT c.record_id, n.id, 'derived', c.process, NULL
FROM claims c JOIN {NAMED} n ON n.kind = 'model' AND n.name = c.generator
UNION ALL
SELECT n.id, r.id, 'derived', 'train', NULL
FROM models m JOIN {NAMED} n ON n.kind = 'model' AND n.name = m.name
JOIN {NAMED} r ON r.kind = 'release' AND r.name = m.trained_on
"""

_NODES_SQL = f"""
SELECT record_id AS id, 'record' AS kind, label::VARCHAR AS label, NULL::BIGINT AS own_depth
FROM origins
UNION ALL
SELECT id, kind, NULL, NULL FROM {NAMED}
"""


def make_graph(connection: Database) -> None:
    """Make the views ``graph_nodes`` and ``graph_edges`` (docs/concepts/lineage.md)."""
    named: list[tuple[str, str, bytes]] = []
    for kind in _KINDS:
        rows = connection.execute(f"SELECT DISTINCT name FROM {kind}s").fetchall()
        named += [(kind, name, node_id(kind, name).bytes) for (name,) in rows]
    columns = list(zip(*named, strict=True)) or [(), (), ()]
    table = pa.table(
        {
            "kind": pa.array(columns[0], pa.string()),
            "name": pa.array(columns[1], pa.string()),
            "id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array(columns[2], pa.binary(16))),
        }
    )
    connection.register("named_table", table)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {NAMED} AS FROM named_table")
    connection.unregister("named_table")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {EDGES} AS {_EDGES_SQL}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {NODES} AS {_NODES_SQL}")


def resolve_node(connection: Database, text: str) -> tuple[NodeKind, uuid.UUID]:
    """The node behind ``source:NAME``, ``release:NAME``, ``model:NAME``, or a record.

    Raises:
        NotFoundError, MisuseError: there is none, or there are several.
    """
    kind, colon, name = text.partition(":")
    if colon and kind in _KINDS:
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
