"""One unit of ingest, run by a worker: some files, or a range of one, into finished parts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from provenance.content.measure import Emptiness, Measured, measure
from provenance.engine.base import unforeseen
from provenance.engine.worker import allowance, at, item
from provenance.errors import InputError, ProvError, ReadOnlyError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Batch, Layout, Shape, Slice
from provenance.io.discovery.remote import Spool
from provenance.io.readers.emitting import reading
from provenance.io.records.content_fields import Choice, choose_content, no_content
from provenance.io.streams.fingerprint import fingerprint
from provenance.operations.ingest.batch_meaning import Alike, Chooser
from provenance.operations.ingest.collapsed_rows import counts, judge_content
from provenance.operations.ingest.drop_rejects import without_refused
from provenance.operations.ingest.emitted_records import emitted_claims, emitted_edges
from provenance.operations.ingest.locate_failure import naming
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.parent_edges import edge_columns, quote_columns
from provenance.operations.ingest.path_label_columns import attributes_of, said_too
from provenance.operations.ingest.repeat_counts import Repeats, add_repeats
from provenance.operations.ingest.rows import (
    attributes_in,
    evidence_columns,
    part_columns,
    sighting_columns,
)
from provenance.operations.ingest.small_batches import SMALL, Held, HeldByLook
from provenance.operations.ingest.summary import EXAMPLES, Reject
from provenance.operations.ingest.tasks import FileResult, FileTask, UnitResult, UnitTask
from provenance.operations.ingest.tombstones import refuse_purged
from provenance.operations.ingest.unjudged_columns import other_texts, prose_beside
from provenance.origin.recognisers.record_parts import parts_of
from provenance.origin.recognisers.registry import recognise
from provenance.store.data_files import PartWriter
from provenance.store.quarantine import Quarantine

_NOTHING = Choice("text", ("text",), "there was no record to look at")
"""What is looked for in a file without one good record: its defects come out as rejects."""


def run_unit(task: UnitTask) -> UnitResult:
    """Read the files of a unit into parts; a file that fails leaves no row in them.

    Where one fails after some of its rows were written beside those of others, the others are read
    once more when all that fail are known.
    """
    failed: dict[uuid.UUID, FileResult] = {}
    while True:
        writing = _Writing(task)
        todo = [file.source for file in task.files if file.reading_id not in failed]
        try:
            with Spool(todo) as spool:
                results = [
                    failed.get(file.reading_id) or writing.file(place, file, spool)
                    for place, file in enumerate(task.files)
                ]
            writing.compare(results)
            if not writing.spoilt:
                at(None)
                return writing.finish(tuple(results))
        except _OfSeveralError as error:
            writing.discard()
            raise error.cause from None
        except BaseException:
            writing.discard()
            raise
        writing.discard()
        failed = {result.task.reading_id: result for result in results if result.failure}


class _OfSeveralError(Exception):
    """Something went wrong with rows of several files, and nobody knows of which."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class _Look:
    """What the content of a file is, and how more is chosen of it, batch by batch."""

    choice: Choice
    layout: Layout
    chooser: Chooser

    @property
    def empty(self) -> Emptiness:
        """Which records are empty: of named fields an empty list says nothing either."""
        return Emptiness(no_content(self.layout, "empty"), lists=self.layout.content != ("*",))

    @property
    def late(self) -> frozenset[str]:
        """Content fields that rows may have which the first ones have not."""
        return frozenset(self.choice.late)


