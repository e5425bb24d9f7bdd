"""Join small record batches, so that the cost per batch is not a cost per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from provenance.io.columns.supported_types import is_supported

MOST_ROWS = 4_096
MOST_BYTES = 1 << 20
"""Size of joined batches; a larger one is passed on unchanged."""


def coalesce(tables: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join consecutive batches of one schema; on an error, yield the rows before it first.

    Args:
        tables: of one schema.
    """
    buffered: list[pa.RecordBatch] = []
    rows = size = 0
    source = iter(tables)
    while True:
        try:
            table = next(source, None)
        except Exception:
            yield from _one(buffered)
            raise
        if table is None:
            break
        if buffered and (rows + table.num_rows > MOST_ROWS or size + table.nbytes > MOST_BYTES):
            yield from _one(buffered)
            buffered, rows, size = [], 0, 0
        buffered.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
    yield from _one(buffered)


def _one(tables: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join tables into one, unless they have a type that Arrow cannot concatenate."""
    if len(tables) < 2 or not all(_is_joinable(kind) for kind in tables[0].schema.types):
        yield from tables
        return
    yield from pa.Table.from_batches(tables).combine_chunks().to_batches()


def _is_joinable(kind: pa.DataType) -> bool:
    # Codes of batches that each have a dictionary of their own are not the same codes.
    return is_supported(kind, top=False)
