"""Compute depth, ancestors, descendants, loops and derived claims on the lineage graph.

The functions know nothing of a ledger. Each takes a connection and the SQL text of two relations.

- nodes: (id UUID, kind VARCHAR, label VARCHAR, own_depth BIGINT), one row per id. ``kind`` is
  record, source, release or model; ``label`` is what a record was resolved to, NULL for the
  others; ``own_depth`` is a depth that is known without the graph, or NULL.
- edges: (child UUID, parent UUID, relation VARCHAR, process VARCHAR, activity VARCHAR, way INTEGER,
  choice INTEGER). ``way`` numbers the derivations of one text, where it came about
  in several; it is 0 on all edges of a child if the derivations are not told apart. ``choice``
  numbers the groups of alternative parents within one derivation, of which one is the true one;
  it is 0 for an edge to a parent that is known.

docs/concepts/lineage.md defines depth and derived claims.
"""

from __future__ import annotations

from provenance.lineage.cycles import Cycle, Cycles, cycles
from provenance.lineage.derived_claims import DerivedClaims, derive_claims
from provenance.lineage.edges import EdgeIndex, PathEdge, index_edges, node_id
from provenance.lineage.graph_arrays import (
    NO_NODES,
    GraphArrays,
    is_absent,
    is_record,
    number_graph,
    propagate_depths,
)
from provenance.lineage.model_descendants import (
    ModelDescendants,
    find_model_descendants,
    text_descendants,
)
from provenance.lineage.temp_tables import copy_to_temp_table
from provenance.lineage.traverse import (
    DOWN,
    UP,
    Direction,
    ancestors,
    descendants,
    descendants_within,
    edges_walked,
)

__all__ = [
    "DOWN",
    "NO_NODES",
    "UP",
    "Cycle",
    "Cycles",
    "DerivedClaims",
    "Direction",
    "EdgeIndex",
    "GraphArrays",
    "ModelDescendants",
    "PathEdge",
    "ancestors",
    "copy_to_temp_table",
    "cycles",
    "derive_claims",
    "descendants",
    "descendants_within",
    "edges_walked",
    "find_model_descendants",
    "index_edges",
    "is_absent",
    "is_record",
    "node_id",
    "number_graph",
    "propagate_depths",
    "text_descendants",
]
