"""Read the files of an audit as an ingest does, into temporary data files."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from provenance.engine.local import LocalEngine
from provenance.errors import InputError, ProvError, ReadOnlyError
from provenance.io import objects
from provenance.io.contract.reader import Input
from provenance.io.discovery.discover import Discovery, uri_of
from provenance.model.finding import Judged
from provenance.model.unread import UnreadFile
from provenance.operations.ingest.collapsed_rows import judge_content, of_cut_files
from provenance.operations.ingest.locate_failure import divide_unit, with_file_name
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.plan import file_task
from provenance.operations.ingest.split_work import cut
from provenance.operations.ingest.unread_files import failed_file, unread_files, unread_rows
from provenance.operations.ingest.worker import run_unit
from provenance.operations.ingest.worker_contract import FileResult, FileTask, UnitTask
from provenance.store.data_files import DataFile
from provenance.store.layout import Layout

_SMALL = 8 << 20
"""Bytes that one process reads faster than others start."""


@dataclass(slots=True)
class Read:
    """What was read of some files.

    Attributes:
        results: results of files, or of ranges of files.
        parts: finished data files of files that did not fail.
        gone: files that vanished after they were discovered.
        rejects: Parquet files of rejected rows.
    """

    results: list[FileResult] = field(default_factory=list)
    parts: list[DataFile] = field(default_factory=list)
    gone: list[tuple[str, ProvError]] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)

    @property
    def failed(self) -> dict[str, tuple[ProvError, int]]:
        """Error and size by uri of files that could not be read; of several ranges the first."""
        found: dict[str, tuple[ProvError, int]] = {uri: (error, 0) for uri, error in self.gone}
        for result in self.results:
            if result.failure is not None:
                task = result.task
                found.setdefault(task.source.uri, (result.failure, task.bytes))
        return found

    @property
    def good(self) -> list[FileResult]:
        """Results of files without a failed range."""
        failed = self.failed
        return [result for result in self.results if result.task.source.uri not in failed]


def read_files(
    scratch_layout: Layout,
    inputs: Sequence[Input],
    options: IngestOptions,
    models: tuple[str, ...],
    *,
    former: bool = False,
) -> Read:
    """Read every file; a failed file does not stop the others.

    Args:
        former: whether to compute record ids of older rules, too.

    Raises:
        ReadOnlyError: the temporary folder cannot be written.
    """
    read = Read()
    tasks = []
    for item in inputs:
        try:
            tasks.append(file_task(item))
        except OSError as error:
            read.gone.append((item.uri, InputError(f"{item.uri}: {error.strerror}")))
    made: list[tuple[set[str], DataFile]] = []
    small = sum(task.bytes for task in tasks) < _SMALL
    with LocalEngine(1 if small else None) as engine:
        for group in cut(tasks, scratch_layout, options, models=models, former=former):
            for outcome in engine.map(run_unit, group.units, divide_unit):
                if isinstance(outcome.failure, ReadOnlyError):
                    raise outcome.failure
                if outcome.result is None:
                    read.results += _lost(outcome.task, outcome.failure)
                    continue
                read.results += outcome.result.files
                owners = {task.source.uri for task in outcome.task.files}
                made += [(owners, part) for part in outcome.result.parts]
                read.rejects += [outcome.result.quarantine] if outcome.result.quarantine else []
        for result in of_cut_files(read.results):
            judge_content(result, options, engine)
    failed = set(read.failed)
    read.parts = [part for owners, part in made if not owners <= failed]
    return read


def _lost(task: UnitTask, failure: ProvError | None) -> Iterator[FileResult]:
    error = failure or InputError("the worker returned no result")
    return (FileResult(each, failure=with_file_name(error, each.source.uri)) for each in task.files)


def require_some(paths: Sequence[str], found: Discovery, read: Read) -> None:
    """Check that every named file, and at least one file, holds a record.

    Raises:
        ProvError: the error of the first file that does not.
    """
    failed, kept = read.failed, _kept(read.good)
    for path in paths:
        uri = str(objects.parse_url(path)) if objects.is_url(path) else uri_of(path)
        own = {uri} if uri in failed or uri in kept else set()
        if not own and os.path.isfile(path):  # an archive stands for what is in it
            own = {each for each in (*failed, *kept) if each.startswith(f"{uri}!/")} or {uri}
        if not own or any(kept.get(each) for each in own):
            continue
        if broken := sorted(own & set(failed)):
            raise failed[broken[0]][0]
        raise _no_record(uri, [each for each in read.good if each.task.source.uri in own])
    if any(kept.values()):
        return
    errors = [*(error for error, _ in failed.values()), *(each.error for each in found.refused)]
    if errors:
        raise errors[0]
    empty = next(iter(read.good), None)
    if empty is not None:
        raise _no_record(paths[0], read.good)
    passed = ", ".join(f"{item.path} ({item.reason})" for item in found.skipped[:3])
    raise InputError(
        f"{paths[0]}: there is no record to judge",
        hint=f"skipped: {passed}" if passed else "name files, folders or globs with data",
    )


def _kept(results: Sequence[FileResult]) -> dict[str, int]:
    kept: dict[str, int] = defaultdict(int)
    for result in results:
        kept[result.task.source.uri] += result.kept
    return kept


def _no_record(path: str, results: Sequence[FileResult]) -> InputError:
    """Make the error of files without records, with the first reject as reason."""
    for result in results:
        if result.rejects:
            line = result.rejects[0].as_line(result.task.source.uri)
            return InputError(f"{line}; there is no record to judge")
    return InputError(f"{path}: there is no record to judge")


def find_unread(found: Discovery, read: Read) -> Iterator[UnreadFile]:
    """Yield all data that was not read: skipped and failed files, and rejected rows."""
    media = any(result.kind == "binary" for result in read.good)
    yield from unread_files(found, media=media)
    failed = read.failed
    for uri, (error, size) in failed.items():
        if size:  # an empty file holds nothing
            yield failed_file(uri, error.message, size, error.hint)
    yield from (row for row in unread_rows(read.rejects) if row.path not in failed)


def judged_fields(results: Sequence[FileResult]) -> tuple[Judged, ...]:
    """List the judged fields by shape, the shape with most rows first."""
    shapes: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[FileResult]] = {}
    for result in results:
        if result.kept:
            key = (_form(result.task), result.content, result.texts)
            shapes.setdefault(key, []).append(result)
    judged = [
        Judged(
            format=form,
            content=content,
            other_text=texts,
            files=len({each.task.source.uri for each in group}),
            rows=sum(each.kept for each in group),
        )
        for (form, content, texts), group in shapes.items()
    ]
    return tuple(sorted(judged, key=lambda each: (-each.rows, each.format, each.content)))


def _form(task: FileTask) -> str:
    source = task.source
    return source.format + (f".{source.compression}" if source.compression else "")
