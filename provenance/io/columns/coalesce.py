"""Many small record batches as few: what is done once per batch is not done once per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from provenance.io.columns.supported_types import is_ordinary

MOST_ROWS = 4_096
MOST_BYTES = 1 << 20
"""How large joined batches are; one that is as large by itself is left as it is."""


def joined(tables: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in the same order; those before a failure come before it is raised.

    Args:
        tables: of one schema.
    """
    held: list[pa.RecordBatch] = []
    rows = size = 0
    source = iter(tables)
    while True:
        try:
            table = next(source, None)
        except Exception:
            yield from _one(held)
            raise
        if table is None:
            break
        if held and (rows + table.num_rows > MOST_ROWS or size + table.nbytes > MOST_BYTES):
            yield from _one(held)
            held, rows, size = [], 0, 0
        held.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
    yield from _one(held)


def _one(tables: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Small tables as one; of types that Arrow does not join as they are."""
    if len(tables) < 2 or not all(_is_joinable(kind) for kind in tables[0].schema.types):
        yield from tables
        return
    yield from pa.Table.from_batches(tables).combine_chunks().to_batches()


def _is_joinable(kind: pa.DataType) -> bool:
    # Codes of batches that each have a dictionary of their own are not the same codes.
    return is_ordinary(kind, top=False)
