"""The plan of an ingest: which files are new, which are known, how the work is cut."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import xxhash

from provenance.engine.local import LocalEngine, default_workers
from provenance.errors import InputError, MisuseError, ProvError
from provenance.identity import write_fingerprint
from provenance.ingest.fingerprint import fingerprint
from provenance.ingest.options import IngestOptions
from provenance.ingest.unit import FileTask, UnitTask
from provenance.model.base import Connection
from provenance.readers.base import Input, Share, Slice
from provenance.readers.jsonl import slices
from provenance.readers.parquet import group_slices
from provenance.readers.stream import open_bytes
from provenance.store.layout import Layout

UNIT_BYTES = 128 << 20
"""A unit of work is about this large: a range of a large file, or many small files."""

UNIT_FILES = 1_000
"""And of no more files than this."""

PACKED_BYTES = 16 << 30
"""Of the members of one compressed archive a unit has up to so many: who reads the next ones has to
decode all that is before them."""

FAST = frozenset({"gz", "zst", "lz4"})
"""Compressions that are decoded much faster than records are worked on, as shares need it."""

SHARED_FROM = 8 << 20
"""Bytes of a file that is worth the care of several workers, where others would have nothing."""

MAX_SHARES = 8
"""Workers that read one compressed file: each of them decodes all of it."""

GROUP_SECONDS = 10.0
"""What was finished is committed about so often; a killed run loses no more than that, and the
file that it was in."""

GROUP_BYTES = 4 << 30
"""And whenever so much was read."""

GROUP_FILES = 100_000

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """The current reading of a file, as the ledger has it."""

    reading_id: uuid.UUID
    fingerprint: str
    settings: str
    bytes: int
    mtime_ns: int
    format: str
    content: str
    label: str | None
    process: str | None
    generator: str | None
    generator_family: str | None
    declared_by: str | None
    ignores: list[str] | None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file that the ledger holds already."""

    source: Input
    known: Known
    bytes: int


@dataclass(frozen=True, slots=True)
class Group:
    """Units that are committed together; a file is never cut across two groups."""

    commit_id: uuid.UUID
    units: Iterator[UnitTask]


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """Everything that is going to be read, and everything that need not be.

    Attributes:
        again: by their new reading, the files that are read once more although they are the same;
            what was declared of them holds on.
    """

    files: tuple[FileTask, ...]
    unchanged: tuple[Unchanged, ...]
    missing: tuple[tuple[Input, InputError], ...]
    again: dict[uuid.UUID, Known]


_KNOWN_SQL = """
SELECT f.uri, f.reading_id, f.fingerprint, f.settings, f.bytes, f.mtime_ns, f.format, f.content,
    d.label, d.process, d.generator, d.generator_family, d.declared_by,
    i.ignores
FROM files f
JOIN asked USING (uri)
LEFT JOIN (
    SELECT n.* FROM ledger.declarations n JOIN commits c USING (commit_id)
    WHERE coalesce(n.label, n.process, n.generator, n.generator_family) IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY n.reading_id ORDER BY c.seq DESC) = 1
) d USING (reading_id)
LEFT JOIN ignored_fields i USING (reading_id)
WHERE f.source = ?
"""


def known_readings(
    connection: Connection, source: str, inputs: Sequence[Input]
) -> dict[str, Known]:
    """Current readings of these files under this source, by uri."""
    connection.execute("CREATE OR REPLACE TEMP TABLE asked (uri VARCHAR)")
    uris = pa.array([item.uri for item in inputs], pa.string())
    connection.execute("INSERT INTO asked SELECT unnest(?)", [uris.to_pylist()])
    rows = connection.execute(_KNOWN_SQL, [source]).fetchall()
    return {row[0]: Known(*row[1:]) for row in rows}


def make_plan(
    inputs: Sequence[Input],
    known: dict[str, Known],
    options: IngestOptions,
    lost: Collection[str] = (),
    older: Collection[uuid.UUID] = (),
) -> IngestPlan:
    """Which files have to be read.

    A file is unchanged when size and modification time are those recorded, or, where only the time
    differs or ``rehash`` is asked for, when its fingerprint is; an object, when its fingerprint is.

    Args:
        lost: files of which an earlier reading is still heard; ``--replace`` reads them once more,
            and those in which the content was found by older rules.
        older: readings under a former rule of identity; ``--rehash`` reads those files once more.

    Raises:
        MisuseError: other records would be read of a file than before, and nobody said so.
    """
    files: list[FileTask] = []
    again: dict[uuid.UUID, Known] = {}
    others: list[tuple[str, str]] = []
    unchanged: list[Unchanged] = []
    missing: list[tuple[Input, InputError]] = []
    for item in inputs:
        try:
            task = file_task(item)
            before = known.get(item.uri)
            if before is None:
                files.append(task)
            elif not _same(task, before, options):
                files.append(replace(task, supersedes=before.reading_id))
                others += [(item.uri, how) for how in other_records(task, before, options)]
            elif (options.replace and (item.uri in lost or _by_older_rules(before))) or (
                options.rehash and before.reading_id in older
            ):
                files.append(replace(task, supersedes=before.reading_id))
                again[task.reading_id] = before
            else:
                unchanged.append(Unchanged(item, before, task.bytes))
        except OSError as error:
            reason = InputError(f"{item.uri}: cannot be read: {error.strerror}")
            missing.append((item, reason))
        except InputError as error:
            missing.append((item, error))
    if others and not options.replace:
        raise _not_the_same(others)
    return IngestPlan(tuple(files), tuple(unchanged), tuple(missing), again)


def _by_older_rules(before: Known) -> bool:
    """Whether a reading is of before all parts of a shape were its content."""
    return "turns" not in json.loads(before.settings)


