"""Ancestors, descendants and paths: breadth first, a hop at a time, each from the edges it touches.

A walk fills a table (id, hops, via): a row per node reached, with ``via`` the node one hop nearer
to the root from which it was reached, so that a shortest path is read by following ``via``.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from provenance.lineage.edges import Relations, Step, name_steps
from provenance.model.base import quote_identifier


@dataclass(frozen=True, slots=True)
class Way:
    """A direction: the column of an edge that a hop begins at, and the one that it leads to."""

    near: str
    far: str


UP = Way(near="child", far="parent")
DOWN = Way(near="parent", far="child")


def ancestors(connection: Relations, edges: str, roots: str, hops: int | None, into: str) -> None:
    """Make the temporary table ``into`` (id, hops, via) of what some nodes came from.

    Args:
        edges: any relation of edges; ``Index.up`` where few of many edges will be touched.
        roots: SQL text of a relation with a column ``id``; they are in the answer, with 0 hops.
        hops: how far to go; ``None`` for as far as it goes.
    """
    walk(connection, UP, (edges,), roots, hops, quote_identifier(into))


def descendants(connection: Relations, edges: str, roots: str, hops: int | None, into: str) -> None:
    """Make the temporary table ``into`` (id, hops, via) of what came of some nodes.

    The arguments are as for ``ancestors``, but that ``Index.down`` is the relation to give where
    few of many edges will be touched.
    """
    walk(connection, DOWN, (edges,), roots, hops, quote_identifier(into))


def trail(
    connection: Relations, edges: str, walked: str, end: uuid.UUID, way: Way
) -> tuple[Step, ...]:
    """The edges by which a walk came to a node, from the node back to the root.

    Args:
        edges: the relation that was walked, or ``Index.up``.
        walked: name of the table that ``ancestors`` (with way ``UP``) or ``descendants`` (``DOWN``)
            made.
    """
    return name_steps(connection, edges, back(connection, quote_identifier(walked), end, way))


def walk(
    connection: Relations,
    way: Way,
    sources: tuple[str, ...],
    roots: str,
    hops: int | None,
    table: str,
) -> None:
    """Make a quoted table of all that is reached from the roots over several relations of edges."""
    begin(connection, table, roots)
    hop = 0
    found = True
    while found and (hops is None or hop < hops):
        hop += 1
        found = spread(connection, way, sources, hop, table) > 0


def descend(
    connection: Relations, sources: tuple[str, ...], roots: str, most: int, into: str
) -> bool:
    """Make the temporary table ``into`` of all that came of some nodes, unless it is too much.

    Args:
        most: how many nodes may be reached beside the roots.
    """
    table = quote_identifier(into)
    begin(connection, table, roots)
    hop, size, found = 0, 0, True
    while found and size <= most:
        hop += 1
        width = spread(connection, DOWN, sources, hop, table)
        size, found = size + width, width > 0
    return size <= most


def begin(
    connection: Relations, table: str, roots: str, parameters: list[uuid.UUID] | None = None
) -> None:
    """Make the table of a walk that has not left its roots."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS "
        f"SELECT DISTINCT id, 0::BIGINT AS hops, NULL::UUID AS via FROM {roots} AS roots "
        "WHERE id IS NOT NULL",
        parameters or [],
    )


def spread(
    connection: Relations,
    way: Way,
    sources: tuple[str, ...],
    hop: int,
    table: str,
    only: str = "",
) -> int:
    """Add what is one hop farther than the nodes added last; how many that are is returned.

    Args:
        sources: relations of edges; their text may speak of ``frontier`` (id), the nodes that edges
            are looked for of.
        only: SQL text of a relation with a column ``id``, beside which nothing is added.
    """
    allowed = f"SEMI JOIN {only} AS allowed USING (id) " if only else ""
    added = 0
    for source in sources:
        # Materialised, lest the nodes seen before are looked for at the ends of all edges.
        added += connection.execute(
            f"INSERT INTO {table} WITH frontier AS MATERIALIZED "
            f"(SELECT id FROM {table} WHERE hops = {hop - 1}), reached AS MATERIALIZED ("
            f"SELECT edges.{way.far} AS id, min(edges.{way.near}) AS via FROM {source} AS edges "
            f"JOIN frontier ON edges.{way.near} = frontier.id "
            f"WHERE edges.{way.far} IS NOT NULL GROUP BY ALL) "
            f"SELECT id, {hop}, via FROM reached {allowed}ANTI JOIN {table} AS seen USING (id)"
        ).fetchone()[0]
    return added


def back(
    connection: Relations, table: str, end: uuid.UUID, way: Way
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Child and parent of every hop from a node that a walk reached back to the root."""
    pairs: list[tuple[uuid.UUID, uuid.UUID]] = []
    here = end
    while True:
        row = connection.execute(f"SELECT via FROM {table} WHERE id = ?", [here]).fetchone()
        if row is None or row[0] is None:
            return pairs
        ends = {way.far: here, way.near: row[0]}
        pairs.append((ends["child"], ends["parent"]))
        here = row[0]
