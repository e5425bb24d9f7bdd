"""Convert rows to types that Arrow's kernels support, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set as AbstractSet

import numpy as np
import pyarrow as pa

from provenance.io.columns.decoded_size import expanded_sizes
from provenance.io.columns.supported_types import is_supported, to_supported, unreadable_values
from provenance.io.columns.value_sizes import Sizes, bounded_ranges
from provenance.io.contract.reader import BATCH_ROWS
from provenance.io.streams.decompress import DamagedError

FAILURES = (pa.ArrowException, NotImplementedError, KeyError, TypeError, ValueError)
"""Exceptions of Arrow for values of a type that it cannot read."""


def supported_rows(
    table: pa.RecordBatch, content: AbstractSet[str], weigh: Callable[[Sizes], None]
) -> Iterator[pa.RecordBatch]:
    """Convert rows to supported types, without a copy where they are supported already.

    Values of a non-content column that cannot be read are replaced by placeholder text.

    Args:
        content: names of the columns that hold the content.
        weigh: receives the sizes of the rows before they are expanded.

    Raises:
        DamagedError: a column of content cannot be read.
    """
    others = [n for n, each in enumerate(table.schema) if not is_supported(each.type)]
    for start in range(0, table.num_rows, BATCH_ROWS):
        rows = table.slice(start, BATCH_ROWS)
        if not others:
            yield rows
            continue
        sizes = sum((_sizes(rows.column(n)) for n in others), np.zeros(rows.num_rows, np.int64))
        for first, after in bounded_ranges(sizes):
            weigh(sizes[first:after])
            yield _ordinary(rows.slice(first, after - first), others, content)


def unread_columns(table: pa.RecordBatch) -> list[str]:
    """Note the columns that cannot be read at all."""
    notes = []
    for field, column in zip(table.schema, table.columns, strict=True):
        if not is_supported(field.type):
            try:
                to_supported(column)
            except FAILURES:
                notes.append(f"column {field.name!r} of the type {field.type} cannot be read")
    return notes


def _sizes(column: pa.Array) -> Sizes:
    try:
        return expanded_sizes(column)
    except FAILURES:  # it will not be written out either
        return np.ones(len(column), np.int64)


def _ordinary(rows: pa.RecordBatch, others: list[int], content: AbstractSet[str]) -> pa.RecordBatch:
    for position in others:
        field = rows.schema.field(position)
        try:
            expanded_sizes(rows.column(position))
            values = to_supported(rows.column(position))
        except FAILURES as error:
            if field.name in content:
                raise DamagedError(
                    f"column {field.name!r} of the type {field.type} cannot be read: {error}",
                    hint="write it in another type, or name another with `--content`",
                ) from error
            values = unreadable_values(field.type, rows.num_rows)
        rows = rows.set_column(position, field.with_type(values.type), values)
    return rows
