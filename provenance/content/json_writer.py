"""Write JSON as compact text: with the spelling of numbers kept, plainly, or with sorted keys."""

from __future__ import annotations

import json
from typing import Any


class Number(float):
    """A number with a fraction or an exponent that remembers how it was written.

    >>> compact_json([Number("1.0"), Number("1e5")]), encode_json([Number("1.0"), Number("1e5")])
    ('[1.0,1e5]', '[1.0,100000.0]')
    """

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> Number:
        """Make the float of a JSON literal and keep the literal."""
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Write a JSON value compactly and fast; a ``Number`` is written as its double."""

sorted_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
"""Write a JSON value compactly with sorted keys: the same value gives the same text."""


def compact_json(value: Any) -> str:
    """Write a JSON value compactly; a ``Number`` keeps its spelling.

    The standard encoder asks ``float.__repr__`` even for subclasses, hence the walk by hand.
    """
    if isinstance(value, dict) and not _WALKED.isdisjoint(map(type, value.values())):
        members = (f"{encode_json(key)}:{compact_json(item)}" for key, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list) and not _WALKED.isdisjoint(map(type, value)):
        return "[" + ",".join(map(compact_json, value)) + "]"
    return value.literal if isinstance(value, Number) else encode_json(value)


def escape_surrogates(text: str) -> str:
    """Escape the lone surrogates of JSON text, which UTF-8 cannot encode.

    >>> escape_surrogates('["caf\\u00e9", "\\ud83d"]') == '["caf\\u00e9", "' + chr(92) + 'ud83d"]'
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
