"""Run SQL of a user behind four locks: one SELECT, read-only, no files, no settings."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

import duckdb

from provenance.errors import MisuseError
from provenance.model.base import quote_identifier, quote_literal
from provenance.store.catalog import reading
from provenance.store.connection import ledger_errors
from provenance.store.ledger_store import Store


@contextlib.contextmanager
def user_query(
    store: Store, sql: str, *, allow_files: bool = False
) -> Iterator[duckdb.DuckDBPyRelation]:
    """The answer to one SELECT over the ledger's views, as a relation that is still to be read.

    No single setting of DuckDB keeps a live ledger file from being overwritten, hence four: the
    statement is one SELECT; the ledger is attached read-only; files outside it are out of reach
    unless ``allow_files``; and none of this can be changed by the statement.

    Raises:
        MisuseError: it writes, reaches for files, is several statements or does not parse.
    """
    _one_select(sql)
    with (
        reading(store.layout, memory_limit=os.environ.get("PROV_MEMORY_LIMIT")) as connection,
        ledger_errors(store.layout),
    ):
        _shorten(store, connection)
        if not allow_files:
            data = quote_literal(f"{store.layout.data}/")
            connection.execute(f"SET allowed_directories = [{data}]")
            connection.execute("SET enable_external_access = false")
        # A sum is a HUGEINT: a number for the reader, not the 16 bytes that would keep its type.
        connection.execute("SET arrow_lossless_conversion = false")
        connection.execute("SET lock_configuration = true")
        try:
            yield connection.sql(sql)
        except duckdb.PermissionException as error:
            raise MisuseError(
                f"the query reaches outside the ledger: {_first_line(error)}",
                hint="`--allow-files` lets a query read files",
            ) from error
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise MisuseError(_first_line(error), hint="`prov query` lists the views") from error
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            if f"{store.layout.data}/" in str(error):
                raise  # a data file of the ledger is damaged, whatever is asked
            raise MisuseError(_first_line(error)) from error


def _shorten(store: Store, connection: duckdb.DuckDBPyConnection) -> None:
    """Put the shorter way of a view, and the views over it, before those of the ledger."""
    if store.shortcut is None:
        return
    views = store.shortcut(connection, store.views)
    changed = {name for name, body in views.items() if body != store.views[name]}
    for name, body in views.items():
        if name in changed or changed & set(re.findall(r"\w+", body)):
            connection.execute(f"CREATE TEMP VIEW {quote_identifier(name)} AS {body}")


def _one_select(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise MisuseError(_first_line(error), hint="one SELECT over the views") from error
    if len(statements) != 1:
        raise MisuseError(f"a query is one statement, this is {len(statements)}")
    kind = statements[0].type
    if kind != duckdb.StatementType.SELECT:
        raise MisuseError(
            f"a query only reads; this is {kind.name}", hint="one SELECT over the views"
        )


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
