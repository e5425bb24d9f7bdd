"""Convert columns to types that Arrow's kernels support.

Views, runs, nested dictionaries, intervals and unknown extension types are expanded;
``expanded_sizes`` tells the size beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.io.columns.decoded_size import run_indices, union_codes
from provenance.io.columns.reinterpret import DAY_TIME, MONTHS, interval_unit

_LEFT_AS_THEY_ARE = (pa.JsonType, pa.UuidType, pa.Bool8Type)
"""Extension types that the readers understand."""

UNREAD = "cannot be read"
"""Placeholder for a value that cannot be read; a label with this value is unknown."""

_NANOSECONDS = 10**9


def is_supported(kind: Any, *, top: bool = True) -> bool:
    """Check whether Arrow's kernels take values of a type, at any depth.

    A top-level dictionary of texts or numbers stays, since it is compact.
    """
    if isinstance(kind, pa.BaseExtensionType):
        known = isinstance(kind, _LEFT_AS_THEY_ARE) and not pt.is_nested(kind.storage_type)
        return known and is_supported(kind.storage_type, top=False)
    if pt.is_dictionary(kind):
        plain = not (pt.is_nested(kind.value_type) or pt.is_null(kind.value_type))
        return top and plain and is_supported(kind.value_type, top=False)
    if _is_written_out(kind):
        return False
    return all(is_supported(kind.field(n).type, top=False) for n in range(kind.num_fields))


def _is_written_out(kind: Any) -> bool:
    views = pt.is_list_view(kind) or pt.is_large_list_view(kind)
    views = views or pt.is_string_view(kind) or pt.is_binary_view(kind)
    return bool(views or pt.is_run_end_encoded(kind) or pt.is_union(kind) or pt.is_interval(kind))


def to_supported(array: pa.Array) -> pa.Array:
    """Convert values to a supported type; unions stay unions, of supported types.

    Raises:
        ArrowException, NotImplementedError: there is no way to.
    """
    kind = array.type
    if is_supported(kind, top=False):
        return array
    for applies, convert in _CONVERSIONS:
        if applies(kind):
            return convert(array)
    return array


def unreadable_values(kind: Any, count: int) -> pa.Array:
    """Make placeholders for values of a type that cannot be read.

    An object keeps its members, so that their names are still seen.
    """
    if pt.is_nested(kind) and not pt.is_struct(kind) and kind.num_fields == 1:
        return unreadable_values(kind.field(0).type, count)
    if pt.is_struct(kind) and kind.num_fields:
        parts = [unreadable_values(each.type, count) for each in kind]
        return pa.StructArray.from_arrays(parts, names=[each.name for each in kind])
    return pa.repeat(pa.scalar(UNREAD), count)


def _of_extension(array: pa.Array) -> pa.Array:
    kind = array.type
    unit = interval_unit(kind)
    if unit:
        return _SPANS[unit](array.storage)
    values = to_supported(array.storage)
    if isinstance(kind, _LEFT_AS_THEY_ARE):
        return pa.ExtensionArray.from_storage(kind, values)
    return values


def _of_months(months: pa.Array) -> pa.Array:
    return _joined("P", months.cast(pa.string()), "M")


def _of_day_time(packed: pa.Array) -> pa.Array:
    """Format pairs of 32-bit days and milliseconds: ``P2DT1.5S``."""
    parts = np.frombuffer(packed.buffers()[1], np.int32)[2 * packed.offset :]
    both = parts[: 2 * len(packed)].reshape(-1, 2).tolist()
    texts = [_span(0, days, milliseconds * 10**6) for days, milliseconds in both]
    return pa.array(texts, pa.string(), mask=_null_mask(packed))


def _of_interval(array: pa.Array) -> pa.Array:
    texts = [None if each is None else _span(*each) for each in array.to_pylist()]
    return pa.array(texts, pa.string())


def _span(months: int, days: int, nanoseconds: int) -> str:
    """Format a duration in ISO 8601: ``P1M2DT0.000000003S``; ``P0D`` for zero.

    >>> _span(1, -2, 1_500_000_000), _span(0, 0, 0)
    ('P1M-2DT1.5S', 'P0D')
    """
    whole, part = divmod(abs(nanoseconds), _NANOSECONDS)
    seconds = f"{whole}.{part:09}".rstrip("0").rstrip(".")
    sign = "-" if nanoseconds < 0 else ""
    time = f"T{sign}{seconds}S" if nanoseconds else ""
    date = f"{months}M" * bool(months) + f"{days}D" * bool(days)
    return f"P{date}{time}" if date or time else "P0D"


def _of_dictionary(array: pa.Array) -> pa.Array:
    if pt.is_null(array.type.value_type):
        return pa.nulls(len(array))
    return _taken(to_supported(array.dictionary), array.indices)


def _of_runs(array: pa.Array) -> pa.Array:
    return _taken(to_supported(array.values), pa.array(run_indices(array)))


def _of_struct(array: pa.Array) -> pa.Array:
    fields = list(array.type)
    parts = [to_supported(array.field(position)) for position in range(len(fields))]
    fields = [each.with_type(part.type) for each, part in zip(fields, parts, strict=True)]
    return pa.StructArray.from_arrays(parts, fields=fields, mask=array.is_null())


def _of_list(array: pa.Array) -> pa.Array:
    large = pt.is_large_list(array.type) or pt.is_large_list_view(array.type)
    build = pa.LargeListArray if large else pa.ListArray
    offsets = _offsets(array, np.int64 if large else np.int32)
    return build.from_arrays(offsets, to_supported(array.flatten()), mask=array.is_null())


def _of_fixed_list(array: pa.Array) -> pa.Array:
    size = array.type.list_size
    values = array.values.slice(array.offset * size, len(array) * size)
    return pa.FixedSizeListArray.from_arrays(to_supported(values), size, mask=array.is_null())


def _of_map(array: pa.Array) -> pa.Array:
    offsets = np.asarray(array.offsets)
    span = slice(int(offsets[0]), int(offsets[-1]))
    count = span.stop - span.start
    keys, items = (part.slice(span.start, count) for part in (array.keys, array.items))
    moved = pa.array(offsets - span.start, pa.int32())
    return pa.MapArray.from_arrays(
        moved, to_supported(keys), to_supported(items), mask=array.is_null()
    )


def _of_union(array: pa.Array) -> pa.Array:
    kind = array.type
    codes, places = union_codes(array)
    names = [kind.field(position).name for position in range(kind.num_fields)]
    children, moved = [], places.copy()
    for number, code in enumerate(kind.type_codes):
        child, mine = array.field(number), codes == code
        if kind.mode == "dense":
            used = places[mine]
            start, end = (int(used.min()), int(used.max()) + 1) if len(used) else (0, 0)
            child = child.slice(start, end - start)
            moved[mine] -= start
        children.append(to_supported(child))
    types = pa.array(codes, pa.int8())
    if kind.mode == "dense":
        offsets = pa.array(moved, pa.int32())
        return pa.UnionArray.from_dense(types, offsets, children, names, kind.type_codes)
    return pa.UnionArray.from_sparse(types, children, names, kind.type_codes)


def _taken(values: pa.Array, places: pa.Array) -> pa.Array:
    if "union<" in str(values.type):
        raise NotImplementedError(f"rows of the type {values.type}")  # Arrow crashes
    if pt.is_struct(values.type) and values.type.num_fields == 0:
        return pa.array([{}] * len(places), values.type)
    return values.take(places)


def _offsets(array: pa.Array, kind: type[np.integer[Any]]) -> pa.Array:
    lengths = np.asarray(pc.list_value_length(array).fill_null(0))
    offsets = np.zeros(len(array) + 1, dtype=kind)
    np.cumsum(lengths, out=offsets[1:])
    return pa.array(offsets)


def _joined(before: str, texts: pa.Array, after: str) -> pa.Array:
    return pc.binary_join_element_wise(before, texts, after, "")


def _null_mask(array: pa.Array) -> Any:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False))


_SPANS: dict[str, Callable[[pa.Array], pa.Array]] = {MONTHS: _of_months, DAY_TIME: _of_day_time}

_CONVERSIONS: tuple[tuple[Callable[[Any], bool], Callable[[pa.Array], pa.Array]], ...] = (
    (lambda kind: isinstance(kind, pa.BaseExtensionType), _of_extension),
    (pt.is_dictionary, _of_dictionary),
    (pt.is_run_end_encoded, _of_runs),
    (
        pt.is_string_view,
        lambda array: array.view(pa.binary_view()).cast(pa.binary()).view(pa.string()),
    ),
    (pt.is_binary_view, lambda array: array.cast(pa.binary())),
    (pt.is_interval, _of_interval),
    (pt.is_struct, _of_struct),
    (pt.is_map, _of_map),
    (pt.is_fixed_size_list, _of_fixed_list),
    (pt.is_union, _of_union),
    (pt.is_nested, _of_list),
)
