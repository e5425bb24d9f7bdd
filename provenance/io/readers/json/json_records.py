"""JSON values as records, counted as they come."""

from __future__ import annotations

import json
from typing import Any

from provenance.content.json_reader import DefectError, parse
from provenance.content.json_writer import compact_json
from provenance.io.contract.reader import Batch, Layout, too_long
from provenance.io.contract.record_paths import TooManyPathsError, is_turn
from provenance.io.readers.json.enclosing_members import Beside
from provenance.io.readers.json.json_content import extract, not_an_object
from provenance.io.records.batch_builder import Collector

TEXT, CHAT = "text", "messages"
"""Fields that a mere string and a mere list of messages stand for."""


def bare_name(value: Any) -> str:
    """The field that a value stands for which is no object; empty where there is none.

    >>> bare_name("a"), bare_name([{"role": "user", "content": "Hi"}]), bare_name([1])
    ('text', 'messages', '')
    """
    if isinstance(value, str):
        return TEXT
    return CHAT if isinstance(value, list) and _is_chat(value) else ""


def _is_chat(items: list[Any]) -> bool:
    turns = all(isinstance(each, dict) and ("role" in each or "from" in each) for each in items)
    return turns and any(map(is_turn, items))


def as_record(value: Any, layout: Layout) -> dict[str, Any]:
    """The record that a JSON value is: an object, or a mere text or chat where that is wanted.

    Raises:
        DefectError: it is something else.

    >>> as_record("a", Layout("text", ("text",)))
    {'text': 'a'}
    """
    if isinstance(value, dict):
        return value
    name = bare_name(value)
    if name and name in layout.content:
        return {name: value}
    raise DefectError(not_an_object(value))


def is_record(value: Any, layout: Layout) -> bool:
    """Whether a JSON value is an object, or a mere text or chat where that is wanted."""
    return isinstance(value, dict) or bare_name(value) in layout.content


class Numbered:
    """Gathers the records of a file whose rows are counted as they come, from ``first`` on."""

    def __init__(self, layout: Layout, *, original: bool, first: int = 1) -> None:
        self._layout = layout
        self._collector = Collector(layout, original=original, again=self._again)
        self.row = first - 1

    def _again(self, held: bytes | dict[str, Any]) -> dict[str, Any]:
        return as_record(parse(held), self._layout) if isinstance(held, bytes) else held

    def add(self, record: Any, where: str = "", beside: Beside | None = None) -> None:
        """Keep or refuse what stands where a record is expected; ``beside``: what holders say."""
        self.row += 1
        try:
            if isinstance(record, DefectError):
                raise record
            members = as_record(record, self._layout)
            seen = members if beside is None else beside.seen_by(members)
            values = extract(members, self._layout, seen)
            original = written(members)
            if len(original) > self._layout.max_record:
                raise DefectError(too_long(self._layout.max_record))
            text = original.decode() if self._collector.with_original else None
            size = len(original) + (beside.size if beside else 0)
            self._collector.keep(self.row, values, text, seen, size, seen)
        except (DefectError, TooManyPathsError) as defect:
            raw = None if isinstance(record, DefectError) else written(record)
            self._collector.reject(self.row, None, f"{where}{defect}", raw)

    def add_raw(self, raw: bytes, offset: int, beside: Beside | None = None) -> None:
        """Keep or refuse a record as it is written.

        Args:
            offset: its first byte in the file.

        Raises:
            DefectError: it is no JSON; it was neither kept nor refused.
        """
        if len(raw) > self._layout.max_record:
            self.row += 1
            self._collector.reject(self.row, offset, too_long(self._layout.max_record), raw)
            return
        value = parse(raw)
        self.row += 1
        self._keep_raw(value, raw, offset, beside)

    def _keep_raw(self, value: Any, raw: bytes, offset: int, beside: Beside | None) -> None:
        try:
            members = as_record(value, self._layout)
            seen = members if beside is None else beside.seen_by(members)
            values = extract(members, self._layout, seen)
            text = written(members).decode() if self._collector.with_original else None
            size = len(raw) + (beside.size if beside else 0)
            held = raw if seen is members else seen
            self._collector.keep(self.row, values, text, seen, size, held)
        except (DefectError, TooManyPathsError) as defect:
            self._collector.reject(self.row, offset, str(defect), raw)

    def refuse(
        self, offset: int | None, reason: str, raw_digest: str | None, raw_bytes: int | None
    ) -> None:
        """Refuse what could not be read at all."""
        self.row += 1
        self._collector.reject_hashed(self.row, offset, reason, raw_digest, raw_bytes)

    @property
    def full(self) -> bool:
        """Whether it is time for a batch."""
        return self._collector.full

    @property
    def empty(self) -> bool:
        """Whether nothing was gathered since the last batch."""
        return self._collector.empty

    def batch(self) -> Batch:
        """What was gathered."""
        return self._collector.batch()


def written(record: Any) -> bytes:
    """A value as compact JSON; lone surrogates, which UTF-8 cannot hold, as escapes."""
    try:
        return compact_json(record).encode()
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":")).encode()