class _Writing:
    """The parts of one unit while they grow."""

    def __init__(self, task: UnitTask) -> None:
        self._task = task
        self._writers: dict[str, PartWriter] = {}
        self._quarantine = Quarantine(task.places, task.commit_id)
        self._looks: dict[object, _Look] = {}
        self._held: HeldByLook[Alike, FileResult] = HeldByLook()
        self._place = 0
        self.spoilt = False
        """Whether rows may have been written of a file that failed then."""

    def file(self, place: int, task: FileTask, spool: Spool) -> FileResult:
        """Read one file, which is at this place in the unit, into the parts."""
        result = FileResult(task)
        self._place = place
        try:
            if task.defect is not None:
                raise task.defect
            with (
                item(place, allowance(task.size, packed=task.packed)),
                spool.opened(task.source, self._task.options.format) as source,
            ):
                if source is not task.source:
                    told = replace(source, path=task.source.path, member=task.source.member)
                    result.task = replace(task, source=told)
                    task = replace(task, source=source)
                self._read(task, result)
        except (ReadOnlyError, _OfSeveralError):
            raise  # the ledger's fault, and no file's, or nobody knows whose
        except ProvError as error:
            result.failure = naming(error, task.source.uri)
            self.spoilt = self.spoilt or result.read > 0
        except Exception as error:  # noqa: BLE001 - one file costs one file, whatever is wrong
            result.failure = naming(unforeseen(error), task.source.uri)
            self.spoilt = True
        return result

    def _read(self, task: FileTask, result: FileResult) -> None:
        options = self._task.options
        reader = reader_for(task.source.format)
        source = replace(task.source, written=options.written)
        shape = reader.probe(source, options.records)
        look = self._look(shape, task.source.format)
        result.kind = look.choice.kind
        result.chosen = () if options.emit else look.choice.content
        result.attributes = tuple(sorted({*options.kept_attributes, *attributes_of(task.said)}))
        result.notes, result.media = shape.notes, shape.media
        if counts(shape, options):
            result.repeats = Repeats()
        for batch in reading(reader, look.layout, source, part=task.part):
            self._add(batch, look, result)
        if not options.emit and not options.records and result.kept:
            result.add_texts(prose_beside(shape, result.chosen))
        if options.emit and not result.chosen:
            result.chosen = options.emitted
        result.fingerprint = _fingerprint(task)
        _unchanged(task)
        if task.part is None:
            require_few_rejects(result, options)

    def _look(self, shape: Shape, form: str) -> _Look:
        """What the fields of a file mean; files of one shape share it."""
        key = (form, shape.key)
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
            late=choice.late,
            turns=True,
            emit=options.emission,
        )
        return self._looks.setdefault(key, _Look(choice, layout, chooser))

    def _add(self, batch: Batch, look: _Look, result: FileResult) -> None:
        """Write a batch, or keep it until there are more rows to write along with it."""
        names = batch.names or look.choice.content
        kind = batch.kind or look.layout.kind
        alike = Alike(kind, names, look.chooser.meaning(batch.shape))
        result.chosen = tuple(dict.fromkeys([*result.chosen, *batch.names]))
        result.add_attributes(attributes_in(batch, alike.meaning.roles))
        result.add_texts(other_texts(batch.shape, alike))
        result.late |= look.late & batch.shape.keys()
        # Of text nothing is refused once it is read, unless something was purged.
        waits = alike.kind == "text" and not self._task.tombstones
        if not waits or batch.read > SMALL:
            measured = measure(
                batch.content, alike.kind, parts_of, look.empty, former=self._task.former
            )
            measured = refuse_purged(measured, self._task.tombstones)
            batch = without_refused(batch, measured)
            self._count(batch, result)
            self._rows(batch, measured, alike, [(result, len(batch.rows))])
            return
        self._count(batch, result)
        for full in self._held.add(batch, alike, result):
            at(None)
            self._held_rows(full)
            at(self._place)

    def _held_rows(self, held: Held[Alike, FileResult]) -> None:
        alike = held.look
        batch, owners = held.take()
        try:
            self._rows(batch, measure(batch.content, alike.kind, parts_of), alike, owners)
        except ProvError:
            raise
        except Exception as error:
            raise _OfSeveralError(error) from error

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
        add_repeats([(result.repeats, count) for result, count in owners], measured.record_id)
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

    def _flush(self) -> None:
        for held in self._held.all():
            self._held_rows(held)

    def compare(self, results: Sequence[FileResult]) -> None:
        """Refuse files that were read whole and of which too many different rows are one record."""
        self._flush()
        for result in results:
            if result.task.part is None and not result.failure:
                judge_content(result, self._task.options)
                self.spoilt = self.spoilt or result.failure is not None

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


def _unchanged(task: FileTask) -> None:
    if task.source.stored is not None:
        return  # it was fetched as it was found, or not at all
    member = task.source.member
    try:
        now = (member.container if member else task.source.path).stat()
    except OSError as error:
        raise InputError(f"{task.source.uri}: vanished while it was read") from error
    size = member.container_bytes if member else task.bytes
    if (now.st_size, now.st_mtime_ns) != (size, task.mtime_ns):
        raise InputError(
            f"{task.source.uri}: changed while it was read",
            hint="nothing of it was kept; run again when nobody writes to it",
        )
