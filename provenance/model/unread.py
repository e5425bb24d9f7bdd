"""Define counts of files and rows that were not read, by reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Self

from pydantic import Field

from provenance.model.base import Contract

LISTED = 100
"""Most files that an answer names; the counts are of all."""

_MOST_REASONS = 50
_OTHER = "other reasons"


class UnreadFile(Contract):
    """A file that was not read, or one kind of rows of a file that were not."""

    path: str
    reason: str = Field(description="Why, in words that do not depend on the file.")
    holds: str | None = Field(default=None, description="What it holds by its first bytes.")
    bytes: int = Field(description="Its size, or that of the rows, as far as it is known.")
    rows: int | None = Field(default=None, description="Null where nobody counted them.")
    hint: str = Field(default="", description="What to do so that it is read, where that is known.")


class UnreadCount(Contract):
    """How much was not read for one reason."""

    files: int
    bytes: int
    rows: int | None = Field(description="Null where those of some file were not counted.")


class Unread(Contract):
    """Data that was not read, and so was not judged or kept."""

    files: int = Field(default=0, description="Files of which something was not read.")
    bytes: int = Field(default=0, description="As far as sizes are known.")
    rows: int | None = Field(
        default=0, description="Rows; null where those of some file were not counted."
    )
    by_reason: dict[str, UnreadCount] = Field(default_factory=dict)
    listed: tuple[UnreadFile, ...] = Field(default=(), description="The first of them.")
    allowed: bool = Field(default=False, description="Whether `--allow-unread` lets it pass.")

    @classmethod
    def of(cls, items: Iterable[UnreadFile], *, allowed: bool = False) -> Self:
        """Count what was not read; a file with rows of several kinds is one file."""
        found = sorted(items, key=lambda item: (item.path, item.reason))
        groups: dict[str, list[UnreadFile]] = defaultdict(list)
        for item in found:
            groups[item.reason].append(item)
        ranked = sorted(groups, key=lambda reason: (-len(groups[reason]), reason))
        for reason in ranked[_MOST_REASONS:]:
            groups[_OTHER] += groups.pop(reason)
        total = _count(found)
        return cls(
            files=total.files,
            bytes=total.bytes,
            rows=total.rows,
            by_reason={reason: _count(group) for reason, group in groups.items()},
            listed=tuple(found[:LISTED]),
            allowed=allowed,
        )


def _count(items: Iterable[UnreadFile]) -> UnreadCount:
    found = list(items)
    rows = [item.rows for item in found]
    return UnreadCount(
        files=len({item.path for item in found}),
        bytes=sum(item.bytes for item in found),
        rows=None if None in rows else sum(row for row in rows if row is not None),
    )
