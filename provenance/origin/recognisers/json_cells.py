"""Parse cells that contain JSON or something close to it: Python reprs, nested JSON, pairs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

_LONGEST_REPR = 20_000
"""Longest text that is parsed as a Python literal; pairs are extracted from any text."""
_OPENING = "[{"
_PAIR = re.compile(
    r"(?:^|[\n;,&|{(\[<])\s*[\"'\\]*(?P<name>[^\W\d][\w.-]{0,39}(?: [\w-]{1,20})?)[\"'\\]*\s*"
    r"(?:[-=]>|[:=|>]|,(?=\s*[\"']))\s*[\"'\\]*(?P<value>[^\n;,&|<}\])\"'\\]{1,80})"
)


_JOINED = re.compile(r"[:=|>](?!//)|,\s*[\"']")


def parse_cell(text: str) -> Any:
    """Parse the list or object in a text; None if there is none.

    >>> parse_cell('{"a":1}'), parse_cell("{'a': True}"), parse_cell('"{\\\\"a\\\\":1}"')
    ({'a': 1}, {'a': True}, {'a': 1})
    >>> parse_cell('\\ufeff{"a":1} trailing'), parse_cell("plain")
    ({'a': 1}, None)
    """
    plain = text.lstrip("\ufeff \t\r\n")
    if plain.startswith('"'):
        with suppress(ValueError, RecursionError):
            inner = json.loads(plain)
            plain = inner.lstrip() if isinstance(inner, str) else ""
    if not plain.startswith(tuple(_OPENING)):
        return None
    with suppress(ValueError, RecursionError):
        return json.JSONDecoder().raw_decode(plain)[0]
    if len(plain) <= _LONGEST_REPR:
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return _as_json(ast.literal_eval(plain.rstrip()))
    return None


def _as_json(value: Any) -> Any:
    """The same, of what JSON knows; what it does not know is a text."""
    if isinstance(value, dict):
        return {str(key): _as_json(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json(member) for member in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def pairs_in(text: str) -> list[tuple[str, str]]:
    """Names and values in a text that is no JSON: ``generator=gpt-4;x=1``.

    >>> pairs_in("generator: gpt-4"), pairs_in("generator=zorp;x=1"), pairs_in("zorp")
    ([('generator', 'gpt-4')], [('generator', 'zorp'), ('x', '1')], [])
    """
    if not _JOINED.search(text):
        return []
    return [(found["name"], found["value"].strip()) for found in _PAIR.finditer(text[:4000])][:64]


def listed_pairs(parsed: Any) -> list[tuple[str, str]]:
    """Names and values that stand side by side: ``[["generator","zorp"]]``.

    >>> listed_pairs([{"name": "is_synthetic", "value": True}, ["generator", "zorp"]])
    [('is_synthetic', 'true'), ('generator', 'zorp')]
    """
    found: list[tuple[str, str]] = []
    stack = [parsed]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            found += _pair(_first(value, _NAMES), _first(value, _VALUES))
            stack += reversed(list(value.values()))
        elif isinstance(value, list):
            if len(value) == 2 and value is not parsed:
                found += _pair(*value)
            stack += reversed([member for member in value if isinstance(member, dict | list)])
    return found


_NAMES = ("name", "key", "field", "attribute", "property", "trait_type", "id", "k", "label", "type")
_VALUES = ("value", "val", "v", "content", "data", "string_value")


def _first(value: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _pair(name: Any, value: Any) -> list[tuple[str, str]]:
    if not isinstance(name, str) or value is None or isinstance(value, dict | list):
        return []
    return [(name, value if isinstance(value, str) else json.dumps(value))]


def leaves(path: str, parsed: Any) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Members of JSON by their paths, as a reader names them: values, and whether of a list."""
    found: dict[str, list[str]] = {}
    lists: set[str] = set()
    stack: list[tuple[str, Any, bool]] = [(path, parsed, False)]
    while stack:
        at, value, listed = stack.pop()
        if isinstance(value, dict):
            stack += [(f"{at}.{key}", member, listed) for key, member in reversed(value.items())]
        elif isinstance(value, list):
            inner = (
                at if all(not isinstance(member, dict | list) for member in value) else f"{at}[]"
            )
            stack += [(inner, member, True) for member in reversed(value)]
        elif value is not None:
            found.setdefault(at, []).append(value if isinstance(value, str) else json.dumps(value))
            if listed:
                lists.add(at)
    for at, values in found.items():
        yield at, tuple(values), at in lists
