"""Traverse the lineage graph breadth first, in SQL: ancestors, descendants and shortest paths.

A walk fills a table (id, hops, via) with a row per node reached; ``via`` is the node from which it
was reached, one hop closer to the root, so that following ``via`` gives a shortest path.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from provenance.lineage.edges import PathEdge, find_edges
from provenance.lineage.temp_tables import ArrowConnection
from provenance.model.base import quote_identifier


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction: the column of an edge that a hop starts at, and the one that it leads to."""

    source: str
    target: str


UP = Direction(source="child", target="parent")
DOWN = Direction(source="parent", target="child")


def ancestors(
    connection: ArrowConnection, edges: str, roots: str, hops: int | None, into: str
) -> None:
    """Make the temporary table ``into`` (id, hops, via) of the ancestors of some nodes.

    Args:
        edges: any relation of edges; ``EdgeIndex.up`` is fastest for few roots.
        roots: SQL text of a relation with a column ``id``; they are in the answer, with 0 hops.
        hops: how far to go; ``None`` for as far as it goes.
    """
    walk_edges(connection, UP, (edges,), roots, hops, quote_identifier(into))


def descendants(
    connection: ArrowConnection, edges: str, roots: str, hops: int | None, into: str
) -> None:
    """Make the temporary table ``into`` (id, hops, via) of the descendants of some nodes.

    The arguments are those of ``ancestors``; the indexed relation is ``EdgeIndex.down``.
    """
    walk_edges(connection, DOWN, (edges,), roots, hops, quote_identifier(into))


def edges_walked(
    connection: ArrowConnection, edges: str, walked: str, end: uuid.UUID, direction: Direction
) -> tuple[PathEdge, ...]:
    """List the edges of a walk from a node that it reached back to the root.

    Args:
        edges: the relation that was walked, or ``EdgeIndex.up``.
        walked: name of the table that ``ancestors`` (with way ``UP``) or ``descendants`` (``DOWN``)
            made.
    """
    return find_edges(
        connection, edges, pairs_walked(connection, quote_identifier(walked), end, direction)
    )


def walk_edges(
    connection: ArrowConnection,
    direction: Direction,
    sources: tuple[str, ...],
    roots: str,
    hops: int | None,
    table: str,
) -> None:
    """Make a quoted table of all nodes reached from the roots over several relations of edges."""
    start_walk(connection, table, roots)
    hop = 0
    found = True
    while found and (hops is None or hop < hops):
        hop += 1
        found = expand(connection, direction, sources, hop, table) > 0


def descendants_within(
    connection: ArrowConnection, sources: tuple[str, ...], roots: str, most: int, into: str
) -> bool:
    """Make the temporary table ``into`` of the descendants of some nodes, up to a limit.

    Args:
        most: how many nodes may be reached in addition to the roots.

    Returns:
        whether all descendants were reached.
    """
    table = quote_identifier(into)
    start_walk(connection, table, roots)
    hop, size, found = 0, 0, True
    while found and size <= most:
        hop += 1
        width = expand(connection, DOWN, sources, hop, table)
        size, found = size + width, width > 0
    return size <= most


def start_walk(
    connection: ArrowConnection, table: str, roots: str, parameters: list[uuid.UUID] | None = None
) -> None:
    """Make the table of a walk, with the roots only."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS "
        f"SELECT DISTINCT id, 0::BIGINT AS hops, NULL::UUID AS via FROM {roots} AS roots "
        "WHERE id IS NOT NULL",
        parameters or [],
    )


def expand(
    connection: ArrowConnection,
    direction: Direction,
    sources: tuple[str, ...],
    hop: int,
    table: str,
    only: str = "",
) -> int:
    """Add the nodes one hop beyond those added last; return how many were added.

    Args:
        sources: relations of edges; their text may refer to ``frontier`` (id), the nodes whose
            edges are looked up.
        only: SQL text of a relation with a column ``id``: no other nodes are added.
    """
    allowed = f"SEMI JOIN {only} AS allowed USING (id) " if only else ""
    added = 0
    for source in sources:
        # Materialised, so that the nodes seen before are not joined with all edges.
        added += connection.execute(
            f"INSERT INTO {table} WITH frontier AS MATERIALIZED "
            f"(SELECT id FROM {table} WHERE hops = {hop - 1}), reached AS MATERIALIZED ("
            f"SELECT edges.{direction.target} AS id, min(edges.{direction.source}) AS via "
            f"FROM {source} AS edges "
            f"JOIN frontier ON edges.{direction.source} = frontier.id "
            f"WHERE edges.{direction.target} IS NOT NULL GROUP BY ALL) "
            f"SELECT id, {hop}, via FROM reached {allowed}ANTI JOIN {table} AS seen USING (id)"
        ).fetchone()[0]
    return added


def pairs_walked(
    connection: ArrowConnection, table: str, end: uuid.UUID, direction: Direction
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(child, parent) of every hop from a node that a walk reached back to the root."""
    pairs: list[tuple[uuid.UUID, uuid.UUID]] = []
    here = end
    while True:
        row = connection.execute(f"SELECT via FROM {table} WHERE id = ?", [here]).fetchone()
        if row is None or row[0] is None:
            return pairs
        ends = {direction.target: here, direction.source: row[0]}
        pairs.append((ends["child"], ends["parent"]))
        here = row[0]
