"""What may differ between two runs of the same commands is masked; all else is compared.

Masked are times of the run, how long things took, folders, the program's version, ids that are
drawn by chance, and the members that hold prose. Each becomes a word for its kind, and an id the
number of its first appearance, so that what refers to what is still compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PROSE = {"reason", "remedy", "hint", "message"}
DURATIONS = {"seconds", "elapsed", "elapsed_seconds", "duration", "bytes_per_second", "mtime_ns"}
CHANCE = {"commit_id", "reading_id"}
"""Members whose values are ids that are drawn by chance."""

SINCE = "2026"
"""Times from this year on are of the run; no input that is read speaks of later ones."""

_DAY = r"20\d\d-\d\d-\d\d"
_TIME = re.compile(rf"{_DAY}[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_OF_CHANCE = (
    # They are made of ids that are drawn by chance, of times, or of the bytes of both.
    (re.compile(r"(quarantine/)[0-9a-f]{32}(-[0-9a-f]{8})?"), r"\1<id>"),
    (re.compile(r"(urn:uuid:)[0-9a-f-]{36}"), r"\1<id>"),
    (re.compile(r"\b[0-9a-f]{64}(\.parquet)"), r"<digest>\1"),
    (re.compile(r"^(declare:|ingest:)[0-9a-f]{64}$"), r"\1<digest>"),
    (re.compile(r"^(pass:\d+:)[0-9a-f-]{36}$"), r"\1<id>"),
    (re.compile(r"^(model:)\d{19}"), r"\1<time>"),
)


@dataclass
class Masks:
    """What to mask in the answers of one run.

    Attributes:
        folders: folder to the word for it.
        version: the program's version.
        ids: id drawn by chance to the word for it; grows as answers are seen.
    """

    folders: Mapping[str, str]
    version: str
    ids: dict[str, str] = field(default_factory=dict)

    def document(self, document: Any) -> Any:
        """A document of JSON, masked; JSON within a string becomes a document of its own."""
        for value in _chance(document):
            self.ids.setdefault(value, f"<id {len(self.ids) + 1}>")
        return self._masked(document, "")

    def text(self, text: str) -> str:
        """A string, masked."""
        for folder in sorted(self.folders, key=len, reverse=True):
            text = text.replace(folder, self.folders[folder])
        for pattern, word in _OF_CHANCE:
            text = pattern.sub(word, text)
        text = _UUID.sub(lambda found: self.ids.get(found[0], found[0]), text)
        text = re.sub(
            r"\b[0-9a-f]{32}\b",
            lambda found: self.ids.get(_dashed(found[0]), found[0]),
            text,
        )
        text = _TIME.sub(lambda found: "<time>" if found[0] >= SINCE else found[0], text)
        text = re.sub(_DAY, lambda found: "<day>" if found[0] >= SINCE else found[0], text)
        if text == self.version:
            return "<version>"
        return re.sub(rf"(prov[a-z-]*[ /@=:-]v?){re.escape(self.version)}\b", r"\1<version>", text)

    def _masked(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {self.text(key): self._masked(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self._masked(member, name) for member in value]
        if name in DURATIONS and value is not None:
            return "<duration>"
        if not isinstance(value, str):
            return value
        if name in PROSE and value:
            return "<prose>"
        inner = _document_in(value)
        return self.text(value) if inner is None else {"<json>": self._masked(inner, name)}


def _chance(value: Any) -> Iterator[str]:
    """The ids that are drawn by chance, in the order in which they stand in a document."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name in CHANCE and isinstance(member, str):
                yield member
            else:
                yield from _chance(member)
    elif isinstance(value, list):
        for member in value:
            yield from _chance(member)


def _document_in(text: str) -> Any:
    """The object or array that a string spells, or None."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _dashed(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


ABSENT = "(absent)"


def differences(before: Any, after: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each JSON pointer at which two documents differ, with both values."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            step = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield from differences(before.get(name, ABSENT), after.get(name, ABSENT), step)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{pointer}/{number}")
    elif type(before) is not type(after) or before != after:
        yield pointer, before, after
