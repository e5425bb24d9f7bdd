"""Read a ledger at one commit, through one connection for a whole operation."""

from __future__ import annotations

from typing import Protocol

import duckdb

from provenance.model.base import quote_identifier


class Preparer(Protocol):
    """Makes the tables and views of a snapshot when a query names them."""

    materializes: bool

    def prepare(self, query: str) -> None:
        """Make the tables and views that a query names, as far as they are not there."""

    def data_files(self, table: str) -> tuple[str, ...]:
        """The paths of the files that a table consists of."""


class Snapshot:
    """One consistent state of a ledger, for one operation and all that it calls.

    Whatever is committed meanwhile, the answers are those of the commit that was the newest at the
    start. Temporary tables and views may be made, and end with it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, preparer: Preparer | None = None):
        """Read through a connection.

        Args:
            preparer: makes tables and views on demand; without one they are there.
        """
        self._connection = connection
        self._preparer = preparer

    @property
    def materializes(self) -> bool:
        """Whether every view is worked out once, and not anew for each query."""
        return self._preparer is not None and self._preparer.materializes

    def data_files(self, table: str) -> tuple[str, ...]:
        """The paths of the files that a table consists of, sorted."""
        if self._preparer is not None:
            return self._preparer.data_files(table)
        query = f"SELECT DISTINCT filename FROM ledger.{quote_identifier(table)} ORDER BY 1"
        return tuple(path for (path,) in self._connection.execute(query).fetchall())

    def execute(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Run a query."""
        if self._preparer is not None:
            self._preparer.prepare(query)
        return self._connection.execute(query, parameters)

    def executemany(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Run a query once per set of parameters."""
        if self._preparer is not None:
            self._preparer.prepare(query)
        return self._connection.executemany(query, parameters)

    def register(self, view_name: str, python_object: object) -> duckdb.DuckDBPyConnection:
        """Make a temporary view of an Arrow table."""
        return self._connection.register(view_name, python_object)

    def unregister(self, view_name: str) -> duckdb.DuckDBPyConnection:
        """Remove such a view."""
        return self._connection.unregister(view_name)
