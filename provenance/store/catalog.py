"""Attach the DuckLake catalog of a ledger to DuckDB, for one writer or for readers."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

import duckdb

from provenance.errors import VersionError
from provenance.model.base import quote_identifier, quote_literal
from provenance.store import postgres
from provenance.store.catalog_state import copy_catalog, no_ledger, replay_log
from provenance.store.connection import Database, ledger_errors, let_read, quiet
from provenance.store.connection_pool import instance
from provenance.store.layout import Layout
from provenance.store.schema import SCHEMA_VERSION, TABLES, columns_sql
from provenance.store.view_sql import Views, make_views
from provenance.store.writer_lock import exclusive

LAKE = "lake"
"""Name under which the ledger is attached."""


def attach(
    connection: duckdb.DuckDBPyConnection, layout: Layout, target: str, options: list[str]
) -> None:
    """Attach a catalog as ``lake``; its data path is always the one of the ledger.

    Raises:
        NotFoundError: there is none.
    """
    options = [f"DATA_PATH {quote_literal(f'{layout.data}/')}", "OVERRIDE_DATA_PATH true", *options]
    with _there(layout):
        connection.execute(f"ATTACH {quote_literal(target)} AS {LAKE} ({', '.join(options)})")


@contextlib.contextmanager
def _attached(
    connection: duckdb.DuckDBPyConnection, layout: Layout, target: str, options: list[str]
) -> Iterator[None]:
    """Attach a catalog as ``lake``, use it, and detach it when the block ends well."""
    attach(connection, layout, target, options)
    connection.execute(f"USE {LAKE}")
    yield
    connection.execute("USE memory")
    connection.execute(f"DETACH {LAKE}")


@contextlib.contextmanager
def writing(layout: Layout, *, new: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The catalog open for one transaction; the caller holds the lock.

    Args:
        new: make the catalog.
    """
    with ledger_errors(layout), instance(threads=1, kept=_of_a_folder(layout)) as connection:
        let_read(connection, layout)
        if layout.database is None:
            target, options = f"ducklake:{layout.catalog}", ["DATA_INLINING_ROW_LIMIT 0"]
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
        raise no_ledger(layout) from error


@contextlib.contextmanager
def locked_for_writing(layout: Layout, purpose: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The catalog open for writing, and held against all others.

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
    """A copy of the catalog, attached read-only: it stops no writer, and no writer stops it.

    Raises:
        NotFoundError: there is no ledger.
        VersionError: it was made by another schema version.
    """
    with tempfile.TemporaryDirectory(prefix="prov-") as folder:
        copy = Path(folder) / "catalogue.ducklake"
        if layout.database is None:
            copy_catalog(layout, copy)
        else:
            postgres.copy(layout, layout.database, copy)
        with ledger_errors(layout), instance(threads, memory_limit, kept=False) as connection:
            let_read(connection, layout)
            replay_log(connection, copy)
            with _attached(connection, layout, f"ducklake:{copy}", ["READ_ONLY"]):
                check_version(connection, layout, "ledger.versions")
                check_columns(layout, read_columns(connection))
                yield connection


def check_version(connection: Database, layout: Layout, versions: str) -> None:
    """Compare the schema version of a ledger with that of this program.

    Args:
        versions: SQL of the table of its versions.

    Raises:
        VersionError: they differ, or it is no ledger.
    """
    try:
        row = connection.execute(f"SELECT max(version) FROM {versions}").fetchone()
    except duckdb.CatalogException as error:
        raise not_a_ledger(layout) from error
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


def not_a_ledger(layout: Layout) -> VersionError:
    """The error for a DuckLake that somebody else made."""
    return VersionError(f"`{layout.name}` is a DuckLake, but not a ledger of this program")


_COLUMNS = f"""
SELECT t.table_name, c.column_name FROM __ducklake_metadata_{LAKE}.ducklake_column c
JOIN __ducklake_metadata_{LAKE}.ducklake_table t USING (table_id)
WHERE c.end_snapshot IS NULL AND t.end_snapshot IS NULL
"""


def read_columns(connection: Database) -> set[tuple[str, str]]:
    """The tables of an attached ledger, each with each of its columns."""
    return set(connection.execute(_COLUMNS).fetchall())


def check_columns(layout: Layout, found: Collection[tuple[str, str]]) -> None:
    """Compare the tables of a ledger with those that this program knows.

    Raises:
        VersionError: one is missing, or lacks a column.
    """
    wanted = {(table, name) for table, schema in TABLES.items() for name in schema.names}
    if missing := sorted({table for table, _ in wanted.difference(found)}):
        raise VersionError(
            f"the ledger at `{layout.name}` was made before its schema was settled: "
            f"it lacks (columns of) {', '.join(missing)}",
            hint="make a new ledger and ingest the files again",
        )


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
