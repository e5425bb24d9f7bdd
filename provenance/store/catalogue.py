"""DuckLake attached: DuckDB connections with the extension, for one writer or for a reader."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

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
from provenance.store.layout import Layout
from provenance.store.lock import shared
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


def _quiet() -> duckdb.DuckDBPyConnection:
    """A connection in memory that draws no bar on standard output when a query takes long."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    return connection


def connect(
    threads: int | None = None, memory_limit: str | None = None
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with DuckLake loaded from its package; nothing is downloaded."""
    connection = _quiet()
    if threads:
        connection.execute(f"SET threads = {int(threads)}")
    if memory_limit:
        connection.execute(f"SET memory_limit = {quote_literal(memory_limit)}")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET TimeZone = 'UTC'")
    # UUIDs come out as 16 bytes, as they went in, and not as text.
    connection.execute("SET arrow_lossless_conversion = true")
    load_extension(connection, "ducklake")
    return connection


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load a signed extension from its package, else the one that is installed."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        found = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if found.is_file():
            connection.execute(f"LOAD {quote_literal(str(found))}")
            return
    try:
        connection.execute(f"LOAD {name}")
    except duckdb.Error as error:
        raise StorageError(
            f"DuckDB's extension `{name}` is not installed",
            hint=f"pip install duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}",
        ) from error


def attach(
    connection: duckdb.DuckDBPyConnection, layout: Layout, catalogue: Path, *, read_only: bool
) -> None:
    """Attach a catalogue as ``lake``; the data path is always the one beside the ledger."""
    options = [
        f"DATA_PATH {quote_literal(str(layout.data) + '/')}",
        "OVERRIDE_DATA_PATH true",
        "READ_ONLY" if read_only else "DATA_INLINING_ROW_LIMIT 0",
    ]
    target = quote_literal(f"ducklake:{catalogue}")
    connection.execute(f"ATTACH {target} AS {LAKE} ({', '.join(options)})")
    connection.execute(f"USE {LAKE}")


@contextlib.contextmanager
def writing(layout: Layout) -> Iterator[duckdb.DuckDBPyConnection]:
    """The catalogue open for one transaction; the caller holds the lock."""
    with ledger_errors(layout):
        connection = connect(threads=1)
        try:
            attach(connection, layout, layout.catalogue, read_only=False)
            yield connection
            connection.execute("USE memory")
            connection.execute(f"DETACH {LAKE}")
        finally:
            connection.close()


@contextlib.contextmanager
def reading(
    layout: Layout, *, threads: int | None = None, memory_limit: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the catalogue, attached read-only: it stops no writer, and no writer stops it.

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
        with ledger_errors(layout):
            connection = connect(threads, memory_limit)
            # What does not fit into memory goes there, and not into the user's own folder.
            connection.execute(f"SET temp_directory = {quote_literal(folder)}")
            try:
                _replay(connection, copy)
                attach(connection, layout, copy, read_only=True)
                _check_version(connection, layout)
                yield connection
            finally:
                connection.close()


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


@contextlib.contextmanager
def over_parts(layout: Layout, paths: dict[str, list[str]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Finished parts as views named by their tables, whether they are registered or not."""
    with ledger_errors(layout):
        connection = _quiet()
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
        connection = _quiet()
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
