"""Find loops in the lineage graph and list the edges of each; a true history has none."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import pyarrow as pa

from provenance.lineage.components import adjacency, components, renumber, trim
from provenance.lineage.edge_arrays import EdgeArrays, Numbers, column
from provenance.lineage.edges import PathEdge, find_edges
from provenance.lineage.temp_tables import ArrowConnection, registered, temp_tables


@dataclass(frozen=True, slots=True)
class Cycle:
    """Nodes of which each descends from each.

    Attributes:
        nodes: how many.
        edges: how many edges lie between them.
        loop: one shortest way round from the node with the least id back to it, child to parent.
    """

    nodes: int
    edges: int
    loop: tuple[PathEdge, ...]


@dataclass(frozen=True, slots=True)
class Cycles:
    """All loops of a graph: how many groups of nodes, and the first of them by least id."""

    total: int
    listed: tuple[Cycle, ...]


def cycles(connection: ArrowConnection, edges: str, limit: int) -> Cycles:
    """Find the loops in a graph, self-loops included, and describe at most so many of them."""
    with temp_tables(connection, "numbers") as (numbers,):
        members, left = renumber(trim(*_number(connection, edges, numbers)))
        members, left = _by_id(connection, numbers, members, left)
        shapes, loops = _find(left, len(members), limit)
        ids = _ids(connection, numbers, members[sorted({n for loop in loops for n in loop})])
    rounds = [[ids[members[node]] for node in loop] for loop in loops]
    steps = iter(
        find_edges(connection, edges, [pair for loop in rounds for pair in pairwise(loop)])
    )
    listed = (
        Cycle(*shape, tuple(islice(steps, len(loop) - 1)))
        for shape, loop in zip(shapes, rounds, strict=False)
    )
    return Cycles(len(shapes), tuple(listed))


def _number(connection: ArrowConnection, edges: str, numbers: str) -> tuple[EdgeArrays, int]:
    """Number the nodes by the ``rowid`` of a new table of their ids; edges and count of nodes."""
    connection.execute(
        f"CREATE TEMP TABLE {numbers} AS SELECT id FROM (SELECT child AS id FROM {edges} "
        f"UNION SELECT parent FROM {edges}) WHERE id IS NOT NULL"
    )
    count = int(connection.execute(f"SELECT count(*) FROM {numbers}").fetchone()[0])
    found = connection.execute(
        "SELECT child_node.rowid::INTEGER AS child, parent_node.rowid::INTEGER AS parent "
        f"FROM {edges} AS edges JOIN {numbers} AS child_node ON child_node.id = edges.child "
        f"JOIN {numbers} AS parent_node ON parent_node.id = edges.parent"
    ).to_arrow_table()
    effects = np.zeros(found.num_rows, np.uint8)
    return EdgeArrays(column(found, "child"), column(found, "parent"), effects), count


def _by_id(
    connection: ArrowConnection, numbers: str, members: Numbers, edges: EdgeArrays
) -> tuple[Numbers, EdgeArrays]:
    """Renumber once more, in the order of the ids, so that every run gives the same answer."""
    with registered(connection, pa.table({"number": members})) as wanted:
        ordered = connection.execute(
            f"SELECT wanted.number FROM {wanted} AS wanted "
            f"JOIN {numbers} AS numbers ON numbers.rowid = wanted.number ORDER BY numbers.id"
        ).to_arrow_table()
    by_id: Numbers = column(ordered, "number")
    position = np.empty(len(members), np.int32)
    position[np.searchsorted(members, by_id)] = np.arange(len(members), dtype=np.int32)
    return by_id, EdgeArrays(position[edges.child], position[edges.parent], edges.effects)


def _find(
    edges: EdgeArrays, nodes: int, limit: int
) -> tuple[list[tuple[int, int]], list[list[int]]]:
    """The size of every loop in nodes and edges, and the first few loops node by node."""
    parts = components(edges, nodes)
    inside = edges.where(parts.number[edges.child] == parts.number[edges.parent])
    looped = np.flatnonzero(parts.looped)
    groups, at = np.unique(parts.number[looped], return_index=True)
    order = np.argsort(at)
    between = np.bincount(parts.number[inside.child], minlength=nodes + 1)
    members = np.bincount(parts.number, minlength=nodes + 1)
    sizes = zip(members[groups[order]].tolist(), between[groups[order]].tolist(), strict=True)
    starts, parents = adjacency(inside, nodes)
    firsts = looped[at[order]][:limit].tolist()
    return list(sizes), [_round(starts, parents, first) for first in firsts]


def _round(starts: list[int], parents: list[int], first: int) -> list[int]:
    """A shortest way from a node over its parents back to itself, both ends included."""
    came_from: dict[int, int] = {}
    queue = deque([first])
    while first not in came_from:
        node = queue.popleft()
        for parent in parents[starts[node] : starts[node + 1]]:
            if parent not in came_from:
                came_from[parent] = node
                queue.append(parent)
    pairs_walked = [first]
    while len(pairs_walked) == 1 or pairs_walked[-1] != first:
        pairs_walked.append(came_from[pairs_walked[-1]])
    return pairs_walked[::-1]


def _ids(connection: ArrowConnection, numbers: str, members: Numbers) -> dict[int, uuid.UUID]:
    """The ids of nodes by their numbers."""
    with registered(connection, pa.table({"number": members})) as wanted:
        rows = connection.execute(
            f"SELECT wanted.number, numbers.id FROM {wanted} AS wanted "
            f"JOIN {numbers} AS numbers ON numbers.rowid = wanted.number"
        ).fetchall()
    return dict(rows)
