"""A catalogue in PostgreSQL: attached for writers, who take turns, and copied for readers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from provenance.errors import BusyError, NotFoundError
from provenance.model.base import quote_identifier, quote_literal
from provenance.store.address import Postgres
from provenance.store.connection import ledger_errors, load_extension, quiet
from provenance.store.layout import Layout

WAIT_SECONDS = 120.0
"""How long a writer queues before it gives up and says who holds the ledger."""

_LOCKS = 0x70726F76
"""The first half of our advisory locks; the second is that of the schema."""

_PG = "pg"
_LOG_IN = "catalogue"

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
    layout: Layout, database: Postgres, purpose: str, **settings: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database itself, attached as ``pg``."""
    with ledger_errors(layout):
        connection = quiet()
        try:
            connection.execute("SET threads = 1")
            _allow(connection, database)
            told = quote_literal(database.conninfo(purpose, **settings))
            connection.execute(f"ATTACH {told} AS {_PG} (TYPE postgres, SECRET {_LOG_IN})")
            yield connection
        finally:
            connection.close()


def copy(layout: Layout, database: Postgres, catalogue: Path) -> None:
    """The catalogue as it is at this moment, as a file.

    Raises:
        NotFoundError: there is no ledger.
        StorageError: the database cannot be reached, or denies it.
    """
    schema = database.schema
    with _connected(layout, database, "reading") as connection:
        connection.execute(f"ATTACH {quote_literal(str(catalogue))} AS copied")
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
    layout: Layout, database: Postgres, purpose: str, *, wait: float = WAIT_SECONDS
) -> Iterator[None]:
    """Hold the ledger for writing: the database's own queue is fair, and forgets who dies.

    Raises:
        BusyError: somebody else held it for longer than ``wait`` seconds.
        StorageError: the database cannot be reached, or denies it.
    """
    half = f"hashtext({quote_literal(database.schema)})"
    options = f"-c lock_timeout={int(wait * 1000)}"
    with _connected(layout, database, purpose, options=options) as connection:
        connection.execute("BEGIN")
        try:
            _ask(connection, f"SELECT pg_advisory_xact_lock({_LOCKS}, {half})::text")
        except duckdb.Error as error:
            if "lock timeout" not in str(error):
                raise
            connection.execute("ROLLBACK")
            raise BusyError(
                f"the ledger at `{layout.name}` is held by {_holder(connection, half)}; "
                f"waited {wait:.0f} s",
                hint="wait for it to finish; a holder that is gone releases the ledger by itself",
            ) from None
        yield
        connection.execute("ROLLBACK")


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


def _do(layout: Layout, database: Postgres, sql: str) -> None:
    with _connected(layout, database, "init") as connection:
        connection.execute(f"CALL postgres_execute('{_PG}', {quote_literal(sql)})")


def exists(layout: Layout, database: Postgres) -> bool:
    """Whether the schema of a ledger is there."""
    with _connected(layout, database, "init") as connection:
        return bool(_tables(connection, database.schema))


def aside(database: Postgres, suffix: str) -> Postgres:
    """The same database with another schema, to build a ledger in."""
    return replace(database, schema=f"{database.schema}_{suffix}")


def rename(layout: Layout, built: Postgres, schema: str) -> None:
    """Give a schema that was built aside its own name."""
    before, after = quote_identifier(built.schema), quote_identifier(schema)
    _do(layout, built, f"ALTER SCHEMA {before} RENAME TO {after}")


def drop(layout: Layout, built: Postgres) -> None:
    """Remove a schema that was built aside."""
    _do(layout, built, f"DROP SCHEMA IF EXISTS {quote_identifier(built.schema)} CASCADE")
