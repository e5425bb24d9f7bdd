"""Compute the size of the values of a column once they are expanded, without expanding them.

A run, a dictionary or views of one text can stand for any amount of data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

Sizes = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]

_VIEW_WORDS = 4
"""32-bit words of a view; the first is its length."""


def expanded_sizes(array: pa.Array) -> Sizes:
    """Bytes of every expanded value, plus one per value; int64[n]."""
    return np.ones(len(array), np.int64) + _below(array)


def _below(array: pa.Array) -> Sizes:
    kind = array.type
    for applies, sizes in _MEASURES:
        if applies(kind):
            return sizes(array)
    return np.full(len(array), 0 if pt.is_null(kind) else max(1, kind.bit_width // 8), np.int64)


def run_indices(array: pa.Array) -> Places:
    """Index of the value of each row of a run-end encoded column; int64[n]."""
    rows = np.arange(array.offset, array.offset + len(array))
    return np.searchsorted(np.asarray(array.run_ends), rows, side="right").astype(np.int64)


def union_codes(array: pa.Array) -> tuple[npt.NDArray[np.int8], Places]:
    """Type code of every row of a union, and its index among the values of that type."""
    # Asked for these, Arrow tells those of the first rows, wherever the array begins.
    _, types, *offsets = array.buffers()[: 3 if array.type.mode == "dense" else 2]
    codes = _part(types, np.int8, array)
    if not offsets:
        return codes, np.arange(len(array))
    return codes, _part(offsets[0], np.int32, array).astype(np.int64)


def _part(buffer: pa.Buffer, kind: type[np.signedinteger[Any]], array: pa.Array) -> Any:
    return np.frombuffer(buffer, kind, count=array.offset + len(array))[array.offset :]


def _of_dictionary(array: pa.Array) -> Sizes:
    return _of(expanded_sizes(array.dictionary), np.asarray(array.indices.fill_null(0)))


def _of_views(array: pa.Array) -> Sizes:
    words = np.frombuffer(array.buffers()[1], np.int32).reshape(-1, _VIEW_WORDS)
    lengths: Sizes = words[array.offset : array.offset + len(array), 0].astype(np.int64)
    return lengths


def _of_struct(array: pa.Array) -> Sizes:
    sizes = np.zeros(len(array), np.int64)
    for position in range(array.type.num_fields):
        sizes += expanded_sizes(array.field(position))
    return sizes


def _of_text(array: pa.Array) -> Sizes:
    return np.asarray(pc.binary_length(array).fill_null(0), np.int64)


def _of(sizes: Sizes, places: Places) -> Sizes:
    return sizes[places] if len(sizes) else np.zeros(len(places), np.int64)


def _of_union(array: pa.Array) -> Sizes:
    codes, places = union_codes(array)
    sizes = np.zeros(len(array), np.int64)
    for number, code in enumerate(array.type.type_codes):
        mine = codes == code
        sizes[mine] = _of(expanded_sizes(array.field(number)), places[mine])
    return sizes


def _of_list(array: pa.Array) -> Sizes:
    kind = array.type
    if pt.is_map(kind):
        below = expanded_sizes(array.keys) + expanded_sizes(array.items)
    else:
        below = expanded_sizes(array.values)
    total = np.concatenate([[0], np.cumsum(below)])
    if pt.is_fixed_size_list(kind):
        starts = (array.offset + np.arange(len(array))) * kind.list_size
        fixed: Sizes = total[starts + kind.list_size] - total[starts]
        return fixed
    offsets = np.asarray(array.offsets, np.int64)
    if pt.is_list_view(kind) or pt.is_large_list_view(kind):
        ends = offsets + np.asarray(array.sizes, np.int64)
    else:
        offsets, ends = offsets[:-1], offsets[1:]
    sizes: Sizes = np.where(np.asarray(array.is_valid()), total[ends] - total[offsets], 0)
    return sizes


def _is_text(kind: pa.DataType) -> bool:
    small = pt.is_string(kind) or pt.is_binary(kind) or pt.is_fixed_size_binary(kind)
    return bool(small or pt.is_large_string(kind) or pt.is_large_binary(kind))


_MEASURES: tuple[tuple[Callable[[Any], bool], Callable[[pa.Array], Sizes]], ...] = (
    (
        lambda kind: isinstance(kind, pa.BaseExtensionType),
        lambda array: expanded_sizes(array.storage),
    ),
    (pt.is_dictionary, _of_dictionary),
    (pt.is_run_end_encoded, lambda array: _of(expanded_sizes(array.values), run_indices(array))),
    (lambda kind: pt.is_string_view(kind) or pt.is_binary_view(kind), _of_views),
    (pt.is_struct, _of_struct),
    (pt.is_union, _of_union),
    (pt.is_nested, _of_list),
    (_is_text, _of_text),
)
"""Measures by type; the first that applies counts."""
