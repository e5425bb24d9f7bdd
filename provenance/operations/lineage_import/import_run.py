"""Run an import of lineage: read new files in a worker and commit them in one transaction."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from provenance.engine.local import LocalEngine
from provenance.errors import InputError, NotFoundError
from provenance.operations.after_commit import refresh_derived
from provenance.operations.lineage_import.import_options import ImportOptions
from provenance.operations.lineage_import.import_summary import ImportedFile, ImportSummary
from provenance.operations.lineage_import.import_worker import (
    Imported,
    ImportResult,
    ImportTask,
    run_import,
)
from provenance.store.commits import Verb
from provenance.store.connection import Database
from provenance.store.data_files import write_data_file
from provenance.store.ledger_store import Store

EXAMPLES = 10
"""Most unresolved edge endpoints that a summary lists."""

# An endpoint that is a digest has an id even if the record is not in the ledger.
_UNRESOLVED = f"""
WITH ends AS (
    SELECT reading_id, child AS id, child_ref AS ref, child_source AS source FROM ledger.edges
    UNION ALL
    SELECT reading_id, parent, parent_ref, parent_source FROM ledger.edges
), missing AS (
    SELECT coalesce(e.ref, CAST(e.id AS VARCHAR)) AS name, count(*) AS n FROM ends e
    SEMI JOIN (SELECT unnest(?::UUID[]) AS reading_id) r USING (reading_id)
    ANTI JOIN sightings s ON s.record_id = e.id
    ANTI JOIN sightings x ON x.source = e.source AND x.external_id = e.ref
    WHERE e.source IS NOT NULL OR e.ref IS NULL OR e.ref LIKE 'sha256:%'
    GROUP BY name
)
SELECT sum(n), min(name, {EXAMPLES}) FROM missing"""


def import_lineage(store: Store, paths: Sequence[str], options: ImportOptions) -> ImportSummary:
    """Import edge tables, PROV documents and OpenLineage events into the ledger.

    All readable files are committed in one transaction. A file that fails is reported in the
    summary and does not stop the others; a file that was imported already adds nothing.

    Raises:
        NotFoundError: a path does not exist.
        InputError: a path is not a file, or its data crash the parser.
        BusyError, StorageError: the ledger cannot be written.
    """
    started = time.perf_counter()
    for path in paths:
        _check(path)
    with store.snapshot(threads=1) as connection:
        known = _known(connection, options)
    commit_id = uuid.uuid4()
    task = ImportTask(store.layout, commit_id, options, tuple(dict.fromkeys(paths)), known)
    result = _read(task)
    for item in result.files:
        item.summary = _explain_empty(item.summary)
    new = [item for item in result.files if item.reading_id and not item.summary.error]
    if new:
        row = write_data_file(store.layout, "imports", commit_id, [_row(i, options) for i in new])
        store.commit(Verb.IMPORT, _key(store, new, options), [*result.parts, row], commit_id)
        refresh_derived(store)
    with store.snapshot() as connection:
        unresolved, examples = _unresolved(connection, [item.reading_id for item in new])
    return _summary(result, unresolved, examples, time.perf_counter() - started)


def _check(path: str) -> None:
    file = Path(path)
    if "\x00" in path or not file.exists():
        raise NotFoundError(f"no such file: {path!r}", hint="check the path")
    if not file.is_file():
        raise InputError(f"{path} is not a file", hint="name the files in it")


def _known(connection: Database, options: ImportOptions) -> frozenset[tuple[str, str]]:
    """Load uri and fingerprint of files that were imported with the same options."""
    rows = connection.execute(
        "SELECT uri, fingerprint FROM imports WHERE settings = ?", [options.settings]
    ).fetchall()
    return frozenset((row[0], row[1]) for row in rows)


def _read(task: ImportTask) -> ImportResult:
    """Read in another process, since foreign data may crash a parser."""
    with LocalEngine(1) as engine:
        (outcome,) = engine.map(run_import, [task])
    if outcome.result is None:
        raise outcome.failure or InputError("the worker returned no result")
    return outcome.result


def _key(store: Store, new: Sequence[Imported], options: ImportOptions) -> str:
    """Make a commit key: equal for equal files and options that were not replaced since."""
    named = sorted(f"{item.summary.uri}\n{item.fingerprint}" for item in new)
    text = "\0".join((*named, options.settings))
    key = f"import:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
    with store.snapshot(threads=1) as connection:
        seen = connection.execute("SELECT 1 FROM commits WHERE key = ?", [key]).fetchone()
    return key if seen is None else f"{key}:{uuid.uuid4()}"


def _row(item: Imported, options: ImportOptions) -> dict[str, object]:
    summary = item.summary
    return {
        "reading_id": item.reading_id,
        "uri": summary.uri,
        "fingerprint": item.fingerprint,
        "bytes": summary.bytes,
        "format": summary.format,
        "settings": options.settings,
        "read": summary.read,
        "kept": summary.kept,
        "rejected": summary.rejected,
        "counts": json.dumps(summary.counts),
        "quarantine": summary.quarantine,
    }


def _unresolved(
    connection: Database, readings: list[uuid.UUID | None]
) -> tuple[int, tuple[str, ...]]:
    """Count unresolved edge endpoints, and list the first by name."""
    count, first = connection.execute(_UNRESOLVED, [readings]).fetchone() or (0, ())
    return int(count or 0), tuple(first or ())


def _summary(
    result: ImportResult, unresolved: int, examples: tuple[str, ...], seconds: float
) -> ImportSummary:
    files = [item.summary for item in result.files]
    read = [file for file in files if not file.error]
    return ImportSummary(
        read=sum(file.read for file in files),
        kept=sum(file.kept for file in files),
        rejected=sum(file.rejected for file in files),
        edges=sum(file.edges for file in files),
        nodes=sum(file.nodes for file in files),
        activities=sum(file.activities for file in files),
        broken=sum(file.broken for file in files),
        findings=tuple(one for file in files for one in file.findings),
        unchanged_files=sum(file.unchanged for file in files),
        counts=_added(file.counts for file in read),
        unresolved=unresolved,
        examples=examples,
        seconds=round(seconds, 3),
        files=tuple(files),
    )


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    whole: Counter[str] = Counter()
    for each in counts:
        whole.update(each)
    return dict(whole)


def _explain_empty(file: ImportedFile) -> ImportedFile:
    """Set an error on a file without rows, or with nothing but rejects."""
    if file.error or file.kept or file.unchanged or not (file.rejected or file.format == "edges"):
        return file
    why, hint = f"{file.uri}: it holds no edges", None
    if file.rejects:
        why = f"{file.rejects[0].as_line(file.uri)}; nothing was kept"
        hint = f"the rejects are in {file.quarantine}"
    return file.model_copy(
        update={"error": why, "hint": hint, "exit_code": InputError.exit_code, "counts": {}}
    )
