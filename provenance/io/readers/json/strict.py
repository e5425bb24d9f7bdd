"""Strict JSON: RFC 8259 and nothing beyond it, with a reason for every refusal."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import numpy as np

from provenance.content.identity import MAX_SAFE_INTEGER, CanonicalError, canonical_json
from provenance.errors import MisuseError
from provenance.io.contract.reader import Layout
from provenance.io.contract.record_paths import is_turn, steps_of
from provenance.io.records.batch_builder import Number, field_of

MAX_DEPTH = 128
"""Levels of nesting that are read; a fixed number, so that no answer depends on a stack."""

WHITESPACE = " \t\n\r"
BOM = b"\xef\xbb\xbf"

MISSING: Any = object()
"""What ``lookup`` answers for a field that is not there, apart from null."""


EXTRA = "not JSON: more after the first value"
"""Reason of a text that goes on after a value."""


class DefectError(ValueError):
    """Why a record is refused; the text is the reason of a reject.

    Attributes:
        place: byte of the JSON text at which it goes wrong, where that is known.
    """

    def __init__(self, reason: str, place: int | None = None) -> None:
        super().__init__(reason)
        self.place = place


def parse(raw: bytes) -> Any:
    """The value of a strict JSON text.

    Raises:
        DefectError: not UTF-8, not JSON, a repeated key, or too deep a nesting.

    >>> parse(b'{"a":[1,2.50]}')
    {'a': [1, 2.5]}
    >>> parse(b'{"a":1,"a":2}')
    Traceback (most recent call last):
    provenance.io.readers.json.strict.DefectError: duplicate key "a"
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DefectError(f"invalid UTF-8: {error.reason}", error.start) from error
    if exceeds_depth(text):
        raise DefectError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = len(text[: error.pos].encode())
        raise DefectError(_reason(error), place) from error
    except DefectError:
        raise
    except ValueError as error:  # int() refuses digits beyond sys.get_int_max_str_digits()
        raise DefectError("a number has too many digits") from error


def first_elements(head: bytes, count: int) -> list[Any]:
    """The first elements of a JSON array of which only the beginning is at hand."""
    text = head.decode("utf-8", "ignore").strip(WHITESPACE)
    if not text.startswith("[") or exceeds_depth(text):
        return []
    elements: list[Any] = []
    place = 1
    while len(elements) < count:
        try:
            value, place = _DECODER.raw_decode(text, _skip(text, place))
        except ValueError:
            break
        place = _skip(text, place)
        if text[place : place + 1] not in {",", "]"}:
            break
        elements.append(value)
        place += 1
    return elements


def _skip(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return space.end() if space else place


def parse_object(raw: bytes) -> dict[str, Any]:
    """The object that a strict JSON text holds.

    Raises:
        DefectError: as ``parse``, or the value is not an object.
    """
    value = parse(raw)
    if not isinstance(value, dict):
        raise DefectError(not_an_object(value))
    return value


def not_an_object(value: Any) -> str:
    """Why another value is no record.

    >>> not_an_object("a"), not_an_object(None)
    ('a string, not an object', 'null, not an object')
    """
    return f"{_ARTICLE[kind_of(value)]}, not an object"


def too_long(limit: int) -> str:
    """Why a record beyond ``Layout.max_record`` is refused.

    >>> too_long(16 << 20), too_long(1000)
    ('longer than 16 MiB (--max-record)', 'longer than 1000 bytes (--max-record)')
    """
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if limit and limit % (1 << power) == 0:
            return f"longer than {limit >> power} {unit} (--max-record)"
    return f"longer than {limit} bytes (--max-record)"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DefectError(f'duplicate key "{shortened(key)}"')
            seen.add(key)
    return members


def _constant(name: str) -> NoReturn:
    raise DefectError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=Number)

# An unterminated string runs to the end: one pass, whatever the input.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_STEP = np.zeros(256, np.int8)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1


