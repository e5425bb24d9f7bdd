"""Read from a DuckLake catalog which data files each table consists of now."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from provenance.errors import NotFoundError, StorageError
from provenance.model.base import quote_literal
from provenance.store.connection import Database
from provenance.store.layout import Layout
from provenance.store.writer_lock import shared

MOST_ROWS, MOST_BYTES, MOST_FILES = 5_000, 1 << 20, 64
"""A table within all three is small: a snapshot copies it into memory."""

FORMAT = "1.0"
"""The version of DuckLake's tables that is read here; its extension reads all others."""

_HEADERS = 12_288
"""A DuckDB file begins with three headers of 4096 bytes, and each checkpoint numbers one anew."""

FileStamp = tuple[int, int, int, int, int] | None
"""Device, inode, bytes, and the times of the last two kinds of change; ``None``: it is missing."""

Fingerprint = tuple[FileStamp, bytes, FileStamp]
"""What differs between any two states of a catalog file: its stamp, headers and log."""


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The current data files of one table.

    Attributes:
        plain: whether these files hold exactly its rows: none deleted, none in the catalog.
    """

    rows: int = 0
    bytes: int = 0
    names: tuple[str, ...] = ()
    plain: bool = True

    @property
    def small(self) -> bool:
        """Whether all of it may be copied into memory."""
        within = self.rows <= MOST_ROWS and len(self.names) <= MOST_FILES
        return self.plain and within and self.bytes <= MOST_BYTES


@dataclass(frozen=True, slots=True)
class CatalogState:
    """The tables of schema ``ledger`` at one moment, and the (table, column) pairs they have."""

    tables: Mapping[str, TableFiles]
    columns: frozenset[tuple[str, str]]


def no_ledger(layout: Layout) -> NotFoundError:
    """The error for a place without a ledger."""
    return NotFoundError(f"there is no ledger at `{layout.name}`", hint="`prov init` makes one")


def stamp(path: str | Path) -> FileStamp:
    """What changes with every change to a file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def copy_catalog(
    layout: Layout, copy: Path, known: Fingerprint | None = None
) -> Fingerprint | None:
    """Copy the catalog file, unless it is the known one; return the fingerprint of its state.

    Every commit appends to the log or, by a checkpoint, changes a header.

    Raises:
        NotFoundError: there is no ledger.
        StorageError: the file cannot be read.
    """
    if not layout.catalog.is_file():
        raise no_ledger(layout)
    log = layout.wal(layout.catalog)
    try:
        with shared(layout):
            with layout.catalog.open("rb") as file:
                found = (stamp(layout.catalog), file.read(_HEADERS), stamp(log))
            if found != known:
                for original in (layout.catalog, log):
                    if original.exists():
                        shutil.copyfile(original, copy.with_name(original.name))
    except OSError as error:
        raise StorageError(f"the ledger at `{layout.name}` cannot be read: {error}") from error
    return found


def replay_log(connection: Database, copy: Path) -> None:
    """Fold a write-ahead log into a copy: a read-only attachment would have to refuse it."""
    if copy.with_name(copy.name + ".wal").exists():
        connection.execute(f"ATTACH {quote_literal(str(copy))} AS replayed")
        connection.execute("DETACH replayed")


def read_state(connection: Database, copy: Path) -> CatalogState | None:
    """Read the state from a copy of the catalog; ``None`` if its format is another one.

    The tables are described in DuckLake's specification, "Tables".
    """
    connection.execute(f"ATTACH {quote_literal(str(copy))} AS copied (READ_ONLY)")
    try:
        return _read(connection)
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    finally:
        connection.execute("DETACH copied")


def _read(connection: Database) -> CatalogState | None:
    def rows(query: str) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = connection.execute(query).fetchall()
        return found

    if rows("SELECT value FROM copied.ducklake_metadata WHERE key = 'version'") != [(FORMAT,)]:
        return None
    names = {
        table: (str(name), relative)
        for table, name, relative in rows(
            "SELECT t.table_id, t.table_name, t.path_is_relative FROM copied.ducklake_table t "
            "JOIN copied.ducklake_schema s USING (schema_id) WHERE s.schema_name = 'ledger' "
            "AND t.end_snapshot IS NULL AND s.end_snapshot IS NULL"
        )
    }
    columns = rows(
        "SELECT table_id, column_name FROM copied.ducklake_column WHERE end_snapshot IS NULL"
    )
    changed = rows(
        "SELECT table_id FROM copied.ducklake_delete_file WHERE end_snapshot IS NULL "
        "UNION ALL SELECT table_id FROM copied.ducklake_inlined_data_tables"
    )
    files: dict[object, list[tuple[object, ...]]] = defaultdict(list)
    for table, *file in rows(
        "SELECT table_id, path, record_count, file_size_bytes, path_is_relative "
        "FROM copied.ducklake_data_file WHERE end_snapshot IS NULL ORDER BY data_file_id"
    ):
        files[table].append(tuple(file))
    unplain = {table for (table,) in changed}
    return CatalogState(
        {
            name: _table(files[table], plain=bool(relative) and table not in unplain)
            for table, (name, relative) in names.items()
        },
        frozenset((names[table][0], str(name)) for table, name in columns if table in names),
    )


def _table(files: list[tuple[object, ...]], *, plain: bool) -> TableFiles:
    return TableFiles(
        sum(int(str(count)) for _, count, _, _ in files),
        sum(int(str(size)) for _, _, size, _ in files),
        tuple(str(path) for path, *_ in files),
        plain and all(relative for *_, relative in files),
    )
