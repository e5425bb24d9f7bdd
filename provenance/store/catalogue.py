"""DuckLake attached: DuckDB connections with the extension, for one writer or for a reader."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from provenance.errors import (
    BusyError,
    IntegrityError,
    NotFoundError,
    ProvError,
    ReadOnlyError,
    StorageError,
    VersionError,
)
from provenance.model.base import quote_identifier, quote_literal
from provenance.store.instances import instance, quiet
from provenance.store.layout import Layout
from provenance.store.lock import shared
from provenance.store.near import NEAR, bring_near, check_tables
from provenance.store.tables import SCHEMA_VERSION, TABLES, columns_sql

Database = duckdb.DuckDBPyConnection
"""What a snapshot is: other rooms name the type without importing DuckDB."""

LAKE = "lake"
"""Name under which the ledger is attached."""

_MEANINGS: tuple[tuple[str, type[ProvError], str], ...] = (
    # Most specific first: a piece of DuckDB's text, what it means here, what to do.
    ("Could not set lock on file", BusyError, "another program has the catalogue open; close it"),
    ("Permission denied", ReadOnlyError, "reading the ledger still works"),
    ("read-only mode", ReadOnlyError, "reading the ledger still works"),
    ("No space left", StorageError, "free some space; what was committed is safe"),
    ("newer DuckLake", VersionError, "install the version of this program that made the ledger"),
    ("DuckLake catalog version", VersionError, "install the version that made the ledger"),
    ("not a valid DuckDB database", IntegrityError, "restore the catalogue from a copy"),
    ("No such file", IntegrityError, "a part of the ledger is missing: run `prov verify`"),
    ("Cannot open file", IntegrityError, "a part of the ledger is missing: run `prov verify`"),
    ("No files found", IntegrityError, "a part of the ledger is missing: run `prov verify`"),
)


@contextlib.contextmanager
def ledger_errors(layout: Layout) -> Iterator[None]:
    """Translate DuckDB's failures about the ledger's own files, at the edge of this room."""
    try:
        yield
    except (duckdb.IOException, duckdb.ConnectionException, duckdb.TransactionException) as error:
        text = str(error)
        for piece, kind, hint in _MEANINGS:
            if piece.lower() in text.lower():
                raise kind(f"ledger at `{layout.root}`: {_first_line(text)}", hint=hint) from error
        raise StorageError(f"ledger at `{layout.root}`: {_first_line(text)}") from error
    except duckdb.OutOfMemoryException as error:
        raise StorageError(
            f"not enough memory: {_first_line(str(error))}",
            hint="set PROV_MEMORY_LIMIT, for example to 4GB, or free some memory",
        ) from error


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


@contextlib.contextmanager
def attached(
    connection: Database, layout: Layout, catalogue: Path, *, read_only: bool
) -> Iterator[None]:
    """Attach a catalogue as ``lake`` and, when the block ends well, detach all that is attached.

    The data path is always the one beside the ledger.
    """
    options = [
        f"DATA_PATH {quote_literal(str(layout.data) + '/')}",
        "OVERRIDE_DATA_PATH true",
        "READ_ONLY" if read_only else "DATA_INLINING_ROW_LIMIT 0",
    ]
    target = quote_literal(f"ducklake:{catalogue}")
    connection.execute(f"ATTACH {target} AS {LAKE} ({', '.join(options)})")
    connection.execute(f"USE {LAKE}")
    yield
    connection.execute("USE memory")
    connection.execute(f"DETACH {LAKE}")
    connection.execute(f"DETACH DATABASE IF EXISTS {NEAR}")


@contextlib.contextmanager
def writing(layout: Layout) -> Iterator[Database]:
    """The catalogue open for one transaction; the caller holds the lock."""
    with (
        ledger_errors(layout),
        instance(threads=1) as connection,
        attached(connection, layout, layout.catalogue, read_only=False),
    ):
        yield connection


@contextlib.contextmanager
def reading(
    layout: Layout,
    views: Mapping[str, str] | None = None,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
) -> Iterator[Database]:
    """A copy of the catalogue, attached read-only: it stops no writer, and no writer stops it.

    Args:
        views: those to make over small tables that were brought near; ``None`` to leave all of it
            where it lies.

    Raises:
        NotFoundError: there is no ledger.
        VersionError: it was made by another schema version.
    """
    if not layout.catalogue.is_file():
        raise NotFoundError(f"there is no ledger at `{layout.root}`", hint="`prov init` makes one")
    with tempfile.TemporaryDirectory(prefix="prov-") as folder:
        copy = Path(folder) / layout.catalogue.name
        try:
            with shared(layout):
                for original in (layout.catalogue, layout.wal(layout.catalogue)):
                    if original.exists():
                        shutil.copyfile(original, copy.with_name(original.name))
        except OSError as error:
            raise StorageError(f"the ledger at `{layout.root}` cannot be read: {error}") from error
        kept = views is not None
        with ledger_errors(layout), instance(threads, memory_limit, kept=kept) as connection:
            _replay(connection, copy)
            with attached(connection, layout, copy, read_only=True):
                _check_version(connection, layout)
                if views is not None:
                    bring_near(connection, layout, views)
                yield connection


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
            f"`{layout.root}` is a DuckLake, but not a ledger of this program"
        ) from error
    found = row[0] if row else None
    if found is not None and found > SCHEMA_VERSION:
        raise VersionError(
            f"the ledger at `{layout.root}` has schema version {found}, "
            f"this program knows up to {SCHEMA_VERSION}",
            hint="upgrade: pip install --upgrade prov-ledger",
        )
    if found is None or found < SCHEMA_VERSION:
        raise VersionError(
            f"the ledger at `{layout.root}` has schema version {found or 0}, "
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
    for table in TABLES:
        connection.execute(f"CREATE TABLE ledger.{quote_identifier(table)} ({columns_sql(table)})")
    for name, body in views.items():
        connection.execute(f"CREATE VIEW {quote_identifier(name)} AS {body}")
