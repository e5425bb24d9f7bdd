"""Read columns whose values differ in type: JSON in text, or unions.

A union value is an object of one member with the name of its type; where that name only repeats the
type or its number, it is the bare value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.content.json_reader import DefectError, parse
from provenance.io.columns.decoded_size import Sizes, union_codes
from provenance.io.columns.schema import is_list, shape_of
from provenance.io.columns.supported_rows import supported_rows, unread_columns
from provenance.io.columns.supported_types import is_supported
from provenance.io.columns.to_text import entries, finite, to_json_types, to_storage
from provenance.io.contract.library_errors import LibraryError
from provenance.io.contract.reader import Shape
from provenance.io.readers.columnar.media_columns import may_be_media, media_in
from provenance.io.readers.json.shape import shape_of as shape_of_records
from provenance.io.records.content_names import MEDIA
from provenance.io.records.value_shapes import names_leave_doubt, with_looks

PROBED_ROWS = 100
"""Rows that are read where the schema does not tell what a column holds."""

_NAME = "arrow.json"

_TYPE_NAME = re.compile(
    r"\d*|(large_?|u)?(string|str|text|utf8|binary|bytes|int|integer|float|double|number|bool|boolean"
    r"|null|none|list|array|struct|object|map|value|item|date|time|timestamp|decimal)(_?\d+)?",
    re.IGNORECASE,
)


_NO_TEXT = frozenset({"number", "boolean", "null"})


def may_hold_json(kind: pa.DataType) -> bool:
    """Check whether some values of a type, at any depth, are JSON or of several types."""
    if pt.is_union(kind):
        return True
    if isinstance(kind, pa.BaseExtensionType):
        return kind.extension_name == _NAME or may_hold_json(kind.storage_type)
    if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        return may_hold_json(kind.value_type)
    return any(may_hold_json(kind.field(position).type) for position in range(kind.num_fields))


def json_records(table: pa.RecordBatch) -> Iterator[dict[str, Any] | DefectError]:
    """Yield the rows as JSON objects; for a row with invalid JSON, its defect."""
    names = table.schema.names
    for values in zip(*map(_values, table.columns), strict=True):
        defect = next((found for found in map(_defect, values) if found), None)
        yield defect or dict(zip(names, values, strict=True))


def probed_shape(schema: pa.Schema, tables: Iterator[pa.RecordBatch]) -> Shape:
    """Make the shape of columns by their types and, where these do not tell, the first rows."""
    shape = shape_of(schema)
    bytes_too = any(may_be_media(each.type) for each in schema)
    mixed = [each.name for each in schema if may_hold_json(each.type)]
    doubt = names_leave_doubt(shape.fields)
    odd = not all(is_supported(each.type) for each in schema)
    try:
        has_other_text = (
            any(kind not in _NO_TEXT for kind in shape.fields.values()) and len(schema) > 1
        )
        first = next(tables, None) if bytes_too or mixed or doubt or odd or has_other_text else None
        media = tuple(media_in(schema, first))
        seen = {path: "object" for path in media if path in shape.fields}
        shape = replace(shape, fields=shape.fields | seen, media=media)
        if first is None or first.num_rows == 0:
            return shape
        shape = replace(shape, notes=tuple(unread_columns(first.slice(0, PROBED_ROWS))))
        records = _first_records(first, shape, mixed) if mixed or doubt or has_other_text else []
    except (pa.ArrowException, LibraryError, OSError, MemoryError, UnicodeDecodeError):
        return shape  # reported when the rows are read
    if not records:
        return shape
    found = shape_of_records([{n: row[n] for n in mixed if n in row} for row in records])
    fields = {name: found.fields.get(name, kind) for name, kind in shape.fields.items()}
    nested = tuple(dict.fromkeys([*shape.nested, *found.nested]))
    return with_looks(replace(shape, fields=fields, nested=nested), records)


def _first_records(
    first: pa.RecordBatch, shape: Shape, mixed: Collection[str]
) -> list[dict[str, Any]]:
    """Read some of the first rows, of the columns that may hold JSON or text."""
    rows = first.slice(0, PROBED_ROWS)
    while rows.num_rows > 1 and rows.nbytes > _PROBED_BYTES:
        rows = rows.slice(0, rows.num_rows // 2)
    names = [n for n, kind in shape.fields.items() if n in mixed or _may_hold_text(n, kind)]
    once = [name for name in names if rows.schema.names.count(name) == 1]
    cuts = supported_rows(rows.select(once), frozenset(), _any_size)
    return [row for row in chain.from_iterable(map(json_records, cuts)) if isinstance(row, dict)]


_PROBED_BYTES = 16 << 20


def _may_hold_text(name: str, kind: str) -> bool:
    return kind in {"string", "object", "list", "messages"} and name not in MEDIA


def _any_size(_sizes: Sizes) -> None:
    """Accept any size: only a few rows are read."""


def _values(array: pa.Array) -> list[Any]:
    kind = array.type
    if not may_hold_json(kind):
        return [finite(value) for value in to_json_types(array).to_pylist()]
    if isinstance(kind, pa.BaseExtensionType) and kind.extension_name == _NAME:
        return [None if text is None else _parsed(text) for text in _texts(array)]
    array = to_storage(array)
    kind = array.type
    if pt.is_union(kind):
        return _of_several_types(array)
    if pt.is_map(kind):
        array = entries(array)
    if pt.is_struct(kind):
        names = [kind.field(position).name for position in range(kind.num_fields)]
        # Flattened, a union in an object that may be null ends the process.
        members = [array.field(position) for position in range(kind.num_fields)]
        rows = zip(*map(_values, members), strict=True) if members else repeat((), len(array))
        objects = [dict(zip(names, row, strict=True)) for row in rows]
        return [each if valid else None for each, valid in _with_validity(array, objects)]
    if is_list(array.type):
        return _lists(array)
    return _values(array)


def _of_several_types(array: pa.Array) -> list[Any]:
    kind = array.type
    codes, places = union_codes(array)
    found: list[Any] = [None] * len(array)
    for child, code in enumerate(kind.type_codes):
        rows = np.flatnonzero(codes == code)
        name = kind.field(child).name
        plain_name = bool(_TYPE_NAME.fullmatch(name))
        values = _values(array.field(child)) if len(rows) else []
        for row, position in zip(rows.tolist(), places[rows].tolist(), strict=True):
            value = values[position]
            found[row] = value if plain_name or value is None else {name: value}
    return found


def _lists(array: pa.Array) -> list[Any]:
    sizes = pc.list_value_length(array).to_pylist()
    below = iter(_values(array.flatten()))
    return [None if size is None else [next(below) for _ in range(size)] for size in sizes]


def _with_validity(array: pa.Array, values: list[Any]) -> Iterator[tuple[Any, bool]]:
    return zip(values, array.is_valid().to_pylist(), strict=True)


def _texts(array: pa.Array) -> list[str | None]:
    texts: list[str | None] = to_json_types(array).to_pylist()
    return texts


def _parsed(text: str) -> Any:
    try:
        return parse(text.encode())
    except DefectError as defect:
        return defect


def _defect(value: Any) -> DefectError | None:
    """Find the first defect in a value, at any depth."""
    if isinstance(value, DefectError):
        return value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return next((found for found in map(_defect, value) if found), None)
    return None
