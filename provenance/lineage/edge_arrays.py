"""Hold the edges between numbered nodes as arrays."""

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


def column(table: Any, name: str) -> Any:
    """A column without nulls as a NumPy array."""
    values = table.column(name)
    # Truths come as bytes where the connection hands out every type as it is.
    return values.to_numpy().astype(np.bool_) if values.type == pa.bool8() else values.to_numpy()
