"""Open DuckDB connections with the extensions of a ledger, and translate their errors."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

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
from provenance.io import objects
from provenance.io.objects import Location
from provenance.model.base import quote_literal
from provenance.store.layout import Layout

DuckDBConnection = duckdb.DuckDBPyConnection
"""For rooms that name the type without importing DuckDB."""


class Database(Protocol):
    """What answers queries about a ledger: a snapshot, or a connection of DuckDB."""

    def execute(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Run a query."""

    def executemany(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Run a query once per set of parameters."""

    def register(self, view_name: str, python_object: object) -> duckdb.DuckDBPyConnection:
        """Make a temporary view of an Arrow table."""

    def unregister(self, view_name: str) -> duckdb.DuckDBPyConnection:
        """Remove such a view."""


_LOG_IN = "see PGPASSWORD, ~/.pgpass or the service file"

_MEANINGS: tuple[tuple[str, type[ProvError], str], ...] = (
    # Most specific first: a piece of DuckDB's text, what it means here, what to do.
    ("Could not set lock on file", BusyError, "another program has the catalog open; close it"),
    ("permission denied for database", ReadOnlyError, "`prov init` needs CREATE on the database"),
    ("Permission denied", ReadOnlyError, "reading the ledger still works"),
    ("read-only mode", ReadOnlyError, "reading the ledger still works"),
    ("No space left", StorageError, "free some space; what was committed is safe"),
    ("newer DuckLake", VersionError, "install the version of this program that made the ledger"),
    ("DuckLake catalog version", VersionError, "install the version that made the ledger"),
    ("not a valid DuckDB database", IntegrityError, "restore the catalog from a copy"),
    ("password authentication failed", StorageError, _LOG_IN),
    ("no password supplied", StorageError, _LOG_IN),
    ('" does not exist', NotFoundError, "`createdb` makes a database, `prov init` a ledger in it"),
    ("read-only transaction", ReadOnlyError, "reading the ledger still works"),
    ("Failed to commit DuckLake", BusyError, "nothing was changed; run it again"),
    ("Unable to connect to Postgres", StorageError, "is it up, and may it be reached from here?"),
    ("Could not connect to server", StorageError, "is it up, and AWS_ENDPOINT_URL right?"),
    ("403 (Forbidden)", StorageError, "see which credentials the environment gives"),
    ("404 (Not Found)", IntegrityError, "a part of the ledger is missing: run `prov verify`"),
    ("No such file", IntegrityError, "a part of the ledger is missing: run `prov verify`"),
    ("Cannot open file", IntegrityError, "a part of the ledger is missing: run `prov verify`"),
    ("No files found", IntegrityError, "a part of the ledger is missing: run `prov verify`"),
)


_STORAGE = (duckdb.IOException, duckdb.ConnectionException, duckdb.TransactionException)


@contextlib.contextmanager
def ledger_errors(layout: Layout) -> Iterator[None]:
    """Translate DuckDB's failures about the ledger's own files, at the edge of this room."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise StorageError(
            f"not enough memory: {first_line(str(error))}",
            hint="set PROV_MEMORY_LIMIT, for example to 4GB, or free some memory",
        ) from error
    except duckdb.Error as error:
        # What its extensions say of a database has no class of its own.
        known = isinstance(error, _STORAGE) or type(error) is duckdb.Error
        if not known and not _tells_of_damage(layout, str(error)):
            raise
        raise _meant(layout, str(error)) from error


_DAMAGE = (
    # What DuckDB states of a Parquet file that is cut off, overwritten or not one.
    "No magic bytes",
    "Failed to read file",
    "TProtocolException",
    "Variable-length int",
    "Prefetch registered for bytes outside file",
    "Invalid Parquet",
    "too small to be a Parquet file",
)


def _tells_of_damage(layout: Layout, text: str) -> bool:
    return f"{layout.root}/" in text or any(piece in text for piece in _DAMAGE)


def _meant(layout: Layout, text: str) -> ProvError:
    where = f"ledger at `{layout.name}`"
    for piece, kind, hint in _MEANINGS:
        for line in text.splitlines():
            if piece.lower() in line.lower():
                # PostgreSQL's own words stand behind the SQL that it did not like.
                return kind(f"{where}: {line[max(line.find('ERROR:'), 0) :]}", hint=hint)
    if _tells_of_damage(layout, text):
        return IntegrityError(
            f"{where}: a data file is damaged: {first_line(text)}", hint="run `prov verify`"
        )
    return StorageError(f"{where}: {first_line(text)}")


def first_line(text: str) -> str:
    return text.split("\n", 1)[0]


def quiet() -> duckdb.DuckDBPyConnection:
    """A connection in memory that draws no bar on standard output when a query takes long."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    # What is needed is loaded by name from its package: nothing is fetched behind our back.
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
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


def let_read(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Let a connection reach the parts of a ledger, with credentials for this place alone."""
    if not isinstance(layout.root, Location):
        return
    load_extension(connection, "httpfs")
    access = objects.s3_access()
    given: dict[str, object] = {"region": access.region, "scope": f"{layout.root}/"}
    if key := access.frozen():
        given |= {"key_id": key[0], "secret": key[1]}
        given |= {"session_token": key[2]} if key[2] else {}
    if access.endpoint:
        scheme, _, host = access.endpoint.partition("://")
        given |= {"endpoint": host.rstrip("/"), "use_ssl": scheme == "https", "url_style": "path"}
    options = ", ".join(f"{name} ${name}" for name in given)
    connection.execute(f"CREATE SECRET parts (TYPE s3, {options})", given)
