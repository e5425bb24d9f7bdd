"""Ingest one unit in a worker: read files, or a range of one, into finished data files."""

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
from provenance.io.contract.reader import Batch, ReadLayout, Shape, Slice
from provenance.io.discovery.remote import FetchQueue
from provenance.io.readers.multi_record_rows import read_batches
from provenance.io.records.content_fields import ContentChoice, choose_content, no_content
from provenance.io.streams.fingerprint import fingerprint
from provenance.operations.ingest.batch_fields import BatchKey, FieldChooser
from provenance.operations.ingest.collapsed_rows import compares_rows, judge_content
from provenance.operations.ingest.drop_rejects import drop_rejects
from provenance.operations.ingest.emitted_records import emitted_claims, emitted_edges
from provenance.operations.ingest.locate_failure import with_file_name
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.parent_edges import edge_columns, quote_columns
from provenance.operations.ingest.path_label_columns import add_path_attributes, attributes_of
from provenance.operations.ingest.repeat_counts import Repeats, add_repeats
from provenance.operations.ingest.small_batches import (
    SMALL_BATCH_ROWS,
    SmallBatchBuffer,
    SmallBatchBuffers,
)
from provenance.operations.ingest.summary import EXAMPLES, Reject
from provenance.operations.ingest.table_rows import (
    attributes_in,
    evidence_columns,
    part_columns,
    sighting_columns,
)
from provenance.operations.ingest.tombstones import refuse_purged
from provenance.operations.ingest.unjudged_columns import unjudged_columns, unjudged_prose
from provenance.operations.ingest.worker_contract import FileResult, FileTask, UnitResult, UnitTask
from provenance.origin.recognisers.record_parts import parts_of
from provenance.origin.recognisers.registry import recognise
from provenance.store.data_files import DataFileWriter
from provenance.store.quarantine import Quarantine

_NO_RECORD = ContentChoice("text", ("text",), "there was no record to look at")
"""Content choice for a file without a valid record; its defects become rejects."""


def run_unit(task: UnitTask) -> UnitResult:
    """Read the files of a unit into data files, without rows of files that fail.

    If a file fails after some of its rows were written, the unit is read again without the failed
    files.
    """
    failed: dict[uuid.UUID, FileResult] = {}
    while True:
        writing = _UnitWriter(task)
        todo = [file.source for file in task.files if file.reading_id not in failed]
        try:
            with FetchQueue(todo) as spool:
                results = [
                    failed.get(file.reading_id) or writing.file(position, file, spool)
                    for position, file in enumerate(task.files)
                ]
            writing.compare(results)
            if not writing.retry_without_failed:
                at(None)
                return writing.finish(tuple(results))
        except _SharedBatchError as error:
            writing.discard()
            raise error.cause from None
        except BaseException:
            writing.discard()
            raise
        writing.discard()
        failed = {result.task.reading_id: result for result in results if result.failure}


