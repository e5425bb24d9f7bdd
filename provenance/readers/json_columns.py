"""Columns that hold values of differing types: as JSON in text, or as unions.

A value of a union is an object of one member, which bears the name of its kind; where that name
says no more than its type or place, it is the mere value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.readers.arrow_text import entries, finite, plain, stored
from provenance.readers.base import Shape
from provenance.readers.json_exact import DefectError, parse
from provenance.readers.json_shape import shape_of as shape_of_records
from provenance.readers.schema import is_list, shape_of

Places = npt.NDArray[np.int64]

PROBED_ROWS = 100
"""Rows that are looked at where the schema does not tell what is in a column."""

_NAME = "arrow.json"

_TYPE_NAME = re.compile(
    r"\d*|(large_?|u)?(string|str|text|utf8|binary|bytes|int|integer|float|double|number|bool|boolean"
    r"|null|none|list|array|struct|object|map|value|item|date|time|timestamp|decimal)(_?\d+)?",
    re.IGNORECASE,
)


def holds_json(kind: pa.DataType) -> bool:
    """Whether some values of a type, at any depth, are JSON, or of one of several types."""
    if pt.is_union(kind):
        return True
    if isinstance(kind, pa.BaseExtensionType):
        return kind.extension_name == _NAME or holds_json(kind.storage_type)
    if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        return holds_json(kind.value_type)
    return any(holds_json(kind.field(place).type) for place in range(kind.num_fields))


def json_records(table: pa.RecordBatch) -> Iterator[dict[str, Any] | DefectError]:
    """The rows as JSON has them; of a row that holds what is no JSON, why it is none."""
    names = table.schema.names
    for values in zip(*map(_values, table.columns), strict=True):
        defect = next((found for found in map(_defect, values) if found), None)
        yield defect or dict(zip(names, values, strict=True))


def probed_shape(schema: pa.Schema, tables: Iterator[pa.RecordBatch]) -> Shape:
    """What the columns look like: by their types, and where they hold JSON by the first rows."""
    shape = shape_of(schema)
    mixed = [each.name for each in schema if holds_json(each.type)]
    first = next(tables, None) if mixed else None
    if first is None or first.num_rows == 0:
        return shape
    rows = json_records(first.slice(0, PROBED_ROWS).select(mixed))
    found = shape_of_records([row for row in rows if isinstance(row, dict)])
    fields = {name: found.fields.get(name, kind) for name, kind in shape.fields.items()}
    return Shape(fields, tuple(dict.fromkeys([*shape.nested, *found.nested])))


def _values(array: pa.Array) -> list[Any]:
    kind = array.type
    if not holds_json(kind):
        return [finite(value) for value in plain(array).to_pylist()]
    if isinstance(kind, pa.BaseExtensionType) and kind.extension_name == _NAME:
        return [None if text is None else _parsed(text) for text in _texts(array)]
    array = stored(array)
    kind = array.type
    if pt.is_union(kind):
        return _of_several_types(array)
    if pt.is_map(kind):
        array = entries(array)
    if pt.is_struct(kind):
        names = [kind.field(place).name for place in range(kind.num_fields)]
        rows = zip(*map(_values, array.flatten()), strict=True)
        objects = [dict(zip(names, row, strict=True)) for row in rows]
        return [each if held else None for each, held in _held(array, objects)]
    if is_list(array.type):
        return _lists(array)
    return _values(array)


def _of_several_types(array: pa.Array) -> list[Any]:
    kind = array.type
    # Asked for these, Arrow tells those of the first rows, wherever the array begins.
    _, types, *offsets = array.buffers()[: 3 if kind.mode == "dense" else 2]
    codes = _part(types, np.int8, array)
    places = _part(offsets[0], np.int32, array) if offsets else np.arange(len(array))
    found: list[Any] = [None] * len(array)
    for child, code in enumerate(kind.type_codes):
        rows = np.flatnonzero(codes == code)
        name = kind.field(child).name
        values = _values(stored(array.field(child)).take(pa.array(places[rows])))
        for row, value in zip(rows.tolist(), values, strict=True):
            plain_name = value is None or _TYPE_NAME.fullmatch(name)
            found[row] = value if plain_name else {name: value}
    return found


def _part(buffer: pa.Buffer, kind: type[np.signedinteger[Any]], array: pa.Array) -> Places:
    held = np.frombuffer(buffer, kind, count=array.offset + len(array))
    return held[array.offset :].astype(np.int64)


def _lists(array: pa.Array) -> list[Any]:
    sizes = pc.list_value_length(array).to_pylist()
    below = iter(_values(array.flatten()))
    return [None if size is None else [next(below) for _ in range(size)] for size in sizes]


def _held(array: pa.Array, values: list[Any]) -> Iterator[tuple[Any, bool]]:
    return zip(values, array.is_valid().to_pylist(), strict=True)


def _texts(array: pa.Array) -> list[str | None]:
    texts: list[str | None] = plain(array).to_pylist()
    return texts


def _parsed(text: str) -> Any:
    try:
        return parse(text.encode())
    except DefectError as defect:
        return defect


def _defect(value: Any) -> DefectError | None:
    """The first defect in a value, at any depth."""
    if isinstance(value, DefectError):
        return value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return next((found for found in map(_defect, value) if found), None)
    return None
