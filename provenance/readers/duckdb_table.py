"""A table of a DuckDB database, opened for reading alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import ClassVar

import duckdb
import pyarrow as pa

from provenance.errors import InputError
from provenance.model.base import quote_identifier
from provenance.readers.base import Input
from provenance.readers.columnar import Columnar, Rows, require_plain
from provenance.readers.columns import ARROW_FAILURES, failure_reason
from provenance.readers.one_table import table_of

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


class DuckdbTable(Columnar):
    """Reader of DuckDB databases."""

    names: ClassVar[Sequence[str]] = ("duckdb",)
    failures: ClassVar[tuple[type[Exception], ...]] = (*ARROW_FAILURES, duckdb.Error)

    @contextmanager
    def opened(self, source: Input, records: str | None) -> Iterator[Rows]:
        """The table ``records``, or the only one."""
        require_plain(source, "a DuckDB database")
        _require_whole(source)
        try:
            connection = duckdb.connect(str(source.path), config=_CONFIG)
        except duckdb.Error as error:
            raise _unreadable(source, error) from error
        with closing(connection):
            try:
                found = {name: rest for name, *rest in connection.execute(_TABLES).fetchall()}
                schema, table = map(quote_identifier, found[table_of(source, list(found), records)])
                batches = connection.execute(f"SELECT * FROM {schema}.{table}")
                reader = batches.to_arrow_reader(_ROWS)
            except duckdb.Error as error:
                raise _unreadable(source, error) from error
            yield Rows(reader.schema, _each(reader))


def _each(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    yield from reader


def _require_whole(source: Input) -> None:
    log = source.path.with_name(f"{source.path.name}.wal")
    if log.exists() and log.stat().st_size:
        raise InputError(
            f"the last changes of {source.uri} lie in {log.name}",
            hint="close the program that writes it, or run CHECKPOINT there",
        )


def _unreadable(source: Input, error: duckdb.Error) -> InputError:
    return InputError(
        f"not a readable DuckDB database ({failure_reason(error)}): {source.uri}",
        hint="write the table as Parquet with the version of DuckDB that wrote it",
    )
