"""Read JSON strictly (RFC 8259): no repeated keys, no NaN, no nesting without end."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import numpy as np

from provenance.content.json_writer import Number

MAX_DEPTH = 128
"""Deepest nesting that is read; a constant, so that no answer depends on the stack size."""


WHITESPACE = " \t\n\r"


BOM = b"\xef\xbb\xbf"


EXTRA = "not JSON: more after the first value"
"""Reject reason of a text that continues after its value."""


class DefectError(ValueError):
    """A record is refused; the message is the reason of its reject.

    Attributes:
        position: byte of the JSON text at which it goes wrong, where that is known.
    """

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.position = position


def parse(raw: bytes) -> Any:
    """Read a JSON value strictly; a ``Number`` keeps the spelling of a fraction or exponent.

    Raises:
        DefectError: not UTF-8, not JSON, a repeated key, or too deep a nesting.

    >>> parse(b'{"a":[1,2.50]}')
    {'a': [1, 2.5]}
    >>> parse(b'{"a":1,"a":2}')
    Traceback (most recent call last):
    provenance.content.json_reader.DefectError: duplicate key "a"
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
        position = len(text[: error.pos].encode())
        raise DefectError(_reason(error), position) from error
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

decode_strict = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode
"""Read JSON text strictly, with plain floats; it raises a ``ValueError`` or ``RecursionError``."""

decode_exact = json.JSONDecoder(parse_float=Number).decode
"""Read JSON text that this program wrote, with numbers as they are spelled."""


def read_document(text: str) -> Any:
    """Read a JSON document of another program; of a repeated key the last value counts.

    Raises:
        ValueError: not JSON by RFC 8259, a lone surrogate, or nested too deeply.
    """
    try:
        value = json.loads(text, parse_constant=_constant)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("a lone surrogate is not text") from error
    return value


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


# An unterminated string runs to the end: one pass, whatever the input.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


_STEP = np.zeros(256, np.int8)


_STEP[[ord("["), ord("{")]] = 1


_STEP[[ord("]"), ord("}")]] = -1


def exceeds_depth(text: str) -> bool:
    """Check whether a text is nested deeper than ``MAX_DEPTH``."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    structure = _STRING.sub("", text).encode("utf-8", "replace")
    levels = np.cumsum(_STEP[np.frombuffer(structure, np.uint8)], dtype=np.int64)
    return bool(levels.size) and int(levels.max()) > MAX_DEPTH


_NOT_A_NUMBER = re.compile(r"[-+]?(nan|inf(inity)?)\b", re.IGNORECASE)


def _reason(error: json.JSONDecodeError) -> str:
    """Word a syntax error ourselves: the messages of the standard library differ by version."""
    text, position = error.doc, error.pos
    rest = text[position : position + 64]
    before = text[max(0, position - 64) : position].rstrip(WHITESPACE)
    here, after = rest[:1], rest[1:].lstrip(WHITESPACE)[:1]
    if word := _NOT_A_NUMBER.match(rest):
        return f"{word[0]} is not JSON"
    if error.msg.startswith("Extra data") and here != "\0":
        return EXTRA
    reasons = {
        "NUL byte": here == "\0",
        "trailing comma": (here in {"}", "]"} and before.endswith(","))
        or (here == "," and after in {"}", "]"}),
        "ends too early": error.msg.startswith("Unterminated string") or not rest,
        "control character in a string": error.msg.startswith("Invalid control character"),
        "invalid escape": error.msg.startswith("Invalid \\"),
    }
    found = next((name for name, applies in reasons.items() if applies), f"unexpected {here!r}")
    return f"not JSON: {found}"


def shortened(name: str) -> str:
    """Shorten a name for a message."""
    return name if len(name) <= 80 else name[:79] + "…"
