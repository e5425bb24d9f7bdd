"""Tell JSON documents from JSON lines, by the grammar of the first bytes.

In a document of several lines the first line is not a complete value. In JSON lines each line is a
value of its own, even if some are defective. A text may be neither.
"""

from __future__ import annotations

import json
import re

import numpy as np

from provenance.content.json_reader import BOM, WHITESPACE, exceeds_depth
from provenance.io.readers.json.brackets import BracketScan
from provenance.io.readers.json.json_records import CHAT, bare_name

FIRST_LINE = 16 << 20
"""A longer first line is one document, not one of many."""

_LINES = 100
_WHITE = WHITESPACE.encode()
_LIKE = re.compile(rb'\{\s*(?:["}]|\Z)|\[\s*(?:[\[{"\]]|\Z)|"(?:[^"\\\n]++|\\.)*+"[ \t\r]*\n')
"""First bytes of a text that is JSON, whatever its name."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_DECODER = json.JSONDecoder()


def lines_or_document(head: bytes, promised: str | None, *, whole: bool) -> str | None:
    """Return ``jsonl`` or ``json`` by the first bytes of a text; ``None`` for neither.

    Args:
        head: the beginning, with its first line whole unless that is too long.
        promised: what the name says; it decides what the text leaves open.
        whole: whether that is all of the text.

    >>> lines_or_document(b'{"a": 1}\\n{"a": 2}\\n', None, whole=True)
    'jsonl'
    >>> lines_or_document(b'[\\n{"a": 1},\\n{"a": 2}\\n]', "jsonl", whole=True)
    'json'
    """
    text = head.removeprefix(BOM).lstrip(_WHITE)
    if promised is None and not _LIKE.match(text):
        return None
    if b"\n" not in text and not whole:
        return promised if text[:1] != b"[" and promised else "json"
    first, _, rest = text.partition(b"\n")
    first, rest = first.rstrip(_WHITE), rest.lstrip(_WHITE)
    if not rest:
        return _one_line(first, promised)
    if not whole:
        rest = rest[: rest.rfind(b"\n") + 1]
    if _is_value(first):
        strings = promised is not None or _all_strings(first, rest)
        return "jsonl" if first[:1] != b'"' or strings else None
    return _of_several(text, first, rest, promised, whole=whole)


def json_objects(head: bytes, *, whole: bool) -> str | None:
    """Return ``jsonl`` or ``json`` for a text of nothing but JSON objects, whatever its name.

    Every line begins like an object, and most are objects; or the text is one object, or an array
    of objects. Prose that begins with a brace or quotes an object is neither.

    Args:
        head: the beginning.
        whole: whether that is all of the text.

    >>> json_objects(b'{"text": "a"}\\n{"text": "b"}\\n', whole=True)
    'jsonl'
    >>> json_objects(b'{"text": "a"}\\nis how a record looks.\\n', whole=True)
    """
    text = head.removeprefix(BOM).strip(_WHITE)
    if text[:1] not in (b"{", b"["):
        return None
    if whole and _is_record(value := _value(text)):
        return "json" if isinstance(value, list) or b"\n" in text else "jsonl"
    lines = [line for line in text.splitlines() if line.strip(_WHITE)]
    lines = lines[:_LINES] if whole else lines[:-1][:_LINES]
    objects = sum(_is_object(line) for line in lines)
    begun = all(line.lstrip(_WHITE)[:1] == b"{" for line in lines)
    mostly = begun and 2 * objects > len(lines)
    return "jsonl" if mostly and _is_object(lines[0]) else None


def _is_object(line: bytes) -> bool:
    value = _value(line)
    return isinstance(value, dict) and bool(value)


def _is_record(value: object) -> bool:
    """Check whether a document is an object, or an array of objects."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, dict) and each for each in value)
    return isinstance(value, dict) and bool(value)


def _one_line(line: bytes, promised: str | None) -> str | None:
    """Classify a single line: an array of records is a document, a chat is a record."""
    value = _value(line)
    if isinstance(value, list) and bare_name(value) != CHAT:
        return "json"
    if promised is None and line[:1] == b"[" and value is _BROKEN:
        return None
    if promised is None and line[:1] == b'"':
        return None
    return promised or "json"


def _of_several(
    text: bytes, first: bytes, rest: bytes, promised: str | None, *, whole: bool
) -> str | None:
    """Classify a text whose first line is no value."""
    others = [line for line in rest.splitlines()[:_LINES] if line.strip(_WHITE)]
    alone = sum(map(_stands_alone, others))
    if 2 * alone > len(others) or (alone and 2 * alone == len(others) and promised == "jsonl"):
        return "jsonl"
    position = _broken_at(text if whole else text[: text.rfind(b"\n") + 1])
    if position is None or position > len(first):
        return "json"
    level = _level(first)
    if first[:1] == rest[:1] == b"{" and level <= 0:
        return "jsonl"
    if level > 0 and first[:1] in (b"{", b"[") and _continues(others):
        return "json"
    return promised


def _continues(others: list[bytes]) -> bool:
    """Check whether most lines end like those within an array or object."""
    ends = sum(line.rstrip(_WHITE)[-1:] in (b",", b"{", b"[", b"}", b"]") for line in others)
    commas = sum(line.rstrip(_WHITE)[-1:] == b"," for line in others)
    return 2 * ends > len(others) and commas > 0


def _broken_at(text: bytes) -> int | None:
    """Find the first syntax error; ``None`` if there is none as far as the text goes."""
    written = text.decode("utf-8", "replace")
    if exceeds_depth(written):
        return None
    try:
        _DECODER.raw_decode(written)
    except json.JSONDecodeError as error:
        if not written[error.pos :].strip(WHITESPACE):
            return None
        return len(written[: error.pos].encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return None


def _stands_alone(line: bytes) -> bool:
    """Check by its brackets whether a line is one value, with nothing after it."""
    line = line.strip(_WHITE)
    if line[:1] == b'"':
        return _STRING.fullmatch(line) is not None
    if line[:1] + line[-1:] not in (b"{}", b"[]"):
        return False
    _, depths = BracketScan().feed(np.frombuffer(line, np.uint8))
    return depths[-1:].tolist() == [0] and int((depths == 0).sum()) == 1


def _level(line: bytes) -> int:
    """Count the brackets that a line leaves open."""
    _, depths = BracketScan().feed(np.frombuffer(line, np.uint8))
    return int(depths[-1]) if depths.size else 0


_BROKEN = object()


def _value(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _BROKEN


def _is_value(line: bytes) -> bool:
    """Check whether a line is JSON for a lenient parser, or has matching brackets at least."""
    return _value(line) is not _BROKEN or (line[:1] in (b"{", b"[") and _stands_alone(line))


def _all_strings(first: bytes, rest: bytes) -> bool:
    lines = [first, *(line for line in rest.splitlines()[:_LINES] if line.strip(_WHITE))]
    return all(_STRING.fullmatch(line.strip(_WHITE)) for line in lines)
