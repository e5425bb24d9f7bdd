"""Propagate depth, level and taint from parents to children, one level of the graph at a time."""

from __future__ import annotations

import numpy as np

from provenance.lineage.alternative_derivations import Alternatives
from provenance.lineage.components import climb, components, renumber, trim
from provenance.lineage.edge_arrays import EdgeArrays, Numbers, Positions, PropagationState
from provenance.lineage.loop_depth import raise_loop_depths
from provenance.lineage.semantics import ADDS_STEP, MACHINE_WROTE, PASSES_DEPTH, PASSES_TEXT

WORTHWHILE = 50
"""A sweep reads every edge that is left; it is worth it while it settles one in so many of them."""


def propagate(
    edges: EdgeArrays, state: PropagationState, alternatives: Alternatives | None = None
) -> None:
    """Raise the state of every node to what its ancestors ask for.

    Nodes are settled once all of their parents are. Sweeps over all edges settle level after level
    while the levels are wide. What they leave over, long chains, loops and all that comes after
    loops, is sorted by parent first, so that each of many narrow levels costs its own edges only.

    Args:
        alternatives: of nodes whose depth is a least of several.
    """
    state.tainted[edges.child[edges.effects & MACHINE_WROTE != 0]] = True
    rest = _sweep(edges, state, alternatives)
    if len(rest):
        _settle_rest(rest, state, alternatives)


def _sweep(
    edges: EdgeArrays, state: PropagationState, alternatives: Alternatives | None
) -> EdgeArrays:
    """Settle the wide levels; the edges that are left over are returned."""
    waiting = np.bincount(edges.child, minlength=len(state.depth))
    ready = waiting == 0
    while True:
        hit = ready[edges.parent]
        if np.count_nonzero(hit) * WORTHWHILE <= len(edges):
            return edges
        now, edges = edges.where(hit), edges.where(~hit)
        _hand_on(now, state)
        waiting -= np.bincount(now.child, minlength=len(waiting))
        ready[:] = False
        ready[now.child] = waiting[now.child] == 0
        if alternatives is not None:
            alternatives.raise_depths(np.flatnonzero(ready), state.depth)


def _hand_on(edges: EdgeArrays, state: PropagationState) -> None:
    """From parents that are settled to their children."""
    np.maximum.at(state.level, edges.child, state.level[edges.parent] + 1)
    deep = edges.where(edges.effects & PASSES_DEPTH != 0)
    reach = state.depth[deep.parent] + (deep.effects & ADDS_STEP)
    np.maximum.at(state.depth, deep.child, reach)
    tainted = (edges.effects & PASSES_TEXT != 0) & state.tainted[edges.parent]
    state.tainted[edges.child[tainted]] = True


def _settle_rest(
    edges: EdgeArrays, state: PropagationState, alternatives: Alternatives | None
) -> None:
    """Settle narrow levels; the nodes of a loop are settled together, as if they were one."""
    one = _loops(edges, state)
    around = one[edges.child] == one[edges.parent]
    inner, edges = edges.where(around), edges.where(~around)
    inner_starts, inner = _sorted(inner, one)
    starts, edges = _sorted(edges, one)
    waiting = np.bincount(one[edges.child], minlength=len(one))
    ready = np.unique(one[np.concatenate([edges.parent, inner.parent])])
    ready = ready[waiting[ready] == 0]
    while len(ready):
        loops = edges_of_nodes(inner_starts, ready)
        if alternatives is not None:
            alternatives.raise_depths(
                ready[inner_starts[ready] == inner_starts[ready + 1]], state.depth
            )
        if len(loops):
            _settle_loops(inner.where(loops), state, alternatives)
        now = edges.where(edges_of_nodes(starts, ready))
        _hand_on(now, state)
        reached = one[now.child]
        np.subtract.at(waiting, reached, 1)
        ready = np.unique(reached[waiting[reached] == 0])


def _loops(edges: EdgeArrays, state: PropagationState) -> Numbers:
    """For every node a node that stands for it: the same one for all nodes of a loop."""
    one = np.arange(len(state.level), dtype=np.int32)
    nodes, core = renumber(trim(edges, len(state.level)))
    parts = components(core, len(nodes))
    state.in_cycle[nodes] = parts.looped
    first = np.full(len(nodes), len(state.level), np.int32)
    np.minimum.at(first, parts.number, nodes)
    one[nodes] = first[parts.number]
    return one


def _sorted(edges: EdgeArrays, one: Numbers) -> tuple[Positions, EdgeArrays]:
    """Edges by the node that stands for their parent, and where those of each node begin."""
    parent = one[edges.parent]
    starts = np.zeros(len(one) + 1, np.int64)
    np.cumsum(np.bincount(parent, minlength=len(one)), out=starts[1:])
    return starts, edges.where(np.argsort(parent, kind="stable"))


def edges_of_nodes(starts: Positions, nodes: Numbers) -> Positions:
    """The places of the edges of some nodes."""
    counts = starts[nodes + 1] - starts[nodes]
    before = np.cumsum(counts) - counts
    return np.repeat(starts[nodes] - before, counts) + np.arange(counts.sum())


def _settle_loops(
    edges: EdgeArrays, state: PropagationState, alternatives: Alternatives | None
) -> None:
    """Raise the nodes of loops to what they ask of each other, beside what came from outside."""
    nodes, edges = renumber(edges)
    ones = np.ones(len(edges), np.int32)
    everywhere = components(edges, len(nodes))
    state.level[nodes] = climb(edges, ones, state.level[nodes], everywhere)
    deep = edges.where(edges.effects & PASSES_DEPTH != 0)
    if alternatives is not None and alternatives.special[nodes].any():
        raise_loop_depths(nodes, deep, alternatives, state.depth)
    else:
        steps = (deep.effects & ADDS_STEP).astype(np.int32)
        state.depth[nodes] = climb(deep, steps, state.depth[nodes], components(deep, len(nodes)))
    text = edges.where(edges.effects & PASSES_TEXT != 0)
    tainted = state.tainted[nodes].astype(np.int32)
    nothing = np.zeros(len(text), np.int32)
    state.tainted[nodes] = climb(text, nothing, tainted, components(text, len(nodes))) > 0
