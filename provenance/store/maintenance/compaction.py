"""Compact the data files of a table into few, sorted by id; query results do not change."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from provenance.errors import IntegrityError
from provenance.io.files import storage_errors, sync_folder
from provenance.model.base import quote_identifier, quote_literal
from provenance.store.commits import Verb
from provenance.store.connection import Database
from provenance.store.data_files import DataFile, DataFileWriter, delete, publish
from provenance.store.layout import Layout
from provenance.store.ledger_store import Store
from provenance.store.maintenance.vacuum import META
from provenance.store.replacements import Replacement
from provenance.store.schema import TABLES
from provenance.store.writer_lock import exclusive

PART_ROWS = 1 << 20
"""Rows of a large part: merged parts of so many are left as they are from then on."""

RUN_ROWS = 8 * PART_ROWS
"""Rows that are sorted in one go, at about the most."""

FEWEST = 4
"""Fewer parts are not worth a merge."""

GROWTH = 4
"""A part joins those that hold at least a quarter of it, so that each row is moved seldom."""

# DuckLake skips a part by the least and the largest id in it, as its catalog has them.
_ORDER = {
    "sightings": "record_id, reading_id, row",
    "parts": "record_id, reading_id, row, part",
    "evidence": "record_id, reading_id, row",
    "derived": "record_id, commit_id",
    "revoked": "record_id, commit_id",
    "members": "release, record_id",
    "edges": "child, reading_id, row",
    "quotes": "child, reading_id, row",
    "imported_nodes": "id, reading_id",
    "edges_up": "key, child, parent, commit_id",
    "edges_down": "key, parent, child, commit_id",
}

LEFT_ALONE = frozenset({"tombstones"})
"""Workers of an ingest read them by name for as long as it runs; a purge adds one."""

_CURRENT_FILES = f"""
SELECT t.table_name, f.path, f.record_count, f.file_size_bytes
FROM {META}.ducklake_data_file f
JOIN {META}.ducklake_table t USING (table_id)
JOIN {META}.ducklake_schema s USING (schema_id)
WHERE f.end_snapshot IS NULL AND t.end_snapshot IS NULL AND s.end_snapshot IS NULL
    AND s.schema_name = 'ledger'
