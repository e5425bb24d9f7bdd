"""Load from the ledger how files were read, so that they can be read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import InputError, NotFoundError
from provenance.io.contract.reader import Input, ReadLayout, table_style
from provenance.io.discovery.archives import SEPARATOR, find_member
from provenance.io.discovery.remote import find_stored
from provenance.io.objects import is_url
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database
from provenance.store.kept_tables import present_name

FILE_COLUMNS = "f.source, f.uri, f.format, f.settings, f.content, f.fingerprint"
"""Columns that ``reading_of`` takes, with the kind of content behind them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file again; audited files have no source.

    Attributes:
        fingerprint: of the file when it was read; empty if not recorded.
    """

    source: str | None
    item: Input
    layout: ReadLayout
    fingerprint: str = ""

    @property
    def where(self) -> str:
        """The location of the file, for messages."""
        if self.item.member is not None:
            return f"{self.item.path}{SEPARATOR}{self.item.member.name}"
        return str(self.item.stored.location if self.item.stored else self.item.path)

    @property
    def is_gone(self) -> bool:
        """Whether the file is missing; objects are checked when they are opened."""
        return self.item.stored is None and not self.item.path.is_file()


def readings(connection: Database, roots: Mapping[str, str]) -> list[Reading]:
    """Load the readings of the files of ``set_members``, ordered by source and uri.

    Args:
        roots: new path prefix by old one, for files that were moved.
    """
    rows = connection.execute(f"""
        SELECT {FILE_COLUMNS}, min(m.kind) FROM files f JOIN {MEMBERS} m USING (source, uri)
        GROUP BY ALL ORDER BY f.source, f.uri""").fetchall()
    return [reading_of(connection, row, roots) for row in rows]


def reading_of(connection: Database, row: Sequence[str], roots: Mapping[str, str]) -> Reading:
    """Make a reading from the columns ``FILE_COLUMNS`` and the kind of content."""
    source, uri, form, settings, content, state, kind = row
    asked = json.loads(settings)
    name, _, compression = form.partition(".")
    layout = ReadLayout(
        kind=kind,  # type: ignore[arg-type]
        content=tuple(json.loads(content)),
        records=asked["records"],
        max_record=asked["max_record"],
        turns=asked.get("turns", False),
        emit=json.dumps(asked["emit"]) if asked.get("emit") else "",
    )
    location = _reroot(uri, roots) or present_name(connection, uri)
    remote = find_stored(location) if is_url(location) else None
    item = Input(uri, Path(location), name, compression, remote, table_style=table_style(asked))
    if remote is None and not item.path.is_file():
        item = _member(item) or item
    return Reading(source, item, layout, state)


def _member(item: Input) -> Input | None:
    """Find a member of an archive; ``None`` if it is not one, or is missing."""
    try:
        found = find_member(item.path.as_posix(), item.format, item.compression)
    except (InputError, NotFoundError):
        return None
    return found and replace(found, uri=item.uri, table_style=item.table_style)


def _reroot(uri: str, roots: Mapping[str, str]) -> str:
    """Where a file was moved to as somebody says; empty if nobody does."""
    for old, new in sorted(roots.items(), key=lambda pair: -len(pair[0])):
        prefix = old.rstrip("/") + "/"
        if uri.startswith(prefix):
            return f"{new.rstrip('/')}/{uri[len(prefix) :]}"
    return ""
