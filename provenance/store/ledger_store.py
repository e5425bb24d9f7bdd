"""Create and open ledgers, read them through snapshots, and write one commit at a time."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import duckdb

from provenance.errors import BusyError, MisuseError, NotFoundError, StorageError
from provenance.io.files import storage_errors, sync_folder
from provenance.model.base import quote_identifier, quote_literal
from provenance.store import postgres
from provenance.store.catalog import LAKE, create_tables, locked_for_writing, reading, writing
from provenance.store.commits import Verb
from provenance.store.data_files import DataFile, DataFileWriter, write_data_file
from provenance.store.layout import Layout
from provenance.store.replacements import Replacement
from provenance.store.schema import SCHEMA_VERSION
from provenance.store.snapshot import Snapshot
from provenance.store.snapshot_pool import open_connection, open_snapshot
from provenance.store.view_sql import Shortcut, Views


@dataclass(frozen=True, slots=True)
class Commit:
    """A finished piece of work in the ledger."""

    commit_id: uuid.UUID
    seq: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Store:
    """A ledger that exists.

    Attributes:
        layout: where it lies.
        views: SQL of the views in schema ``main``, in an order in which they can be made.
        shortcut: what makes quicker ones of them for a snapshot, where its tables allow it.
    """

    layout: Layout
    views: Views = field(hash=False)
    shortcut: Shortcut | None = None

    @contextlib.contextmanager
    def snapshot(
        self,
        *,
        threads: int | None = None,
        cache_small_tables: bool = True,
    ) -> Iterator[Snapshot]:
        """Read the ledger as it is now; temporary tables may be made.

        Args:
            threads: that queries may use; all processors by default.
            cache_small_tables: copy small tables into memory, which makes all queries quicker;
                without it the catalog of DuckLake is attached, and every table read from files.

        Raises:
            NotFoundError, VersionError, StorageError, IntegrityError: as the ledger is.
        """
        limit = os.environ.get("PROV_MEMORY_LIMIT")
        if not cache_small_tables:
            with reading(self.layout, threads=threads, memory_limit=limit) as connection:
                yield Snapshot(connection)
            return
        with open_snapshot(
            self.layout, self.views, self.shortcut, threads=threads, memory_limit=limit
        ) as snapshot:
            yield snapshot

    def connection(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Read the ledger as it is now through a connection of DuckDB with every view in it."""
        return open_connection(self.layout, self.views, self.shortcut)

    def data_file_writer(self, table: str, commit_id: uuid.UUID | None) -> DataFileWriter:
        """A writer for one new part; without a commit its rows bring their own."""
        return DataFileWriter(self.layout, table, commit_id)

    def rows(
        self, table: str, commit_id: uuid.UUID | None, rows: list[dict[str, object]]
    ) -> DataFile | None:
        """A few rows, given as mappings, as one finished part."""
        return write_data_file(self.layout, table, commit_id, rows)

    def commit(
        self,
        verb: str,
        key: str,
        parts: Sequence[DataFile | None],
        commit_id: uuid.UUID,
        replaced: Sequence[Replacement] = (),
    ) -> Commit:
        """Register finished parts in one transaction.

        Args:
            verb: a ``Verb``; one that this program does not know may have changed anything.
            key: idempotency key: of two commits with one key, views show the first.
            parts: what to register; ``None`` stands for a part without rows.
            commit_id: the id that the parts' rows carry.
            replaced: registered parts and what takes their place; the rows keep the commit ids
                that they had.

        Raises:
            BusyError, ReadOnlyError, StorageError: nothing of it is visible then.
        """
        finished = [part for part in parts if part is not None]
        with locked_for_writing(self.layout, verb) as connection:
            seq = _next_sequence(connection)
            now = datetime.now(UTC)
            row = {
                "key": key,
                "seq": seq,
                "verb": str(verb),
                "recorded_at": now,
                "tool_version": tool_version(),
                "parts": json.dumps(
                    [part.entry() for part in finished]
                    + [entry for item in replaced for entry in item.entries()]
                ),
            }
            head = write_data_file(self.layout, "commits", commit_id, [row])
            connection.execute("BEGIN")
            for item in replaced:
                _drop(connection, item)
            for part in (*finished, *_new_parts(replaced), head):
                _register(connection, part)
            connection.execute("COMMIT")
        return Commit(commit_id, seq, now)

    def record(self, verb: str, key: str, rows: Mapping[str, list[dict[str, object]]]) -> Commit:
        """Commit a few rows, given as mappings by table."""
        commit_id = uuid.uuid4()
        parts = [write_data_file(self.layout, table, commit_id, rows[table]) for table in rows]
        return self.commit(verb, key, parts, commit_id)


