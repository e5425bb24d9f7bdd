"""Plan an ingest: find out which files are new, changed or unchanged."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from provenance.errors import InputError, MisuseError
from provenance.io.contract.reader import STYLE_SETTINGS, Input
from provenance.io.streams.fingerprint import fingerprint
from provenance.model.base import Connection
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.worker_contract import FileTask
from provenance.store.connection import Database
from provenance.store.kept_tables import recorded_names
from provenance.store.ledger_store import Store


@dataclass(frozen=True, slots=True)
class Known:
    """The current reading of a file, as recorded in the ledger."""

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
    """A file that is in the ledger already."""

    source: Input
    known: Known
    bytes: int


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """The files to read, and the files that need no reading.

    Attributes:
        again: earlier readings by the new reading that replaces them, for files that are read again
            although they did not change; their declarations stay in force.
        options_as_read: options by reading, for files that were read before with settings that this
            ingest does not name.
    """

    files: tuple[FileTask, ...]
    unchanged: tuple[Unchanged, ...]
    missing: tuple[tuple[Input, InputError], ...]
    again: dict[uuid.UUID, Known]
    options_as_read: dict[uuid.UUID, IngestOptions] = field(default_factory=dict)

    def by_options(self, options: IngestOptions) -> Iterator[tuple[IngestOptions, list[FileTask]]]:
        """Group the files to read by their options."""
        runs: dict[str, tuple[IngestOptions, list[FileTask]]] = {}
        for task in self.files:
            read_options = self.options_as_read.get(task.reading_id, options)
            runs.setdefault(read_options.settings, (read_options, []))[1].append(task)
        yield from runs.values()


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
    """Load the current readings of these files under this source, by uri."""
    connection.execute("CREATE OR REPLACE TEMP TABLE asked (uri VARCHAR)")
    uris = pa.array([item.uri for item in inputs], pa.string())
    connection.execute("INSERT INTO asked SELECT unnest(?)", [uris.to_pylist()])
    rows = connection.execute(_KNOWN_SQL, [source]).fetchall()
    return {row[0]: Known(*row[1:]) for row in rows}


def named_as_recorded(
    store: Store, connection: Database, source: str, inputs: Sequence[Input]
) -> tuple[Input, ...]:
    """Give kept tables the names that they had before the ledger was moved: they are no news."""
    names = recorded_names(store.layout, connection, source, [item.uri for item in inputs])
    return tuple(replace(item, uri=names.get(item.uri, item.uri)) for item in inputs)


def make_plan(
    inputs: Sequence[Input],
    known: dict[str, Known],
    options: IngestOptions,
    lost: Collection[str] = (),
    older: Collection[uuid.UUID] = (),
) -> IngestPlan:
    """Decide which files have to be read.

    Settings that the options omit stay as they were in the earlier reading.

    A file is unchanged when size and modification time are those recorded, or, where only the time
    differs or ``rehash`` is set, when its fingerprint is; an object, when its fingerprint is.

    Args:
        lost: files with evidence of an earlier reading in force; ``--replace`` reads them again,
            and files whose content was chosen by older rules.
        older: readings under an older rule of identity; ``--rehash`` reads those files again.

    Raises:
        MisuseError: other records than before would be read of a file, without ``--replace``.
    """
    files: list[FileTask] = []
    again: dict[uuid.UUID, Known] = {}
    others: list[tuple[str, str]] = []
    unchanged: list[Unchanged] = []
    missing: list[tuple[Input, InputError]] = []
    options_as_read: dict[uuid.UUID, IngestOptions] = {}
    for item in inputs:
        try:
            task = file_task(item)
            before = known.get(item.uri)
            if before is None:
                files.append(task)
            elif not _is_unchanged(task, before, read_options := _options_as_read(before, options)):
                files.append(_superseding(task, before, read_options))
                options_as_read[task.reading_id] = read_options
                others += [(item.uri, how) for how in other_records(task, before, read_options)]
            elif (options.replace and (item.uri in lost or _by_older_rules(before))) or (
                options.rehash and before.reading_id in older
            ):
                files.append(_superseding(task, before, read_options))
                options_as_read[task.reading_id] = read_options
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
    return IngestPlan(tuple(files), tuple(unchanged), tuple(missing), again, options_as_read)


def _options_as_read(before: Known, options: IngestOptions) -> IngestOptions:
    """Complete the options with the settings of the earlier reading.

    With ``--replace``, or if the ``emit`` rules changed, the options stand alone.
    """
    asked, had = json.loads(options.settings), json.loads(before.settings)
    if options.replace or asked.get("emit") != had.get("emit"):
        return options
    silent = [
        n for n in ("content", "records", "format", *STYLE_SETTINGS) if not _is_set(asked.get(n))
    ]
    recorded = {name: had[name] for name in silent if _is_set(had.get(name))}
    if "content" in recorded:
        recorded["content"] = tuple(recorded["content"])
    return options.model_copy(update=recorded)


def _is_set(value: object) -> bool:
    return value is not None and value != []


def _superseding(task: FileTask, before: Known, options: IngestOptions) -> FileTask:
    """Make the task of a file that replaces an earlier reading."""
    source = replace(task.source, format=options.format or task.source.format)
    return replace(task, source=source, supersedes=before.reading_id)


def _by_older_rules(before: Known) -> bool:
    """Whether a reading is older than the rule that all turns are content."""
    return "turns" not in json.loads(before.settings)


def other_records(task: FileTask, before: Known, options: IngestOptions) -> Iterator[str]:
    """Yield the earlier settings that gave other records than these options would."""
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
    more = f" (and {files - 1:,} more)" if files > 1 else ""
    return MisuseError(
        f"{uri}{more} was ingested with {how}; these options would replace its records, so "
        "nothing was read",
        hint="`--replace` replaces them; another --source keeps both",
    )


def file_task(item: Input) -> FileTask:
    """Make the task of an input with its current size and time.

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


def _is_unchanged(task: FileTask, before: Known, options: IngestOptions) -> bool:
    if not _asks_nothing_new(before, options) or before.bytes != task.bytes:
        return False
    # Object stores give times in seconds, which is too coarse.
    at_rest = before.mtime_ns == task.mtime_ns and task.source.stored is None
    if at_rest and not options.rehash:
        return True
    return fingerprint(task.source) == before.fingerprint


_TELL_RECORDS = frozenset({"content", "records", "format", "emit"})
"""Reader settings that decide what the records of a file are."""


def _asks_nothing_new(before: Known, options: IngestOptions) -> bool:
    """Whether every reader setting is as before, or unset and irrelevant to the records."""
    if before.settings == options.settings:
        return True
    asked, had = json.loads(options.settings), json.loads(before.settings)
    silent = json.loads(IngestOptions(source=options.source).settings)
    return all(
        asked.get(name) == had.get(name)
        or (name not in _TELL_RECORDS and asked.get(name) == silent.get(name))
        for name in asked.keys() | had.keys()
    )
