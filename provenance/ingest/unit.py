"""One unit of ingest, run by a worker: some files, or a range of one, into finished parts."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import xxhash

from provenance.errors import InputError, ProvError, ReadOnlyError
from provenance.identity import write_fingerprint
from provenance.ingest.columns import (
    attributes_in,
    evidence_columns,
    part_columns,
    sighting_columns,
)
from provenance.ingest.edges import edge_columns, quote_columns
from provenance.ingest.emitted import emitted_claims, emitted_edges
from provenance.ingest.held import SMALL, Held, HeldByLook
from provenance.ingest.meaning import Alike, Chooser
from provenance.ingest.options import IngestOptions
from provenance.ingest.refused import without_refused
from provenance.ingest.said_columns import attributes_of, said_too
from provenance.ingest.summary import EXAMPLES, Reject
from provenance.ingest.tombstones import refuse_purged
from provenance.measure import Measured, measure
from provenance.readers.base import (
    Batch,
    Input,
    Kind,
    Layout,
    Portion,
    Shape,
    Share,
    Slice,
)
from provenance.readers.content import Choice, choose_content
from provenance.readers.emitting import reading
from provenance.readers.registry import reader_for
from provenance.readers.remote import Spool
from provenance.recognisers.parts import parts_of
from provenance.recognisers.registry import recognise
from provenance.store.layout import Layout as Places
from provenance.store.parts import Part, PartWriter
from provenance.store.quarantine import Quarantine

_NOTHING = Choice("text", ("text",), "there was no record to look at")
"""What is looked for in a file without one good record: its defects come out as rejects."""


@dataclass(frozen=True, slots=True)
class FileTask:
    """One file, or one part of it, to read.

    Attributes:
        fingerprint: of the whole file; it goes with the last of its ranges. Of a file that is read
            whole or in shares, who reads it, or the first of them, takes it.
        supersedes: the reading that was current when this one was planned.
        said: what its path says of its records, besides their origin.
    """

    source: Input
    reading_id: uuid.UUID
    bytes: int
    mtime_ns: int
    part: Portion | None = None
    fingerprint: str = ""
    supersedes: uuid.UUID | None = None
    said: tuple[tuple[str, str], ...] = ()

    @property
    def length(self) -> int:
        """Bytes to read."""
        cut = self.part if isinstance(self.part, Slice) else None
        size = cut.end - cut.start if cut else self.bytes
        share = cut.share if cut else self.part
        return size // share.of if isinstance(share, Share) else size


@dataclass(frozen=True, slots=True)
class UnitTask:
    """What one worker does in one go."""

    places: Places
    commit_id: uuid.UUID
    options: IngestOptions
    files: tuple[FileTask, ...]
    tombstones: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


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
    notes: tuple[str, ...] = ()

    def add_attributes(self, names: Collection[str]) -> None:
        """Note what attributes more of its rows have."""
        if not set(names) <= set(self.attributes):
            self.attributes = tuple(sorted({*self.attributes, *names}))


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
        todo = [file.source for file in task.files if file.reading_id not in failed]
        try:
            with Spool(todo) as spool:
                results = [
                    failed.get(file.reading_id) or writing.file(file, spool) for file in task.files
                ]
            return writing.finish(tuple(results))
        except _Spoilt as spoilt:
            failed[spoilt.result.task.reading_id] = spoilt.result
            writing.discard()
        except BaseException:
            writing.discard()
            raise


@dataclass(frozen=True, slots=True)
class _Look:
    """What the content of a file is, and how more is chosen of it, batch by batch."""

    choice: Choice
    layout: Layout
    chooser: Chooser


class _Writing:
    """The parts of one unit while they grow."""

    def __init__(self, task: UnitTask) -> None:
        self._task = task
        self._writers: dict[str, PartWriter] = {}
        self._quarantine = Quarantine(task.places, task.commit_id)
        self._looks: dict[object, _Look] = {}
        self._held: HeldByLook[Alike, FileResult] = HeldByLook()

    def file(self, task: FileTask, spool: Spool) -> FileResult:
        """Read one file into the parts."""
        result = FileResult(task)
        try:
            with spool.opened(task.source, self._task.options.format) as source:
                if source is not task.source:
                    told = replace(source, path=task.source.path)
                    result.task = replace(task, source=told)
                    task = replace(task, source=source)
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
        look = self._look(shape, task.source.format)
        result.kind = look.choice.kind
        result.content = () if options.emit else look.choice.content
        result.attributes = tuple(sorted({*options.kept_attributes, *attributes_of(task.said)}))
        result.notes = shape.notes
        for batch in reading(reader, look.layout, task.source, part=task.part):
            self._add(batch, look, result)
        if options.emit and not result.content:
            result.content = options.emitted
        result.fingerprint = _fingerprint(task)
        _unchanged(task)
        if task.part is None:
            require_few_rejects(result, options)

    def _look(self, shape: Shape, form: str) -> _Look:
        """What the fields of a file mean; files of one shape share it."""
        key = (form, tuple(shape.fields.items()), shape.nested, shape.native)
        if key in self._looks:
            return self._looks[key]
        options = self._task.options
        choice = _NOTHING
        if options.emit:
            choice = Choice("text", options.emitted, "the contract of the source")
        elif shape.fields or shape.native or options.content:
            choice = choose_content(shape, options.content, form)
        chooser = Chooser.of(options, choice, self._task.models)
        layout = Layout(
            kind=choice.kind,
            content=choice.content,
            fields=chooser.fixed,
            records=options.records,
            max_record=options.max_record,
            chooser=chooser,
            references=chooser.references,
            emit=options.emission,
        )
        return self._looks.setdefault(key, _Look(choice, layout, chooser))

    def _add(self, batch: Batch, look: _Look, result: FileResult) -> None:
        """Write a batch, or keep it until there are more rows to write along with it."""
        names = batch.names or look.choice.content
        kind = batch.kind or look.layout.kind
        alike = Alike(kind, names, look.chooser.meaning(batch.shape))
        result.content = tuple(dict.fromkeys([*result.content, *batch.names]))
        result.add_attributes(attributes_in(batch, alike.meaning.roles))
        # Of text nothing is refused once it is read, unless something was purged.
        waits = alike.kind == "text" and not self._task.tombstones
        if not waits or batch.read > SMALL:
            measured = measure(batch.content, alike.kind, parts_of)
            measured = refuse_purged(measured, self._task.tombstones)
            batch = without_refused(batch, measured)
            self._count(batch, result)
            self._rows(batch, measured, alike, [(result, len(batch.rows))])
            return
        self._count(batch, result)
        for full in self._held.add(batch, alike, result):
            self._held_rows(full)

    def _flush(self) -> None:
        for held in self._held.all():
            self._held_rows(held)

    def _held_rows(self, held: Held[Alike, FileResult]) -> None:
        alike = held.look
        batch, owners = held.take()
        self._rows(batch, measure(batch.content, alike.kind, parts_of), alike, owners)

    def _rows(
        self,
        batch: Batch,
        measured: Measured,
        alike: Alike,
        owners: Sequence[tuple[FileResult, int]],
    ) -> None:
        """Write the rows of files, each with how many of them are its own."""
        roles, marks = alike.meaning.roles, alike.meaning.marks
        readings = [(result.task.reading_id, count) for result, count in owners]
        sightings = sighting_columns(batch, measured, roles, alike.kind, readings)
        sightings = said_too(sightings, [(r.task.said, count) for r, count in owners])
        self._write("sightings", sightings)
        self._write("parts", part_columns(measured.parts, sightings))
        if marks:
            claims = recognise(marks, batch.content, batch.fields, alike.kind)
            _tally(claims, owners)
            self._write("evidence", evidence_columns(claims, sightings))
        options = self._task.options
        if options.emit:
            self._write("evidence", evidence_columns(emitted_claims(batch), sightings))
            for table in emitted_edges(batch, sightings, owners, options.source):
                self._write("edges", table)
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
        self._flush()
        parts = [writer.finish() for writer in self._writers.values()]
        return UnitResult(results, tuple(part for part in parts if part), self._quarantine.finish())

    def discard(self) -> None:
        """Leave nothing behind."""
        for writer in self._writers.values():
            writer.discard()
        self._quarantine.discard()


def require_few_rejects(result: FileResult, options: IngestOptions) -> None:
    """Refuse a file that was read to its end and held too much that is no record.

    Raises:
        InputError: it did.
    """
    if options.too_many(result.rejected, result.read):
        raise InputError(
            f"{result.task.source.uri}: {result.rejected} of {result.read} records are rejected, "
            f"allowed are {options.max_rejects}",
            hint="; ".join(f"{why}: {n}" for why, n in result.reasons.most_common(3)),
        )


def _naming(error: ProvError, uri: str) -> ProvError:
    """The same failure, with the file it is about in its message."""
    if uri in error.message:
        return error
    return type(error)(f"{uri}: {error.message}", hint=error.hint)


def _tally(claims: pa.Table, owners: Sequence[tuple[FileResult, int]]) -> None:
    """Note in each file's result who spoke of its rows, and how often."""
    ends = np.cumsum([count for _, count in owners])
    files = np.searchsorted(ends, claims.column("index").to_numpy(), side="right")
    for place, observer in zip(files.tolist(), claims.column("observer").to_pylist(), strict=True):
        owners[place][0].recognisers[observer] += 1


def _fingerprint(task: FileTask) -> str:
    """The fingerprint that a task brings; several that read one file bring it once."""
    if isinstance(task.part, Slice) or (task.part and task.part.index):
        return task.fingerprint
    return fingerprint(task.source)


def fingerprint(source: Input) -> str:
    """XXH3-128 of a file's bytes, as they lie on disk; of an object, what its store knows it by.

    Raises:
        InputError: it cannot be read.
    """
    if source.stored is not None:
        return source.stored.fingerprint
    state = xxhash.xxh3_128()
    try:
        with source.path.open("rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    except OSError as error:
        raise InputError(f"{source.uri}: cannot be read: {error.strerror}") from error
    return write_fingerprint(state.digest())


def _unchanged(task: FileTask) -> None:
    if task.source.stored is not None:
        return  # it was fetched as it was found, or not at all
    try:
        now = task.source.path.stat()
    except OSError as error:
        raise InputError(f"{task.source.uri}: vanished while it was read") from error
    if (now.st_size, now.st_mtime_ns) != (task.bytes, task.mtime_ns):
        raise InputError(
            f"{task.source.uri}: changed while it was read",
            hint="nothing of it was kept; run again when nobody writes to it",
        )
