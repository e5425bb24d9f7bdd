"""Compute the depth of texts with several possible derivations or several possible parents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provenance.lineage.edge_arrays import Bits, EdgeArrays, Flags, Numbers, Positions
from provenance.lineage.semantics import ADDS_STEP, ARTIFICIAL, PASSES_DEPTH


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Edges of the nodes with alternatives, sorted by node, derivation and choice.

    A derivation is all that one making of a text rests on: the largest depth of its parents counts.
    A choice is one reference that several parents fit: the smallest depth of them counts. Of
    several derivations the smallest depth counts.

    Attributes:
        nodes: the nodes, in ascending order; ``starts`` where the edges of each begin.
        node, derivation, choice: of every edge, counted from 0 over all of them.
        parent, step: of every edge.
        special: by node, whether it is one of these.
    """

    nodes: Numbers
    starts: Positions
    node: Numbers
    derivation: Numbers
    choice: Numbers
    parent: Numbers
    step: Numbers
    special: Flags

    def __len__(self) -> int:
        return len(self.nodes)

    def edges_of(self, chosen: Positions) -> Positions:
        """Places of the edges of some of the nodes, given by their places among the nodes."""
        counts = self.starts[chosen + 1] - self.starts[chosen]
        before = np.cumsum(counts) - counts
        return np.repeat(self.starts[chosen] - before, counts) + np.arange(counts.sum())

    def raise_depths(self, ready: Numbers | Positions, depth: Numbers) -> None:
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
        first = _firsts(self.derivation[at])
        by_derivation = np.maximum.reduceat(by_choice, first)
        at = at[first]
        least = np.minimum.reduceat(by_derivation, _firsts(self.node[at]))
        depth[ready] = np.maximum(depth[ready], least)


def _firsts(sorted_numbers: Numbers) -> Positions:
    """Places at which a run of equal numbers begins."""
    return np.flatnonzero(_changes(sorted_numbers))


def find_alternatives(
    edges: EdgeArrays, derivation: Numbers, choice: Numbers, classes: Bits
) -> Alternatives | None:
    """Find the nodes whose depth is a least; ``None`` where there are none.

    Their edges hand on no depth in ``edges`` from then on, since ``Alternatives.settle`` does it.

    Args:
        derivation: of every edge, by what making it belongs to; 0 where nobody tells.
        choice: of every edge, by what reference it is a possible parent; 0 where it is the parent.
        classes: of every node. Only records come about in ways; of what is no record, a source for
            one, all ways are one.
    """
    special = np.zeros(len(classes) + 1, np.bool_)
    written = classes[edges.child] == ARTIFICIAL
    _mark_several(special, edges.child, derivation, written)
    _mark_doubtful(special, edges, derivation, choice)
    if not special.any():
        return None
    at = np.flatnonzero(special[edges.child] & (edges.effects & PASSES_DEPTH != 0))
    at = at[_order(edges.child[at], derivation[at], choice[at])]
    new_node = _changes(edges.child[at])
    other_derivation = _changes(derivation[at])
    new_derivation = new_node | (other_derivation & written[at])
    new_choice = new_node | other_derivation | (choice[at] == 0) | _changes(choice[at])
    edges.effects = edges.effects.copy()
    edges.effects[at] &= 0xFF ^ PASSES_DEPTH
    return Alternatives(
        nodes=edges.child[at[new_node]],
        starts=np.r_[np.flatnonzero(new_node), len(at)],
        node=_counted(new_node),
        derivation=_counted(new_derivation),
        choice=_counted(new_choice),
        parent=edges.parent[at],
        step=(edges.effects[at] & ADDS_STEP).astype(np.int32),
        special=special,
    )


def _order(child: Numbers, derivation: Numbers, choice: Numbers) -> Positions:
    """Places of edges in the order of child, way and choice."""
    if choice.any():
        return np.lexsort((choice, derivation, child))
    # One whole number is sorted quicker than two columns.
    return np.argsort(child.astype(np.int64) << 32 | derivation)


def _changes(numbers: Numbers) -> Flags:
    """Mask of the elements that differ from the element before."""
    changed: Flags = np.r_[True, numbers[1:] != numbers[:-1]]
    return changed


def _counted(new: Flags) -> Numbers:
    return np.cumsum(new, dtype=np.int32) - np.int32(1)


def _mark_several(special: Flags, child: Numbers, derivation: Numbers, written: Flags) -> None:
    """Mark written records that came about in more than one way."""
    any_derivation = np.zeros(len(special), np.int32)
    any_derivation[child] = derivation
    special[child[written & (any_derivation[child] != derivation)]] = True


def _mark_doubtful(special: Flags, edges: EdgeArrays, derivation: Numbers, choice: Numbers) -> None:
    """Mark nodes of which a reference fits several parents."""
    at = np.flatnonzero((choice != 0) & (edges.effects & PASSES_DEPTH != 0))
    if not len(at):
        return
    several = np.bincount(edges.child[at], minlength=len(special)) > 1
    at = at[several[edges.child[at]]]
    at = at[np.lexsort((choice[at], derivation[at], edges.child[at]))]
    child, derivations, choices = edges.child[at], derivation[at], choice[at]
    same = (
        (child[1:] == child[:-1])
        & (derivations[1:] == derivations[:-1])
        & (choices[1:] == choices[:-1])
    )
    special[child[1:][same]] = True
