"""Edges between numbered nodes, and the state that propagation computes per node, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint8]


@dataclass(slots=True)
class EdgeArrays:
    """Edges as columns: the numbers of child and parent, and the effects of the edge as bits.

    A parent that is not in the graph has the number after the last.
    """

    child: Numbers
    parent: Numbers
    effects: Bits

    def __len__(self) -> int:
        return len(self.child)

    def where(self, chosen: Flags | Positions) -> EdgeArrays:
        """Select edges by a mask, or by positions in the order of these."""
        return EdgeArrays(self.child[chosen], self.parent[chosen], self.effects[chosen])


@dataclass(slots=True)
class PropagationState:
    """State of every node; the last element stands for a parent that is not in the graph.

    Attributes:
        depth: generative steps back to human text, at least.
        level: edges to the farthest ancestor, a loop counted as one node.
        tainted: whether a machine wrote any of its text, or may have.
        in_cycle: whether a path leads from the node back to it.
    """

    depth: Numbers
    level: Numbers
    tainted: Flags
    in_cycle: Flags

    @classmethod
    def blank(cls, nodes: int) -> PropagationState:
        """Make the initial state of a number of nodes."""
        size = nodes + 1
        return cls(
            np.zeros(size, np.int32),
            np.zeros(size, np.int32),
            np.zeros(size, np.bool_),
            np.zeros(size, np.bool_),
        )


def column(table: Any, name: str) -> Any:
    """A column without nulls as a NumPy array."""
    values = table.column(name)
    # Truths come as bytes where the connection hands out every type as it is.
    return values.to_numpy().astype(np.bool_) if values.type == pa.bool8() else values.to_numpy()
