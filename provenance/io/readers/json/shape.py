"""Infer the shape of JSON records: fields, kinds, and nested lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from provenance.io.contract.reader import Shape
from provenance.io.readers.json.json_content import kind_of
from provenance.io.readers.json.json_records import bare_name
from provenance.io.records.value_shapes import with_looks

_PROBE_LEVELS = 4


def shape_of(values: list[Any]) -> Shape:
    """Infer the commonest kind of each field, and the paths of nested lists.

    Bare strings and chats count if no value is an object.
    """
    records = [value for value in values if isinstance(value, dict)] or _bare(values)
    kinds: dict[str, Counter[str]] = {}
    nested: dict[str, None] = {}
    for record in records:
        for name, value in record.items():
            # The element type of an empty list is unknown.
            weight = 0 if value is None or value == [] else 1
            kinds.setdefault(name, Counter())[kind_of(value)] += weight
        nested.update(dict.fromkeys(_nests(record)))
    fields = {name: counts.most_common(1)[0][0] for name, counts in kinds.items()}
    return with_looks(Shape(fields=fields, nested=tuple(nested)), records)


def _bare(values: list[Any]) -> list[dict[str, Any]]:
    names = Counter(name for name in map(bare_name, values) if name)
    common = names.most_common(1)[0][0] if names else ""
    return [{common: value} for value in values if common and bare_name(value) == common]


def _nests(record: dict[str, Any]) -> Iterator[str]:
    """Yield dotted paths of lists of objects with text in them."""
    stack: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), record)]
    while stack:
        path, node = stack.pop()
        if len(path) == _PROBE_LEVELS:
            continue
        for name, value in node.items():
            if not name:
                continue  # no path leads there
            below = (*path, name)
            if isinstance(value, dict):
                stack.append((below, value))
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                if path and path[-1] == name:
                    continue  # a tree: its path is known already
                if any(isinstance(each, str) for each in value[0].values()):
                    yield ".".join(below)
                stack.append((below, value[0]))
