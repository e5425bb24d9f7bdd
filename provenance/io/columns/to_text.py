"""Convert Arrow columns to text: strings unchanged, everything else as compact JSON."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.io.columns.reinterpret import strings_as_bytes, times_as_integers

Mask = npt.NDArray[np.bool_]


def is_textual(kind: pa.DataType) -> bool:
    """Check whether values of a type are strings or bytes, however they are stored."""
    kind = storage_type(kind)
    if pt.is_dictionary(kind):
        kind = kind.value_type
    return _is_string(kind) or is_bytes(kind)


def is_bytes(kind: pa.DataType) -> bool:
    """Check whether values of a type are bytes that need not be text."""
    plain_bytes = pt.is_binary(kind) or pt.is_large_binary(kind)
    return bool(plain_bytes or pt.is_fixed_size_binary(kind) or pt.is_binary_view(kind))


def to_text(array: pa.Array) -> pa.Array:
    """Convert values to text as further fields are; null stays null."""
    values = to_json_types(array)
    kind = values.type
    if pt.is_string(kind):
        return values
    if pt.is_boolean(kind) or pt.is_integer(kind):
        return values.cast(pa.string())
    return to_json(values)


def to_json(array: pa.Array) -> pa.Array:
    """Convert values to compact JSON; NaN and infinity become null."""
    return _json_texts([array])[0]


def to_json_objects(columns: dict[str, pa.Array]) -> pa.Array:
    """Make one JSON object per row of its columns that are not null."""
    members = [
        pc.coalesce(pc.binary_join_element_wise(f"{_dump(name)}:", text, ",", ""), "")
        for name, text in zip(columns, _json_texts(list(columns.values())), strict=True)
    ]
    inner = pc.utf8_rtrim(pc.binary_join_element_wise(*members, ""), ",")
    return pc.binary_join_element_wise("{", inner, "}", "")


def to_json_types(array: pa.Array) -> pa.Array:
    """Convert values to the types of JSON: strings, integers, doubles, booleans, lists, structs.

    Times are written in ISO 8601 (UTC where they have a zone), decimals as text, bytes as text
    where they are UTF-8 and else in base64, a map as the list of its entries. Text that is not
    UTF-8 gets replacement characters; check ``invalid_rows`` before.
    """
    array = to_storage(array)
    for applies, convert in _CONVERSIONS:
        if applies(array.type):
            return convert(array)
    return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())


def invalid_rows(array: pa.Array) -> Mask:
    """Find the rows with text that is not UTF-8, at any depth."""
    if _all_utf8(array):
        return np.zeros(len(array), dtype=np.bool_)
    if pt.is_dictionary(array.type):
        bad: Mask = invalid_rows(array.dictionary)[np.asarray(array.indices.fill_null(0))]
        return bad & ~nulls(array)
    # Taken, not sliced: validating a slice of lists would check all their values.
    flags = [not _all_utf8(array.take([row])) for row in range(len(array))]
    return np.array(flags, dtype=np.bool_)


def raw_value(array: pa.Array, position: int) -> memoryview | None:
    """Return the bytes of one string or binary value; ``None`` for null."""
    value = array.slice(position, 1)
    if pt.is_dictionary(value.type):
        if value.null_count:
            return None
        index = value.indices[0].as_py()
        value = value.dictionary.slice(index, 1)
    value = to_storage(value)
    buffer = strings_as_bytes(value)[0].as_buffer() if is_textual(value.type) else None
    return None if buffer is None else memoryview(buffer)


def nulls(array: pa.Array) -> Mask:
    """Find the null rows."""
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)


def has_unsafe_number(array: pa.Array, *, integers: bool = True) -> bool:
    """Check for numbers without an exact canonical form: not finite, or from 2^53 on."""
    kind = array.type
    if pt.is_struct(kind):
        return any(has_unsafe_number(each, integers=integers) for each in array.flatten())
    if pt.is_list(kind):
        return has_unsafe_number(array.flatten(), integers=integers)
    if pt.is_floating(kind):
        return not pc.all(pc.is_finite(array), min_count=0).as_py()
    if integers and pt.is_integer(kind) and kind.bit_width == 64 and len(array):
        extremes = pc.min_max(array).as_py()
        return any(abs(extreme or 0) >= 2**53 for extreme in extremes.values())
    return False


def storage_type(kind: pa.DataType) -> pa.DataType:
    """Return the type below extensions and runs."""
    while isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.UuidType):
        kind = pa.bool_() if isinstance(kind, pa.Bool8Type) else kind.storage_type
    return storage_type(kind.value_type) if pt.is_run_end_encoded(kind) else kind


def to_storage(array: pa.Array) -> pa.Array:
    """Unwrap extension types, dictionaries, views and runs."""
    while True:
        kind = array.type
        if isinstance(kind, pa.UuidType):
            hexes = (None if v is None else str(v) for v in array.to_pylist())
            return pa.array(hexes, pa.string())
        if isinstance(kind, pa.Bool8Type):
            array = pc.not_equal(array.storage, 0)
        elif isinstance(kind, pa.BaseExtensionType):
            array = array.storage
        elif pt.is_dictionary(kind):
            array = array.dictionary_decode()
        elif pt.is_run_end_encoded(kind):
            array = pc.run_end_decode(array)
        elif pt.is_string_view(kind):
            array = array.cast(pa.string())
        elif pt.is_binary_view(kind):
            array = array.cast(pa.binary())
        else:
            return array


def _plain_struct(array: pa.Array) -> pa.Array:
    parts = [to_json_types(part) for part in array.flatten()]
    if not parts:
        return array
    names = [array.type.field(position).name for position in range(len(parts))]
    fields = [pa.field(name, part.type) for name, part in zip(names, parts, strict=True)]
    return pa.StructArray.from_arrays(parts, fields=fields, mask=array.is_null())


def _plain_list(array: pa.Array) -> pa.Array:
    if pt.is_map(array.type):
        array = entries(array)
    lengths = pc.list_value_length(array).fill_null(0)
    offsets = np.zeros(len(array) + 1, dtype=np.int32)
    np.cumsum(np.asarray(lengths), out=offsets[1:])
    return pa.ListArray.from_arrays(
        pa.array(offsets), to_json_types(array.flatten()), mask=array.is_null()
    )


def entries(array: pa.Array) -> pa.Array:
    """Convert a map to a list of its entries."""
    offsets = np.asarray(array.offsets)
    start, count = int(offsets[0]), int(offsets[-1] - offsets[0])
    parts = [part.slice(start, count) for part in (array.keys, array.items)]
    kind = entries_type(array.type)
    pairs = pa.StructArray.from_arrays(parts, fields=list(kind.value_type))
    moved = pa.array(offsets - start, pa.int32())
    return pa.ListArray.from_arrays(moved, pairs, mask=array.is_null())


def entries_type(kind: pa.DataType) -> pa.DataType:
    """Type of a map as a list of its entries."""
    key, value = pa.field("key", kind.key_type), pa.field("value", kind.item_type)
    return pa.list_(pa.struct([key, value]))


def _decoded(array: pa.Array) -> pa.Array:
    kind = array.type
    try:
        if _is_string(kind):
            array.validate(full=True)
            return array.cast(pa.string())
        return array.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        values = array.cast(pa.binary()) if is_bytes(kind) else strings_as_bytes(array)
        as_text = _replaced if _is_string(kind) else text_or_base64
        decoded = (None if value is None else as_text(value) for value in values.to_pylist())
        return pa.array(decoded, pa.string())


def _replaced(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def text_or_base64(value: bytes) -> str:
    """Decode UTF-8, or else encode in base64."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _iso(array: pa.Array) -> pa.Array:
    try:
        return _in_range(array)
    except pa.ArrowInvalid:  # out of the range of dates: write the integer
        return times_as_integers(array).cast(pa.string())


