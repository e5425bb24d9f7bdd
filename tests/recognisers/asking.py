"""How the tests of this room ask: rows as dicts in, claims as dicts out."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from provenance.recognisers.base import CLAIMS
from provenance.recognisers.registry import applicable, recognise, wanted_fields


def kind_of(value: Any) -> str:
    """The kind of one value, in the words of a reader's shape."""
    if isinstance(value, list):
        turns = value and all(isinstance(v, dict) and {"role", "from"} & v.keys() for v in value)
        return "messages" if turns else "list"
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object"}
    return kinds.get(type(value), "null")


def shape_of(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Field kinds over all rows; a null tells nothing."""
    shape: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            if shape.get(name, "null") == "null":
                shape[name] = kind_of(value)
    return shape


def as_value(row: dict[str, Any], name: str) -> Any:
    """One field; dots walk into objects."""
    value: Any = row
    for step in [name] if name in row else name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def as_text(row: dict[str, Any], name: str) -> str | None:
    """One field as a reader hands it over."""
    value = as_value(row, name)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def ask(
    rows: list[dict[str, Any]], *content: str, shape: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """The claims about rows whose content is the named fields, ordered by row."""
    shape = shape or shape_of(rows)
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
