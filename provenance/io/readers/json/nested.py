"""Records inside a JSON value: lists that lie in it, and trees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from provenance.content.json_reader import DefectError
from provenance.io.contract.reader import Layout
from provenance.io.readers.json.enclosing_members import Beside
from provenance.io.readers.json.json_content import MISSING, has_content

_PROBE_RECORDS = 100


def nested_records(root: Any, path: str, layout: Layout) -> Iterator[tuple[Any, Beside]]:
    """The records at a path: parents before children, each without the list of its children.

    All but the last name lead to the holders, through objects and lists. The last one names the
    list of a holder's children, and of their children, and so on. A child is a record; a holder is
    one too if it has the content field. With each record comes what its holders say that are no
    records themselves: a child has nothing from a parent.

    Raises:
        DefectError: the path leads nowhere.

    >>> tree = {"prompt": {"text": "Q", "replies": [{"text": "A", "replies": []}]}}
    >>> found = list(nested_records(tree, "prompt.replies", Layout("text", ("text",))))
    >>> [record for record, _ in found]
    [{'text': 'Q'}, {'text': 'A'}]
    >>> listed = {"model": "gpt-4", "data": [{"text": "A"}]}
    >>> [each.members for _, each in nested_records(listed, "data", Layout("text", ("text",)))]
    [{'model': 'gpt-4'}]
    """
    *steps, last = path.split(".")
    found = False
    for holder, beside in holders_in(root, steps, layout):
        for node in descend(holder, last, layout, beside):
            found = True
            yield node
        found = found or holder.get(last, MISSING) in (None, [])
    if not found:
        raise DefectError(f'no records at "{path}"')


def nested_sample(roots: list[Any], path: str) -> list[Any]:
    """Some records at a path, for a look at their fields."""
    found: list[Any] = []
    for root in roots:
        with contextlib.suppress(DefectError):
            nodes = nested_records(root, path, Layout("structured", ("*",)))
            found += [node for node, _ in islice(nodes, _PROBE_RECORDS)]
    return found


def holders_in(
    root: Any, steps: list[str], layout: Layout, above: Beside | None = None
) -> Iterator[tuple[dict[str, Any], Beside]]:
    """The objects at the end of some steps, in order, and what stands beside each.

    Args:
        above: what stands beside the root.
    """
    stack = [(root, 0, above or Beside())]
    while stack:
        node, depth, beside = stack.pop()
        objects = [each for each in _spread([node]) if isinstance(each, dict)]
        if depth == len(steps):
            yield from ((each, beside) for each in objects)
            continue
        step = steps[depth]
        stack += [
            (each[step], depth + 1, beside.below(each, step, layout))
            for each in reversed(objects)
            if step in each
        ]


def _spread(nodes: list[Any]) -> Iterator[Any]:
    """Values with every list, however deep, replaced by what it holds."""
    stack = nodes[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(reversed(node))
        else:
            yield node


def descend(
    node: Any, last: str, layout: Layout, above: Beside, *, child: bool = False
) -> Iterator[tuple[Any, Beside]]:
    """The records of a holder, or of one of the children in its list.

    Args:
        last: name of the list of children.
        above: what stands beside it.
    """
    stack: list[tuple[Any, Beside, bool]] = [(node, above, child)]
    while stack:
        node, beside, inner = stack.pop()
        if not isinstance(node, dict):
            yield node, beside
            continue
        below = node.get(last)
        children = below if isinstance(below, list) else [below] if isinstance(below, dict) else []
        record = is_tree(node, children, last, layout)
        if inner or record:
            inside = isinstance(below, (list, dict))
            yield ({k: v for k, v in node.items() if k != last} if inside else node), beside
        if children:
            # What has no content is refused as a record, and speaks for those below it.
            record = record or (inner and layout.content == ("*",))
            beside = beside if record else beside.below(node, last, layout)
            stack.extend((each, beside, True) for each in reversed(children))


def is_tree(holder: dict[str, Any], children: list[Any], last: str, layout: Layout) -> bool:
    """Whether what holds children is a record itself."""
    if layout.content != ("*",):
        return has_content(holder, layout)
    # Of a whole row nothing says so but its likeness to the children.
    return any(isinstance(child, dict) and last in child for child in children)
