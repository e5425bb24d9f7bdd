"""Convert JSON values to records, and number them in order."""

from __future__ import annotations

import json
from typing import Any

from provenance.content.json_reader import DefectError, parse
from provenance.content.json_writer import compact_json
from provenance.io.contract.reader import Batch, ReadLayout, too_long_reason
from provenance.io.contract.record_paths import TooManyPathsError, is_turn
from provenance.io.readers.json.enclosing_members import Enclosing
from provenance.io.readers.json.json_content import extract, not_an_object
from provenance.io.records.batch_builder import BatchBuilder

TEXT, CHAT = "text", "messages"
"""Field names for a bare string and a bare list of messages."""


def bare_name(value: Any) -> str:
    """Return the field name for a bare string or chat; empty for other values.

    >>> bare_name("a"), bare_name([{"role": "user", "content": "Hi"}]), bare_name([1])
    ('text', 'messages', '')
    """
    if isinstance(value, str):
        return TEXT
    return CHAT if isinstance(value, list) and _is_chat(value) else ""


def _is_chat(items: list[Any]) -> bool:
    turns = all(isinstance(each, dict) and ("role" in each or "from" in each) for each in items)
    return turns and any(map(is_turn, items))


def as_record(value: Any, layout: ReadLayout) -> dict[str, Any]:
    """Convert a JSON value to a record: an object, or a bare text or chat where that is wanted.

    Raises:
        DefectError: it is something else.

    >>> as_record("a", ReadLayout("text", ("text",)))
    {'text': 'a'}
    """
    if isinstance(value, dict):
        return value
    name = bare_name(value)
    if name and name in layout.content:
        return {name: value}
    raise DefectError(not_an_object(value))


def is_record(value: Any, layout: ReadLayout) -> bool:
    """Check whether a JSON value is an object, or a bare text or chat where that is wanted."""
    return isinstance(value, dict) or bare_name(value) in layout.content


class NumberedRecords:
    """Collects the records of a file, and numbers them from ``first`` on."""

    def __init__(self, layout: ReadLayout, *, original: bool, first: int = 1) -> None:
        self._layout = layout
        self._collector = BatchBuilder(layout, original=original, again=self._again)
        self.row = first - 1

    def _again(self, source: bytes | dict[str, Any]) -> dict[str, Any]:
        return as_record(parse(source), self._layout) if isinstance(source, bytes) else source

    def add(self, record: Any, where: str = "", enclosing: Enclosing | None = None) -> None:
        """Keep or refuse a value; ``enclosing`` are the members around it."""
        self.row += 1
        try:
            if isinstance(record, DefectError):
                raise record
            members = as_record(record, self._layout)
            seen = members if enclosing is None else enclosing.seen_by(members)
            values = extract(members, self._layout, seen)
            original = to_json_bytes(members)
            if len(original) > self._layout.max_record:
                raise DefectError(too_long_reason(self._layout.max_record))
            text = original.decode() if self._collector.with_original else None
            size = len(original) + (enclosing.size if enclosing else 0)
            self._collector.keep(self.row, values, text, seen, size, seen)
        except (DefectError, TooManyPathsError) as defect:
            raw = None if isinstance(record, DefectError) else to_json_bytes(record)
            self._collector.reject(self.row, None, f"{where}{defect}", raw)

    def add_raw(self, raw: bytes, offset: int, enclosing: Enclosing | None = None) -> None:
        """Keep or refuse a record from its bytes.

        Args:
            offset: its first byte in the file.

        Raises:
            DefectError: it is no JSON; it was neither kept nor refused.
        """
        if len(raw) > self._layout.max_record:
            self.row += 1
            self._collector.reject(self.row, offset, too_long_reason(self._layout.max_record), raw)
            return
        value = parse(raw)
        self.row += 1
        self._keep_raw(value, raw, offset, enclosing)

    def _keep_raw(self, value: Any, raw: bytes, offset: int, enclosing: Enclosing | None) -> None:
        try:
            members = as_record(value, self._layout)
            seen = members if enclosing is None else enclosing.seen_by(members)
            values = extract(members, self._layout, seen)
            text = to_json_bytes(members).decode() if self._collector.with_original else None
            size = len(raw) + (enclosing.size if enclosing else 0)
            source = raw if seen is members else seen
            self._collector.keep(self.row, values, text, seen, size, source)
        except (DefectError, TooManyPathsError) as defect:
            self._collector.reject(self.row, offset, str(defect), raw)

    def refuse(
        self, offset: int | None, reason: str, raw_digest: str | None, raw_bytes: int | None
    ) -> None:
        """Refuse a record that could not be read."""
        self.row += 1
        self._collector.reject_hashed(self.row, offset, reason, raw_digest, raw_bytes)

    @property
    def full(self) -> bool:
        """Whether the batch is full."""
        return self._collector.full

    @property
    def empty(self) -> bool:
        """Whether the batch is empty."""
        return self._collector.empty

    def batch(self) -> Batch:
        """Build the batch, and begin a new one."""
        return self._collector.batch()


def to_json_bytes(record: Any) -> bytes:
    """Encode a value as compact JSON, with lone surrogates as escapes."""
    try:
        return compact_json(record).encode()
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":")).encode()
