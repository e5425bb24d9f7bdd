"""Read the content of members again from the files where it lies, checking every digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.identity import write_digest
from provenance.content.measure import content_digests
from provenance.errors import InputError, IntegrityError, NotFoundError, ProvError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Batch, Layout
from provenance.io.discovery.remote import opened
from provenance.io.readers.emitting import reading as rows_of
from provenance.io.streams.archive_members import Shelf
from provenance.io.streams.fingerprint import fingerprint
from provenance.operations.members.reader_options import FILE_COLUMNS, Reading, reading_of
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

_HELD = 200_000
"""Members not found that are held before they are looked for elsewhere."""

_MOST_PLACES = 20
"""Places at most where one member is looked for."""

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Reread:
    """Members found again in one batch of a file, aligned row by row.

    Attributes:
        batch: their rows as they stand in the file.
        members: the columns asked for of the members relation.
        digests: of their content, as binary(32).
    """

    reading: Reading
    batch: Batch
    members: pa.Table
    digests: pa.Array

    @property
    def layout(self) -> Layout:
        """How its content is told from a row."""
        batch, layout = self.batch, self.reading.layout
        if batch.kind is None:
            return layout
        return replace(layout, kind=batch.kind, content=batch.names, records=None, emit="")


@dataclass(frozen=True, slots=True)
class _Missed:
    """Members that are not where they were recorded.

    Attributes:
        wanted: what is known of them.
        error: what to say where they are nowhere else.
    """

    reading: Reading
    wanted: pa.Table
    error: ProvError


def reread(
    connection: Database,
    found: Sequence[Reading],
    columns: str = "*",
    *,
    original: bool = False,
    typed: bool = False,
    roots: Mapping[str, str] | None = None,
) -> Iterator[Reread]:
    """Members batch by batch, in the order of the files; those that moved come behind others.

    A member that is not where it was recorded is looked for by its digest: in its file, and in
    whatever other file the ledger saw it in.

    Args:
        columns: SQL for what is wanted of the members relation beside row and digest.
        original: whether ``batch.original`` is wanted.
        typed: whether ``batch.typed`` is wanted in its place, where the format has types.
        roots: as for ``readings``.

    Raises:
        NotFoundError: a file is gone.
        IntegrityError: a row is gone, or its content is not what was recorded; the message names
            the file and the rows.
        InputError: a file that is as it was cannot be read any more.
    """
    missed: list[_Missed] = []
    with Shelf() as shelf:
        finder = _Finder(connection, columns, original, typed, roots or {}, shelf)
        for reading in found:
            yield from finder.recorded(reading, missed)
            if sum(each.wanted.num_rows for each in missed) >= _HELD:
                yield from finder.moved(missed)
                missed = []
        yield from finder.moved(missed)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds members: where they were recorded, and elsewhere by their digest."""

    connection: Database
    columns: str
    original: bool
    typed: bool
    roots: Mapping[str, str]
    shelf: Shelf

    def recorded(self, reading: Reading, missed: list[_Missed]) -> Iterator[Reread]:
        wanted = self._wanted(reading)
        if reading.is_gone:
            missed.append(_Missed(reading, wanted, _gone(reading, wanted.num_rows)))
            return
        seen = np.zeros(wanted.num_rows, np.bool_)
        trouble = _Trouble()
        yield from self._look(reading, wanted, seen, trouble)
        if seen.all():
            return
        error = _error(reading, int(np.sum(~seen)), len(seen), trouble)
        if not isinstance(error, InputError):
            yield from self._look(reading, wanted, seen)
        if not seen.all():
            missed.append(_Missed(reading, wanted.filter(pa.array(~seen)), error))

    def _wanted(self, reading: Reading) -> pa.Table:
        return self.connection.execute(
            f"""SELECT row AS wanted_row, record_id AS wanted_id, digest_rest AS wanted_rest,
                {self.columns}
            FROM {MEMBERS} WHERE coalesce(source = $source, true) AND uri = $uri ORDER BY row""",
            {"source": reading.source, "uri": reading.item.uri},
        ).to_arrow_table()

    def _look(
        self,
        reading: Reading,
        wanted: pa.Table,
        seen: npt.NDArray[np.bool_],
        trouble: _Trouble | None = None,
    ) -> Iterator[Reread]:
        """The wanted rows of a file, at their places.

        Args:
            seen: those that were found are set.
            trouble: is told what hinders; without it rows are taken wherever they are.
        """
        digests = _digests(wanted)
        rows = wanted.column("wanted_row").combine_chunks()
        layout = replace(reading.layout, typed=self.typed)
        try:
            with opened(reading.item, reading.item.format, self.shelf) as item:
                reader = reader_for(reading.item.format)
                for batch in rows_of(reader, layout, item, original=self.original):
                    kind = batch.kind or layout.kind
                    if trouble is None:
                        got = content_digests(batch.content, kind).index_in(digests)
                        found, places = _narrowed(batch, _first(got, seen))
                    else:
                        trouble.add(batch, rows)
                        found, places = _at_rows(batch, kind, (rows, digests), trouble)
                    if len(places):
                        seen[np.asarray(places)] = True
                        yield Reread(reading, found, wanted.take(places), digests.take(places))
        except InputError as error:
            if trouble is not None:
                trouble.error = error

    def moved(self, missed: Sequence[_Missed]) -> Iterator[Reread]:
        """What is somewhere else now: in any file that the ledger saw it in.

        Raises:
            ProvError: that is not so for some of it.
        """
        if not missed:
            return
        if any(each.reading.source is None for each in missed):
            raise missed[0].error
        where = _Elsewhere(self, missed)
        seen = np.zeros(where.wanted.num_rows, np.bool_)
        for reading, wanted, places in where.places(seen):
            found = np.zeros(wanted.num_rows, np.bool_)
            yield from self._look(reading, wanted, found, _Trouble())
            seen[places[found]] = True
        start = 0
        for each in missed:
            left = each.wanted.filter(pa.array(~seen[start : start + each.wanted.num_rows]))
            start += each.wanted.num_rows
            if left.num_rows:
                raise type(each.error)(
                    each.error.message + _named(left, each.wanted.num_rows), hint=each.error.hint
                )


