"""Create temporary tables in DuckDB and lend Arrow tables to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from provenance.model.base import Connection, quote_identifier


class ArrowConnection(Connection, Protocol):
    """A DuckDB connection that runs SQL and can register Arrow tables."""

    def register(self, view_name: str, python_object: object) -> object: ...
    def unregister(self, view_name: str) -> object: ...


@contextmanager
def temp_tables(connection: ArrowConnection, *names: str) -> Iterator[tuple[str, ...]]:
    """Yield unique names for temporary tables, and drop the tables at the end."""
    mark = uuid.uuid4().hex[:12]
    tables = tuple(quote_identifier(f"lineage_{name}_{mark}") for name in names)
    try:
        yield tables
    finally:
        for table in tables:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


@contextmanager
def registered(connection: ArrowConnection, table: object) -> Iterator[str]:
    """Register an Arrow table as a relation for the duration of the block."""
    name = f"lineage_lent_{uuid.uuid4().hex[:12]}"
    connection.register(name, table)
    try:
        yield quote_identifier(name)
    finally:
        connection.unregister(name)


def copy_to_temp_table(connection: ArrowConnection, table: object, into: str) -> None:
    """Copy an Arrow table into a temporary table: DuckDB pushes no filter on ids into Arrow."""
    with registered(connection, table) as name:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS FROM {name}")
