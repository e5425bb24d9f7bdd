"""Identify nodes of the lineage graph, and index and look up its edges."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.lineage.temp_tables import ArrowConnection
from provenance.model.base import quote_identifier, quote_literal
from provenance.model.edge import NodeKind

ENUM_WORDS = 200
"""Most distinct values of a column that is stored as an enumeration of one byte."""


@dataclass(frozen=True, slots=True)
class PathEdge:
    """One edge on a path."""

    child: uuid.UUID
    parent: uuid.UUID
    relation: str
    process: str | None = None
    activity: str | None = None


@dataclass(frozen=True, slots=True)
class EdgeIndex:
    """SQL text of two relations with all edges: ``up`` sorted by child, ``down`` by parent.

    Results do not depend on the order; sorted tables make the cost proportional to the edges read.
    """

    up: str
    down: str


def node_id(kind: NodeKind, name: str) -> uuid.UUID:
    """Compute the id of a source, a release or a model in the graph.

    >>> node_id("model", "ours-7b")
    UUID('203c9967-2c40-619b-4567-d9a43f9ae865')
    """
    text = b"node-1\0" + kind.encode() + b"\0" + name.encode()
    return uuid.UUID(bytes=hashlib.sha256(text).digest()[:16])


def index_edges(connection: ArrowConnection, edges: str, into: str) -> EdgeIndex:
    """Copy the edges into two temporary tables, ``<into>_up`` and ``<into>_down``, each sorted.

    A sorted table keeps the least and the largest id of every segment, so that a look-up of a few
    ids reads a few segments whatever the size of the table. Repeated values are stored as
    enumerations, so that scanning them costs little.
    """
    edge_words = "".join(
        f", {column}::{_word_type(connection, edges, column)} AS {column}"
        for column in ("relation", "process")
    )
    names = {}
    for suffix, key in (("up", "child"), ("down", "parent")):
        names[suffix] = quote_identifier(f"{into}_{suffix}")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {names[suffix]} AS "
            f"SELECT child, parent{edge_words}, activity, way, choice FROM {edges} AS edges "
            f"ORDER BY {key}"
        )
    return EdgeIndex(**names)


def _word_type(connection: ArrowConnection, edges: str, column: str) -> str:
    """SQL type for a column: an enumeration where it has at most ``ENUM_WORDS`` values."""
    rows = connection.execute(
        f"SELECT DISTINCT {column} FROM {edges} AS edges WHERE {column} IS NOT NULL "
        f"ORDER BY ALL LIMIT {ENUM_WORDS + 1}"
    ).fetchall()
    if not 0 < len(rows) <= ENUM_WORDS:
        return "VARCHAR"
    return f"ENUM({', '.join(quote_literal(word) for (word,) in rows)})"


def find_edges(
    connection: ArrowConnection, edges: str, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]
) -> tuple[PathEdge, ...]:
    """Look up the edges of (child, parent) pairs; of several between two nodes, a derived one."""
    if not pairs:
        return ()
    rows = connection.execute(
        "SELECT child, parent, least.relation, least.process, least.activity FROM ("
        "SELECT edges.child, edges.parent, min(struct_pack(beside := relation <> 'derived', "
        "relation := relation, process := process, activity := activity)) AS least "
        f"FROM {edges} AS edges JOIN (SELECT DISTINCT unnest(?::UUID[]) AS child, "
        "unnest(?::UUID[]) AS parent) AS wanted USING (child, parent) GROUP BY ALL)",
        [[child for child, _ in pairs], [parent for _, parent in pairs]],
    ).fetchall()
    found = {(row[0], row[1]): PathEdge(*row) for row in rows}
    return tuple(found[pair] for pair in pairs)
