"""The graph of lineage: depth and taint, ancestors and descendants, paths, loops and claims.

Pure: every function is handed a connection and the SQL text of two relations.

- nodes: (id UUID, kind VARCHAR, label VARCHAR, own_depth BIGINT), one row per id. ``kind`` is
  record, source, release or model; ``label`` is what a record was resolved to, NULL for the
  others; ``own_depth`` is a depth that is known without the graph, or NULL.
- edges: (child UUID, parent UUID, relation VARCHAR, process VARCHAR, activity VARCHAR, way INTEGER,
  choice INTEGER). ``way`` tells the makings of one text apart, and is 0 where nobody does: of all
  edges of a child or of none. ``choice`` is the same for edges of one way to parents one of which
  is the true one, and 0 for an edge to a parent that is known.

docs/concepts/lineage.md says what depth, taint and claims mean.
"""

from __future__ import annotations

from provenance.lineage.arrays import NO_NODES, Whole, deepen, is_absent, is_record, number
from provenance.lineage.cycles import Cycle, Cycles, cycles
from provenance.lineage.derived_claims import Proofs, prove
from provenance.lineage.edges import Index, Step, index_edges, keep, node_id
from provenance.lineage.model_descendants import Descent, descends_from, made_from
from provenance.lineage.traverse import DOWN, UP, Way, ancestors, descend, descendants, trail

__all__ = [
    "DOWN",
    "NO_NODES",
    "UP",
    "Cycle",
    "Cycles",
    "Descent",
    "Index",
    "Proofs",
    "Step",
    "Way",
    "Whole",
    "ancestors",
    "cycles",
    "deepen",
    "descend",
    "descendants",
    "descends_from",
    "index_edges",
    "is_absent",
    "is_record",
    "keep",
    "made_from",
    "node_id",
    "number",
    "prove",
    "trail",
]
