"""Give nested records the members of their enclosing objects, as evidence.

They are below the name ``^``: ``^.model`` is a member of the object that holds the list of records,
``^.^.model`` one of the object above that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provenance.io.contract.reader import ReadLayout
from provenance.io.contract.record_paths import ABOVE
from provenance.io.readers.json.json_content import has_content

LONGEST = 4_096
"""Most characters, written as JSON, of a value that may describe records."""

MOST_MEMBERS = 256
"""Most members of an enclosing object; one with more is a table of its own."""


@dataclass(frozen=True, slots=True)
class Enclosing:
    """Members of the enclosing objects of a record.

    Attributes:
        members: those of the nearest holder, those of the next one below ``^``.
        size: about how many characters they are.
    """

    members: Mapping[str, Any] = field(default_factory=dict)
    size: int = 0

    def below(self, holder: dict[str, Any], inner: str, layout: ReadLayout) -> Enclosing:
        """Return what encloses the records below the member ``inner`` of an object.

        Left out are that member, content, other records, which have their own evidence, and values
        too long to describe records.
        """
        shapes = _shapes(holder.get(inner)) if layout.content == ("*",) else []
        found: dict[str, Any] = {}
        size = self.size
        for name, value in holder.items():
            if name == inner or name in layout.content:
                continue
            kept, length = _words(value, layout, shapes)
            if length:
                found[name] = kept
                size += length + len(name)
        if self.members:
            found[ABOVE] = [found[ABOVE], self.members] if ABOVE in found else self.members
        return Enclosing(found, size)

    def seen_by(self, record: dict[str, Any]) -> dict[str, Any]:
        """Add the enclosing members to a record; return the same object if there are none."""
        if not self.members:
            return record
        own = record.get(ABOVE)
        return {**record, ABOVE: self.members if own is None else [own, self.members]}


def _words(value: Any, layout: ReadLayout, shapes: list[set[str]]) -> tuple[Any, int]:
    """Return the part of a value that may describe records, and its length; 0 for none."""
    if isinstance(value, dict):
        if len(value) > MOST_MEMBERS or _is_record(value, layout, shapes):
            return None, 0
        found: dict[str, Any] = {}
        size = 0
        for name, member in value.items():
            kept, length = _words(member, layout, shapes)
            if length:
                found[name] = kept
                size += length + len(name)
        return found, size
    if value is None or _has_records(value, layout, shapes):
        return None, 0
    length = _length(value)
    return (value, length) if length <= LONGEST else (None, 0)


def _length(value: Any) -> int:
    """Estimate the length of a value, up to ``LONGEST``."""
    length, stack = 0, [value]
    while stack and length <= LONGEST:
        each = stack.pop()
        if isinstance(each, dict):
            length += sum(map(len, each)) + 4 * len(each)
            stack += each.values()
        elif isinstance(each, list):
            length += 2 + len(each)
            stack += each
        else:
            length += len(each) + 2 if isinstance(each, str) else 4
    return length


def _has_records(value: Any, layout: ReadLayout, shapes: list[set[str]]) -> bool:
    """Check whether a list holds other records."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, list):
            stack += each
        elif isinstance(each, dict) and _is_record(each, layout, shapes):
            return True
    return False


def _is_record(value: dict[str, Any], layout: ReadLayout, shapes: list[set[str]]) -> bool:
    """Check whether an object has the content or, for whole rows, the fields of a record."""
    own = set(value)
    return has_content(value, layout) or any(own <= each or own >= each for each in shapes)


def _shapes(records: Any) -> list[set[str]]:
    """Return the names in the first of some records."""
    while isinstance(records, list) and records:
        records = records[0]
    return [set(records)] if isinstance(records, dict) and records else []
