"""Hold a lineage graph as four Arrow tables, the common form of every exchange format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

_STR, _REAL = pa.string(), pa.float64()
_TIME = pa.timestamp("us", tz="UTC")

NODES = pa.schema(
    [
        ("id", _STR),
        ("kind", _STR),
        ("label", _STR),
        ("share_lo", _REAL),
        ("share_hi", _REAL),
        ("generator", _STR),
        ("depth", pa.int64()),
        ("digest", _STR),
        ("attributes", _STR),
        ("external_id", _STR),
    ]
)
"""One row per node: `record:…`, `source:…`, `release:…`, `model:…`; ``attributes`` is JSON."""

EDGES = pa.schema([(n, _STR) for n in ("child", "parent", "relation", "process", "activity")])
"""One row per edge from a child to a parent; either end may lack a row in ``NODES``."""

ACTIVITIES = pa.schema(
    [
        ("activity", _STR),
        ("kind", _STR),
        ("name", _STR),
        ("agent", _STR),
        ("started_at", _TIME),
        ("ended_at", _TIME),
        ("detail", _STR),
    ]
)
"""One row per activity that made or changed data; ``detail`` is JSON."""

MODELS = pa.schema(
    [(n, _STR) for n in ("model", "name", "family", "provider", "version", "trained_on")]
)
"""One row per node of kind ``model``; ``model`` and ``trained_on`` are node ids."""

DERIVED, CONTEXT = "derived", "context"

BATCH_ROWS = 8_192
"""Rows that are Python objects at the same time while a table is written."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A lineage graph as four tables; unknown values are null."""

    nodes: pa.Table
    edges: pa.Table
    activities: pa.Table
    models: pa.Table

    def __post_init__(self) -> None:
        """Check the columns of the tables; other columns are a bug of the caller, not bad data."""
        for name, schema in SCHEMAS.items():
            found = getattr(self, name).schema
            if found.names != schema.names or found.types != schema.types:
                raise TypeError(f"{name} has the columns {found}, not {schema}")

    @classmethod
    def of_rows(
        cls,
        nodes: list[dict[str, Any]],
        edges: list[dict[str, Any]],
        activities: list[dict[str, Any]],
        models: list[dict[str, Any]],
    ) -> Graph:
        """Make a graph of rows as dicts; a key that a row lacks is null."""
        return cls(
            pa.Table.from_pylist(nodes, NODES),
            pa.Table.from_pylist(edges, EDGES),
            pa.Table.from_pylist(activities, ACTIVITIES),
            pa.Table.from_pylist(models, MODELS),
        )


SCHEMAS = {"nodes": NODES, "edges": EDGES, "activities": ACTIVITIES, "models": MODELS}


def rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as dicts, a bounded batch at a time."""
    for batch in table.to_batches(max_chunksize=BATCH_ROWS):
        yield from batch.to_pylist()


def drawn(graph: Graph) -> list[dict[str, Any]]:
    """List the nodes, and after them the ends of edges that have no row of their own."""
    nodes = {node["id"]: node for node in rows(graph.nodes)}
    for edge in rows(graph.edges):
        for end in (edge["child"], edge["parent"]):
            nodes.setdefault(end, dict.fromkeys(graph.nodes.schema.names) | {"id": end})
    return list(nodes.values())


def misfit(row: Mapping[str, Any], schema: pa.Schema) -> str | None:
    """Say why a row from a file does not fit a table: its first value of the wrong type.

    >>> misfit({"depth": "2"}, NODES)
    "depth is '2', not a whole number"
    """
    for name, value in row.items():
        kind = schema.field(name).type
        if value is not None and not _FITS[kind](value):
            return f"{name} is {str(value)[:80]!r}, not {_CALLED[kind]}"
    return None


_FITS = {
    _STR: lambda value: isinstance(value, str),
    _REAL: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    pa.int64(): lambda value: type(value) is int and -(2**63) <= value < 2**63,
    _TIME: lambda value: isinstance(value, datetime) and value.tzinfo is not None,
}
_CALLED = {_STR: "text", _REAL: "a number", pa.int64(): "a whole number", _TIME: "a time"}
