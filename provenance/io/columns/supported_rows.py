"""Rows of a file with all of their columns in ordinary types, of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

import numpy as np
import pyarrow as pa

from provenance.io.columns.decoded_size import expanded
from provenance.io.columns.supported_types import is_ordinary, ordinary, unread
from provenance.io.columns.value_sizes import Sizes, cuts
from provenance.io.contract.reader import BATCH_ROWS
from provenance.io.streams.decompress import DamagedError

FAILURES = (pa.ArrowException, NotImplementedError, KeyError, TypeError, ValueError)
"""What Arrow raises where it has no way to read values of a type."""


def ordinary_rows(
    table: pa.RecordBatch, content: AbstractSet[str], weigh: Callable[[Sizes], None]
) -> Iterator[pa.RecordBatch]:
    """The same rows in ordinary types; without a copy where they are.

    What cannot be read of a column that is no content has words in its place (`unread`).

    Args:
        content: names of the columns that hold the content.
        weigh: is told what the rows will take before they do.

    Raises:
        DamagedError: a column of content cannot be read.
    """
    others = [n for n, each in enumerate(table.schema) if not is_ordinary(each.type)]
    for start in range(0, table.num_rows, BATCH_ROWS):
        rows = table.slice(start, BATCH_ROWS)
        if not others:
            yield rows
            continue
        sizes = sum((_sizes(rows.column(n)) for n in others), np.zeros(rows.num_rows, np.int64))
        for first, after in cuts(sizes):
            weigh(sizes[first:after])
            yield _ordinary(rows.slice(first, after - first), others, content)


def unread_columns(table: pa.RecordBatch) -> list[str]:
    """Notes on the columns of which nothing can be read."""
    notes = []
    for field, column in zip(table.schema, table.columns, strict=True):
        if not is_ordinary(field.type):
            try:
                ordinary(column)
            except FAILURES:
                notes.append(f"column {field.name!r} of the type {field.type} cannot be read")
    return notes


def _sizes(column: pa.Array) -> Sizes:
    try:
        return expanded(column)
    except FAILURES:  # it will not be written out either
        return np.ones(len(column), np.int64)


def _ordinary(rows: pa.RecordBatch, others: list[int], content: AbstractSet[str]) -> pa.RecordBatch:
    for place in others:
        field = rows.schema.field(place)
        try:
            expanded(rows.column(place))
            values = ordinary(rows.column(place))
        except FAILURES as error:
            if field.name in content:
                raise DamagedError(
                    f"column {field.name!r} of the type {field.type} cannot be read: {error}",
                    hint="write it in another type, or name another with `--content`",
                ) from error
            values = unread(field.type, rows.num_rows)
        rows = rows.set_column(place, field.with_type(values.type), values)
    return rows
