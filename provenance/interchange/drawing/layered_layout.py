"""Lay out a small graph for a drawing: ancestors left, descendants right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

COLUMN, ROW, BEND = 288, 64, 20
"""Distance of columns, of nodes in a column, and of lines that pass through one."""

MAX_BENDS = 20_000
"""Most bends; in a graph with more, long edges are drawn straight, to bound the time taken."""

_SWEEPS = 12

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The centres of nodes, and the points that each edge passes, parent first.

    Attributes:
        centres: x and y of each node.
        lines: for each edge, its points; empty for a node that is its own parent.
        backward: edges that close a cycle: they are drawn from right to left.
        width: of everything.
        height: of everything.
    """

    centres: list[tuple[float, float]]
    lines: list[list[tuple[float, float]]]
    backward: set[int]
    width: float
    height: float


def draw(nodes: int, edges: Sequence[Pair]) -> Drawing:
    """Lay out nodes 0 to n - 1 and their edges, each a parent and its child.

    A layered layout (Sugiyama, Tagawa and Toda, 1981): cycles are opened, a child stands right of
    all its parents, crossings are reduced by ordering each column by its neighbours, and each node
    is put as close to the mean of its neighbours as it can be without overlapping another.
    """
    backward = _backward(nodes, edges)
    forward = [
        (child, parent) if number in backward else (parent, child)
        for number, (parent, child) in enumerate(edges)
    ]
    ranks = _ranks(nodes, [pair for pair in forward if pair[0] != pair[1]])
    chains, ranks = _bend(forward, ranks)
    links = [link for chain in chains for link in pairwise(chain)]
    columns = _order(ranks, links)
    ys = _heights(columns, links, nodes)
    centres = [(float(COLUMN * rank), y) for rank, y in zip(ranks, ys, strict=True)]
    return Drawing(
        centres=centres[:nodes],
        lines=[
            [centres[n] for n in (reversed(chain) if number in backward else chain)]
            for number, chain in enumerate(chains)
        ],
        backward=backward,
        width=COLUMN * (max(ranks, default=0) + 1),
        height=max(ys, default=0.0) + ROW,
    )


def _backward(nodes: int, edges: Sequence[Pair]) -> set[int]:
    """Find the edges that close a cycle, by depth-first search."""
    out: list[list[tuple[int, int]]] = [[] for _ in range(nodes)]
    for number, (parent, child) in enumerate(edges):
        out[parent].append((number, child))
    found: set[int] = set()
    state = [0] * nodes  # 0 not met, 1 on the path, 2 done
    for start in range(nodes):
        if state[start]:
            continue
        state[start] = 1
        path: list[tuple[int, Iterator[tuple[int, int]]]] = [(start, iter(out[start]))]
        while path:
            node, rest = path[-1]
            step = next(rest, None)
            if step is None:
                state[node] = 2
                path.pop()
            elif state[step[1]] == 1:
                found.add(step[0])
            elif state[step[1]] == 0:
                state[step[1]] = 1
                path.append((step[1], iter(out[step[1]])))
    return found


def _ranks(nodes: int, edges: Sequence[Pair]) -> list[int]:
    """Give each node a column: right of its parents, and roots close to their children."""
    out: list[list[int]] = [[] for _ in range(nodes)]
    waiting = [0] * nodes
    for parent, child in edges:
        out[parent].append(child)
        waiting[child] += 1
    roots = [node for node in range(nodes) if not waiting[node]]
    ranks, ready = [0] * nodes, list(roots)
    while ready:
        node = ready.pop()
        for child in out[node]:
            ranks[child] = max(ranks[child], ranks[node] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    for root in roots:
        ranks[root] = min((ranks[child] - 1 for child in out[root]), default=0)
    return ranks


def _bend(edges: Sequence[Pair], ranks: list[int]) -> tuple[list[list[int]], list[int]]:
    """Make each edge a chain of nodes in neighbouring columns; new nodes are its bends."""
    ranks = list(ranks)
    spans = [max(ranks[child] - ranks[parent] - 1, 0) for parent, child in edges]
    bent = sum(spans) <= MAX_BENDS
    chains: list[list[int]] = []
    for (parent, child), span in zip(edges, spans, strict=True):
        if parent == child:
            chains.append([])
            continue
        passing = range(len(ranks), len(ranks) + (span if bent else 0))
        ranks.extend(ranks[parent] + 1 + step for step in range(len(passing)))
        chains.append([parent, *passing, child])
    return chains, ranks


def _neighbours(size: int, links: Sequence[Pair]) -> tuple[list[list[int]], list[list[int]]]:
    left: list[list[int]] = [[] for _ in range(size)]
    right: list[list[int]] = [[] for _ in range(size)]
    for parent, child in links:
        left[child].append(parent)
        right[parent].append(child)
    return left, right


def _order(ranks: list[int], links: Sequence[Pair]) -> list[list[int]]:
    """Order the nodes of each column by the mean position of their neighbours."""
    columns: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node, rank in enumerate(ranks):
        columns[rank].append(node)
    left, right = _neighbours(len(ranks), links)
    position = [0.0] * len(ranks)

    def renumber(column: list[int]) -> None:
        for number, node in enumerate(column):
            position[node] = number / max(len(column), 1)

    for column in columns:
        renumber(column)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for column in columns if down else reversed(columns):
            neighbours = left if down else right
            mean = {n: _mean([position[m] for m in neighbours[n]], position[n]) for n in column}
            column.sort(key=lambda n: mean[n])
            renumber(column)
    return columns


def _heights(columns: list[list[int]], links: Sequence[Pair], nodes: int) -> list[float]:
    size = sum(map(len, columns))
    left, right = _neighbours(size, links)
    ys = [0.0] * size
    for column in columns:
        for node, y in zip(column, _apart(column, [0.0] * len(column), nodes), strict=True):
            ys[node] = y
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for column in columns if down else reversed(columns):
            neighbours = left if down else right
            wanted = [_mean([ys[m] for m in neighbours[node]], ys[node]) for node in column]
            for node, y in zip(column, _apart(column, wanted, nodes), strict=True):
                ys[node] = y
    top = min(ys, default=0.0)
    return [y - top for y in ys]


def _apart(column: list[int], wanted: list[float], nodes: int) -> list[float]:
    """Find the heights closest to the wanted ones that keep the order and do not overlap.

    Least squares under an order constraint (isotonic regression, pool adjacent violators):
    neighbours that collide are moved together, as one block.
    """
    offsets, offset = [], 0.0
    for before, node in zip([None, *column], column, strict=False):
        if before is not None:
            offset += (_room(before, nodes) + _room(node, nodes)) / 2
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            earlier, several = blocks.pop()
            total, count = total + earlier, count + several
        blocks.append((total, count))
    free = [total / count for total, count in blocks for _ in range(count)]
    return [y + offset for y, offset in zip(free, offsets, strict=True)]


def _room(node: int, nodes: int) -> int:
    return ROW if node < nodes else BEND


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
