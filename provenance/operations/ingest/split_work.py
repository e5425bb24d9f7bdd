"""Split the files of an ingest into units for workers and groups for commits."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import xxhash

from provenance.content.identity import write_fingerprint
from provenance.engine.local import LocalEngine, default_workers
from provenance.errors import InputError, ProvError
from provenance.io.contract.reader import BlockShare, Input, Slice
from provenance.io.readers.columnar.parquet import group_slices
from provenance.io.readers.json.lines import line_slices
from provenance.io.streams.open_input import open_bytes
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.worker_contract import FileTask, UnitTask
from provenance.store.layout import Layout

UNIT_BYTES = 128 << 20
"""Target size of a unit: a range of a large file, or many small files."""

UNIT_FILES = 1_000
"""Largest number of files in a unit."""

PACKED_BYTES = 16 << 30
"""Largest unit of members of one compressed archive, which is decoded from its start."""

FAST = frozenset({"gz", "zst", "lz4"})
"""Compressions that decode much faster than records are processed, so that shares pay off."""

SHARED_FROM = 8 << 20
"""Smallest file that several workers share, if they would be idle otherwise."""

MAX_SHARES = 8
"""Most workers for one compressed file; each of them decodes all of it."""

GROUP_SECONDS = 10.0
"""Interval of commits; a killed run loses at most the work since the last one."""

GROUP_BYTES = 4 << 30
"""A commit is made at the latest after so many bytes."""

GROUP_FILES = 100_000

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Group:
    """Units that are committed together; a file is never split across two groups."""

    commit_id: uuid.UUID
    units: Iterator[UnitTask]


def cut(
    files: Sequence[FileTask],
    layout: Layout,
    options: IngestOptions,
    tombstones: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
    *,
    former: bool = False,
) -> Iterator[Group]:
    """Split files into units of about equal work, in groups that are committed together.

    Exhaust the units of a group before you ask for the next group.

    Args:
        tombstones: data files of tombstones, whose content is rejected.
        models: names of models that the ledger knows.
        former: whether the ledger holds digests of an older rule.
    """
    units = _Cutter(_units(files, options))
    while units.left:
        commit_id = uuid.uuid4()
        task = partial(
            UnitTask,
            layout,
            commit_id,
            options,
            tombstones=tombstones,
            models=models,
            former=former,
        )
        yield Group(commit_id, map(task, units.group()))


class _Cutter:
    """Yield units until it is time to commit their results."""

    def __init__(self, units: Iterator[tuple[FileTask, ...]]) -> None:
        self._units = units
        self._next = next(units, None)

    @property
    def left(self) -> bool:
        """Whether units are left."""
        return self._next is not None

    def group(self) -> Iterator[tuple[FileTask, ...]]:
        """Yield the units of the next group; exhaust it before asking for another."""
        ends = time.monotonic() + GROUP_SECONDS
        size = count = 0
        last: uuid.UUID | None = None
        while self._next is not None:
            unit = self._next
            full = size > GROUP_BYTES or count >= GROUP_FILES or time.monotonic() > ends
            if full and count and unit[0].reading_id != last:
                return
            last = unit[-1].reading_id
            size += sum(task.length for task in unit)
            count += len(unit)
            yield unit
            self._next = next(self._units, None)


def _units(files: Sequence[FileTask], options: IngestOptions) -> Iterator[tuple[FileTask, ...]]:
    """Split large files into ranges or shares, and combine small ones."""
    workers = options.workers or default_workers()
    # A smaller file leaves no worker idle for long.
    heavy = max(SHARED_FROM, sum(file.bytes for file in files) // (2 * workers))
    unit: list[FileTask] = []
    size = 0
    for file in files:
        if options.records is None and not options.emit and options.on_reject != "stop":
            if file.bytes > min(UNIT_BYTES, heavy) and _sliceable(file.source):
                yield from _ranges(file, workers)
                continue
            if file.bytes > heavy and _shareable(file.source) and workers > 1:
                yield from _shares(file, min(workers, MAX_SHARES))
                continue
        alone = options.on_reject == "stop"
        most = PACKED_BYTES if _goes_on(unit, file) else UNIT_BYTES
        full = size + file.bytes > most or (most == UNIT_BYTES and len(unit) >= UNIT_FILES)
        if unit and (alone or full):
            yield tuple(unit)
            unit, size = [], 0
        unit.append(file)
        size += file.bytes
    if unit:
        yield tuple(unit)


def _sliceable(source: Input) -> bool:
    cut = source.format in {"jsonl", "parquet"}
    return cut and _is_file(source) and not source.compression


def _shareable(source: Input) -> bool:
    return source.format == "jsonl" and _is_file(source) and source.compression in FAST


def _is_file(source: Input) -> bool:
    return source.stored is None and source.member is None


def _goes_on(unit: Sequence[FileTask], file: FileTask) -> bool:
    """Whether a file is in the same compressed archive as the last of the unit."""
    before, member = unit[-1].source.member if unit else None, file.source.member
    if before is None or member is None or member.archive != "tar" or not member.compression:
        return False
    return member.container == before.container


def _shares(file: FileTask, count: int) -> Iterator[tuple[FileTask, ...]]:
    """Yield shares of one compressed file; the first takes the fingerprint."""
    for index in range(count):
        yield (replace(file, part=BlockShare(index, count)),)


def _ranges(file: FileTask, workers: int) -> Iterator[tuple[FileTask, ...]]:
    """Yield ranges of one file, equally many per worker.

    The fingerprint of the file is computed on the way; the last range carries it.
    """
    count = -(-file.bytes // (UNIT_BYTES * workers)) * workers
    size = -(-file.bytes // count)
    state = xxhash.xxh3_128()
    cut = _groups if file.source.format == "parquet" else _lines
    parts = cut(file.source, size, state.update, workers)
    try:
        before = next(parts, None)
    except ProvError:
        before = None
    if before is None:
        yield (file,)  # the worker that reads it reports the defect
        return
    try:
        for part in parts:
            yield (replace(file, part=before),)
            before = part
    except ProvError as error:
        yield (replace(file, part=before, defect=error),)
        return
    yield (replace(file, part=before, fingerprint=write_fingerprint(state.digest())),)


def _lines(
    source: Input, size: int, watch: Callable[[bytes], None], _workers: int
) -> Iterator[Slice]:
    yield from line_slices(source, size, watch)


def _groups(
    source: Input, size: int, watch: Callable[[bytes], None], workers: int
) -> Iterator[Slice]:
    """Yield ranges of row groups, found by a worker, since a footer may crash the parser.

    Raises:
        InputError: the file is not readable Parquet.
    """
    with LocalEngine(1) as engine:
        (outcome,) = engine.map(_found_groups, [(source, size, workers)])
    if outcome.result is None:
        raise outcome.failure or InputError("the worker returned no result")
    yield from outcome.result
    with open_bytes(source) as stream:
        while chunk := stream.read(_CHUNK):
            watch(chunk)


def _found_groups(asked: tuple[Input, int, int]) -> list[Slice]:
    source, size, workers = asked
    return list(group_slices(source, size, workers=workers))
