"""Read the content of members again from the source files, verifying every digest."""

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
from provenance.io.contract.reader import Batch, ReadLayout
from provenance.io.discovery.remote import readable_input
from provenance.io.readers.multi_record_rows import read_batches
from provenance.io.streams.archive_members import MemberFiles
from provenance.io.streams.fingerprint import fingerprint
from provenance.operations.members.readings import FILE_COLUMNS, Reading, reading_of
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

_MAX_MISSED = 200_000
"""Missing members to collect before they are searched in other files."""

_MAX_LOCATIONS = 20
"""Most files in which one member is searched."""

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Reread:
    """Members found in one batch of a file, aligned row by row.

    Attributes:
        batch: their rows in the file.
        members: the requested columns of the members relation.
        digests: of their content, as binary(32).
    """

    reading: Reading
    batch: Batch
    members: pa.Table
    digests: pa.Array

    @property
    def layout(self) -> ReadLayout:
        """The reader layout of its content."""
        batch, layout = self.batch, self.reading.layout
        if batch.kind is None:
            return layout
        return replace(layout, kind=batch.kind, content=batch.names, records=None, emit="")


@dataclass(frozen=True, slots=True)
class _Missed:
    """Members that are not at their recorded row.

    Attributes:
        wanted: their columns.
        error: the error to raise if they are in no other file.
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
    """Yield members batch by batch in file order; members that moved come later.

    A member that is not at its recorded row is searched by digest: in its file, then in other files
    in which the ledger saw it.

    Args:
        columns: SQL of further columns of the members relation.
        original: whether to fill ``batch.original``.
        typed: whether to fill ``batch.typed`` instead, if the format has types.
        roots: as for ``readings``.

    Raises:
        NotFoundError: a file is missing.
        IntegrityError: a row is missing, or its content changed; the message names file and rows.
        InputError: an unchanged file cannot be read any more.
    """
    missed: list[_Missed] = []
    with MemberFiles() as shelf:
        finder = _Finder(connection, columns, original, typed, roots or {}, shelf)
        for reading in found:
            yield from finder.recorded(reading, missed)
            if sum(each.wanted.num_rows for each in missed) >= _MAX_MISSED:
                yield from finder.moved(missed)
                missed = []
        yield from finder.moved(missed)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Find members at their recorded row, or elsewhere by digest."""

    connection: Database
    columns: str
    original: bool
    typed: bool
    roots: Mapping[str, str]
    shelf: MemberFiles

    def recorded(self, reading: Reading, missed: list[_Missed]) -> Iterator[Reread]:
        wanted = self._wanted(reading)
        if reading.is_gone:
            missed.append(_Missed(reading, wanted, _gone(reading, wanted.num_rows)))
            return
        seen = np.zeros(wanted.num_rows, np.bool_)
        failures = _ReadFailures()
        yield from self._look(reading, wanted, seen, failures)
        if seen.all():
            return
        error = _error(reading, int(np.sum(~seen)), len(seen), failures)
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
        failures: _ReadFailures | None = None,
    ) -> Iterator[Reread]:
        """Yield the wanted rows of a file.

        Args:
            seen: mask, set for rows that were found.
            failures: collects errors; without it, rows are accepted at any position.
        """
        digests = _digests(wanted)
        rows = wanted.column("wanted_row").combine_chunks()
        layout = replace(reading.layout, typed=self.typed)
        try:
            with readable_input(reading.item, reading.item.format, self.shelf) as item:
                reader = reader_for(reading.item.format)
                for batch in read_batches(reader, layout, item, original=self.original):
                    kind = batch.kind or layout.kind
                    if failures is None:
                        got = content_digests(batch.content, kind).index_in(digests)
                        found, positions = _narrowed(batch, _first(got, seen))
                    else:
                        failures.add(batch, rows)
                        found, positions = _at_rows(batch, kind, (rows, digests), failures)
                    if len(positions):
                        seen[np.asarray(positions)] = True
                        yield Reread(
                            reading, found, wanted.take(positions), digests.take(positions)
                        )
        except InputError as error:
            if failures is not None:
                failures.error = error

    def moved(self, missed: Sequence[_Missed]) -> Iterator[Reread]:
        """Yield members that are elsewhere now, in any file in which the ledger saw them.

        Raises:
            ProvError: a member is in none of them.
        """
        if not missed:
            return
        if any(each.reading.source is None for each in missed):
            raise missed[0].error
        elsewhere = _Elsewhere(self, missed)
        seen = np.zeros(elsewhere.wanted.num_rows, np.bool_)
        for reading, wanted, positions in elsewhere.locations(seen):
            found = np.zeros(wanted.num_rows, np.bool_)
            yield from self._look(reading, wanted, found, _ReadFailures())
            seen[positions[found]] = True
        start = 0
        for each in missed:
            left = each.wanted.filter(pa.array(~seen[start : start + each.wanted.num_rows]))
            start += each.wanted.num_rows
            if left.num_rows:
                raise type(each.error)(
                    each.error.message + _named(left, each.wanted.num_rows), hint=each.error.hint
                )


