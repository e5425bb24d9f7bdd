"""Read a table of a DuckDB database, opened read-only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import ClassVar

import duckdb

from provenance.errors import InputError
from provenance.io.contract.library_errors import LibraryError, iterate_library, library_errors
from provenance.io.contract.reader import Input
from provenance.io.readers.columnar.library_batches import (
    ColumnarReader,
    OpenedTable,
    require_plain,
)
from provenance.io.readers.databases.database_file import choose_table, require_checkpointed
from provenance.model.base import quote_identifier

_ROWS = 2_048

# A file from outside may hold views and macros, and must reach nothing through them: only tables
# are read, nothing outside the file is, and the settings stay as they are.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "access_mode": "READ_ONLY",
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "lock_configuration": "true",
    "threads": "1",
    "memory_limit": "512MB",
}

_TABLES = """
    SELECT CASE WHEN schema_name = 'main' THEN table_name ELSE schema_name || '.' || table_name END,
        schema_name, table_name
    FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY 1
"""


class DuckdbTable(ColumnarReader):
    """Reader of DuckDB databases."""

    names: ClassVar[Sequence[str]] = ("duckdb",)
    failures: ClassVar[tuple[type[Exception], ...]] = (LibraryError,)

    @contextmanager
    def opened(self, source: Input, records: str | None) -> Iterator[OpenedTable]:
        """Open the table ``records``, or the only one."""
        require_plain(source, "a DuckDB database")
        require_checkpointed(source, ".wal", "CHECKPOINT")
        try:
            with library_errors():
                connection = duckdb.connect(str(source.path), config=_CONFIG)
        except LibraryError as error:
            raise _unreadable(source, error) from error
        with closing(connection):
            try:
                with library_errors():
                    found = {name: rest for name, *rest in connection.execute(_TABLES).fetchall()}
                    qualified = found[choose_table(source, list(found), records)]
                    schema, table = map(quote_identifier, qualified)
                    batches = connection.execute(f"SELECT * FROM {schema}.{table}")
                    reader = batches.to_arrow_reader(_ROWS)
            except LibraryError as error:
                raise _unreadable(source, error) from error
            yield OpenedTable(reader.schema, iterate_library(reader))


def _unreadable(source: Input, error: LibraryError) -> InputError:
    return InputError(
        f"not a readable DuckDB database ({error}): {source.uri}",
        hint="write the table as Parquet with the version of DuckDB that wrote it",
    )
