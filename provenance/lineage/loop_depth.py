"""Compute depth within loops of which some nodes have several possible derivations.

A true history has no loop. A node is *grounded* when one of its derivations rests on nodes outside
the loop or on grounded nodes only; it has the smallest depth of such a derivation. The other nodes
share one depth, the largest that any of them requires; steps between them are not counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import numpy as np

from provenance.lineage.alternative_derivations import Alternatives
from provenance.lineage.components import components
from provenance.lineage.edge_arrays import EdgeArrays, Numbers
from provenance.lineage.semantics import ADDS_STEP


@dataclass(slots=True)
class _AlternativeParents:
    """Parents one of which is the true one, with their steps."""

    parents: list[tuple[int, int]]
    node: int = -1
    derivation: int = -1


@dataclass(slots=True)
class _LoopNodes:
    """Nodes by position, each with its derivations; a derivation is a list of choices."""

    floors: list[int]
    derivations: list[list[list[_AlternativeParents]]]
    values: list[int] = field(default_factory=list)


def raise_loop_depths(
    nodes: Numbers, edges: EdgeArrays, alternatives: Alternatives, depth: Numbers
) -> None:
    """Raise the depth of nodes on loops.

    Args:
        nodes: the nodes; ``edges`` name them by their places, and are all that hand on depth
            between them but for those of special nodes.
        depth: of all nodes of the graph; of what lies outside the loops it is settled.
    """
    loop = _LoopNodes(depth[nodes].tolist(), [[[]] for _ in nodes])
    for child, parent, effects in zip(
        edges.child.tolist(), edges.parent.tolist(), edges.effects.tolist(), strict=True
    ):
        loop.derivations[child][0].append(_AlternativeParents([(parent, effects & ADDS_STEP)]))
    _add_special(loop, nodes, alternatives, depth)
    loop.values = list(loop.floors)
    size = len(nodes)
    ends = [
        (child, parent)
        for child, listed in enumerate(loop.derivations)
        for derivation in listed
        for choice in derivation
        for parent, _ in choice.parents
        if parent < size
    ]
    child, parent = np.array(ends, np.int32).reshape(-1, 2).T
    number = components(EdgeArrays(child, parent, np.zeros(len(child), np.uint8)), size).number
    # Components are numbered parents first.
    order = np.argsort(number, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        _settle(loop, group.tolist())
    depth[nodes] = np.array(loop.values[:size], np.int32)


def _add_special(
    loop: _LoopNodes, nodes: Numbers, alternatives: Alternatives, depth: Numbers
) -> None:
    """Add the derivations of special nodes; parents outside the loops get positions too."""
    index_of = {node: at for at, node in enumerate(nodes.tolist())}
    for node in nodes[alternatives.special[nodes]].tolist():
        found = int(np.searchsorted(alternatives.nodes, node))
        first, last = int(alternatives.starts[found]), int(alternatives.starts[found + 1])
        listed: list[list[_AlternativeParents]] = []
        before = (-1, -1)
        for at in range(first, last):
            here = (int(alternatives.derivation[at]), int(alternatives.choice[at]))
            if here[0] != before[0]:
                listed.append([])
            if here != before:
                listed[-1].append(_AlternativeParents([]))
            before = here
            parent = int(alternatives.parent[at])
            if parent not in index_of:
                index_of[parent] = len(loop.floors)
                loop.floors.append(int(depth[parent]))
                loop.derivations.append([])
            listed[-1][-1].parents.append((index_of[parent], int(alternatives.step[at])))
        loop.derivations[index_of[node]] = listed


def _settle(loop: _LoopNodes, group: Sequence[int]) -> None:
    """Compute the depths of one component; all other parents of its nodes are done."""
    inside = set(group)
    grounded = _ground(loop, group, inside)
    rest = [node for node in group if node not in grounded]
    if rest:
        _level_rest(loop, rest, set(rest))


def _ground(loop: _LoopNodes, group: Sequence[int], inside: set[int]) -> set[int]:
    """Find the grounded nodes, the least depths first: what is found first is final."""
    queue, uses = _begin(loop, group, inside)
    waiting = {
        (node, number): len(derivation)
        for node in group
        for number, derivation in enumerate(loop.derivations[node])
    }
    ticket = len(queue)
    done: set[int] = set()
    grounded: set[int] = set()
    while queue:
        value, _, entry = heappop(queue)
        more: list[tuple[int, _AlternativeParents | int]] = []
        if isinstance(entry, int):
            if entry not in grounded:
                grounded.add(entry)
                loop.values[entry] = value
                more += [(value + step, choice) for choice, step in uses.get(entry, ())]
        elif id(entry) not in done:
            done.add(id(entry))
            waiting[entry.node, entry.derivation] -= 1
            if not waiting[entry.node, entry.derivation]:
                more.append((max(value, loop.floors[entry.node]), entry.node))
        for reached, reaches in more:
            heappush(queue, (reached, ticket := ticket + 1, reaches))
    return grounded


_Queue = list[tuple[int, int, _AlternativeParents | int]]
"""Depth, a ticket that orders equal depths, and the node or choice that has it."""


def _begin(
    loop: _LoopNodes, group: Sequence[int], inside: set[int]
) -> tuple[_Queue, dict[int, list[tuple[_AlternativeParents, int]]]]:
    """Depths known from outside the component, and per node the choices that it is a parent of."""
    found: list[tuple[int, _AlternativeParents | int]] = []
    uses: dict[int, list[tuple[_AlternativeParents, int]]] = {}
    for node in group:
        for number, derivation in enumerate(loop.derivations[node]):
            if not derivation:
                found.append((loop.floors[node], node))
            for choice in derivation:
                choice.node, choice.derivation = node, number
                for parent, step in choice.parents:
                    if parent in inside:
                        uses.setdefault(parent, []).append((choice, step))
                    else:
                        found.append((loop.values[parent] + step, choice))
    queue = [(value, ticket, entry) for ticket, (value, entry) in enumerate(found)]
    heapify(queue)
    return queue, uses


def _level_rest(loop: _LoopNodes, rest: Sequence[int], inside: set[int]) -> None:
    """Raise nodes that are not grounded to a common depth; steps between them add nothing."""
    uses: dict[int, set[int]] = {node: set() for node in rest}
    for node in rest:
        loop.values[node] = loop.floors[node]
        for derivation in loop.derivations[node]:
            for choice in derivation:
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
                min(loop.values[p] + (0 if p in inside else step) for p, step in choice.parents)
                for choice in derivation
            )
            for derivation in loop.derivations[node]
        )
        if least > loop.values[node]:
            loop.values[node] = least
            fresh = uses[node] - queued
            queue.extend(fresh)
            queued |= fresh
