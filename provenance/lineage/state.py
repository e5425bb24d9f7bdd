"""A graph in arrays: nodes are numbers, edges three columns of nine bytes together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint8]


@dataclass(slots=True)
class Arrows:
    """Edges: at each place the numbers of child and parent, and what the edge does.

    A parent that is not in the graph has the number after the last.
    """

    child: Numbers
    parent: Numbers
    carries: Bits

    def __len__(self) -> int:
        return len(self.child)

    def where(self, chosen: Flags | Places) -> Arrows:
        """Some of the edges, in the order of their places if places are given."""
        return Arrows(self.child[chosen], self.parent[chosen], self.carries[chosen])


@dataclass(slots=True)
class State:
    """What is known of every node; the last place stands for a parent that is not in the graph.

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
    def blank(cls, nodes: int) -> State:
        """A state in which nothing is known of so many nodes."""
        size = nodes + 1
        return cls(
            np.zeros(size, np.int32),
            np.zeros(size, np.int32),
            np.zeros(size, np.bool_),
            np.zeros(size, np.bool_),
        )


def column(table: Any, name: str) -> Any:
    """A column without nulls as a NumPy array."""
    held = table.column(name)
    # Truths come as bytes where the connection hands out every type as it is.
    return held.to_numpy().astype(np.bool_) if held.type == pa.bool8() else held.to_numpy()
