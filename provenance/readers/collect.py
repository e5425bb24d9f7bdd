"""Records and rejects of a reader, gathered one by one until they make a batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from provenance.identity import write_digest
from provenance.readers.base import BATCH_BYTES, BATCH_ROWS, REJECTS, Batch, Layout


class Number(float):
    """A number with a fraction or an exponent that remembers how it was written.

    >>> field_text([Number("1.0"), Number("1e5")])
    '[1.0,1e5]'
    """

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> Number:
        """The float that a JSON literal stands for."""
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


def field_text(value: Any) -> str | None:
    """A value of a further field as text: strings as they are, everything else as compact JSON.

    >>> field_text("a"), field_text(None), field_text(True), field_text({"a": [1, None]})
    ('a', None, 'true', '{"a":[1,null]}')
    """
    if value is None or isinstance(value, str):
        return value
    return str(value) if type(value) is int else compact_json(value)


def compact_json(value: Any) -> str:
    """Compact JSON in which a ``Number`` keeps its spelling.

    The standard encoder asks ``float.__repr__`` even for subclasses, hence the walk by hand.
    """
    if isinstance(value, dict) and not _WALKED.isdisjoint(map(type, value.values())):
        members = (f"{_encode(key)}:{compact_json(item)}" for key, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list) and not _WALKED.isdisjoint(map(type, value)):
        return "[" + ",".join(map(compact_json, value)) + "]"
    return value.literal if isinstance(value, Number) else _encode(value)


def escaped(text: str) -> str:
    """JSON in which half of a surrogate pair is the escape that it was; mostly the very same.

    >>> escaped('["caf\\u00e9", "\\ud83d"]') == '["caf\\u00e9", "' + chr(92) + 'ud83d"]'
    True
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


_WALKED = {Number, dict, list}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Collector:
    """Gathers kept records and rejects; says when they make a batch, and drains into one.

    Args:
        layout: what is read; it decides the types of the columns.
        original: whether every kept record comes with the text of its whole row.
    """

    def __init__(self, layout: Layout, *, original: bool) -> None:
        self._layout = layout
        self.with_original = original
        self._clear()

    def _clear(self) -> None:
        self._rows: list[int] = []
        self._content: list[str | bytes] = []
        self._fields: list[list[str | None]] = [[] for _ in self._layout.fields]
        self._original: list[str | None] = []
        self._rejects: list[dict[str, Any]] = []
        self._size = 0

    def keep(
        self, row: int, content: str | bytes, fields: Sequence[str | None], original: str | None
    ) -> None:
        """Add a record; its strings are valid Unicode without lone surrogates."""
        self._rows.append(row)
        self._content.append(content)
        for column, value in zip(self._fields, fields, strict=True):
            column.append(value)
            self._size += len(value) if value else 0
        self._size += len(content)
        if self.with_original:
            self._original.append(None if original is None else escaped(original))
            self._size += len(original) if original else 0

    def reject(
        self,
        row: int | None,
        offset: int | None,
        reason: str,
        raw: bytes | memoryview | None,
    ) -> None:
        """Add a refused record; only digest and length of its raw bytes are kept."""
        digest = None if raw is None else write_digest(hashlib.sha256(raw).digest())
        size = None if raw is None else memoryview(raw).nbytes
        self.reject_hashed(row, offset, reason, digest, size)

    def reject_hashed(
        self,
        row: int | None,
        offset: int | None,
        reason: str,
        raw_digest: str | None,
        raw_bytes: int | None,
    ) -> None:
        """Add a refused record whose raw bytes were hashed as they went by."""
        self._rejects.append(
            {
                "row": row,
                "offset": offset,
                # A reason may quote the data, which may hold what no column of text can.
                "reason": reason.encode("utf-8", "backslashreplace").decode(),
                "raw_digest": raw_digest,
                "raw_bytes": raw_bytes,
            }
        )

    @property
    def full(self) -> bool:
        """Whether the batch has reached its bound of bytes or of records."""
        gathered = len(self._rows) + len(self._rejects)
        return self._size >= BATCH_BYTES or gathered >= BATCH_ROWS

    @property
    def empty(self) -> bool:
        """Whether nothing was gathered since the last batch."""
        return not self._rows and not self._rejects

    def batch(self) -> Batch:
        """What was gathered, as a batch; the collector is empty afterwards."""
        binary = self._layout.kind == "binary"
        columns = [pa.array(column, pa.string()) for column in self._fields]
        if columns:
            fields = pa.RecordBatch.from_arrays(columns, list(self._layout.fields))
        else:
            fields = no_fields(len(self._rows))
        batch = Batch(
            rows=pa.array(self._rows, pa.int64()),
            content=pa.array(self._content, pa.binary() if binary else pa.string()),
            fields=fields,
            rejects=pa.Table.from_pylist(self._rejects, REJECTS) if self._rejects else _NONE,
            original=pa.array(self._original, pa.string()) if self.with_original else None,
        )
        self._clear()
        return batch


_NONE = REJECTS.empty_table()


def no_fields(rows: int) -> pa.RecordBatch:
    """A record batch of n rows and no columns; ``from_arrays`` cannot say how many."""
    nothing = pa.nulls(rows, pa.struct([]))
    return pa.RecordBatch.from_struct_array(nothing)
