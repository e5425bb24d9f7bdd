"""Depth within loops some of whose nodes came about in several ways.

No true history goes round: a node is *grounded* when one of its ways rests on what lies outside its
loop, or on grounded nodes alone. Grounded nodes have the least depth of such a way. The others
share what they ask of each other, their steps not counted, as if no node had ways.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import numpy as np

from provenance.lineage.alternatives import Ways
from provenance.lineage.components import components
from provenance.lineage.semantics import STEP
from provenance.lineage.state import Arrows, Numbers


@dataclass(slots=True)
class _Choice:
    """Parents one of which is the true one, with their steps."""

    parents: list[tuple[int, int]]
    node: int = -1
    way: int = -1


@dataclass(slots=True)
class _Web:
    """Nodes by their places, each with its ways, each way a list of choices."""

    floors: list[int]
    ways: list[list[list[_Choice]]]
    values: list[int] = field(default_factory=list)


def settle_rounds(nodes: Numbers, edges: Arrows, ways: Ways, depth: Numbers) -> None:
    """Raise the depth of nodes on loops.

    Args:
        nodes: the nodes; ``edges`` name them by their places, and are all that hand on depth
            between them but for those of special nodes.
        depth: of all nodes of the graph; of what lies outside the loops it is settled.
    """
    web = _Web(depth[nodes].tolist(), [[[]] for _ in nodes])
    for child, parent, carries in zip(
        edges.child.tolist(), edges.parent.tolist(), edges.carries.tolist(), strict=True
    ):
        web.ways[child][0].append(_Choice([(parent, carries & STEP)]))
    _add_special(web, nodes, ways, depth)
    web.values = list(web.floors)
    size = len(nodes)
    ends = [
        (child, parent)
        for child, listed in enumerate(web.ways)
        for way in listed
        for choice in way
        for parent, _ in choice.parents
        if parent < size
    ]
    child, parent = np.array(ends, np.int32).reshape(-1, 2).T
    number = components(Arrows(child, parent, np.zeros(len(child), np.uint8)), size).number
    # Components are numbered parents first.
    order = np.argsort(number, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        _settle(web, group.tolist())
    depth[nodes] = np.array(web.values[:size], np.int32)


def _add_special(web: _Web, nodes: Numbers, ways: Ways, depth: Numbers) -> None:
    """Give special nodes their ways; parents outside the loops become places of their own."""
    place = {node: at for at, node in enumerate(nodes.tolist())}
    for node in nodes[ways.special[nodes]].tolist():
        found = int(np.searchsorted(ways.nodes, node))
        first, last = int(ways.starts[found]), int(ways.starts[found + 1])
        listed: list[list[_Choice]] = []
        before = (-1, -1)
        for at in range(first, last):
            here = (int(ways.way[at]), int(ways.choice[at]))
            if here[0] != before[0]:
                listed.append([])
            if here != before:
                listed[-1].append(_Choice([]))
            before = here
            parent = int(ways.parent[at])
            if parent not in place:
                place[parent] = len(web.floors)
                web.floors.append(int(depth[parent]))
                web.ways.append([])
            listed[-1][-1].parents.append((place[parent], int(ways.step[at])))
        web.ways[place[node]] = listed


def _settle(web: _Web, group: Sequence[int]) -> None:
    """Settle nodes of which each may rest on each; what they rest on beside is settled."""
    inside = set(group)
    grounded = _ground(web, group, inside)
    rest = [node for node in group if node not in grounded]
    if rest:
        _level(web, rest, set(rest))


def _ground(web: _Web, group: Sequence[int], inside: set[int]) -> set[int]:
    """Find the grounded nodes, the least depths first: what is found first is final."""
    queue, uses = _begin(web, group, inside)
    waiting = {
        (node, number): len(way) for node in group for number, way in enumerate(web.ways[node])
    }
    ticket = len(queue)
    done: set[int] = set()
    grounded: set[int] = set()
    while queue:
        value, _, what = heappop(queue)
        more: list[tuple[int, _Choice | int]] = []
        if isinstance(what, int):
            if what not in grounded:
                grounded.add(what)
                web.values[what] = value
                more += [(value + step, choice) for choice, step in uses.get(what, ())]
        elif id(what) not in done:
            done.add(id(what))
            waiting[what.node, what.way] -= 1
            if not waiting[what.node, what.way]:
                more.append((max(value, web.floors[what.node]), what.node))
        for reached, reaches in more:
            heappush(queue, (reached, ticket := ticket + 1, reaches))
    return grounded


_Queue = list[tuple[int, int, _Choice | int]]
"""Depths, tickets that tell equal depths apart, and whose depths they are."""


def _begin(
    web: _Web, group: Sequence[int], inside: set[int]
) -> tuple[_Queue, dict[int, list[tuple[_Choice, int]]]]:
    """What is known from outside, and for every node the choices that it is a parent of."""
    found: list[tuple[int, _Choice | int]] = []
    uses: dict[int, list[tuple[_Choice, int]]] = {}
    for node in group:
        for number, way in enumerate(web.ways[node]):
            if not way:
                found.append((web.floors[node], node))
            for choice in way:
                choice.node, choice.way = node, number
                for parent, step in choice.parents:
                    if parent in inside:
                        uses.setdefault(parent, []).append((choice, step))
                    else:
                        found.append((web.values[parent] + step, choice))
    queue = [(value, ticket, what) for ticket, (value, what) in enumerate(found)]
    heapify(queue)
    return queue, uses


def _level(web: _Web, rest: Sequence[int], inside: set[int]) -> None:
    """Raise nodes that are not grounded to what they ask of each other; steps add nothing there."""
    uses: dict[int, set[int]] = {node: set() for node in rest}
    for node in rest:
        web.values[node] = web.floors[node]
        for way in web.ways[node]:
            for choice in way:
                for parent, _ in choice.parents:
                    if parent in inside:
                        uses[parent].add(node)
    queue = deque(rest)
    queued = set(rest)
    while queue:
        node = queue.popleft()
        queued.discard(node)
        least = min(
            max(
                min(web.values[p] + (0 if p in inside else step) for p, step in choice.parents)
                for choice in way
            )
            for way in web.ways[node]
        )
        if least > web.values[node]:
            web.values[node] = least
            fresh = uses[node] - queued
            queue.extend(fresh)
            queued |= fresh
