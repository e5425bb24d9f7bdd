"""Provide the base class of all contracts, canonical encoding, and quoting for SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import Enum
from typing import Annotated, Any, Protocol

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict

SCHEMA_BASE = "urn:prov-ledger:schema"


_SHOWN_ITEMS, _SHOWN_CHARACTERS = 6, 120
"""Most items and characters of a member that ``repr`` shows."""


def _sized(items: Collection[Any]) -> str:
    """How many items there are, where there are many or they are nested; else nothing."""
    kinds = sorted({type(each).__name__ for each in items if isinstance(each, BaseModel)})
    if kinds or len(items) > _SHOWN_ITEMS:
        return f"<{len(items):,} {' or '.join(kinds) or 'items'}>"
    return ""


class _Brief:
    """A value whose ``repr`` is short: what is long or nested is shown by its size or its type."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        value = self._value
        if isinstance(value, dict):
            pieces = [f"{key!r}: {_Brief(each)!r}" for key, each in value.items()]
            return _sized(value.values()) or f"{{{', '.join(pieces)}}}"
        if isinstance(value, tuple | list):
            return _sized(value) or f"({', '.join(repr(_Brief(each)) for each in value)})"
        if isinstance(value, BaseModel):
            return f"{type(value).__name__}(…)"
        text = repr(value.value if isinstance(value, Enum) else value)
        return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


class Contract(BaseModel):
    """A frozen statement that crosses a door."""

    # Of many contracts a command needs few: each is built when it is first used.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """What ``repr`` shows: members that differ from their defaults, long ones by their size."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.get_default(call_default_factory=True):
                yield name, _Brief(value)

    def canonical(self) -> bytes:
        """RFC 8785 bytes: what digests and signatures are taken over."""
        return rfc8785.dumps(self.model_dump(mode="json", exclude_none=True))


def _clean_name(value: str) -> str:
    if not value.strip() or value != value.strip():
        raise ValueError("a name is not empty and does not begin or end with a space")
    if len(value) > 200:
        raise ValueError("a name has at most 200 characters")
    if any(ord(c) < 32 or ord(c) == 127 or c in "/\\'\"`" for c in value):
        raise ValueError("a name holds no quotes, slashes or control characters")
    if value in {".", ".."} or value.startswith("-"):
        raise ValueError("a name is not a path and does not begin with a dash")
    return value


Name = Annotated[str, AfterValidator(_clean_name)]
"""Pattern of names of sources, releases, models and budgets."""


class Rows(Protocol):
    """The answer to a query."""

    def fetchall(self) -> list[Any]: ...
    def fetchone(self) -> Any: ...
    def to_arrow_table(self) -> Any: ...


class Connection(Protocol):
    """The little of a DuckDB connection that a pure room is handed: it runs SQL on relations."""

    def execute(self, query: str, parameters: object = ...) -> Rows: ...


def quote_identifier(name: str) -> str:
    """A name as an SQL identifier; the only way a name from outside reaches SQL.

    >>> quote_identifier('a"b')
    '"a""b"'
    """
    if "\x00" in name:
        raise ValueError("an identifier holds no NUL")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """A text as an SQL literal, where a parameter is not possible.

    >>> quote_literal("it's")
    "'it''s'"
    """
    if "\x00" in value:
        raise ValueError("a literal holds no NUL")
    return "'" + value.replace("'", "''") + "'"
