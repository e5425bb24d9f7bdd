"""Reinterpret Arrow buffers as other types of the same layout, without copying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

MONTHS = "month_interval"
DAY_TIME = "day_time_interval"
_OF_ARROW = "arrow"

# Of these Arrow for Python has types, and no arrays: asked for one it raises KeyError.
_NO_ARRAYS = {MONTHS: pa.int32(), DAY_TIME: pa.int64()}


def with_python_arrays(table: pa.RecordBatch) -> pa.RecordBatch:
    """Replace types without Python arrays (intervals) by opaque types."""
    schema = schema_with_python_arrays(table.schema)
    if schema is table.schema or schema.equals(table.schema):
        return table
    _, capsule = table.__arrow_c_array__()
    return pa.RecordBatch._import_from_c_capsule(schema.__arrow_c_schema__(), capsule)


def schema_with_python_arrays(schema: pa.Schema) -> pa.Schema:
    """Return the schema of ``with_python_arrays``; the same object if unchanged."""
    if "interval" not in str(schema.types):
        return schema
    fields = [each.with_type(_changed(each.type, _with_arrays)) for each in schema]
    return pa.schema(fields, schema.metadata)


def interval_unit(kind: pa.DataType) -> str:
    """Return ``MONTHS`` or ``DAY_TIME`` for an opaque interval type; empty for any other."""
    if isinstance(kind, pa.OpaqueType) and kind.vendor_name == _OF_ARROW:
        return str(kind.type_name) if kind.type_name in _NO_ARRAYS else ""
    return ""


def strings_as_bytes(array: pa.Array) -> pa.Array:
    """Reinterpret strings as bytes and times as integers, at any depth.

    Then offsets can be validated, whatever the text and times contain.
    """
    return _as(array, _changed(array.type, _without_meaning))


def times_as_integers(array: pa.Array) -> pa.Array:
    """Reinterpret times as integers, at any depth, so that none is out of range."""
    return _as(array, _changed(array.type, _without_time))


def _as(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if kind == array.type:
        return array
    if pt.is_run_end_encoded(array.type) and pt.is_run_end_encoded(array.type.value_type):
        return array  # Arrow takes no runs of runs back
    _, capsule = array.__arrow_c_array__()
    return pa.Array._import_from_c_capsule(kind.__arrow_c_schema__(), capsule)


def _with_arrays(kind: Any) -> pa.DataType:
    name = str(kind)
    return pa.opaque(_NO_ARRAYS[name], name, _OF_ARROW) if name in _NO_ARRAYS else kind


def _without_meaning(kind: Any) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        return _changed(kind.storage_type, _without_meaning)
    if pt.is_string(kind):
        return pa.binary()
    if pt.is_large_string(kind):
        return pa.large_binary()
    if pt.is_string_view(kind):
        return pa.binary_view()
    return _without_time(kind)


def _without_time(kind: Any) -> pa.DataType:
    if pt.is_temporal(kind) and not pt.is_interval(kind):
        return pa.int32() if kind.bit_width == 32 else pa.int64()
    return kind


def _changed(kind: Any, leaf: Callable[[Any], pa.DataType]) -> pa.DataType:
    """Rebuild a nested type with other leaf types."""

    def below(field: pa.Field) -> pa.Field:
        return field.with_type(_changed(field.type, leaf))

    for is_kind, build in _NESTED:
        if is_kind(kind):
            return build(kind, below, lambda inner: _changed(inner, leaf))
    return leaf(kind)


def _union(kind: Any, below: _Below, _: _Change) -> pa.DataType:
    members = [below(kind.field(position)) for position in range(kind.num_fields)]
    return pa.union(members, kind.mode, kind.type_codes)


_Below = Callable[[pa.Field], pa.Field]
_Change = Callable[[Any], pa.DataType]

_NESTED: tuple[tuple[_Change, Callable[[Any, _Below, _Change], pa.DataType]], ...] = (
    (pt.is_struct, lambda kind, below, _: pa.struct([below(each) for each in kind])),
    (pt.is_union, _union),
    (
        pt.is_dictionary,
        lambda kind, _, change: pa.dictionary(
            kind.index_type, change(kind.value_type), kind.ordered
        ),
    ),
    (
        pt.is_run_end_encoded,
        lambda kind, _, change: pa.run_end_encoded(kind.run_end_type, change(kind.value_type)),
    ),
    (
        pt.is_map,
        lambda kind, below, _: pa.map_(
            below(kind.key_field), below(kind.item_field), kind.keys_sorted
        ),
    ),
    (
        pt.is_fixed_size_list,
        lambda kind, below, _: pa.list_(below(kind.value_field), kind.list_size),
    ),
    (pt.is_list, lambda kind, below, _: pa.list_(below(kind.value_field))),
    (pt.is_large_list, lambda kind, below, _: pa.large_list(below(kind.value_field))),
    (pt.is_list_view, lambda kind, below, _: pa.list_view(below(kind.value_field))),
    (pt.is_large_list_view, lambda kind, below, _: pa.large_list_view(below(kind.value_field))),
)