class _Elsewhere:
    """Other files that hold members, by digest, the most likely first."""

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
            QUALIFY rank <= {_MAX_LOCATIONS}""")
        finder.connection.unregister("missed_members")

    def locations(
        self, seen: npt.NDArray[np.bool_]
    ) -> Iterator[tuple[Reading, pa.Table, npt.NDArray[np.int64]]]:
        """Yield existing files, the members wanted of each, and their positions in ``wanted``.

        Args:
            seen: mask of members that were found already.
        """
        for rank in range(1, _MAX_LOCATIONS + 1):
            if seen.all():
                return
            for key, *row in self._readings(rank):
                reading = reading_of(self._finder.connection, row, self._finder.roots)
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
                    column_index = rows.schema.get_field_index("wanted_row")
                    wanted = rows.set_column(column_index, "wanted_row", left.column("row"))
                    yield reading, wanted, np.asarray(left.column("n"))

    def _readings(self, rank: int) -> list[tuple[str, ...]]:
        return self._finder.connection.execute(
            f"""SELECT f.reading_id, {FILE_COLUMNS}, min(p.kind)
            FROM member_places p JOIN ledger.files f USING (reading_id) WHERE p.rank = ?
            GROUP BY ALL ORDER BY f.source, f.uri, f.reading_id""",
            [rank],
        ).fetchall()


class _ReadFailures:
    """The first error, reject and wrong rows of a reader in one file."""

    def __init__(self) -> None:
        self.error: ProvError | None = None
        self.reason = ""
        self.wrong: list[int] = []

    def add(self, batch: Batch, wanted: pa.Array) -> None:
        """Keep the first reject that may be a wanted row."""
        if self.reason or not batch.rejects.num_rows:
            return
        rows = batch.rejects.column("row")
        mine = pc.or_(pc.is_null(rows), pc.is_in(rows, wanted))
        for reason in batch.rejects.column("reason").filter(mine).slice(0, 1).to_pylist():
            self.reason = reason


def _at_rows(
    batch: Batch, kind: str, wanted: tuple[pa.Array, pa.Array], failures: _ReadFailures
) -> tuple[Batch, pa.Array]:
    """Select the wanted rows of a batch whose content is unchanged, and their positions.

    Args:
        wanted: the numbers of the rows, and their digests.
    """
    rows, digests = wanted
    found, positions = _narrowed(batch, pc.index_in(batch.rows, rows))
    # The digests of a release may be older than the last reading of the file.
    right = content_digests(found.content, kind).are(digests.take(positions))
    failures.wrong += found.rows.filter(pc.invert(right)).to_pylist()
    return _narrowed(found, pc.if_else(right, positions, pa.scalar(None, positions.type)))


def _error(reading: Reading, missing: int, of: int, failures: _ReadFailures) -> ProvError:
    """Make the error for members that are missing in a file."""
    if failures.error:
        return failures.error
    same = failures.reason and reading.fingerprint == fingerprint(reading.item)
    if same:
        return InputError(
            f"{reading.where}: {missing:,} of {of:,} members cannot be read, although the file is "
            f"unchanged: {failures.reason}",
            hint="this version of the program, or a library, reads the file differently",
        )
    hint = "the file changed since it was ingested; restore the old version"
    if failures.wrong:
        listed = sorted(set(failures.wrong))
        some = ", ".join(map(str, listed[:_NAMED])) + (" …" if len(listed) > _NAMED else "")
        return IntegrityError(
            f"{reading.where}: rows {some}: the content differs from the recorded digest", hint=hint
        )
    return IntegrityError(
        f"{reading.where}: {missing:,} of {of:,} members are missing in the file"
        + (f": {failures.reason}" if failures.reason else ""),
        hint=hint,
    )


def _gone(reading: Reading, count: int) -> NotFoundError:
    return NotFoundError(
        f"{reading.where}: the file is missing; {count:,} members were read from it",
        hint="restore it, name its new path with `--root OLD=NEW`, or ingest the data again from "
        "another file: members are found by content",
    )


def _named(left: pa.Table, of: int) -> str:
    """Name members that were not found, by digest."""
    digests = [write_digest(each) for each in _digests(left.slice(0, _NAMED)).to_pylist()]
    more = f" and {left.num_rows - _NAMED:,} more" if left.num_rows > _NAMED else ""
    return f"; {left.num_rows:,} of {of:,} are in no other file: {', '.join(digests)}{more}"


def _digests(wanted: pa.Table) -> pa.Array:
    """Get the recorded digests as binary(32)."""
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


def _first(positions: pa.Array, seen: npt.NDArray[np.bool_]) -> pa.Array:
    """Null positions that were seen already, and duplicates."""
    values = np.asarray(positions.fill_null(-1))
    _, firsts = np.unique(values, return_index=True)
    keep = np.zeros(len(values), np.bool_)
    keep[firsts] = True
    keep &= (values >= 0) & ~seen[np.maximum(values, 0)]
    return pc.if_else(pa.array(keep), positions, pa.scalar(None, positions.type))


def _narrowed(batch: Batch, positions: pa.Array) -> tuple[Batch, pa.Array]:
    """Select the rows of a batch with a non-null position."""
    if positions.null_count == 0:
        return batch, positions
    here = pc.indices_nonzero(positions.is_valid())
    narrow = Batch(
        rows=batch.rows.take(here),
        content=batch.content.take(here),
        fields=batch.fields.take(here),
        original=batch.original.take(here) if batch.original is not None else None,
        typed=batch.typed.take(here) if batch.typed is not None else None,
        kind=batch.kind,
        names=batch.names,
    )
    return narrow, positions.drop_null()
