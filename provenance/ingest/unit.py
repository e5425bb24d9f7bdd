"""One unit of ingest, run by a worker: some files, or a range of one, into finished parts."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import xxhash

from provenance.errors import InputError, ProvError, ReadOnlyError
from provenance.identity import write_fingerprint
from provenance.ingest.columns import Roles, evidence_columns, sighting_columns
from provenance.ingest.edges import edge_columns, quote_columns
from provenance.ingest.options import IngestOptions
from provenance.ingest.summary import EXAMPLES, Reject
from provenance.ingest.tombstones import refuse_purged
from provenance.measure import measure
from provenance.readers.base import REJECTS, Batch, Input, Kind, Layout, Slice
from provenance.readers.content import Choice, choose_content, choose_fields
from provenance.readers.registry import reader_for
from provenance.recognisers.registry import Applied, applicable, recognise, wanted_fields
from provenance.store.layout import Layout as Places
from provenance.store.parts import Part, PartWriter
from provenance.store.quarantine import Quarantine

_NOTHING = Choice("text", ("text",), "there was no record to look at")
"""What is looked for in a file without one good record: its defects come out as rejects."""


@dataclass(frozen=True, slots=True)
class FileTask:
    """One file, or one range of it, to read.

    Attributes:
        fingerprint: of the whole file; it goes with the last of its ranges.
        supersedes: the reading that was current when this one was planned.
    """

    source: Input
    reading_id: uuid.UUID
    bytes: int
    mtime_ns: int
    part: Slice | None = None
    fingerprint: str = ""
    supersedes: uuid.UUID | None = None

    @property
    def length(self) -> int:
        """Bytes to read."""
        return self.part.end - self.part.start if self.part else self.bytes


@dataclass(frozen=True, slots=True)
class UnitTask:
    """What one worker does in one go."""

    places: Places
    commit_id: uuid.UUID
    options: IngestOptions
    files: tuple[FileTask, ...]
    tombstones: tuple[str, ...] = ()


@dataclass(slots=True)
class FileResult:
    """What was read of one file, or why nothing was."""

    task: FileTask
    fingerprint: str = ""
    kind: Kind = "text"
    content: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    read: int = 0
    kept: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    recognisers: Counter[str] = field(default_factory=Counter)
    quarantine: str | None = None
    failure: ProvError | None = None


@dataclass(frozen=True, slots=True)
class UnitResult:
    """Finished parts, not yet registered, and what is in them."""

    files: tuple[FileResult, ...]
    parts: tuple[Part, ...]
    quarantine: str | None


class _Spoilt(Exception):  # noqa: N818 - control flow within this module, not a failure
    """A file failed after some of its rows had been written beside those of other files."""

    def __init__(self, result: FileResult) -> None:
        super().__init__()
        self.result = result


def run_unit(task: UnitTask) -> UnitResult:
    """Read the files of a unit into parts; a file that fails leaves no row in them."""
    failed: dict[uuid.UUID, FileResult] = {}
    while True:
        writing = _Writing(task)
        try:
            results = [failed.get(file.reading_id) or writing.file(file) for file in task.files]
            return writing.finish(tuple(results))
        except _Spoilt as spoilt:
            failed[spoilt.result.task.reading_id] = spoilt.result
            writing.discard()
        except BaseException:
            writing.discard()
            raise


class _Writing:
    """The parts of one unit while they grow."""

    def __init__(self, task: UnitTask) -> None:
        self._task = task
        self._writers: dict[str, PartWriter] = {}
        self._quarantine = Quarantine(task.places)

    def file(self, task: FileTask) -> FileResult:
        """Read one file into the parts."""
        result = FileResult(task)
        try:
            self._read(task, result)
        except ReadOnlyError:
            raise  # the ledger's fault, and no file's
        except ProvError as error:
            result.failure = _naming(error, task.source.uri)
            if result.read:
                raise _Spoilt(result) from error
        return result

    def _read(self, task: FileTask, result: FileResult) -> None:
        options = self._task.options
        reader = reader_for(task.source.format)
        shape = reader.probe(task.source, options.records)
        choice = _NOTHING
        if shape.fields or shape.native or options.content:
            choice = choose_content(shape, options.content, task.source.format)
        marks = applicable(shape.fields, choice.content)
        roles = Roles.of(options, choose_fields(shape), wanted_fields(marks))
        layout = Layout(
            kind=choice.kind,
            content=choice.content,
            fields=roles.fields,
            records=options.records,
            max_record=options.max_record,
        )
        result.kind = choice.kind
        result.content = choice.content
        result.attributes = tuple(roles.attributes)
        for batch in reader.read(task.source, layout, task.part):
            self._batch(batch, layout, roles, marks, result)
        result.fingerprint = task.fingerprint if task.part else fingerprint(task.source)
        _unchanged(task)
        if options.too_many(result.rejected, result.read):
            raise InputError(
                f"{task.source.uri}: {result.rejected} of {result.read} records are rejected, "
                f"allowed are {options.max_rejects}",
                hint="; ".join(f"{why}: {n}" for why, n in result.reasons.most_common(3)),
            )

    def _batch(
        self,
        batch: Batch,
        layout: Layout,
        roles: Roles,
        marks: tuple[Applied, ...],
        result: FileResult,
    ) -> None:
        measured = measure(batch.content, layout.kind)
        measured = refuse_purged(measured, self._task.tombstones)
        refused = _refusals(batch.rows, measured.refused)
        if measured.refused:
            batch = Batch(
                rows=batch.rows.take(measured.kept),
                content=batch.content.take(measured.kept),
                fields=batch.fields.take(measured.kept),
                rejects=pa.concat_tables([batch.rejects, refused]),
            )
        self._count(batch, result)
        sightings = sighting_columns(batch, measured, roles, layout.kind, result.task.reading_id)
        self._write("sightings", sightings)
        if marks:
            claims = recognise(marks, batch.content, batch.fields, layout.kind)
            result.recognisers.update(claims.column("observer").to_pylist())
            self._write("evidence", evidence_columns(claims, sightings))
        options = self._task.options
        if roles.parent is not None or options.parent_file is not None:
            self._write("edges", edge_columns(batch, sightings, roles, options))
        if roles.quoting is not None:
            self._write("quotes", quote_columns(batch, sightings, roles, options))

    def _count(self, batch: Batch, result: FileResult) -> None:
        result.read += batch.read
        result.kept += len(batch.rows)
        result.rejected += batch.rejects.num_rows
        if batch.rejects.num_rows == 0:
            return
        reasons = batch.rejects.column("reason").to_pylist()
        if self._task.options.on_reject == "stop":
            row = batch.rejects.column("row")[0].as_py()
            where = f", row {row}" if row is not None else ""
            raise InputError(
                f"{result.task.source.uri}{where}: {reasons[0]}",
                hint="nothing of this file was kept; `--on-reject quarantine` sets such rows aside",
            )
        result.reasons.update(reasons)
        places = batch.rejects.select(["row", "offset", "reason"])
        room = EXAMPLES - len(result.rejects)
        result.rejects += [Reject.model_validate(row) for row in places.slice(0, room).to_pylist()]
        self._quarantine.add(result.task.source.uri, batch.rejects)

    def _write(self, table: str, columns: pa.Table) -> None:
        if columns.num_rows == 0:
            return
        if table not in self._writers:
            self._writers[table] = PartWriter(self._task.places, table, self._task.commit_id)
        self._writers[table].write(columns)

    def finish(self, results: tuple[FileResult, ...]) -> UnitResult:
        """Close and name the parts."""
        parts = [writer.finish() for writer in self._writers.values()]
        return UnitResult(results, tuple(part for part in parts if part), self._quarantine.finish())

    def discard(self) -> None:
        """Leave nothing behind."""
        for writer in self._writers.values():
            writer.discard()
        self._quarantine.discard()


def _naming(error: ProvError, uri: str) -> ProvError:
    """The same failure, with the file it is about in its message."""
    if uri in error.message:
        return error
    return type(error)(f"{uri}: {error.message}", hint=error.hint)


def _refusals(rows: pa.Array, refused: dict[int, str]) -> pa.Table:
    places = list(refused)
    none = [None] * len(places)
    columns = [rows.take(pa.array(places, pa.int64())), none, list(refused.values()), none, none]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, REJECTS, strict=True)],
        schema=REJECTS,
    )


def fingerprint(source: Input) -> str:
    """XXH3-128 of a file's bytes, as they lie on disk.

    Raises:
        InputError: it cannot be read.
    """
    state = xxhash.xxh3_128()
    try:
        with source.path.open("rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    except OSError as error:
        raise InputError(f"{source.uri}: cannot be read: {error.strerror}") from error
    return write_fingerprint(state.digest())


def _unchanged(task: FileTask) -> None:
    try:
        now = task.source.path.stat()
    except OSError as error:
        raise InputError(f"{task.source.uri}: vanished while it was read") from error
    if (now.st_size, now.st_mtime_ns) != (task.bytes, task.mtime_ns):
        raise InputError(
            f"{task.source.uri}: changed while it was read",
            hint="nothing of it was kept; run again when nobody writes to it",
        )
