"""A graph in arrays: nodes are numbers, edges three columns of nine bytes together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.lineage.edges import Relations
from provenance.lineage.semantics import carries_sql, class_sql, floor_sql, offers_sql

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


def number_nodes(connection: Relations, nodes: str, table: str) -> int:
    """Copy the nodes to a table whose ``rowid`` is their number; their count is returned."""
    connection.execute(
        f"CREATE TEMP TABLE {table} AS SELECT id, {class_sql('nodes')} AS class, "
        f"{floor_sql('nodes')} AS least FROM {nodes} AS nodes"
    )
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def number_edges(connection: Relations, edges: str, table: str) -> Arrows:
    """The edges between numbered nodes; those of a child that is not among them are left out."""
    return arrows_of(numbered_edges(connection, edges, table))


def numbered_edges(connection: Relations, edges: str, table: str, more: str = "") -> Any:
    """The columns of ``Arrows``, and more that are asked for as SQL."""
    beyond = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return connection.execute(
        f"SELECT child_node.rowid::INTEGER AS child, "
        f"coalesce(parent_node.rowid, {beyond})::INTEGER AS parent, "
        f"{carries_sql('offers', 'child_node.class', 'parent_node.class')} AS carries{more} "
        f"FROM {offers_sql(edges)} AS edges "
        f"JOIN {table} AS child_node ON child_node.id = edges.child "
        f"LEFT JOIN {table} AS parent_node ON parent_node.id = edges.parent"
    ).to_arrow_table()


def arrows_of(table: Any) -> Arrows:
    """Edges as ``numbered_edges`` has them."""
    return Arrows(*(column(table, name) for name in ("child", "parent", "carries")))


def column(table: Any, name: str) -> Any:
    """A column without nulls as a NumPy array."""
    held = table.column(name)
    # Truths come as bytes where the connection hands out every type as it is.
    return held.to_numpy().astype(np.bool_) if held.type == pa.bool8() else held.to_numpy()
