"""Parse conversations that a text column holds as JSON."""

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
_MAY_HOLD_TURNS = r':"(?:\\[nrt]| )*[\[{]'
"""Pattern, in compact JSON, of a member whose text begins like a list or an object."""

_MOST = 1 << 24


def parse_turns(value: Any, name: str = "") -> Any:
    """Parse a text that is the JSON of turns, of a turn, or of a list; else return it.

    Other lists are parsed only in fields named for a conversation, tools, documents or pictures,
    and objects only where choices and the like are expected: elsewhere they may be a text that
    somebody wrote.

    >>> parse_turns('[{"role": "user", "content": "Hi"}]')
    [{'role': 'user', 'content': 'Hi'}]
    >>> parse_turns('[["Hi", "Hello"]]', "history"), parse_turns('[["Hi", "Hello"]]', "output")
    ([['Hi', 'Hello']], '[["Hi", "Hello"]]')
    """
    if not isinstance(value, str) or len(value) > _MOST or not _BEGINS.match(value):
        return value
    try:
        found = decode_strict(value)
        accepted = (list, dict) if leaf(name) in GIVEN else list
        talk = _is_talk(found) or (leaf(name) in LISTS and isinstance(found, accepted))
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


def unpack_turns(objects: pa.Array) -> pa.Array:
    """Replace members of JSON objects that hold turns as text by the turns."""
    candidates = pc.indices_nonzero(pc.match_substring_regex(objects, _MAY_HOLD_TURNS))
    if len(candidates) == 0:
        return objects
    texts = objects.to_pylist()
    for position in candidates.to_pylist():
        record = json.loads(texts[position])
        unpacked_record = {name: parse_turns(value, name) for name, value in record.items()}
        if any(unpacked_record[name] is not value for name, value in record.items()):
            texts[position] = encode_json(unpacked_record)
    return pa.array(texts, objects.type)
