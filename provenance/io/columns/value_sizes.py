"""Compute the bytes of the values of a column before they are decoded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.io.columns.to_text import Mask, is_textual, nulls, to_storage
from provenance.io.contract.reader import BATCH_BYTES

Sizes = npt.NDArray[np.int64]


def value_sizes(array: pa.Array) -> Sizes:
    """Bytes of every value before it is decoded; the average for nested values.

    Raises:
        ArrowInvalid: an index of a dictionary leads out of it.
    """
    kind = array.type
    if pt.is_dictionary(kind):
        if not len(array.dictionary):
            return np.zeros(len(array), dtype=np.int64)
        sizes = value_sizes(to_storage(array.dictionary))
        places = np.asarray(array.indices.fill_null(0))
        if len(places) and not 0 <= int(places.min()) <= int(places.max()) < len(sizes):
            raise pa.ArrowInvalid("an index of a dictionary is out of bounds")
        return np.where(nulls(array), 0, sizes[places])
    if is_textual(kind) and not pt.is_fixed_size_binary(kind):
        return np.asarray(pc.binary_length(array).fill_null(0), dtype=np.int64)
    return np.full(len(array), -(-array.nbytes // max(1, len(array))), dtype=np.int64)


def is_empty_value(array: pa.Array) -> Mask:
    """Find the values that are an empty text or list."""
    if is_textual(array.type) or pt.is_dictionary(array.type):
        sizes = value_sizes(array)
    elif pt.is_list(array.type) or pt.is_large_list(array.type):
        sizes = np.asarray(pc.list_value_length(array).fill_null(0), dtype=np.int64)
    else:
        sizes = np.ones(len(array), np.int64)
    empty: Mask = sizes == 0
    return empty


def bounded_ranges(sizes: Sizes) -> Iterator[tuple[int, int]]:
    """Split rows into ranges of at most ``BATCH_BYTES`` or of a single row."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        after = int(np.searchsorted(ends, before + BATCH_BYTES, side="right"))
        after = max(after, start + 1)
        yield start, after
        start = after
