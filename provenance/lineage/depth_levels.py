"""Propagate depth from parents to children, one level of the graph at a time."""

from __future__ import annotations

import numpy as np

from provenance.lineage.alternative_derivations import Alternatives
from provenance.lineage.components import climb, components, renumber, trim
from provenance.lineage.edge_arrays import EdgeArrays, Numbers, Positions
from provenance.lineage.loop_depth import raise_loop_depths
from provenance.lineage.semantics import ADDS_STEP, PASSES_DEPTH

WORTHWHILE = 50
"""A sweep reads every edge that is left; it is worth it while it settles one in so many of them."""


def propagate(edges: EdgeArrays, depth: Numbers, alternatives: Alternatives | None = None) -> None:
    """Raise the depth of every node to what its ancestors require.

    Nodes are settled once all of their parents are. Sweeps over all edges settle level after level
    while the levels are wide. What they leave over, long chains, loops and all that comes after
    loops, is sorted by parent first, so that each of many narrow levels costs its own edges only.

    Args:
        alternatives: the nodes whose depth is a minimum over several derivations or parents.
    """
    rest = _sweep(edges, depth, alternatives)
    if len(rest):
        _settle_rest(rest, depth, alternatives)


def _sweep(edges: EdgeArrays, depth: Numbers, alternatives: Alternatives | None) -> EdgeArrays:
    """Settle the wide levels; the edges that are left over are returned."""
    waiting = np.bincount(edges.child, minlength=len(depth))
    ready = waiting == 0
    while True:
        hit = ready[edges.parent]
        if np.count_nonzero(hit) * WORTHWHILE <= len(edges):
            return edges
        now, edges = edges.where(hit), edges.where(~hit)
        _hand_on(now, depth)
        waiting -= np.bincount(now.child, minlength=len(waiting))
        ready[:] = False
        ready[now.child] = waiting[now.child] == 0
        if alternatives is not None:
            alternatives.raise_depths(np.flatnonzero(ready), depth)


def _hand_on(edges: EdgeArrays, depth: Numbers) -> None:
    """From parents that are settled to their children."""
    deep = edges.where(edges.effects & PASSES_DEPTH != 0)
    reach = depth[deep.parent] + (deep.effects & ADDS_STEP)
    np.maximum.at(depth, deep.child, reach)


def _settle_rest(edges: EdgeArrays, depth: Numbers, alternatives: Alternatives | None) -> None:
    """Settle narrow levels; the nodes of a loop are settled together, as if they were one."""
    one = _loops(edges, len(depth))
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
            alternatives.raise_depths(ready[inner_starts[ready] == inner_starts[ready + 1]], depth)
        if len(loops):
            _settle_loops(inner.where(loops), depth, alternatives)
        now = edges.where(edges_of_nodes(starts, ready))
        _hand_on(now, depth)
        reached = one[now.child]
        np.subtract.at(waiting, reached, 1)
        ready = np.unique(reached[waiting[reached] == 0])


def _loops(edges: EdgeArrays, size: int) -> Numbers:
    """For every node a node that stands for it: the same one for all nodes of a loop."""
    one = np.arange(size, dtype=np.int32)
    nodes, core = renumber(trim(edges, size))
    parts = components(core, len(nodes))
    first = np.full(len(nodes), size, np.int32)
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


def _settle_loops(edges: EdgeArrays, depth: Numbers, alternatives: Alternatives | None) -> None:
    """Raise the nodes of loops to what they ask of each other, beside what came from outside."""
    nodes, edges = renumber(edges)
    deep = edges.where(edges.effects & PASSES_DEPTH != 0)
    if alternatives is not None and alternatives.special[nodes].any():
        raise_loop_depths(nodes, deep, alternatives, depth)
    else:
        steps = (deep.effects & ADDS_STEP).astype(np.int32)
        depth[nodes] = climb(deep, steps, depth[nodes], components(deep, len(nodes)))
