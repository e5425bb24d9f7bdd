"""Convert rows of a columnar file to types that every reader of Parquet takes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.io.columns.row_types import arrow_type, kind_of_type, why_untyped
from provenance.io.columns.to_text import entries, invalid_rows, to_json, to_json_types, to_storage

JSON_TEXT = {b"prov:type": b"json"}
"""Metadata of a column whose strings are JSON."""

_WHY = b"prov:why"
_ARROW_JSON = "arrow.json"


def is_json_column(field: pa.Field) -> bool:
    """Check whether the values of a column are JSON as text."""
    return is_marked_json(field) or getattr(field.type, "extension_name", "") == _ARROW_JSON


def is_marked_json(field: pa.Field) -> bool:
    """Check whether the metadata of a column marks its strings as JSON."""
    return (field.metadata or {}).get(b"prov:type") == b"json"


def json_reason(field: pa.Field) -> str:
    """Return why the values of a column are JSON as text."""
    why: bytes = (field.metadata or {}).get(_WHY, b"JSON text in the source")
    return why.decode()


def typed_rows(table: pa.RecordBatch) -> pa.RecordBatch:
    """Remove extension types, dictionaries, views and runs at any depth.

    Values of a type that Parquet lacks become JSON text, in a column that is marked as such.
    """
    fields, columns = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        found = kind_of_type(field.type)
        kind = arrow_type(found)
        as_json = kind is None or is_json_column(field)
        values = cast_values(column, pa.string()) if is_json_column(field) else None
        if values is None:
            values = to_json(column) if kind is None else cast_values(column, kind)
        why = {_WHY: why_untyped(found).encode()} if kind is None else {}
        metadata = {**JSON_TEXT, **why} if as_json else None
        fields.append(pa.field(field.name, values.type, metadata=metadata))
        columns.append(values)
    schema = pa.schema(fields, metadata=table.schema.metadata)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def cast_values(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cast values to a type that holds them; members that they lack are null."""
    array = to_storage(array)
    if invalid_rows(array).any():
        array = to_json_types(array)
    return _fitted(array, kind)


def _fitted(array: pa.Array, kind: pa.DataType) -> pa.Array:
    array = to_storage(array)
    if array.type == kind:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), kind)
    if pt.is_struct(kind):
        return _fitted_struct(array, kind)
    if pt.is_map(array.type):
        array = entries(array)
    if pt.is_nested(kind):
        return _fitted_list(array, kind)
    return array.cast(kind)


def _fitted_struct(array: pa.Array, kind: pa.DataType) -> pa.Array:
    fields = [kind.field(position) for position in range(kind.num_fields)]
    names = [array.type.field(position).name for position in range(array.type.num_fields)]
    parts = dict(zip(names, array.flatten(), strict=True))
    fitted = [
        _fitted(parts[each.name], each.type)
        if each.name in parts
        else pa.nulls(len(array), each.type)
        for each in fields
    ]
    return pa.StructArray.from_arrays(fitted, fields=fields, mask=array.is_null())


def _fitted_list(array: pa.Array, kind: pa.DataType) -> pa.Array:
    lengths = pc.list_value_length(array).fill_null(0)
    offsets = np.zeros(len(array) + 1, dtype=np.int32)
    np.cumsum(np.asarray(lengths), out=offsets[1:])
    items = _fitted(array.flatten(), kind.value_type)
    null = array.is_null()
    if not pt.is_fixed_size_list(kind):
        return pa.ListArray.from_arrays(pa.array(offsets), items, mask=null).cast(kind)
    # A list that is null has a length there, too.
    size = kind.list_size
    places = np.repeat(offsets[:-1], size) + np.tile(np.arange(size, dtype=np.int32), len(array))
    absent = np.repeat(null.to_numpy(zero_copy_only=False), size)
    filled = items.take(pa.array(places, mask=absent))
    return pa.FixedSizeListArray.from_arrays(filled, type=kind, mask=null)
