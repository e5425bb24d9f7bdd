"""Derive claims about the origin of records from their lineage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from provenance.lineage.depth_levels import edges_of_nodes
from provenance.lineage.edge_arrays import Flags, Numbers, Positions, column
from provenance.lineage.graph_arrays import ABSENT, OTHER, RECORD, GraphArrays
from provenance.lineage.semantics import MODEL
from provenance.model.origin import Label

WORTHWHILE = 50
"""A sweep reads every edge that is left; it is worth it while it reaches one in so many."""


@dataclass(frozen=True, slots=True)
class DerivedClaims:
    """The strongest derived claim of every record that has one, and its reason.

    Attributes:
        record: places of the records among the nodes, in ascending order.
        claim: synthetic or mixed.
        process: the process, if that is known.
        parent: places of the least of the parents that prove it.
        several: whether there are others.
        writer: by record, place of the model that it came of, the first by name; -1 for none.
        tainted: places of the sources, releases and others that hold or hand on text of a machine.
    """

    record: Positions
    claim: Any
    process: Any
    parent: Positions
    several: Flags
    writer: Positions
    tainted: Positions


def derive_claims(whole: GraphArrays) -> DerivedClaims:
    """Derive claims of tier ``derived`` from the edges.

    A machine process makes its child synthetic, whatever the parents are; so does a model, when no
    process is named. What was edited or cleaned, or derived by an unnamed process, from a synthetic
    or mixed record is mixed, and so is what a model edited or cleaned. The child's claim counts for
    what was made from the child in turn. A source or a release hands on what it contains: it counts
    as mixed for what was made of it when anything that it came of is synthetic or mixed, or when a
    machine process made it. Context, feedback and annotation prove nothing.

    Of several claims about one record synthetic comes before mixed, then the least process, so that
    the order in which edges came does not matter.
    """
    edges = _Edges.of(whole)
    artificial = column(whole.nodes, "artificial")
    marked = artificial | column(whole.nodes, "proven")
    marked[edges.child[edges.writes | edges.from_model]] = True
    handed_on = ~(edges.writes | edges.from_model)
    _spread(marked, edges.child[handed_on], edges.parent[handed_on])
    of_records = whole.kind[edges.child] == RECORD
    proves = edges.where(of_records & (~handed_on | marked[edges.parent]))
    writer = _writers(whole, edges.where(of_records & edges.from_model))
    ranks = int(proves.rank.max(initial=0)) + 1
    rank = np.where(proves.writes, 0, ranks) + proves.rank
    best = np.full(len(marked), 2 * ranks, np.int64)
    np.minimum.at(best, proves.child, rank)
    proves = proves.where(rank == best[proves.child])
    least, most = np.full(len(marked), len(marked)), np.full(len(marked), -1)
    np.minimum.at(least, proves.child, proves.parent)
    # A parent that nobody has found is the last, and not one of several.
    unknown = proves.parent == len(marked) - 1
    np.maximum.at(most, proves.child, np.where(unknown, -1, proves.parent))
    record = np.flatnonzero(best < 2 * ranks)
    return DerivedClaims(
        record,
        _worded(best[record] // ranks, [Label.SYNTHETIC.value, Label.MIXED.value]),
        _worded(best[record] % ranks, _processes(whole)),
        least[record],
        least[record] < most[record],
        writer[record],
        np.flatnonzero(marked & ~artificial & (whole.kind == OTHER)),
    )


def _writers(whole: GraphArrays, edges: _Edges) -> Positions:
    """For every node the model that it came of, the first by name where there are several."""
    found = np.flatnonzero(whole.kind == MODEL).tolist()
    models = np.array(sorted(found, key=lambda position: whole.names.get(position, "")), np.int64)
    rank = np.full(len(whole.kind), len(models), np.int64)
    rank[models] = np.arange(len(models))
    first = np.full(len(whole.kind), len(models), np.int64)
    np.minimum.at(first, edges.child, rank[edges.parent])
    writers: Positions = np.r_[models, -1][first]
    return writers


def _worded(numbers: Positions, edge_words: list[str | None]) -> Any:
    """Numbers of words as words."""
    return pa.DictionaryArray.from_arrays(
        pa.array(numbers.astype(np.int32)), pa.array(edge_words, pa.string())
    )


@dataclass(frozen=True, slots=True)
class _Edges:
    """The edges that can prove anything, with the rank of their processes."""

    child: Numbers
    parent: Numbers
    rank: Numbers
    writes: Flags
    from_model: Flags

    @classmethod
    def of(cls, whole: GraphArrays) -> _Edges:
        child, parent, word = whole.child, whole.parent, whole.word
        machine = whole.flags("machine")[word]
        kind = whole.kind[parent]
        from_model = kind == MODEL
        writes = machine | (from_model & ~whole.flags("kept")[word])
        counts = whole.flags("proves")[word] & np.isin(whole.kind[child], (RECORD, OTHER))
        counts &= machine | (kind != ABSENT)
        rank = column(whole.edge_words, "rank")
        return cls(child, parent, rank[word], writes, from_model).where(counts)

    def where(self, chosen: Flags) -> _Edges:
        """Select edges by a mask."""
        return _Edges(
            self.child[chosen],
            self.parent[chosen],
            self.rank[chosen],
            self.writes[chosen],
            self.from_model[chosen],
        )


def _spread(marked: Flags, child: Numbers, parent: Numbers) -> None:
    """Mark all that descends from what is marked: in sweeps while many are reached, then singly."""
    while True:
        waits = ~marked[child]
        child, parent = child[waits], parent[waits]
        hit = marked[parent]
        reached = np.count_nonzero(hit)
        if reached * WORTHWHILE <= len(child):
            break
        marked[child[hit]] = True
    if not reached:
        return
    starts = np.zeros(len(marked) + 1, np.int64)
    np.cumsum(np.bincount(parent, minlength=len(marked)), out=starts[1:])
    ready = np.unique(parent[hit])
    child = child[np.argsort(parent, kind="stable")]
    while len(ready):
        ready = np.unique(child[edges_of_nodes(starts, ready)])
        ready = ready[~marked[ready]]
        marked[ready] = True


def _processes(whole: GraphArrays) -> list[str | None]:
    """The processes by rank; ranks begin at 1."""
    columns = (whole.edge_words.column(name).to_pylist() for name in ("rank", "process"))
    named = dict(zip(*columns, strict=True))
    return [named.get(rank) for rank in range(max(named, default=0) + 1)]
