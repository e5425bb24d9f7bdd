"""Read the content of members again from the files where it lies, checking every digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import IntegrityError, NotFoundError
from provenance.measure import measure
from provenance.members import MEMBERS
from provenance.objects import is_url
from provenance.readers.base import Batch, Input, Layout
from provenance.readers.registry import reader_for
from provenance.readers.remote import again, opened
from provenance.store.catalogue import Database


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was read, and so how to read it again; without a source where it has none."""

    source: str | None
    item: Input
    layout: Layout

    @property
    def where(self) -> str:
        """The place that is looked at, for messages."""
        return str(self.item.stored.place if self.item.stored else self.item.path)


@dataclass(frozen=True, slots=True)
class Reread:
    """Members found again in one batch of a file, aligned row by row.

    Attributes:
        batch: their rows as they stand in the file.
        members: the columns asked for of the members relation.
    """

    reading: Reading
    batch: Batch
    members: pa.Table


def readings(connection: Database, roots: Mapping[str, str]) -> list[Reading]:
    """How to read the files of the members in ``set_members``, by source and uri.

    Args:
        roots: old prefix of a path to the new one, for sources that moved.
    """
    rows = connection.execute(f"""
        SELECT f.source, f.uri, f.format, f.settings, f.content, min(m.kind)
        FROM files f JOIN {MEMBERS} m USING (source, uri)
        GROUP BY ALL ORDER BY f.source, f.uri""").fetchall()
    found = []
    for source, uri, form, settings, content, kind in rows:
        asked = json.loads(settings)
        name, _, compression = form.partition(".")
        layout = Layout(
            kind=kind,
            content=tuple(json.loads(content)),
            records=asked["records"],
            max_record=asked["max_record"],
        )
        place = _reroot(uri, roots)
        remote = again(place) if is_url(place) else None
        item = Input(uri, Path(place), name, compression, remote)
        found.append(Reading(source, item, layout))
    return found


def _reroot(uri: str, roots: Mapping[str, str]) -> str:
    for old, new in sorted(roots.items(), key=lambda pair: -len(pair[0])):
        prefix = old.rstrip("/") + "/"
        if uri.startswith(prefix):
            return f"{new.rstrip('/')}/{uri[len(prefix) :]}"
    return uri


def reread(
    connection: Database, found: Sequence[Reading], columns: str = "*", *, original: bool = False
) -> Iterator[Reread]:
    """Members batch by batch, in the order of the files.

    Args:
        columns: SQL for what is wanted of the members relation beside row and digest.
        original: whether ``batch.original`` is wanted.

    Raises:
        NotFoundError: a file is gone.
        IntegrityError: a row is gone, or its content is not what was recorded; the message names
            the file and the rows.
    """
    for reading in found:
        if reading.item.stored is None and not reading.item.path.is_file():
            count = _wanted(connection, reading, "row").num_rows
            raise NotFoundError(
                f"{reading.where}: the file is gone, and {count:,} members are in it",
                hint="put it back, or say where it is now with `--root OLD=NEW`",
            )
        wanted = _wanted(connection, reading, columns)
        seen = 0
        reader = reader_for(reading.item.format)
        with opened(reading.item, reading.item.format) as item:
            for batch in reader.read(item, reading.layout, original=original):
                part = _match(reading, batch, wanted)
                if part is not None:
                    seen += part.members.num_rows
                    yield part
        if seen < wanted.num_rows:
            raise IntegrityError(
                f"{reading.where}: {wanted.num_rows - seen:,} of {wanted.num_rows:,} members "
                "are not in the file any more",
                hint="the file changed since it was read; put the old one back",
            )


def _wanted(connection: Database, reading: Reading, columns: str) -> pa.Table:
    return connection.execute(
        f"""SELECT row AS wanted_row, record_id AS wanted_id, digest_rest AS wanted_rest, {columns}
        FROM {MEMBERS} WHERE coalesce(source = $source, true) AND uri = $uri ORDER BY row""",
        {"source": reading.source, "uri": reading.item.uri},
    ).to_arrow_table()


def _match(reading: Reading, batch: Batch, wanted: pa.Table) -> Reread | None:
    places = pc.index_in(batch.rows, wanted.column("wanted_row").combine_chunks())
    here = pc.indices_nonzero(places.is_valid())
    if len(here) == 0:
        return None
    members = wanted.take(places.drop_null())
    batch = Batch(
        rows=batch.rows.take(here),
        content=batch.content.take(here),
        fields=batch.fields.take(here),
        original=batch.original.take(here) if batch.original is not None else None,
    )
    _check(reading, batch, members)
    return Reread(reading, batch, members)


def _check(reading: Reading, batch: Batch, members: pa.Table) -> None:
    measured = measure(batch.content, reading.layout.kind)
    rows = batch.rows.to_pylist()
    wrong = [rows[place] for place in measured.refused]
    kept = measured.kept
    for column, got in (("wanted_id", measured.record_id), ("wanted_rest", measured.digest_rest)):
        recorded = _raw(members.column(column).combine_chunks()).take(kept)
        differs = pc.indices_nonzero(pc.not_equal(recorded, _raw(got)))
        wrong += [rows[kept[place.as_py()].as_py()] for place in differs]
    if wrong:
        listed = sorted(set(wrong))
        some = ", ".join(map(str, listed[:5])) + (" …" if len(listed) > 5 else "")
        raise IntegrityError(
            f"{reading.where}: rows {some}: the content is not what was recorded",
            hint="the file changed since it was read; put the old one back",
        )


def _raw(ids: pa.Array) -> pa.Array:
    return ids.storage if isinstance(ids, pa.ExtensionArray) else ids.cast(pa.binary(16))
