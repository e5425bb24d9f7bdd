"""DuckLake attached: DuckDB connections with the extension, for one writer or for a reader."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from provenance.errors import NotFoundError, StorageError, VersionError
from provenance.model.base import quote_identifier, quote_literal
from provenance.store import postgres
from provenance.store.connection import ledger_errors, let_read, quiet
from provenance.store.connection_pool import instance
from provenance.store.layout import Layout
from provenance.store.memory_tables import (
    NEAR,
    Shortcut,
    Views,
    bring_near,
    check_tables,
    make_views,
)
from provenance.store.schema import SCHEMA_VERSION, TABLES, columns_sql
from provenance.store.writer_lock import exclusive, shared

Database = duckdb.DuckDBPyConnection
"""What a snapshot is: other rooms name the type without importing DuckDB."""

LAKE = "lake"
"""Name under which the ledger is attached."""


@contextlib.contextmanager
def _attached(
    connection: Database, layout: Layout, target: str, options: list[str]
) -> Iterator[None]:
    """Attach a catalogue as ``lake`` and, when the block ends well, detach all that is attached.

    The data path is always the one beside the ledger.
    """
    options = [f"DATA_PATH {quote_literal(f'{layout.data}/')}", "OVERRIDE_DATA_PATH true", *options]
    with _there(layout):
        connection.execute(f"ATTACH {quote_literal(target)} AS {LAKE} ({', '.join(options)})")
    connection.execute(f"USE {LAKE}")
    yield
    connection.execute("USE memory")
    connection.execute(f"DETACH {LAKE}")
    connection.execute(f"DETACH DATABASE IF EXISTS {NEAR}")


@contextlib.contextmanager
def writing(layout: Layout, *, new: bool = False) -> Iterator[Database]:
    """The catalogue open for one transaction; the caller holds the lock.

    Args:
        new: make the catalogue.
    """
    with ledger_errors(layout), instance(threads=1, kept=_of_a_folder(layout)) as connection:
        let_read(connection, layout)
        if layout.database is None:
            target, options = f"ducklake:{layout.catalogue}", ["DATA_INLINING_ROW_LIMIT 0"]
        else:
            target, options = postgres.target(connection, layout.database, new=new)
        with _attached(connection, layout, target, options):
            yield connection


def _of_a_folder(layout: Layout) -> bool:
    """Whether nothing but its files is needed; credentials stay with a connection for good."""
    return layout.database is None and isinstance(layout.root, Path)


@contextlib.contextmanager
def _there(layout: Layout) -> Iterator[None]:
    try:
        yield
    except duckdb.InvalidInputException as error:
        if "does not exist" not in str(error):
            raise
        raise _no_ledger(layout) from error


def _no_ledger(layout: Layout) -> NotFoundError:
    return NotFoundError(f"there is no ledger at `{layout.name}`", hint="`prov init` makes one")


@contextlib.contextmanager
def held(layout: Layout, purpose: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The catalogue open for writing, and held against all others.

    Raises:
        BusyError, ReadOnlyError, StorageError: as the ledger is.
    """
    if layout.database is None:
        with exclusive(layout, purpose), writing(layout) as connection:
            yield connection
    else:
        # Many may open a database at once: only what is done in it waits for its turn.
        with writing(layout) as connection, postgres.exclusive(connection, layout, purpose):
            yield connection


@contextlib.contextmanager
def reading(
    layout: Layout,
    views: Views | None = None,
    shortcut: Shortcut | None = None,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
) -> Iterator[Database]:
    """A copy of the catalogue, attached read-only: it stops no writer, and no writer stops it.

    Args:
        views: those to make over small tables that were brought near; ``None`` to leave all of it
            where it lies.
        shortcut: what to make of these views first.

    Raises:
        NotFoundError: there is no ledger.
        VersionError: it was made by another schema version.
    """
    with tempfile.TemporaryDirectory(prefix="prov-") as folder:
        copy = Path(folder) / "catalogue.ducklake"
        if layout.database is None:
            _copy_file(layout, copy)
        else:
            postgres.copy(layout, layout.database, copy)
        kept = views is not None and _of_a_folder(layout)
        with ledger_errors(layout), instance(threads, memory_limit, kept=kept) as connection:
            let_read(connection, layout)
            _replay(connection, copy)
            with _attached(connection, layout, f"ducklake:{copy}", ["READ_ONLY"]):
                _check_version(connection, layout)
                if views is not None:
                    bring_near(connection, layout, views, shortcut)
                yield connection


def _copy_file(layout: Layout, copy: Path) -> None:
    if not layout.catalogue.is_file():
        raise _no_ledger(layout)
    try:
        with shared(layout):
            for original in (layout.catalogue, layout.wal(layout.catalogue)):
                if original.exists():
                    shutil.copyfile(original, copy.with_name(original.name))
    except OSError as error:
        raise StorageError(f"the ledger at `{layout.name}` cannot be read: {error}") from error


def _replay(connection: duckdb.DuckDBPyConnection, copy: Path) -> None:
    """Fold a write-ahead log into the copy: a read-only attachment would have to refuse it."""
    if copy.with_name(copy.name + ".wal").exists():
        connection.execute(f"ATTACH {quote_literal(str(copy))} AS replayed")
        connection.execute("DETACH replayed")


def _check_version(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    try:
        row = connection.execute("SELECT max(version) FROM ledger.versions").fetchone()
    except duckdb.CatalogException as error:
        raise VersionError(
            f"`{layout.name}` is a DuckLake, but not a ledger of this program"
        ) from error
    found = row[0] if row else None
    if found is not None and found > SCHEMA_VERSION:
        raise VersionError(
            f"the ledger at `{layout.name}` has schema version {found}, "
            f"this program knows up to {SCHEMA_VERSION}",
            hint="upgrade: pip install --upgrade prov-ledger",
        )
    if found is None or found < SCHEMA_VERSION:
        raise VersionError(
            f"the ledger at `{layout.name}` has schema version {found or 0}, "
            f"this program needs {SCHEMA_VERSION}",
            hint="`prov migrate` brings it up to date",
        )
    check_tables(connection, layout)


@contextlib.contextmanager
def over_parts(layout: Layout, paths: dict[str, list[str]]) -> Iterator[Database]:
    """Finished parts as views named by their tables, whether they are registered or not."""
    with ledger_errors(layout):
        connection = quiet()
        try:
            let_read(connection, layout)
            for table, files in paths.items():
                listed = ", ".join(quote_literal(path) for path in files)
                name = quote_identifier(table)
                connection.execute(f"CREATE VIEW {name} AS FROM read_parquet([{listed}])")
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def over_nothing(layout: Layout, views: Views) -> Iterator[Database]:
    """A ledger that knows nothing, in memory: what an audit without a ledger is made against."""
    with ledger_errors(layout):
        connection = quiet()
        try:
            create_tables(connection, views)
            yield connection
        finally:
            connection.close()


def create_tables(connection: Database, views: Views) -> None:
    """Make the tables of schema ``ledger`` and the views of schema ``main``."""
    connection.execute("CREATE SCHEMA ledger")
    for table in TABLES:
        connection.execute(f"CREATE TABLE ledger.{quote_identifier(table)} ({columns_sql(table)})")
    make_views(connection, views)
