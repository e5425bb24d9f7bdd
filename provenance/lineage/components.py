"""Find strongly connected components, and propagate maxima over the graph of components."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from provenance.lineage.edge_arrays import EdgeArrays, Flags, Numbers

WORTHWHILE = 50
"""A round of trimming reads all edges left; it is worth it while it drops one in so many."""


@dataclass(frozen=True, slots=True)
class Components:
    """The strongly connected components of a graph.

    Attributes:
        number: component of every node; that of a parent is never higher than that of its child.
        looped: whether a path leads from the node back to it.
    """

    number: Numbers
    looped: Flags


def renumber(edges: EdgeArrays) -> tuple[Numbers, EdgeArrays]:
    """Only the nodes that have edges, and the edges between their new numbers."""
    nodes, ends = np.unique(np.concatenate([edges.child, edges.parent]), return_inverse=True)
    child, parent = np.split(ends.astype(np.int32), 2)
    return nodes, EdgeArrays(child, parent, edges.effects)


def trim(edges: EdgeArrays, nodes: int) -> EdgeArrays:
    """Drop edges that lead to or come from where nothing goes on: no loop can pass there."""
    while True:
        is_child = np.zeros(nodes + 1, np.bool_)
        is_child[edges.child] = True
        is_parent = np.zeros(nodes + 1, np.bool_)
        is_parent[edges.parent] = True
        kept = is_child[edges.parent] & is_parent[edges.child]
        dropped = len(edges) - np.count_nonzero(kept)
        edges = edges.where(kept)
        if dropped * WORTHWHILE <= len(edges):
            return edges


def components(edges: EdgeArrays, size: int) -> Components:
    """Components by Tarjan's algorithm, without recursion: time and memory linear in the edges."""
    number = np.array(_emit(*adjacency(edges, size)), np.int32)
    looped = np.bincount(number, minlength=size)[number] > 1
    looped[edges.child[edges.child == edges.parent]] = True
    return Components(number, looped)


def adjacency(edges: EdgeArrays, size: int) -> tuple[list[int], list[int]]:
    """The parents of all nodes one after the other, and where those of each node begin."""
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(edges.child, minlength=size), out=starts[1:])
    return starts.tolist(), edges.parent[np.lexsort((edges.parent, edges.child))].tolist()


def climb(edges: EdgeArrays, weight: Numbers, value: Numbers, parts: Components) -> Numbers:
    """Raise the value of every component to that of each parent component plus the edge's weight.

    Edges inside a component add nothing, and all of its members get its value.
    """
    height = np.zeros(len(value), np.int32)
    np.maximum.at(height, parts.number, value)
    child, parent = parts.number[edges.child], parts.number[edges.parent]
    between = np.flatnonzero(child != parent)
    # Components are numbered parents first: when the edges of a child come, its parents are done.
    between = between[np.argsort(child[between], kind="stable")]
    heights = height.tolist()
    columns = (child[between].tolist(), parent[between].tolist(), weight[between].tolist())
    for below, above, step in zip(*columns, strict=True):
        heights[below] = max(heights[below], heights[above] + step)
    return np.array(heights, np.int32)[parts.number]


def _emit(starts: list[int], parents: list[int]) -> list[int]:
    """Component of every node, counted in the order in which Tarjan's algorithm completes them."""
    size = len(starts) - 1
    pending = [iter(parents[first:last]) for first, last in pairwise(starts)]
    number = [-1] * size
    seen_at = [0] * size
    low = [0] * size
    unfinished: list[int] = []
    clock = completed = 0
    for root in range(size):
        path = [] if seen_at[root] else [root]
        while path:
            node = path[-1]
            if not seen_at[node]:
                clock += 1
                seen_at[node] = low[node] = clock
                unfinished.append(node)
            for parent in pending[node]:
                if not seen_at[parent]:
                    path.append(parent)
                    break
                if number[parent] < 0:
                    low[node] = min(low[node], seen_at[parent])
            else:
                path.pop()
                if path:
                    low[path[-1]] = min(low[path[-1]], low[node])
                if low[node] == seen_at[node]:
                    _complete(node, unfinished, number, completed)
                    completed += 1
    return number


def _complete(node: int, unfinished: list[int], number: list[int], component: int) -> None:
    """Give a component's number to the node and to all that was seen after it."""
    member = -1
    while member != node:
        member = unfinished.pop()
        number[member] = component
