"""Conversations that a column of text holds: turns as JSON in a string are read as the turns."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.identity import canonical_json
from provenance.content.json_reader import decode_strict
from provenance.content.json_writer import encode_json
from provenance.io.contract.record_paths import is_turn
from provenance.io.records.content_names import GIVEN, LISTS, leaf

_BEGINS = re.compile(r"\s*[\[{]")
_HELD = r':"(?:\\[nrt]| )*[\[{]'
"""In compact JSON: a member whose text begins like a list or an object."""

_MOST = 1 << 24


def unpacked(value: Any, name: str = "") -> Any:
    """What a text stands for that is the JSON of turns, of a turn, or of a list; else the value.

    Other lists are read in fields alone that are named for a conversation, tools, documents or
    pictures, and objects where choices and the like stand: elsewhere they may be what somebody
    wrote.

    >>> unpacked('[{"role": "user", "content": "Hi"}]')
    [{'role': 'user', 'content': 'Hi'}]
    >>> unpacked('[["Hi", "Hello"]]', "history"), unpacked('[["Hi", "Hello"]]', "output")
    ([['Hi', 'Hello']], '[["Hi", "Hello"]]')
    """
    if not isinstance(value, str) or len(value) > _MOST or not _BEGINS.match(value):
        return value
    try:
        found = decode_strict(value)
        held = (list, dict) if leaf(name) in GIVEN else list
        talk = _is_talk(found) or (leaf(name) in LISTS and isinstance(found, held))
        if talk:
            canonical_json({"turns": found})
    except (ValueError, RecursionError):  # it is no JSON, or none with a canonical form
        return value
    return found if talk else value


def _is_talk(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_turn, value))
    return _is_turn(value)


def _is_turn(value: Any) -> bool:
    speaker = value.get("role", value.get("from")) if isinstance(value, dict) else None
    return isinstance(speaker, str) and (is_turn(value) or "tool_calls" in value)


def unpack(objects: pa.Array) -> pa.Array:
    """JSON objects as text, in which members that hold turns as text hold the turns themselves."""
    held = pc.indices_nonzero(pc.match_substring_regex(objects, _HELD))
    if len(held) == 0:
        return objects
    texts = objects.to_pylist()
    for place in held.to_pylist():
        record = json.loads(texts[place])
        told = {name: unpacked(value, name) for name, value in record.items()}
        if any(told[name] is not value for name, value in record.items()):
            texts[place] = encode_json(told)
    return pa.array(texts, objects.type)