class _Elsewhere:
    """Other places of members, by their digest, the likeliest first."""

    def __init__(self, finder: _Finder, missed: Sequence[_Missed]) -> None:
        self._finder = finder
        self.wanted = pa.concat_tables(each.wanted for each in missed)
        sources = [source for each in missed for source in [each.reading.source] * len(each.wanted)]
        ids = self.wanted.select(["wanted_id", "wanted_rest"])
        ids = ids.append_column("n", pa.array(np.arange(len(ids)), pa.int64()))
        ids = ids.append_column("source", pa.array(sources, pa.string()))
        finder.connection.register("missed_members", ids)
        finder.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE member_places AS
            SELECT n, s.row, s.kind, s.reading_id, row_number() OVER (
                PARTITION BY n ORDER BY f.seq IS NULL, g.source <> m.source, f.seq DESC,
                    s.reading_id, s.row) AS rank
            FROM ledger.sightings s
            JOIN missed_members m ON s.record_id = m.wanted_id AND s.digest_rest = m.wanted_rest
            JOIN ledger.files g USING (reading_id)
            LEFT JOIN files f USING (reading_id)
            QUALIFY rank <= {_MOST_PLACES}""")
        finder.connection.unregister("missed_members")

    def places(
        self, seen: npt.NDArray[np.bool_]
    ) -> Iterator[tuple[Reading, pa.Table, npt.NDArray[np.int64]]]:
        """Readings of files that are there, what is wanted of each, and its places in ``wanted``.

        Args:
            seen: which of them were found meanwhile; those are not looked for again.
        """
        for rank in range(1, _MOST_PLACES + 1):
            if seen.all():
                return
            for key, *row in self._readings(rank):
                reading = reading_of(row, self._finder.roots)
                if reading.is_gone:
                    continue
                found = self._finder.connection.execute(
                    "SELECT n, row FROM member_places WHERE reading_id = ? AND rank = ? "
                    "ORDER BY row",
                    [key, rank],
                ).to_arrow_table()
                left = found.filter(pa.array(~seen[np.asarray(found.column("n"))]))
                if left.num_rows:
                    rows = self.wanted.take(left.column("n"))
                    place = rows.schema.get_field_index("wanted_row")
                    wanted = rows.set_column(place, "wanted_row", left.column("row"))
                    yield reading, wanted, np.asarray(left.column("n"))

    def _readings(self, rank: int) -> list[tuple[str, ...]]:
        return self._finder.connection.execute(
            f"""SELECT f.reading_id, {FILE_COLUMNS}, min(p.kind)
            FROM member_places p JOIN ledger.files f USING (reading_id) WHERE p.rank = ?
            GROUP BY ALL ORDER BY f.source, f.uri, f.reading_id""",
            [rank],
        ).fetchall()


class _Trouble:
    """What hindered a reader on its way through a file."""

    def __init__(self) -> None:
        self.error: ProvError | None = None
        self.reason = ""
        self.wrong: list[int] = []

    def add(self, batch: Batch, wanted: pa.Array) -> None:
        """Keep the first reject that may stand for a wanted row."""
        if self.reason or not batch.rejects.num_rows:
            return
        rows = batch.rejects.column("row")
        mine = pc.or_(pc.is_null(rows), pc.is_in(rows, wanted))
        for reason in batch.rejects.column("reason").filter(mine).slice(0, 1).to_pylist():
            self.reason = reason


def _at_rows(
    batch: Batch, kind: str, wanted: tuple[pa.Array, pa.Array], trouble: _Trouble
) -> tuple[Batch, pa.Array]:
    """The wanted rows of a batch that hold what was recorded, and their places.

    Args:
        wanted: the numbers of the rows, and their digests.
    """
    rows, digests = wanted
    found, places = _narrowed(batch, pc.index_in(batch.rows, rows))
    # A release holds the digests of its day, which may be older than the file's last reading.
    right = content_digests(found.content, kind).are(digests.take(places))
    trouble.wrong += found.rows.filter(pc.invert(right)).to_pylist()
    return _narrowed(found, pc.if_else(right, places, pa.scalar(None, places.type)))


def _error(reading: Reading, missing: int, of: int, trouble: _Trouble) -> ProvError:
    """Why members of a file are not found in it."""
    if trouble.error:
        return trouble.error
    same = trouble.reason and reading.fingerprint == fingerprint(reading.item)
    if same:
        return InputError(
            f"{reading.where}: {missing:,} of {of:,} members cannot be read, though the file is "
            f"what it was: {trouble.reason}",
            hint="it is not the file that changed but what reads it: this version or a library",
        )
    hint = "the file changed since it was read; put the old one back"
    if trouble.wrong:
        listed = sorted(set(trouble.wrong))
        some = ", ".join(map(str, listed[:_NAMED])) + (" …" if len(listed) > _NAMED else "")
        return IntegrityError(
            f"{reading.where}: rows {some}: the content is not what was recorded", hint=hint
        )
    return IntegrityError(
        f"{reading.where}: {missing:,} of {of:,} members are not in the file any more"
        + (f": {trouble.reason}" if trouble.reason else ""),
        hint=hint,
    )


def _gone(reading: Reading, count: int) -> NotFoundError:
    return NotFoundError(
        f"{reading.where}: the file is gone, and {count:,} members are in it",
        hint="put it back, say where it is now with `--root OLD=NEW`, or ingest the data again as "
        "it is now: members are found by their content",
    )


def _named(left: pa.Table, of: int) -> str:
    """Which members are nowhere, by their digests."""
    digests = [write_digest(each) for each in _digests(left.slice(0, _NAMED)).to_pylist()]
    more = f" and {left.num_rows - _NAMED:,} more" if left.num_rows > _NAMED else ""
    return f"; {left.num_rows:,} of {of:,} are nowhere else: {', '.join(digests)}{more}"


def _digests(wanted: pa.Table) -> pa.Array:
    """The recorded digests, as binary(32)."""
    halves = [_raw(wanted.column(name).combine_chunks()) for name in ("wanted_id", "wanted_rest")]
    sides = [
        np.frombuffer(half.buffers()[1] or b"", np.uint8)[16 * half.offset :][: 16 * len(half)]
        for half in halves
    ]
    joined = np.hstack([side.reshape(-1, 16) for side in sides])
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(32), len(joined), [None, pa.py_buffer(joined.tobytes())]
    )


def _raw(ids: pa.Array) -> pa.Array:
    return ids.storage if isinstance(ids, pa.ExtensionArray) else ids.cast(pa.binary(16))


def _first(places: pa.Array, seen: npt.NDArray[np.bool_]) -> pa.Array:
    """Places without those that were seen, and each once."""
    values = np.asarray(places.fill_null(-1))
    _, firsts = np.unique(values, return_index=True)
    keep = np.zeros(len(values), np.bool_)
    keep[firsts] = True
    keep &= (values >= 0) & ~seen[np.maximum(values, 0)]
    return pc.if_else(pa.array(keep), places, pa.scalar(None, places.type))


def _narrowed(batch: Batch, places: pa.Array) -> tuple[Batch, pa.Array]:
    """The rows of a batch that have a place, and their places."""
    if places.null_count == 0:
        return batch, places
    here = pc.indices_nonzero(places.is_valid())
    narrow = Batch(
        rows=batch.rows.take(here),
        content=batch.content.take(here),
        fields=batch.fields.take(here),
        original=batch.original.take(here) if batch.original is not None else None,
        typed=batch.typed.take(here) if batch.typed is not None else None,
        kind=batch.kind,
        names=batch.names,
    )
    return narrow, places.drop_null()
