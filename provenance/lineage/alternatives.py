"""Depth where a text came about in several ways, or one of several parents is the true one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provenance.lineage.semantics import DEPTH, STEP, WRITTEN
from provenance.lineage.state import Arrows, Bits, Flags, Numbers, Places


@dataclass(frozen=True, slots=True)
class Ways:
    """The edges of nodes whose depth is a least, sorted by node, way and choice.

    A way is everything that one making of a text rests on: the largest depth of it counts. A choice
    is one reference that several parents fit: the least depth of them counts. Of several ways the
    least counts.

    Attributes:
        nodes: the nodes, in ascending order; ``starts`` where the edges of each begin.
        node, way, choice: of every edge, counted from 0 over all of them.
        parent, step: of every edge.
        special: by node, whether it is one of these.
    """

    nodes: Numbers
    starts: Places
    node: Numbers
    way: Numbers
    choice: Numbers
    parent: Numbers
    step: Numbers
    special: Flags

    def __len__(self) -> int:
        return len(self.nodes)

    def edges_of(self, chosen: Places) -> Places:
        """Places of the edges of some of the nodes, given by their places among the nodes."""
        counts = self.starts[chosen + 1] - self.starts[chosen]
        before = np.cumsum(counts) - counts
        return np.repeat(self.starts[chosen] - before, counts) + np.arange(counts.sum())

    def settle(self, ready: Numbers | Places, depth: Numbers) -> None:
        """Raise the depth of those of some nodes that are special; their parents are settled."""
        ready = ready[self.special[ready]]
        if not len(ready):
            return
        chosen = np.searchsorted(self.nodes, ready)
        at = self.edges_of(chosen)
        reach = depth[self.parent[at]] + self.step[at]
        first = _firsts(self.choice[at])
        by_choice = np.minimum.reduceat(reach, first)
        at = at[first]
        first = _firsts(self.way[at])
        by_way = np.maximum.reduceat(by_choice, first)
        at = at[first]
        least = np.minimum.reduceat(by_way, _firsts(self.node[at]))
        depth[ready] = np.maximum(depth[ready], least)


def _firsts(sorted_numbers: Numbers) -> Places:
    """Places at which a run of equal numbers begins."""
    return np.flatnonzero(_changes(sorted_numbers))


def tell_apart(edges: Arrows, way: Numbers, choice: Numbers, classes: Bits) -> Ways | None:
    """Find the nodes whose depth is a least; ``None`` where there are none.

    Their edges hand on no depth in ``edges`` from then on, since ``Ways.settle`` does it.

    Args:
        way: of every edge, by what making it belongs to; 0 where nobody tells.
        choice: of every edge, by what reference it is a possible parent; 0 where it is the parent.
        classes: of every node. Only records come about in ways; of what is no record, a source for
            one, all ways are one.
    """
    special = np.zeros(len(classes) + 1, np.bool_)
    written = classes[edges.child] == WRITTEN
    _mark_several(special, edges.child, way, written)
    _mark_doubtful(special, edges, way, choice)
    if not special.any():
        return None
    at = np.flatnonzero(special[edges.child] & (edges.carries & DEPTH != 0))
    at = at[_order(edges.child[at], way[at], choice[at])]
    new_node = _changes(edges.child[at])
    other_way = _changes(way[at])
    new_way = new_node | (other_way & written[at])
    new_choice = new_node | other_way | (choice[at] == 0) | _changes(choice[at])
    edges.carries = edges.carries.copy()
    edges.carries[at] &= 0xFF ^ DEPTH
    return Ways(
        nodes=edges.child[at[new_node]],
        starts=np.r_[np.flatnonzero(new_node), len(at)],
        node=_counted(new_node),
        way=_counted(new_way),
        choice=_counted(new_choice),
        parent=edges.parent[at],
        step=(edges.carries[at] & STEP).astype(np.int32),
        special=special,
    )


def _order(child: Numbers, way: Numbers, choice: Numbers) -> Places:
    """Places of edges in the order of child, way and choice."""
    if choice.any():
        return np.lexsort((choice, way, child))
    # One whole number is sorted quicker than two columns.
    return np.argsort(child.astype(np.int64) << 32 | way)


def _changes(numbers: Numbers) -> Flags:
    """Where a number is another one than that before."""
    changed: Flags = np.r_[True, numbers[1:] != numbers[:-1]]
    return changed


def _counted(new: Flags) -> Numbers:
    return np.cumsum(new, dtype=np.int32) - np.int32(1)


def _mark_several(special: Flags, child: Numbers, way: Numbers, written: Flags) -> None:
    """Mark written records that came about in more than one way."""
    any_way = np.zeros(len(special), np.int32)
    any_way[child] = way
    special[child[written & (any_way[child] != way)]] = True


def _mark_doubtful(special: Flags, edges: Arrows, way: Numbers, choice: Numbers) -> None:
    """Mark nodes of which a reference fits several parents."""
    at = np.flatnonzero((choice != 0) & (edges.carries & DEPTH != 0))
    if not len(at):
        return
    several = np.bincount(edges.child[at], minlength=len(special)) > 1
    at = at[several[edges.child[at]]]
    at = at[np.lexsort((choice[at], way[at], edges.child[at]))]
    child, ways, choices = edges.child[at], way[at], choice[at]
    same = (child[1:] == child[:-1]) & (ways[1:] == ways[:-1]) & (choices[1:] == choices[:-1])
    special[child[1:][same]] = True
