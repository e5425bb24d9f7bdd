"""Keep the catalog in PostgreSQL: attach it for writers in turn, and copy it for readers."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from provenance.errors import BusyError, MisuseError, NotFoundError
from provenance.model.base import quote_identifier, quote_literal
from provenance.store.connection import ledger_errors, load_extension, quiet
from provenance.store.layout import Layout
from provenance.store.url import Postgres

WAIT_SECONDS = 120.0
"""How long a writer queues before it gives up and says who holds the ledger."""

_LOCKS = 0x70726F76
"""The first half of our advisory locks; the second is that of the schema."""

_PG = "pg"
_LOG_IN = "catalog"

_HOLDER = f"""
SELECT a.application_name || coalesce(' from ' || host(a.client_addr), '')
    || ', since ' || to_char(a.xact_start, 'HH24:MI:SS')
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {_LOCKS} AND l.objid = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def _allow(connection: duckdb.DuckDBPyConnection, database: Postgres) -> None:
    """Load what speaks to PostgreSQL; the password goes where no message quotes it."""
    load_extension(connection, "postgres_scanner")
    if database.password is None:
        connection.execute(f"CREATE SECRET {_LOG_IN} (TYPE postgres)")
    else:
        connection.execute(
            f"CREATE SECRET {_LOG_IN} (TYPE postgres, PASSWORD $password)",
            {"password": database.password},
        )


def target(
    connection: duckdb.DuckDBPyConnection, database: Postgres, *, new: bool
) -> tuple[str, list[str]]:
    """What to attach for writing, and how."""
    _allow(connection, database)
    # A number is given to a commit before it is made: one made elsewhere meanwhile must fail it.
    connection.execute("SET ducklake_max_retry_count = 0")
    options = [
        "DATA_INLINING_ROW_LIMIT 0",
        f"META_SECRET {quote_literal(_LOG_IN)}",
        f"METADATA_SCHEMA {quote_literal(database.schema)}",
        f"CREATE_IF_NOT_EXISTS {str(new).lower()}",
    ]
    return f"ducklake:postgres:{database.conninfo('writing')}", options


@contextlib.contextmanager
def _connected(
    layout: Layout, database: Postgres, purpose: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database itself, attached as ``pg``."""
    with ledger_errors(layout):
        connection = quiet()
        try:
            connection.execute("SET threads = 1")
            _allow(connection, database)
            _attach(connection, database, purpose)
            yield connection
        finally:
            connection.close()


def _attach(
    connection: duckdb.DuckDBPyConnection, database: Postgres, purpose: str, **settings: str
) -> None:
    told = quote_literal(database.conninfo(purpose, **settings))
    connection.execute(f"ATTACH {told} AS {_PG} (TYPE postgres, SECRET {_LOG_IN})")


def copy(layout: Layout, database: Postgres, catalog: Path) -> None:
    """The catalog as it is at this moment, as a file.

    Raises:
        NotFoundError: there is no ledger.
        StorageError: the database cannot be reached, or denies it.
    """
    schema = database.schema
    with _connected(layout, database, "reading") as connection:
        connection.execute(f"ATTACH {quote_literal(str(catalog))} AS copied")
        # One transaction sees one state of the database.
        connection.execute("BEGIN")
        tables = _tables(connection, schema)
        if not tables:
            raise NotFoundError(
                f"there is no ledger at `{layout.name}`", hint="`prov init` makes one"
            )
        for table in map(quote_identifier, tables):
            source = f"{_PG}.{quote_identifier(schema)}.{table}"
            connection.execute(f"CREATE TABLE copied.{table} AS FROM {source}")
        connection.execute("COMMIT")
        connection.execute("DETACH copied")


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = ?",
        [_PG, schema],
    ).fetchall()
    return [str(row[0]) for row in rows]


@contextlib.contextmanager
def exclusive(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    purpose: str,
    *,
    wait: float = WAIT_SECONDS,
) -> Iterator[None]:
    """Hold the ledger for writing: the database's own queue is fair, and forgets who dies.

    Args:
        connection: one that may log in; the lock has a session of its own beside it.

    Raises:
        BusyError: somebody else held it for longer than ``wait`` seconds.
        StorageError: the database cannot be reached, or denies it.
    """
    if layout.database is None:
        raise AssertionError("a ledger in a folder is locked by its file")
    half = f"hashtext({quote_literal(layout.database.schema)})"
    with ledger_errors(layout), connection.cursor() as session:
        options = f"-c lock_timeout={int(wait * 1000)}"
        _attach(session, layout.database, purpose, options=options)
        session.execute("BEGIN")
        try:
            _ask(session, f"SELECT pg_advisory_xact_lock({_LOCKS}, {half})::text")
        except duckdb.Error as error:
            if "lock timeout" not in str(error):
                raise
            session.execute("ROLLBACK")
            raise BusyError(
                f"the ledger at `{layout.name}` is held by {_holder(session, half)}; "
                f"waited {wait:.0f} s",
                hint="wait for it to finish; a holder that is gone releases the ledger by itself",
            ) from None
        yield
        session.execute("ROLLBACK")
        session.execute(f"DETACH {_PG}")


def _holder(connection: duckdb.DuckDBPyConnection, half: str) -> str:
    objid = f"({half}::bigint & 4294967295)::oid"
    rows = _ask(connection, _HOLDER % objid)
    return str(rows[0][0]) if rows else "another process"


def _ask(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    """A question in PostgreSQL's own words."""
    found: list[tuple[object, ...]] = connection.execute(
        f"FROM postgres_query('{_PG}', {quote_literal(sql)})"
    ).fetchall()
    return found


@contextlib.contextmanager
def built_aside(layout: Layout, database: Postgres) -> Iterator[Layout]:
    """A place to make a ledger in; when it is done it gets its own name, else it goes.

    Raises:
        MisuseError: there is a ledger already.
        StorageError: the database cannot be reached, or denies it.
    """
    with _connected(layout, database, "init") as connection:
        # Two who make the same ledger meet at the change of the name: one of them fails.
        if _tables(connection, database.schema):
            raise MisuseError(f"`{layout.name}` is a ledger already")
        aside = replace(database, schema=f"{database.schema}_{uuid.uuid4().hex[:8]}")
        before, after = map(quote_identifier, (aside.schema, database.schema))
        try:
            yield replace(layout, database=aside)
            _do(connection, f"ALTER SCHEMA {before} RENAME TO {after}")
        except BaseException:
            _do(connection, f"DROP SCHEMA IF EXISTS {before} CASCADE")
            raise


def _do(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(f"CALL postgres_execute('{_PG}', {quote_literal(sql)})")