def _in_range(array: pa.Array) -> pa.Array:
    kind = array.type
    if not pt.is_timestamp(kind):
        return array.cast(pa.string())
    # Without its zone a timestamp is UTC, and needs no time zone database to be written.
    written = array.cast(pa.timestamp(kind.unit)).cast(pa.string())
    written = pc.replace_substring(written, " ", "T")
    written = pc.replace_substring_regex(written, r"\.0+$", "")
    return pc.binary_join_element_wise(written, "Z", "") if kind.tz else written


def _json_texts(arrays: list[pa.Array]) -> list[pa.Array]:
    values = [to_json_types(array) for array in arrays]
    portable = [
        _portable(each.type) and not has_unsafe_number(each, integers=False) for each in values
    ]
    lines = iter(_json_by_duckdb([each for each, can in zip(values, portable, strict=True) if can]))
    return [
        next(lines) if can else _json_by_python(each)
        for each, can in zip(values, portable, strict=True)
    ]


def _json_by_duckdb(arrays: list[pa.Array]) -> list[pa.Array]:
    if not arrays:
        return []
    names = [f"c{position}" for position in range(len(arrays))]
    columns = ", ".join(f"to_json({name})::VARCHAR AS {name}" for name in names)
    connection = _connection(os.getpid(), threading.get_ident())
    connection.register("batch", pa.table(arrays, names))
    try:
        found = connection.execute(f"SELECT {columns} FROM batch").to_arrow_table()
    finally:
        connection.unregister("batch")
    # to_json writes a null that is nested as the word null.
    return [
        pc.if_else(array.is_null(), pa.scalar(None, pa.string()), _joined(found.column(name)))
        for name, array in zip(names, arrays, strict=True)
    ]


