"""Rows that a public method answers with: a list of contracts, or an Arrow table of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import pyarrow as pa

from provenance.model.base import Contract

Row = TypeVar("Row", bound=Contract)

_SHOWN = 10
"""Most rows that ``repr`` shows."""

_TYPES: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    datetime: pa.timestamp("us", tz="UTC"),
}


class Rows(list[Row]):
    """A list of rows of one kind, which can be taken as an Arrow table.

    >>> from provenance.model.finding import Finding
    >>> found = Rows([Finding(code="a", severity="note", subject="s", reason="r")], Finding)
    >>> found.table().column_names
    ['code', 'severity', 'subject', 'reason', 'remedy']
    """

    def __init__(self, rows: Iterable[Row], kind: type[Row]) -> None:
        """Make it of rows; ``kind`` names the columns where there are none."""
        super().__init__(rows)
        self._kind = kind

    def table(self) -> pa.Table:
        """Convert to an Arrow table with one column per member; nested members are JSON text."""
        schema = arrow_schema(self._kind)
        columns = [
            pa.array([_cell(getattr(row, field.name), field.type) for row in self], field.type)
            for field in schema
        ]
        return pa.table(columns, schema=schema)

    def __repr__(self) -> str:
        """One row a line, the first of them."""
        noun = "row" if len(self) == 1 else "rows"
        lines = [f"{len(self):,} {noun} of {self._kind.__name__}"]
        lines += [f"  {row!r}" for row in self[:_SHOWN]]
        if len(self) > _SHOWN:
            lines.append(f"  and {len(self) - _SHOWN:,} more")
        return "\n".join(lines)


def arrow_schema(kind: type[Contract]) -> pa.Schema:
    """The columns of a table of contracts: numbers, times and texts; JSON for what is nested."""
    return pa.schema(
        [(name, _arrow_type(field.annotation)) for name, field in kind.model_fields.items()]
    )


def _arrow_type(annotation: Any) -> pa.DataType:
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        kinds = {_arrow_type(each) for each in get_args(annotation) if each is not NoneType}
        return kinds.pop() if len(kinds) == 1 else pa.string()
    if isinstance(annotation, type) and not issubclass(annotation, Enum):
        return _TYPES.get(annotation, pa.string())
    return pa.string()


def _cell(value: Any, kind: pa.DataType) -> Any:
    """A member as a value of its column."""
    if value is None or not pa.types.is_string(kind) or isinstance(value, str):
        return value
    plain = value.value if isinstance(value, Enum) else _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Contract):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