def exceeds_depth(text: str) -> bool:
    """Whether a text is nested deeper than is read."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    structure = _STRING.sub("", text).encode("utf-8", "replace")
    levels = np.cumsum(_STEP[np.frombuffer(structure, np.uint8)], dtype=np.int64)
    return bool(levels.size) and int(levels.max()) > MAX_DEPTH


_SPACE = re.compile(r"[ \t\n\r]*")
_NOT_A_NUMBER = re.compile(r"[-+]?(nan|inf(inity)?)\b", re.IGNORECASE)


def _reason(error: json.JSONDecodeError) -> str:
    """A reason in our words: those of the standard library change from version to version."""
    text, place = error.doc, error.pos
    rest = text[place : place + 64]
    before = text[max(0, place - 64) : place].rstrip(WHITESPACE)
    here, after = rest[:1], rest[1:].lstrip(WHITESPACE)[:1]
    if word := _NOT_A_NUMBER.match(rest):
        return f"{word[0]} is not JSON"
    if error.msg.startswith("Extra data") and here != "\0":
        return EXTRA
    what = {
        "NUL byte": here == "\0",
        "trailing comma": (here in {"}", "]"} and before.endswith(","))
        or (here == "," and after in {"}", "]"}),
        "ends too early": error.msg.startswith("Unterminated string") or not rest,
        "control character in a string": error.msg.startswith("Invalid control character"),
        "invalid escape": error.msg.startswith("Invalid \\"),
    }
    found = next((name for name, applies in what.items() if applies), f"unexpected {here!r}")
    return f"not JSON: {found}"


def shortened(name: str) -> str:
    """A name as a reason may quote it."""
    return name if len(name) <= 80 else name[:79] + "…"


def lookup(record: dict[str, Any], name: str) -> Any:
    """A field by its name; dots walk into objects when no field has that very name.

    >>> lookup({"a": {"b": 1}}, "a.b"), lookup({"a.b": 2, "a": {"b": 1}}, "a.b")
    (1, 2)
    """
    if name in record:
        return record[name]
    value: Any = record
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value


def require_readable(layout: Layout) -> None:
    """Refuse a layout that no JSON can be read by."""
    if layout.kind == "binary":
        raise MisuseError("JSON holds no binary content", hint="choose another --content")


def extract(
    record: dict[str, Any], layout: Layout, seen: dict[str, Any] | None = None
) -> tuple[str, list[str | None]]:
    """The content and the further fields of a record, as a batch holds them.

    Args:
        seen: the record with what stands beside it, of which the further fields are.

    Raises:
        DefectError: there is no content, or it is not what the layout says.
    """
    content = _text(record, layout.content[0]) if layout.kind == "text" else _whole(record, layout)
    fields = record if seen is None else seen
    return content, [_field(fields, name, layout) for name in layout.fields]


def has_content(record: dict[str, Any], layout: Layout) -> bool:
    """Whether a record has any of the content fields, be it null."""
    return any(lookup(record, name) is not MISSING for name in layout.content)


def _text(record: dict[str, Any], name: str) -> str:
    value = lookup(record, name)
    if value is MISSING:
        raise DefectError(f'no field "{name}"')
    if value is None:
        raise DefectError(f'field "{name}" is null')
    if not isinstance(value, str):
        raise DefectError(f'field "{name}" is {_ARTICLE[kind_of(value)]}, not text')
    if not value:
        raise DefectError(f'field "{name}" is empty')
    return _storable(value, f'field "{name}"')


_ARTICLE = {
    "null": "null",
    "string": "a string",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
    "list": "a list",
    "messages": "a list",
}


def _whole(record: dict[str, Any], layout: Layout) -> str:
    if layout.content == ("*",):
        # Whether anything is left of it the canonical form says, which is the same in all formats.
        chosen = {k: v for k, v in record.items() if v is not None and not k.startswith("prov_")}
    else:
        chosen = _chosen(record, layout.content, layout.late)
    text = _encode(chosen)
    if _is_inexact(chosen):
        try:
            canonical_json(chosen)
        except CanonicalError as error:
            raise DefectError(str(error)) from error
    return _storable(text, "a content field")


def _chosen(
    record: dict[str, Any], names: tuple[str, ...], late: tuple[str, ...]
) -> dict[str, Any]:
    """The content fields that a record has, of which one at least must say something."""
    found = {name: lookup(record, name) for name in names}
    found |= {name: lookup(record, name) for name in late if name in record or "." in name}
    chosen = {k: v for k, v in found.items() if v is not MISSING and v is not None}
    if not chosen:
        null = [name for name, value in found.items() if value is None]
        if not null:
            raise DefectError("no field " + " or ".join(f'"{name}"' for name in names))
        what = f'field "{null[0]}" is' if len(null) == 1 else "the content fields are"
        raise DefectError(f"{what} null")
    if all(value in ("", [], {}) for value in chosen.values()):
        what = f'field "{names[0]}" is' if len(names) == 1 else "the content fields are"
        raise DefectError(f"{what} empty")
    return chosen


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


_EXACT = {str, bool, type(None)}


def _is_inexact(value: Any) -> bool:
    """Whether the canonical form may refuse some number: it then decides."""
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return not _EXACT.issuperset(map(type, items)) and any(map(_is_inexact, items))
    return type(value) not in _EXACT and not -MAX_SAFE_INTEGER < value < MAX_SAFE_INTEGER


def _field(record: dict[str, Any], name: str, layout: Layout) -> str | None:
    text = field_of(record, steps_of(name), reference=name in layout.references)
    return text if text is None else _storable(text, f'field "{name}"')


def _storable(text: str, where: str) -> str:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DefectError(f"lone surrogate in {where}") from error
    return text


def kind_of(value: Any) -> str:
    """The kind of a value in the words of ``Shape``.

    >>> kind_of([{"role": "user", "content": "Hi"}])
    'messages'
    """
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "messages" if value and all(map(is_turn, value)) else "list"
    return "number"
