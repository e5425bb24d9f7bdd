"""Read row count and columns of an exported Parquet or JSON lines file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import InputError
from provenance.model.base import quote_literal
from provenance.model.reports.release_file import Column, ColumnType

_LONGEST_LINE = 1 << 30

_JSON_TYPES: Mapping[str, ColumnType] = {
    "VARCHAR": "text",
    "NULL": "text",
    "BOOLEAN": "boolean",
    "DOUBLE": "number",
    "BIGINT": "integer",
    "UBIGINT": "integer",
    "HUGEINT": "integer",
    "UHUGEINT": "integer",
}


def parquet_columns(path: Path) -> tuple[int, tuple[Column, ...]]:
    """Count the rows of a Parquet file, and list its columns.

    Raises:
        InputError: it is not Parquet.
    """
    try:
        with pq.ParquetFile(path) as file:
            columns = tuple(_arrow_column(field) for field in file.schema_arrow)
            return file.metadata.num_rows, columns
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"`{path}` cannot be read as Parquet") from error


def _arrow_column(field: pa.Field) -> Column:
    kind, repeated = field.type, False
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, repeated = kind.value_type, True
    members = tuple(_arrow_column(one) for one in kind) if pa.types.is_struct(kind) else ()
    return Column(name=field.name, type=_arrow_type(kind), repeated=repeated, members=members)


def _arrow_type(kind: pa.DataType) -> ColumnType:
    checks: tuple[tuple[ColumnType, Any], ...] = (
        ("text", pa.types.is_string),
        ("text", pa.types.is_large_string),
        ("integer", pa.types.is_integer),
        ("boolean", pa.types.is_boolean),
        ("number", pa.types.is_floating),
        ("number", pa.types.is_decimal),
        ("date", pa.types.is_date),
        ("datetime", pa.types.is_timestamp),
        ("object", pa.types.is_struct),
    )
    return next((name for name, holds in checks if holds(kind)), "other")


def jsonl_columns(path: Path) -> tuple[int, tuple[Column, ...]]:
    """Count the lines of a file of JSON objects, and list their merged columns.

    Raises:
        InputError: it is not a file of JSON objects.
    """
    with duckdb.connect(":memory:") as connection:
        try:
            row = connection.execute(
                f"SELECT count(*), json_group_structure(json) FROM {_json_lines(path)}"
            ).fetchone()
        except duckdb.Error as error:
            raise InputError(f"`{path}` cannot be read as JSON lines") from error
    rows, text = row or (0, None)
    structure = json.loads(text) if text else {}
    if not isinstance(structure, dict):
        raise InputError(f"`{path}` holds lines that are no objects")
    return rows, tuple(_json_column(name, inner) for name, inner in structure.items())


def _json_lines(path: Path) -> str:
    """Return the SQL of a file of JSON objects as a relation with one column ``json``."""
    # A path is taken for itself and not for a pattern.
    literal = "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
    return (
        f"read_json_objects({quote_literal(literal)}, format = 'newline_delimited', "
        f"maximum_object_size = {_LONGEST_LINE})"
    )


def _json_column(name: str, structure: Any) -> Column:
    inner, repeated = structure, False
    if isinstance(inner, list):
        inner, repeated = inner[0], True
    if isinstance(inner, dict):
        members = tuple(_json_column(*member) for member in inner.items())
        return Column(name=name, type="object", repeated=repeated, members=members)
    kind = _JSON_TYPES.get(inner, "other") if isinstance(inner, str) else "other"
    return Column(name=name, type=kind, repeated=repeated)