def tool_version() -> str:
    """Version of the installed distribution."""
    try:
        return metadata.version("prov-ledger")
    except metadata.PackageNotFoundError:
        return "0"


def open_store(layout: Layout, views: Views, shortcut: Shortcut | None = None) -> Store:
    """The ledger at a place; whether a database holds one shows when it is first read.

    Raises:
        NotFoundError: there is none.
    """
    require_ledger(layout)
    return Store(layout, views, shortcut)


def require_ledger(layout: Layout) -> None:
    """Refuse a folder without a ledger; a database is not asked.

    Raises:
        NotFoundError: there is none.
    """
    if layout.database is None and not layout.catalog.is_file():
        raise NotFoundError(f"there is no ledger at `{layout.name}`", hint="`prov init` makes one")


def create_store(layout: Layout, views: Views, shortcut: Shortcut | None = None) -> Store:
    """Make a ledger, whole or not at all: it is built aside and renamed into place.

    Args:
        views: SQL of the views in schema ``main``, in an order in which they can be made.

    Raises:
        MisuseError: something is there already.
        StorageError: the place cannot be written.
    """
    if layout.database is not None:
        with postgres.built_aside(layout, layout.database) as aside_of_it:
            _build(aside_of_it, views)
        return Store(layout, views, shortcut)
    root = layout.folder
    if root.exists() and any(root.iterdir()):
        kind = "a ledger" if layout.catalog.is_file() else "a folder that is not empty"
        raise MisuseError(f"`{layout.name}` is {kind} already")
    aside = Layout(root.with_name(f"{root.name}.{uuid.uuid4().hex[:8]}.tmp"))
    with storage_errors(root):
        (aside.folder / "data").mkdir(parents=True)
    try:
        aside.lock.touch()
        (aside.folder / "quarantine").mkdir()
        _build(aside, views)
        with storage_errors(root):
            sync_folder(aside.folder)
            if root.exists():
                root.rmdir()
            aside.folder.rename(root)
            sync_folder(root.parent)
    except BaseException:
        shutil.rmtree(aside.folder, ignore_errors=True)
        raise
    return Store(layout, views, shortcut)


def _build(layout: Layout, views: Views) -> None:
    with writing(layout, new=True) as connection:
        connection.execute("BEGIN")
        create_tables(connection, views)
        connection.execute("COMMIT")
    version: dict[str, object] = {"version": SCHEMA_VERSION, "migration": "create"}
    Store(layout, views).record(Verb.INIT, "init", {"versions": [version]})


def _register(connection: duckdb.DuckDBPyConnection, part: DataFile | None) -> None:
    if part is None:
        return
    connection.execute(
        f"CALL ducklake_add_data_files('{LAKE}', ?, ?, schema => 'ledger')",
        [part.table, part.path],
    )


def _new_parts(replaced: Iterable[Replacement]) -> Iterator[DataFile]:
    return (part for item in replaced for part in item.new)


def _drop(connection: duckdb.DuckDBPyConnection, item: Replacement) -> None:
    """Take whole parts out of a table: the one kind of deletion there is."""
    listed = ", ".join(quote_literal(path) for path in item.old)
    found = connection.execute(
        f"DELETE FROM ledger.{quote_identifier(item.table)} WHERE filename IN ({listed})"
    ).fetchone()
    if found is None or found[0] != item.rows:
        first, *others = (Path(path).name for path in item.old)
        raise BusyError(
            f"part `{first}`{f' or one of {len(others)} more' if others else ''} "
            "was replaced by somebody else meanwhile",
            hint="nothing was changed; run it again",
        )


def _next_sequence(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the snapshot that this commit will make: it grows, whatever clocks say."""
    row = connection.execute(f"SELECT id FROM {LAKE}.current_snapshot()").fetchone()
    if row is None:
        raise StorageError("the catalog has no snapshot")
    return int(row[0]) + 1