@lru_cache(maxsize=8)
def _connection(_process: int, _thread: int) -> duckdb.DuckDBPyConnection:
    """Open one DuckDB connection per thread: opening takes longer than a small batch."""
    return duckdb.connect(config={"threads": 1})


def _json_by_python(array: pa.Array) -> pa.Array:
    values = map(finite, array.to_pylist())
    return pa.array([None if value is None else _dump(value) for value in values], pa.string())


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return column.cast(pa.string()).combine_chunks()


def _portable(kind: pa.DataType) -> bool:
    """Check whether DuckDB takes the type: no empty struct, no names that differ by case only."""
    if pt.is_struct(kind):
        members = [kind.field(position) for position in range(kind.num_fields)]
        names = {member.name.casefold() for member in members}
        distinct = len(names) == len(members) > 0 and "" not in names
        return distinct and all(_portable(member.type) for member in members)
    return _portable(kind.value_type) if pt.is_list(kind) else True


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def finite(value: Any) -> Any:
    """Replace NaN and infinity by null, at any depth."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def _all_utf8(array: pa.Array) -> bool:
    try:
        times_as_integers(array).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_string(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _is_time(kind: pa.DataType) -> bool:
    return bool(pt.is_timestamp(kind) or pt.is_date(kind) or pt.is_time(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pt.is_nested(kind) and not (pt.is_union(kind) or pt.is_struct(kind)))


_CONVERSIONS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]], ...] = (
    (_is_string, _decoded),
    (is_bytes, _decoded),
    (pt.is_struct, _plain_struct),
    (_is_list, _plain_list),
    (_is_time, _iso),
    (pt.is_boolean, lambda array: array),
    (pt.is_integer, lambda array: array),
    (pt.is_floating, lambda array: array.cast(pa.float64())),
    (pt.is_decimal, lambda array: array.cast(pa.string())),
    (pt.is_null, lambda array: array.cast(pa.string())),
    (pt.is_duration, lambda array: array.cast(pa.int64())),
)
"""Conversion to JSON types by Arrow type; ``str`` for all others."""