class _SharedBatchError(Exception):
    """A batch with rows of several files failed; the guilty file is not known."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class _ReadPlan:
    """The content choice of a file, its reader layout and the field chooser."""

    choice: ContentChoice
    layout: ReadLayout
    chooser: FieldChooser

    @property
    def empty(self) -> Emptiness:
        """Rule for empty records; an empty list in a named field is empty, too."""
        return Emptiness(no_content(self.layout, "empty"), lists=self.layout.content != ("*",))

    @property
    def late(self) -> frozenset[str]:
        """Content fields that later rows may have and the first ones lack."""
        return frozenset(self.choice.late)


class _UnitWriter:
    """Writers of the data files of one unit."""

    def __init__(self, task: UnitTask) -> None:
        self._task = task
        self._writers: dict[str, DataFileWriter] = {}
        self._quarantine = Quarantine(task.ledger_paths, task.commit_id)
        self._read_plans: dict[object, _ReadPlan] = {}
        self._buffers: SmallBatchBuffers[BatchKey, FileResult] = SmallBatchBuffers()
        self._position = 0
        self.retry_without_failed = False
        """Whether rows of a failed file may have been written."""

    def file(self, position: int, task: FileTask, spool: FetchQueue) -> FileResult:
        """Read one file of the unit into the data files; ``position`` is its index in the unit."""
        result = FileResult(task)
        self._position = position
        try:
            if task.defect is not None:
                raise task.defect
            with (
                item(position, allowance(task.size, packed=task.packed)),
                spool.opened(task.source, self._task.options.format) as source,
            ):
                if source is not task.source:
                    reported = replace(source, path=task.source.path, member=task.source.member)
                    result.task = replace(task, source=reported)
                    task = replace(task, source=source)
                self._read(task, result)
        except (ReadOnlyError, _SharedBatchError):
            raise  # not the fault of this file
        except ProvError as error:
            result.failure = with_file_name(error, task.source.uri)
            self.retry_without_failed = self.retry_without_failed or result.read > 0
        except Exception as error:  # noqa: BLE001 - one file costs one file, whatever is wrong
            result.failure = with_file_name(unforeseen(error), task.source.uri)
            self.retry_without_failed = True
        return result

    def _read(self, task: FileTask, result: FileResult) -> None:
        options = self._task.options
        reader = reader_for(task.source.format)
        source = replace(task.source, table_style=options.table_style)
        shape = reader.probe(source, options.records)
        plan = self._read_plan(shape, task.source.format)
        result.kind = plan.choice.kind
        result.chosen = () if options.emit else plan.choice.content
        result.attributes = tuple(
            sorted({*options.kept_attributes, *attributes_of(task.path_attributes)})
        )
        result.notes, result.media = shape.notes, shape.media
        if compares_rows(shape, options):
            result.repeats = Repeats()
        for batch in read_batches(reader, plan.layout, source, part=task.part):
            self._add(batch, plan, result)
        if not options.emit and not options.records and result.kept:
            result.add_texts(unjudged_prose(shape, result.chosen))
        if options.emit and not result.chosen:
            result.chosen = options.emitted
        result.fingerprint = _fingerprint(task)
        _check_unchanged(task)
        if task.part is None:
            check_max_rejects(result, options)

    def _read_plan(self, shape: Shape, form: str) -> _ReadPlan:
        """Choose the content fields of a file; files of one shape share the plan."""
        key = (form, shape.key)
        if key in self._read_plans:
            return self._read_plans[key]
        options = self._task.options
        choice = _NO_RECORD
        if options.emit:
            choice = ContentChoice("text", options.emitted, "the contract of the source")
        elif shape.fields or shape.native or options.content:
            choice = choose_content(shape, options.content, form)
        chooser = FieldChooser.of(options, choice, self._task.models)
        layout = ReadLayout(
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
        return self._read_plans.setdefault(key, _ReadPlan(choice, layout, chooser))

    def _add(self, batch: Batch, plan: _ReadPlan, result: FileResult) -> None:
        """Write a batch, or buffer it if it is small."""
        names = batch.names or plan.choice.content
        kind = batch.kind or plan.layout.kind
        key = BatchKey(kind, names, plan.chooser.interpretation(batch.shape))
        result.chosen = tuple(dict.fromkeys([*result.chosen, *batch.names]))
        result.add_attributes(attributes_in(batch, key.interpretation.roles))
        result.add_texts(unjudged_columns(batch.shape, key))
        result.late |= plan.late & batch.shape.keys()
        # Text is never rejected after reading, unless something was purged.
        waits = key.kind == "text" and not self._task.tombstones
        if not waits or batch.read > SMALL_BATCH_ROWS:
            measured = measure(
                batch.content, key.kind, parts_of, plan.empty, former=self._task.former
            )
            measured = refuse_purged(measured, self._task.tombstones)
            batch = drop_rejects(batch, measured)
            self._count(batch, result)
            self._rows(batch, measured, key, [(result, len(batch.rows))])
            return
        self._count(batch, result)
        for full in self._buffers.add(batch, key, result):
            at(None)
            self._write_buffer(full)
            at(self._position)

    def _write_buffer(self, buffer: SmallBatchBuffer[BatchKey, FileResult]) -> None:
        key = buffer.key
        batch, owners = buffer.take()
        try:
            self._rows(batch, measure(batch.content, key.kind, parts_of), key, owners)
        except ProvError:
            raise
        except Exception as error:
            raise _SharedBatchError(error) from error

    def _rows(
        self,
        batch: Batch,
        measured: Measured,
        key: BatchKey,
        owners: Sequence[tuple[FileResult, int]],
    ) -> None:
        """Write rows; ``owners`` gives the files and their numbers of rows, in row order."""
        roles, marks = key.interpretation.roles, key.interpretation.marks
        readings = [(result.task.reading_id, count) for result, count in owners]
        add_repeats([(result.repeats, count) for result, count in owners], measured.record_id)
        sightings = sighting_columns(batch, measured, roles, key.kind, readings)
        sightings = add_path_attributes(
            sightings, [(r.task.path_attributes, count) for r, count in owners]
        )
        self._write("sightings", sightings)
        self._write("parts", part_columns(measured.parts, sightings))
        if marks:
            claims = recognise(marks, batch.content, batch.fields, key.kind)
            _count_observers(claims, owners)
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
                hint="no record of this file was kept; `--on-reject quarantine` skips such rows",
            )
        result.reasons.update(reasons)
        rejects = batch.rejects.select(["row", "offset", "reason"])
        room = EXAMPLES - len(result.rejects)
        result.rejects += [Reject.model_validate(row) for row in rejects.slice(0, room).to_pylist()]
        self._quarantine.add(result.task.source.uri, batch.rejects)

    def _write(self, table: str, columns: pa.Table) -> None:
        if columns.num_rows == 0:
            return
        if table not in self._writers:
            self._writers[table] = DataFileWriter(
                self._task.ledger_paths, table, self._task.commit_id
            )
        self._writers[table].write(columns)

    def _flush(self) -> None:
        for buffer in self._buffers.all():
            self._write_buffer(buffer)

    def compare(self, results: Sequence[FileResult]) -> None:
        """Fail whole files whose content merges too many different rows into one record."""
        self._flush()
        for result in results:
            if result.task.part is None and not result.failure:
                judge_content(result, self._task.options)
                self.retry_without_failed = self.retry_without_failed or result.failure is not None

    def finish(self, results: tuple[FileResult, ...]) -> UnitResult:
        """Finish the data files."""
        self._flush()
        parts = [writer.finish() for writer in self._writers.values()]
        return UnitResult(results, tuple(part for part in parts if part), self._quarantine.finish())

    def discard(self) -> None:
        """Delete unfinished data files."""
        for writer in self._writers.values():
            writer.discard()
        self._quarantine.discard()


def check_max_rejects(result: FileResult, options: IngestOptions) -> None:
    """Check the rejects of a whole file against ``--max-rejects``.

    Raises:
        InputError: there are more.
    """
    if options.too_many(result.rejected, result.read):
        raise InputError(
            f"{result.task.source.uri}: {result.rejected} of {result.read} records were rejected; "
            f"--max-rejects is {options.max_rejects}",
            hint="; ".join(f"{why}: {n}" for why, n in result.reasons.most_common(3)),
        )


def _count_observers(claims: pa.Table, owners: Sequence[tuple[FileResult, int]]) -> None:
    """Count claims by observer in the result of each file."""
    ends = np.cumsum([count for _, count in owners])
    files = np.searchsorted(ends, claims.column("index").to_numpy(), side="right")
    for position, observer in zip(
        files.tolist(), claims.column("observer").to_pylist(), strict=True
    ):
        owners[position][0].recognisers[observer] += 1


def _fingerprint(task: FileTask) -> str:
    """Get the fingerprint of a file; of several ranges or shares, only one carries it."""
    if isinstance(task.part, Slice) or (task.part and task.part.index):
        return task.fingerprint
    return fingerprint(task.source)


def _check_unchanged(task: FileTask) -> None:
    if task.source.stored is not None:
        return  # an object is fetched unchanged or not at all
    member = task.source.member
    try:
        now = (member.container if member else task.source.path).stat()
    except OSError as error:
        raise InputError(f"{task.source.uri}: vanished while it was read") from error
    size = member.container_bytes if member else task.bytes
    if (now.st_size, now.st_mtime_ns) != (size, task.mtime_ns):
        raise InputError(
            f"{task.source.uri}: changed while it was read",
            hint="no record of it was kept; run again when no program writes to it",
        )
