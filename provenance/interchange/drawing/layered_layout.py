"""Where the nodes of a small graph stand in a drawing: ancestors left, descendants right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

COLUMN, ROW, BEND = 288, 64, 20
"""Distance of columns, of nodes in a column, and of lines that pass through one."""

MAX_BENDS = 20_000
"""Bends beyond which long edges are drawn straight: a layout must end soon."""

_SWEEPS = 12

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Places of the centres of nodes, and the points that each edge passes, parent first.

    Attributes:
        places: x and y of each node.
        lines: for each edge, its points; empty for a node that is its own parent.
        backward: edges that close a cycle: they are drawn from right to left.
        width: of everything.
        height: of everything.
    """

    places: list[tuple[float, float]]
    lines: list[list[tuple[float, float]]]
    backward: set[int]
    width: float
    height: float


def draw(nodes: int, edges: Sequence[Pair]) -> Drawing:
    """Lay out nodes 0 to n - 1 and their edges, each a parent and its child.

    In layers: cycles are opened, a child stands right of all its parents, crossings are reduced by
    ordering each column by its neighbours, and places are the nearest to them that do not overlap.
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
    places = [(float(COLUMN * rank), y) for rank, y in zip(ranks, ys, strict=True)]
    return Drawing(
        places=places[:nodes],
        lines=[
            [places[n] for n in (reversed(chain) if number in backward else chain)]
            for number, chain in enumerate(chains)
        ],
        backward=backward,
        width=COLUMN * (max(ranks, default=0) + 1),
        height=max(ys, default=0.0) + ROW,
    )


def _backward(nodes: int, edges: Sequence[Pair]) -> set[int]:
    """Edges that lead back to a node on the way to them, by a walk in depth."""
    out: list[list[tuple[int, int]]] = [[] for _ in range(nodes)]
    for number, (parent, child) in enumerate(edges):
        out[parent].append((number, child))
    found: set[int] = set()
    state = [0] * nodes  # 0 not met, 1 on the way, 2 done
    for start in range(nodes):
        if state[start]:
            continue
        state[start] = 1
        way: list[tuple[int, Iterator[tuple[int, int]]]] = [(start, iter(out[start]))]
        while way:
            node, rest = way[-1]
            step = next(rest, None)
            if step is None:
                state[node] = 2
                way.pop()
            elif state[step[1]] == 1:
                found.add(step[0])
            elif state[step[1]] == 0:
                state[step[1]] = 1
                way.append((step[1], iter(out[step[1]])))
    return found


def _ranks(nodes: int, edges: Sequence[Pair]) -> list[int]:
    """The column of each node: right of its parents, and roots close to their children."""
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
    """Each edge as a chain of nodes in neighbouring columns, with new ones where it only passes."""
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
    """The nodes of each column from top to bottom, by the mean place of their neighbours."""
    columns: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node, rank in enumerate(ranks):
        columns[rank].append(node)
    left, right = _neighbours(len(ranks), links)
    place = [0.0] * len(ranks)

    def settle(column: list[int]) -> None:
        for number, node in enumerate(column):
            place[node] = number / max(len(column), 1)

    for column in columns:
        settle(column)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for column in columns if down else reversed(columns):
            near = left if down else right
            mean = {n: _mean([place[m] for m in near[n]], place[n]) for n in column}
            column.sort(key=lambda n: mean[n])
            settle(column)
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
            near = left if down else right
            wanted = [_mean([ys[m] for m in near[node]], ys[node]) for node in column]
            for node, y in zip(column, _apart(column, wanted, nodes), strict=True):
                ys[node] = y
    top = min(ys, default=0.0)
    return [y - top for y in ys]


def _apart(column: list[int], wanted: list[float], nodes: int) -> list[float]:
    """The places nearest to the wanted ones that keep the order and do not overlap.

    Least squares under an order: neighbours that collide are moved together, as one block.
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
