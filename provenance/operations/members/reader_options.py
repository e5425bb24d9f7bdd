"""How files were read, and so how they are read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import InputError, NotFoundError
from provenance.io.contract.reader import Input, Layout, written
from provenance.io.discovery.archives import SEPARATOR
from provenance.io.discovery.archives import again as member_again
from provenance.io.discovery.remote import again
from provenance.io.objects import is_url
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

FILE_COLUMNS = "f.source, f.uri, f.format, f.settings, f.content, f.fingerprint"
"""What ``reading_of`` makes a reading of."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was read, and so how to read it again; without a source where it has none.

    Attributes:
        fingerprint: of the file as it was read; empty where nobody kept it.
    """

    source: str | None
    item: Input
    layout: Layout
    fingerprint: str = ""

    @property
    def where(self) -> str:
        """The place that is looked at, for messages."""
        if self.item.member is not None:
            return f"{self.item.path}{SEPARATOR}{self.item.member.name}"
        return str(self.item.stored.place if self.item.stored else self.item.path)

    @property
    def is_gone(self) -> bool:
        """Whether there is no file any more; an object is asked for when it is opened."""
        return self.item.stored is None and not self.item.path.is_file()


def readings(connection: Database, roots: Mapping[str, str]) -> list[Reading]:
    """How to read the files of the members in ``set_members``, by source and uri.

    Args:
        roots: old prefix of a path to the new one, for sources that moved.
    """
    rows = connection.execute(f"""
        SELECT {FILE_COLUMNS}, min(m.kind) FROM files f JOIN {MEMBERS} m USING (source, uri)
        GROUP BY ALL ORDER BY f.source, f.uri""").fetchall()
    return [reading_of(row, roots) for row in rows]


def reading_of(row: Sequence[str], roots: Mapping[str, str]) -> Reading:
    """A reading of its row in the ledger, and the kind of its content."""
    source, uri, form, settings, content, state, kind = row
    asked = json.loads(settings)
    name, _, compression = form.partition(".")
    layout = Layout(
        kind=kind,  # type: ignore[arg-type]
        content=tuple(json.loads(content)),
        records=asked["records"],
        max_record=asked["max_record"],
        turns=asked.get("turns", False),
        emit=json.dumps(asked["emit"]) if asked.get("emit") else "",
    )
    place = _reroot(uri, roots)
    remote = again(place) if is_url(place) else None
    item = Input(uri, Path(place), name, compression, remote, written=written(asked))
    if remote is None and not item.path.is_file():
        item = _member(item) or item
    return Reading(source, item, layout, state)


def _member(item: Input) -> Input | None:
    """A member of an archive as it is now; nothing where it is none, or is gone from there."""
    try:
        found = member_again(item.path.as_posix(), item.format, item.compression)
    except (InputError, NotFoundError):
        return None
    return found and replace(found, uri=item.uri, written=item.written)


def _reroot(uri: str, roots: Mapping[str, str]) -> str:
    for old, new in sorted(roots.items(), key=lambda pair: -len(pair[0])):
        prefix = old.rstrip("/") + "/"
        if uri.startswith(prefix):
            return f"{new.rstrip('/')}/{uri[len(prefix) :]}"
    return uri
