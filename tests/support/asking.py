"""How the tests of this room ask: rows as dicts in, claims as dicts out."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from provenance.origin.recognisers.base import CLAIMS
from provenance.origin.recognisers.registry import applicable, recognise, wanted_fields

KINDS = ("messages", "string", "number", "boolean", "list", "object", "null")
"""In the order in which one of them stands for all the values of a path."""


def kind_of(value: Any) -> str:
    """The kind of one value, in the words of a reader's shape."""
    if isinstance(value, list):
        turns = value and all(isinstance(v, dict) and {"role", "from"} & v.keys() for v in value)
        return "messages" if turns else "list"
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object"}
    return kinds.get(type(value), "null")


def shape_of(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Every path with a value in some row, to its kind; where kinds differ, to the first."""
    shape: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            _note(name, value, shape)
    return shape


def _note(path: str, value: Any, shape: dict[str, str]) -> None:
    if value is None:
        return
    kind = kind_of(value)
    shape[path] = min(kind, shape.get(path, kind), key=KINDS.index)
    if isinstance(value, dict):
        for name, member in value.items():
            _note(f"{path}.{name}", member, shape)
    elif isinstance(value, list):
        for member in value:
            if isinstance(member, dict):
                for name, below in member.items():
                    _note(f"{path}[].{name}", below, shape)


def as_value(row: dict[str, Any], name: str) -> Any:
    """One field; dots walk into objects, and brackets into lists."""
    if row.get(name) is not None:
        return row[name]
    steps = name.split(".")
    for length in range(len(steps), 0, -1):
        first = ".".join(steps[:length])
        bare = first.removesuffix("[]")
        if first != bare and isinstance(row.get(bare), list):
            return _through(row[bare], steps[length:])
        if isinstance(row.get(first), dict) and length < len(steps):
            return as_value(row[first], ".".join(steps[length:]))
    return None


def _through(members: list[Any], steps: list[str]) -> Any:
    if steps:
        name = ".".join(steps)
        held = [as_value(member, name) for member in members if isinstance(member, dict)]
        flat = [v for each in held for v in (each if isinstance(each, list) else [each])]
    else:
        flat = members
    return [value for value in flat if value is not None] or None


def as_text(row: dict[str, Any], name: str) -> str | None:
    """One field as a reader hands it over."""
    value = as_value(row, name)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def ask(
    rows: list[dict[str, Any]],
    *content: str,
    shape: dict[str, str] | None = None,
    text: bool | None = None,
) -> list[dict[str, Any]]:
    """The claims about rows whose content is the named fields, ordered by row."""
    shape = shape or shape_of(rows)
    if text is None:
        text = len(content) == 1 and shape.get(content[0]) == "string"
    held = [
        as_text(row, content[0]) or ""
        if text
        else json.dumps(row if content == ("*",) else {n: as_value(row, n) for n in content})
        for row in rows
    ]
    asked = applicable(shape, content)
    names = wanted_fields(asked)
    fields = pa.table(
        {name: pa.array([as_text(row, name) for row in rows], pa.string()) for name in names}
    )
    batch = fields.to_batches()[0] if names and rows else pa.record_batch({})
    found = recognise(asked, pa.array(held, pa.string()), batch, "text" if text else "structured")
    found.validate(full=True)
    assert found.schema == CLAIMS
    return sorted(found.to_pylist(), key=lambda claim: (claim["index"], claim["basis"]))


def brief(claims: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some members of every claim, the row first."""
    return [(claim["index"], *(claim[name] for name in names)) for claim in claims]