def other_records(task: FileTask, before: Known, options: IngestOptions) -> Iterator[str]:
    """How the records of a file were told before, where these options tell other ones."""
    asked, had = json.loads(options.settings), json.loads(before.settings)
    chosen = sorted(json.loads(before.content))
    if asked["content"] != had["content"] and sorted(asked["content"]) != chosen:
        yield "--content " + ", ".join(chosen)
    if asked["records"] != had["records"]:
        yield f"--records {had['records']}" if had["records"] else "no --records"
    form = before.format.partition(".")[0]
    if asked["format"] != had["format"] and task.source.format != form:
        yield f"--format {form}"


def _not_the_same(others: Sequence[tuple[str, str]]) -> MisuseError:
    uri, how = others[0]
    files = len({uri for uri, _ in others})
    more = f", and of {files - 1:,} more" if files > 1 else ""
    return MisuseError(
        f"the ledger holds other records of {uri}, read with {how}{more}; they would be "
        "superseded, and nothing was read",
        hint="`--replace` takes these in their place; another --source keeps both",
    )


def file_task(item: Input) -> FileTask:
    """An input as it is now.

    Raises:
        OSError: it is gone.
    """
    if item.stored is not None:
        return FileTask(item, uuid.uuid4(), item.stored.bytes, item.stored.modified_ns)
    if item.member is not None:
        changed_ns = item.member.container.stat().st_mtime_ns
        return FileTask(item, uuid.uuid4(), item.member.size, changed_ns)
    now = item.path.stat()
    return FileTask(item, uuid.uuid4(), now.st_size, now.st_mtime_ns)


def _same(task: FileTask, before: Known, options: IngestOptions) -> bool:
    if not _asks_nothing_new(before, options) or before.bytes != task.bytes:
        return False
    # A store tells the time to a second, which is too coarse to go by.
    at_rest = before.mtime_ns == task.mtime_ns and task.source.stored is None
    if at_rest and not options.rehash:
        return True
    return fingerprint(task.source) == before.fingerprint


_TELL_RECORDS = frozenset({"content", "records", "format", "emit"})
"""Reader settings on which it depends what the records of a file are."""


def _asks_nothing_new(before: Known, options: IngestOptions) -> bool:
    """Whether every reader setting is as it was, or not spoken of and none that tells records."""
    if before.settings == options.settings:
        return True
    asked, had = json.loads(options.settings), json.loads(before.settings)
    silent = json.loads(IngestOptions(source=options.source).settings)
    return all(
        asked.get(name) == had.get(name)
        or (name not in _TELL_RECORDS and asked.get(name) == silent.get(name))
        for name in asked.keys() | had.keys()
    )


def cut(
    files: Sequence[FileTask],
    places: Layout,
    options: IngestOptions,
    tombstones: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
    *,
    former: bool = False,
) -> Iterator[Group]:
    """Units of about equal work, in groups that are committed together.

    The units of a group are taken to their end before the next group is asked for.

    Args:
        tombstones: parts of the ledger that hold what is refused.
        models: names of models that the ledger knows.
        former: whether it holds digests of a former rule.
    """
    units = _Cutter(_units(files, options))
    while units.left:
        commit_id = uuid.uuid4()
        task = partial(
            UnitTask,
            places,
            commit_id,
            options,
            tombstones=tombstones,
            models=models,
            former=former,
        )
        yield Group(commit_id, map(task, units.group()))


class _Cutter:
    """Units as they are asked for, until it is time to commit what came of them."""

    def __init__(self, units: Iterator[tuple[FileTask, ...]]) -> None:
        self._units = units
        self._next = next(units, None)

    @property
    def left(self) -> bool:
        """Whether there is anything more to do."""
        return self._next is not None

    def group(self) -> Iterator[tuple[FileTask, ...]]:
        """Units that go together; each group is taken to its end before the next one begins."""
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
    """Large files that can be cut in parts, small files together, the rest one by one."""
    workers = options.workers or default_workers()
    # What is less than this of everything leaves no worker idle for long.
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
    """Whether a file lies in the packed archive of the one before: it is unpacked only once."""
    before, member = unit[-1].source.member if unit else None, file.source.member
    if before is None or member is None or member.archive != "tar" or not member.compression:
        return False
    return member.container == before.container


def _shares(file: FileTask, count: int) -> Iterator[tuple[FileTask, ...]]:
    """Shares of one compressed file; the first of them brings its fingerprint."""
    for index in range(count):
        yield (replace(file, part=Share(index, count)),)


def _ranges(file: FileTask, workers: int) -> Iterator[tuple[FileTask, ...]]:
    """Ranges of one file, as many for every worker, each as soon as it is found.

    The fingerprint of the file is taken on the way; the last range brings it.
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
        yield (file,)  # whoever reads it will say what is wrong with it
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
    yield from slices(source, size, watch)


def _groups(
    source: Input, size: int, watch: Callable[[bytes], None], workers: int
) -> Iterator[Slice]:
    """Ranges of row groups; a worker finds them, since a footer may crash whoever reads it.

    Raises:
        InputError: it is no readable Parquet file.
    """
    with LocalEngine(1) as engine:
        (outcome,) = engine.map(_found_groups, [(source, size, workers)])
    if outcome.result is None:
        raise outcome.failure or InputError("the worker gave no answer")
    yield from outcome.result
    with open_bytes(source) as stream:
        while chunk := stream.read(_CHUNK):
            watch(chunk)


def _found_groups(asked: tuple[Input, int, int]) -> list[Slice]:
    source, size, workers = asked
    return list(group_slices(source, size, workers=workers))
