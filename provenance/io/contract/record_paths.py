"""Collect the paths of JSON records, with their kinds, and read the values at a path.

A path joins the names of members with dots; ``[]`` stands for every element of a list, however deep
lists are nested: ``metadata.model``, ``rollouts[].model``. A list of pairs ``{"key": …, "value":
…}``, which is how maps are written in JSON, is read as an object. Null is no value. A member whose
own name has dots comes before the members that the same path leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeGuard

MAX_PATHS = 4_096
"""Paths after which a batch is closed; this bounds the cost of a batch."""

MAX_ROW_PATHS = 65_536
"""Most paths of a single record; one with more is rejected."""

ABOVE = "^"
"""Name under which a nested record is given the members of its enclosing object."""

Steps = tuple[str | None, ...]
"""Member names that lead to a value; ``None`` for every element of a list."""

_STRING, _NUMBER, _BOOLEAN, _OBJECT, _LIST, _MESSAGES = (1 << position for position in range(6))

_WORDS = (
    (_MESSAGES, "messages"),
    (_STRING, "string"),
    (_NUMBER, "number"),
    (_BOOLEAN, "boolean"),
    (_LIST, "list"),
    (_OBJECT, "object"),
)

KINDS = tuple(word for _, word in _WORDS)
"""Kinds by precedence, for a path whose values differ in kind."""

_SCALARS = {str: _STRING, bytes: _STRING, bool: _BOOLEAN, int: _NUMBER, float: _NUMBER}
_KNOWN_SHAPES = 64


class TooManyPathsError(ValueError):
    """A record has more paths than ``MAX_ROW_PATHS``."""


class _Node:
    """A path at which some record has a value."""

    __slots__ = ("elements", "mask", "members", "path", "seen", "steps")

    def __init__(self, path: str, steps: Steps) -> None:
        self.path = path
        self.steps = steps
        self.mask = 0
        self.members: dict[str, _Node] = {}
        self.elements: _Node | None = None
        # Objects with these members of these types are known, and so are those to look into.
        self.seen: dict[tuple[object, ...], list[tuple[str, _Node]]] = {}


class Paths:
    """The paths of some records, collected record by record."""

    def __init__(self) -> None:
        self._top = _Node("", ())
        self._nodes: list[_Node] = []
        self._steps: dict[str, list[Steps]] = {}
        self._widest = 0
        self._limit = MAX_ROW_PATHS

    def add(self, record: Mapping[str, Any]) -> None:
        """Add the paths of a record.

        Raises:
            TooManyPathsError: more than anybody looks at.
        """
        before = len(self._nodes)
        self._limit = before + MAX_ROW_PATHS
        self._object(self._top, record)
        self._widest = max(self._widest, len(self._nodes) - before)

    def __len__(self) -> int:
        """Number of paths."""
        return len(self._nodes)

    @property
    def full(self) -> bool:
        """Whether the batch should end here."""
        return len(self._nodes) > max(MAX_PATHS, 2 * self._widest)

    def shape(self) -> dict[str, str]:
        """Map every path to its kind, in the order of the paths."""
        masks: dict[str, int] = {}
        for node in self._nodes:
            if node.mask:
                masks[node.path] = masks.get(node.path, 0) | node.mask
        return {path: _word(masks[path]) for path in sorted(masks)}

    def alternatives(self, path: str) -> tuple[Steps, ...]:
        """List the steps that a path stands for in these records, the shortest first."""
        found = set(self._steps.get(path, ()))
        return tuple(sorted(found, key=lambda steps: (len(steps), str(steps)))) or steps_of(path)

    def _object(self, node: _Node, record: Mapping[str, Any]) -> None:
        signature = (*record, None, *map(type, record.values()))
        below = node.seen.get(signature)
        if below is None:
            below = self._learn(node, record)
            if len(node.seen) < _KNOWN_SHAPES:
                node.seen[signature] = below
        for name, child in below:
            value = record[name]
            if isinstance(value, list):
                self._list(child, value)
            else:
                self._object(child, value)

    def _learn(self, node: _Node, record: Mapping[str, Any]) -> list[tuple[str, _Node]]:
        below: list[tuple[str, _Node]] = []
        for name, value in record.items():
            if value is None:
                continue
            child = node.members.get(name)
            if child is None:
                path = f"{node.path}.{printable(name)}" if node.steps else printable(name)
                child = node.members[name] = self._new(path, (*node.steps, name))
            if isinstance(value, dict):
                child.mask |= _OBJECT
                below.append((name, child))
            elif isinstance(value, list):
                below.append((name, child))
            else:
                child.mask |= _SCALARS.get(type(value), _NUMBER)
        return below

    def _list(self, node: _Node, items: Sequence[Any]) -> None:
        types = set(map(type, items))
        if not node.mask & _MESSAGES:
            turns = types == {dict} and all(map(is_turn, items))
            node.mask |= _MESSAGES if turns else _LIST
        if list in types or dict in types:
            self._elements(node, items, types)

    def _elements(self, node: _Node, items: Sequence[Any], types: set[type]) -> None:
        if types == {dict} and is_pairs(items):
            self._object(node, as_object(items))
            return
        if node.elements is None:
            node.elements = self._new(f"{node.path}[]", (*node.steps, None))
        elements = node.elements
        seen = elements.seen
        for item in flatten(items) if list in types else items:
            # Most are like those before them: a look tells so, and a call for each takes longer.
            if type(item) is dict and seen.get((*item, None, *map(type, item.values()))) != []:
                self._object(elements, item)

    def _new(self, path: str, steps: Steps) -> _Node:
        node = _Node(path, steps)
        self._nodes.append(node)
        self._steps.setdefault(path, []).append(steps)
        if len(self._nodes) > self._limit:
            raise TooManyPathsError(f"more than {MAX_ROW_PATHS:,} fields in one record")
        return node


def value_at(value: Any, steps: Steps) -> Any:
    """Read the value at the end of some steps; a list where they pass a list, ``None`` for none.

    >>> value_at({"a": [{"b": 1}, {"c": 2}, {"b": 3}]}, ("a", None, "b"))
    [1, 3]
    """
    for position, step in enumerate(steps):
        if step is None:
            if type(value) is not list:
                return None
            return list(_each(value, steps[position + 1 :])) or None
        if type(value) is list and is_pairs(value):
            value = as_object(value)
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _each(items: list[Any], rest: Steps) -> Iterator[Any]:
    several = None in rest
    for item in flatten(items):
        found = value_at(item, rest)
        if several and found is not None:
            yield from found
        elif found is not None:
            yield found


@lru_cache(maxsize=1024)
def steps_of(path: str) -> tuple[Steps, ...]:
    """List the steps that a path may stand for: the literal name, then the names it is made of.

    >>> steps_of("a"), steps_of("a[].b")
    ((('a',),), (('a[].b',), ('a', None, 'b')))
    """
    steps: list[str | None] = []
    for part in path.split("."):
        name = part.rstrip("[]") if part.endswith("[]") else part
        steps.append(name)
        if name != part:
            steps.append(None)
    whole: Steps = (path,)
    return (whole,) if len(steps) == 1 else (whole, tuple(steps))


def is_turn(value: Any) -> bool:
    """Check whether a value looks like a turn of a conversation."""
    return (
        isinstance(value, dict)
        and ("role" in value or "from" in value)
        and ("content" in value or "value" in value or "text" in value)
    )


def is_pairs(items: Sequence[Any]) -> TypeGuard[Sequence[dict[str, Any]]]:
    """Check whether a list holds only the entries of a map."""
    return bool(items) and all(map(_is_pair, items))


def _is_pair(item: Any) -> bool:
    return (
        type(item) is dict
        and type(item.get("key")) is str
        and (len(item) == 1 or (len(item) == 2 and "value" in item))
    )


def as_object(pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Convert the entries of a map to an object; a repeated key gets the list of its values.

    >>> as_object([{"key": "a", "value": 1}, {"key": "b", "value": 2}, {"key": "a", "value": 3}])
    {'a': [1, 3], 'b': 2}
    """
    found: dict[str, list[Any]] = {}
    for pair in pairs:
        if pair.get("value") is not None:
            found.setdefault(pair["key"], []).append(pair["value"])
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def flatten(items: Sequence[Any]) -> Iterator[Any]:
    """Flatten nested lists."""
    stack = list(reversed(items))
    while stack:
        item = stack.pop()
        if type(item) is list:
            stack.extend(reversed(item))
        else:
            yield item


def printable(text: str) -> str:
    """Replace lone surrogates, which cannot be encoded, by question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _word(mask: int) -> str:
    return next(word for bit, word in _WORDS if mask & bit)
