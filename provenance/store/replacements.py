"""Replace data files in one transaction: one by one, many by few, or without a successor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.store.data_files import DataFile

Entry = dict[str, Any]
"""A part as the commits table lists it."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Registered parts of a table, and what takes their place.

    Attributes:
        old: their paths.
        rows: that they hold together.
        new: finished parts; without any, what the old ones say is no longer needed.
    """

    table: str
    old: tuple[str, ...]
    rows: int
    new: tuple[DataFile, ...]

    def entries(self) -> list[Entry]:
        """The new parts as the commits table lists them; the first says what is gone."""
        nothing: Entry = {"table": self.table, "rows": 0, "bytes": 0, "sha256": None}
        first, *others = [part.entry() for part in self.new] or [nothing]
        return [{**first, "replaces": [Path(path).stem for path in self.old]}, *others]


def row_by_row(path: str, new: DataFile) -> Replacement:
    """One part for another, with as many rows."""
    return Replacement(new.table, (path,), new.rows, (new,))


def names_replaced(entry: Entry) -> list[str]:
    """Names of the parts that an entry takes the place of; before there were merges, one."""
    names = entry.get("replaces", [])
    return [names] if isinstance(names, str) else list(names)


def standing(commits: Sequence[Sequence[Entry]]) -> Iterator[Entry]:
    """The parts of all commits that no later commit replaced."""
    gone = {name for parts in commits for part in parts for name in names_replaced(part)}
    for parts in commits:
        yield from (part for part in parts if part["sha256"] and part["sha256"] not in gone)
