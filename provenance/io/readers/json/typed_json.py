"""Infer the types of the members of JSON rows, and convert them to typed columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.content.json_reader import decode_exact
from provenance.content.json_writer import Number, compact_json, escape_surrogates
from provenance.io.columns.row_types import (
    NOTHING,
    NUMBER,
    TEXT,
    TRUTH,
    ListOf,
    RowType,
    StructType,
    integers,
    kind_of_value,
    merge_row_types,
)

_LONG = r"[-:,.\[\s][0-9]{16}|[eE][+]?[0-9]{3}"
_ESCAPED = r"\\u[dD][89a-fA-F]"
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_BELOW_16_DIGITS = integers(-(10**15), 10**15)
_STRUCTURES: Mapping[str, RowType] = {
    "VARCHAR": TEXT,
    "BOOLEAN": TRUTH,
    "DOUBLE": NUMBER,
    "NULL": NOTHING,
    **dict.fromkeys(("BIGINT", "UBIGINT", "HUGEINT"), _BELOW_16_DIGITS),
}


class TypedJson:
    """Infers types and converts columns with DuckDB, many rows at a time where that is exact."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def members(self, lines: pa.Array) -> dict[str, RowType]:
        """Infer the types of members, in the order in which they first occur."""
        odd = _odd(lines)
        kinds: list[RowType] = [
            kind_of_value(decode_exact(text)) for text in lines.filter(odd).to_pylist()
        ]
        plain = lines.filter(pc.invert(odd))
        found = self._ask(
            "SELECT json_structure(json)::VARCHAR AS s, arg_min(json, n), count(*) FROM batch "
            "GROUP BY s ORDER BY min(n)",
            plain,
        ).fetchall()
        for text, sample, count in found:
            try:
                kinds.append(_kind_of_structure(json.loads(text)))
            except KeyError:
                # Objects without members look like values of several types: parse those.
                alike = [sample] if count == 1 else self._alike(plain, text)
                kinds += [kind_of_value(decode_exact(one)) for one in alike]
        return _members(kinds)

    def _alike(self, lines: pa.Array, structure: str) -> list[str]:
        rows = self._ask("SELECT json FROM batch WHERE json_structure(json) = $s", lines, structure)
        return [text for (text,) in rows.fetchall()]

    def columns(self, lines: pa.Array, wanted: Mapping[str, pa.DataType | None]) -> list[pa.Array]:
        """Convert members to the given types; to JSON text where the type is ``None``.

        A JSON null and an absent member are null.
        """
        if not wanted:
            return []
        distinct = len({name.casefold() for name in wanted} - {""}) == len(wanted)
        if distinct and not pc.any(_odd(lines), min_count=0).as_py():
            asked = json.dumps({name: _structure(kind) for name, kind in wanted.items()})
            found = self._ask("SELECT unnest(from_json(json, $s)) FROM batch", lines, asked)
            table = found.to_arrow_table()
            return [
                column.cast(kind or pa.string()).combine_chunks()
                for column, kind in zip(table.columns, wanted.values(), strict=True)
            ]
        rows = [decode_exact(text) for text in lines.to_pylist()]
        return [
            pa.array(_texts(row.get(name) for row in rows), pa.string())
            if kind is None
            else pa.array([_plain(row.get(name)) for row in rows], kind)
            for name, kind in wanted.items()
        ]

    def _ask(self, query: str, lines: pa.Array, text: str | None = None) -> Any:
        numbers = pa.array(range(len(lines)), pa.int64())
        self._connection.register("batch", pa.table({"json": lines, "n": numbers}))
        return self._connection.execute(query, {"s": text} if text is not None else None)


def _odd(lines: pa.Array) -> pa.Array:
    """Find rows that DuckDB reads inexactly: with long numbers or lone surrogates."""
    odd = pc.match_substring_regex(lines, _LONG)
    if pc.any(has_escape := pc.match_substring_regex(lines, _ESCAPED), min_count=0).as_py():
        alone = pc.replace_substring_regex(lines, _PAIR, "")
        odd = pc.or_(odd, pc.and_(has_escape, pc.match_substring_regex(alone, _ESCAPED)))
    return odd


def _kind_of_structure(structure: Any) -> RowType:
    """Convert the answer of ``json_structure`` to a row type.

    Raises:
        KeyError: it does not say which kind.
    """
    if isinstance(structure, dict):
        return StructType({name: _kind_of_structure(inner) for name, inner in structure.items()})
    if isinstance(structure, list):
        return ListOf(_kind_of_structure(structure[0]))
    return _STRUCTURES[structure]


def _members(kinds: list[RowType]) -> dict[str, RowType]:
    """Merge the members of rows, whose number is not limited."""
    found: dict[str, RowType] = {}
    for kind in kinds:
        for name, inner in kind.members.items() if isinstance(kind, StructType) else ():
            known = found.get(name)
            found[name] = inner if known is None else merge_row_types((known, inner))
    return found


def _structure(kind: pa.DataType | None) -> Any:
    if kind is None:
        return "JSON"
    if pt.is_struct(kind):
        fields = [kind.field(position) for position in range(kind.num_fields)]
        return {field.name: _structure(field.type) for field in fields}
    if pt.is_list(kind):
        return [_structure(kind.value_type)]
    if pt.is_integer(kind):
        return "BIGINT"
    return {pa.bool_(): "BOOLEAN", pa.float64(): "DOUBLE"}.get(kind, "VARCHAR")


def _plain(value: Any) -> Any:
    """Convert ``Number`` to float for Arrow."""
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _texts(values: Iterator[Any]) -> Iterator[str | None]:
    return (None if value is None else escape_surrogates(compact_json(value)) for value in values)
