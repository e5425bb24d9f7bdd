"""Find the records at a path inside a JSON value, in nested lists and trees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from provenance.content.json_reader import DefectError
from provenance.io.contract.reader import ReadLayout
from provenance.io.contract.record_paths import flatten
from provenance.io.readers.json.enclosing_members import Enclosing
from provenance.io.readers.json.json_content import MISSING, has_content

_PROBE_RECORDS = 100


def nested_records(root: Any, path: str, layout: ReadLayout) -> Iterator[tuple[Any, Enclosing]]:
    """Yield the records at a path: parents before children, each without its list of children.

    All names but the last lead to the holders, through objects and lists. The last one names the
    list of a holder's children, of their children, and so on. A child is a record; a holder is one
    too if it has the content field. With each record comes what encloses it: members of holders
    that are no records themselves, so a child gets nothing from a parent that is a record.

    Raises:
        DefectError: the path leads nowhere.

    >>> tree = {"prompt": {"text": "Q", "replies": [{"text": "A", "replies": []}]}}
    >>> found = list(nested_records(tree, "prompt.replies", ReadLayout("text", ("text",))))
    >>> [record for record, _ in found]
    [{'text': 'Q'}, {'text': 'A'}]
    >>> listed = {"model": "gpt-4", "data": [{"text": "A"}]}
    >>> [each.members for _, each in nested_records(listed, "data", ReadLayout("text", ("text",)))]
    [{'model': 'gpt-4'}]
    """
    *steps, last = path.split(".")
    found = False
    for holder, enclosing in holders_in(root, steps, layout):
        for node in descend(holder, last, layout, enclosing):
            found = True
            yield node
        found = found or holder.get(last, MISSING) in (None, [])
    if not found:
        raise DefectError(f'no records at "{path}"')


def nested_sample(roots: list[Any], path: str) -> list[Any]:
    """Return some records at a path."""
    found: list[Any] = []
    for root in roots:
        with contextlib.suppress(DefectError):
            nodes = nested_records(root, path, ReadLayout("structured", ("*",)))
            found += [node for node, _ in islice(nodes, _PROBE_RECORDS)]
    return found


def holders_in(
    root: Any, steps: list[str], layout: ReadLayout, above: Enclosing | None = None
) -> Iterator[tuple[dict[str, Any], Enclosing]]:
    """Yield the objects at the end of some steps, and what encloses each.

    Args:
        above: what encloses the root.
    """
    stack = [(root, 0, above or Enclosing())]
    while stack:
        node, depth, enclosing = stack.pop()
        objects = [each for each in flatten([node]) if isinstance(each, dict)]
        if depth == len(steps):
            yield from ((each, enclosing) for each in objects)
            continue
        step = steps[depth]
        stack += [
            (each[step], depth + 1, enclosing.below(each, step, layout))
            for each in reversed(objects)
            if step in each
        ]


def descend(
    node: Any, last: str, layout: ReadLayout, above: Enclosing, *, child: bool = False
) -> Iterator[tuple[Any, Enclosing]]:
    """Yield the records of a holder, or of a child in its list.

    Args:
        last: name of the list of children.
        above: what encloses it.
    """
    stack: list[tuple[Any, Enclosing, bool]] = [(node, above, child)]
    while stack:
        node, enclosing, inner = stack.pop()
        if not isinstance(node, dict):
            yield node, enclosing
            continue
        below = node.get(last)
        children = below if isinstance(below, list) else [below] if isinstance(below, dict) else []
        record = is_tree(node, children, last, layout)
        if inner or record:
            inside = isinstance(below, (list, dict))
            yield ({k: v for k, v in node.items() if k != last} if inside else node), enclosing
        if children:
            # What has no content is refused as a record, and speaks for those below it.
            record = record or (inner and layout.content == ("*",))
            enclosing = enclosing if record else enclosing.below(node, last, layout)
            stack.extend((each, enclosing, True) for each in reversed(children))


def is_tree(holder: dict[str, Any], children: list[Any], last: str, layout: ReadLayout) -> bool:
    """Check whether the holder of children is a record itself."""
    if layout.content != ("*",):
        return has_content(holder, layout)
    # Of a whole row nothing says so but its likeness to the children.
    return any(isinstance(child, dict) and last in child for child in children)