ORDER BY f.data_file_id
"""


@dataclass(frozen=True, slots=True)
class CurrentFile:
    """A part that the catalog has: its rows, and how many of them anybody needs."""

    table: str
    path: str
    rows: int
    bytes: int
    needed: int


def current_files(store: Store, connection: Database) -> list[CurrentFile]:
    """The parts that a snapshot shows, in the order in which they came."""
    return [
        CurrentFile(table, str(store.layout.table(table) / Path(path).name), rows, size, rows)
        for table, path, rows, size in connection.execute(_CURRENT_FILES).fetchall()
    ]


def compacted_files(connection: Database) -> set[str]:
    """Names of the parts that earlier merges made."""
    rows = connection.execute(
        f"SELECT parts FROM ledger.commits WHERE verb = '{Verb.MAINTAIN}'"
    ).fetchall()
    return {str(part["sha256"]) for (text,) in rows for part in json.loads(text)}


def choose(
    parts: Sequence[CurrentFile], compacted: Collection[str]
) -> list[tuple[CurrentFile, ...]]:
    """Which parts of one table to merge with which; of what is merged by it nothing is merged."""
    mergeable = [p for p in parts if p.rows < PART_ROWS or Path(p.path).stem not in compacted]
    runs: list[list[CurrentFile]] = []
    total = 0
    for part in sorted(mergeable, key=lambda part: (part.needed, part.path)):
        if not runs or total >= RUN_ROWS or part.needed > GROWTH * total:
            runs.append([])
            total = 0
        runs[-1].append(part)
        total += part.needed
    return [tuple(run) for run in runs if len(run) >= FEWEST]


def parts_of(rows: int) -> int:
    """As how many parts so many rows are written."""
    return max(1, rows // PART_ROWS) if rows else 0


def merge(
    staged: Layout, connection: Database, parts: Sequence[CurrentFile], needed: str = "true"
) -> Replacement:
    """Write what parts of one table hold as few sorted ones, which are not registered yet.

    Args:
        staged: where to write.
        needed: SQL that is true of the rows that anybody needs.

    Raises:
        IntegrityError: it gave other rows than were to be expected.
    """
    table, rows = parts[0].table, sum(part.needed for part in parts)
    paths = ", ".join(quote_literal(part.path) for part in parts)
    order = _ORDER.get(table, f"list_position([{_in_order(parts)}], filename), file_row_number")
    columns = ", ".join(quote_identifier(name) for name in TABLES[table].names)
    query = (
        f"SELECT {columns} FROM ledger.{quote_identifier(table)} "
        f"WHERE filename IN ({paths}) AND ({needed}) ORDER BY {order}"
    )
    new: list[DataFile] = []
    if rows:
        batches = connection.execute(query).to_arrow_reader(100_000)
        new = list(_write(staged, table, batches, -(-rows // parts_of(rows))))
    if sum(part.rows for part in new) != rows:
        raise IntegrityError(
            f"table {table}: merging {len(parts)} parts gave {sum(p.rows for p in new)} rows, "
            f"and {rows} were to be expected; nothing was changed",
            hint="run `prov verify`",
        )
    old = tuple(part.path for part in parts)
    return Replacement(table, old, sum(part.rows for part in parts), tuple(new))


def _in_order(parts: Sequence[CurrentFile]) -> str:
    return ", ".join(quote_literal(part.path) for part in parts)


def _write(
    staged: Layout, table: str, batches: pa.RecordBatchReader, most: int
) -> Iterator[DataFile]:
    """The rows of batches as parts of so many rows."""
    writer: DataFileWriter | None = None
    try:
        for batch in batches:
            start = 0
            while start < batch.num_rows:
                writer = writer or DataFileWriter(staged, table, None)
                piece = batch.slice(start, most - writer.rows)
                writer.write(piece)
                start += piece.num_rows
                if writer.rows >= most:
                    yield from _finish(writer)
                    writer = None
        if writer is not None:
            yield from _finish(writer)
    except BaseException:
        if writer is not None:
            writer.discard()
        raise


def _finish(writer: DataFileWriter) -> Iterator[DataFile]:
    part = writer.finish()
    if part is not None:
        yield part


@contextlib.contextmanager
def maintaining(store: Store, purpose: str) -> Iterator[Layout]:
    """Be the one who replaces parts; where to write what is to take their place.

    What somebody before left unfinished is removed first.

    Raises:
        BusyError: somebody else replaces parts.
        ReadOnlyError, StorageError: as the ledger is.
    """
    if not isinstance(store.layout.root, Path):
        # A bucket has no lock: where two replace a part, the later one finds it gone and stops.
        with tempfile.TemporaryDirectory(prefix="prov-") as folder:
            yield Layout(Path(folder))
        return
    staged = Layout(store.layout.merging)
    with storage_errors(staged.folder):
        staged.folder.mkdir(exist_ok=True)
    with exclusive(staged, purpose):
        _clear(store, staged)
        yield staged
        _clear(store, staged)


def publish_staged(store: Store, staged: Layout, made: Sequence[Replacement]) -> list[Replacement]:
    """Move finished parts to where parts lie, to be registered next.

    What is moved is noted first: whoever maintains next removes what never was registered.
    """
    note = _note(staged)
    new = [part for item in made for part in item.new]
    with storage_errors(note):
        aside = note.with_suffix(".tmp")
        with aside.open("w", encoding="utf-8") as file:
            json.dump([[part.table, part.sha256] for part in new], file)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(note)
        sync_folder(staged.folder)
        for part in new:
            publish(Path(part.path), store.layout.data_file(part.table, part.sha256))
    return [
        replace(item, new=tuple(_at_final_path(store, part) for part in item.new)) for item in made
    ]


def _at_final_path(store: Store, part: DataFile) -> DataFile:
    return replace(part, path=str(store.layout.data_file(part.table, part.sha256)))


def _note(staged: Layout) -> Path:
    return staged.folder / "placing.json"


def _clear(store: Store, staged: Layout) -> None:
    """Remove what is staged, and what was placed but never registered."""
    note = _note(staged)
    if note.exists():
        with store.snapshot(cache_small_tables=False) as connection:
            known = {part.path for part in current_files(store, connection)}
        for table, name in json.loads(note.read_text(encoding="utf-8")):
            path = store.layout.data_file(table, name)
            if str(path) not in known:
                delete(path)
    with storage_errors(note):
        shutil.rmtree(staged.folder / "data", ignore_errors=True)
        note.unlink(missing_ok=True)
