"""JSON text: one strict reader and one compact writer."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import numpy as np


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


MAX_DEPTH = 128
"""Levels of nesting that are read; a fixed number, so that no answer depends on a stack."""


WHITESPACE = " \t\n\r"


BOM = b"\xef\xbb\xbf"


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
    provenance.content.json_text.DefectError: duplicate key "a"
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
