"""DuckLake attached: DuckDB connections with the extension, for one writer or for a reader."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from provenance.errors import NotFoundError, StorageError, VersionError
from provenance.model.base import quote_identifier, quote_literal
from provenance.store import postgres
from provenance.store.connection import connect, ledger_errors, let_read, quiet
from provenance.store.layout import Layout
from provenance.store.lock import exclusive, shared
from provenance.store.tables import SCHEMA_VERSION, TABLES

Database = duckdb.DuckDBPyConnection
"""What a snapshot is: other rooms name the type without importing DuckDB."""

LAKE = "lake"
"""Name under which the ledger is attached."""

_SQL_TYPES = {
    pa.uuid(): "UUID",
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}


def attach(
    connection: duckdb.DuckDBPyConnection, layout: Layout, catalogue: Path, *, read_only: bool
) -> None:
    """Attach a catalogue as ``lake``; the data path is always the one beside the ledger."""
    options = ["READ_ONLY" if read_only else "DATA_INLINING_ROW_LIMIT 0"]
    _attach(connection, layout, f"ducklake:{catalogue}", options)


def _attach(
    connection: duckdb.DuckDBPyConnection, layout: Layout, target: str, options: list[str]
) -> None:
    options = [f"DATA_PATH {quote_literal(f'{layout.data}/')}", "OVERRIDE_DATA_PATH true", *options]
    connection.execute(f"ATTACH {quote_literal(target)} AS {LAKE} ({', '.join(options)})")
    connection.execute(f"USE {LAKE}")


@contextlib.contextmanager
def writing(layout: Layout, *, new: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The catalogue open for one transaction; the caller holds the lock.

    Args:
        new: make the catalogue.
    """
    with ledger_errors(layout):
        connection = connect(threads=1)
        try:
            let_read(connection, layout)
            if layout.database is None:
                attach(connection, layout, layout.catalogue, read_only=False)
            else:
                target, options = postgres.target(connection, layout.database, new=new)
                with _there(layout):
                    _attach(connection, layout, target, options)
            yield connection
            connection.execute("USE memory")
            connection.execute(f"DETACH {LAKE}")
        finally:
            connection.close()


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
    layout: Layout, *, threads: int | None = None, memory_limit: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the catalogue, attached read-only: it stops no writer, and no writer stops it.

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
        with ledger_errors(layout):
            connection = connect(threads, memory_limit)
            # What does not fit into memory goes there, and not into the user's own folder.
            connection.execute(f"SET temp_directory = {quote_literal(folder)}")
            try:
                let_read(connection, layout)
                _replay(connection, copy)
                attach(connection, layout, copy, read_only=True)
                _check_version(connection, layout)
                yield connection
            finally:
                connection.close()


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


@contextlib.contextmanager
def over_parts(layout: Layout, paths: dict[str, list[str]]) -> Iterator[duckdb.DuckDBPyConnection]:
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
def over_nothing(layout: Layout, views: Mapping[str, str]) -> Iterator[Database]:
    """A ledger that knows nothing, in memory: what an audit without a ledger is made against."""
    with ledger_errors(layout):
        connection = quiet()
        try:
            create_tables(connection, views)
            yield connection
        finally:
            connection.close()


def create_tables(connection: Database, views: Mapping[str, str]) -> None:
    """Make the tables of schema ``ledger`` and the views of schema ``main``."""
    connection.execute("CREATE SCHEMA ledger")
    for table, schema in TABLES.items():
        columns = ", ".join(
            f"{quote_identifier(field.name)} {_SQL_TYPES[field.type]}" for field in schema
        )
        connection.execute(f"CREATE TABLE ledger.{quote_identifier(table)} ({columns})")
    for name, body in views.items():
        connection.execute(f"CREATE VIEW {quote_identifier(name)} AS {body}")
