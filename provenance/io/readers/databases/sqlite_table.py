"""Read a table of an SQLite database, opened read-only and immutable."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import ClassVar
from urllib.parse import quote

from provenance.content.json_reader import DefectError
from provenance.errors import InputError
from provenance.io.contract.library_errors import LibraryError, iterate_library, library_errors
from provenance.io.contract.reader import Input
from provenance.io.readers.columnar.library_batches import require_plain
from provenance.io.readers.columnar.library_records import RecordOrDefect, RecordReader, json_value
from provenance.io.readers.databases.database_file import choose_table, require_checkpointed
from provenance.model.base import quote_identifier

# Virtual tables run code of extensions, and views any expression: tables alone are read.
_TABLES = """
    SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name
"""


class SqliteTable(RecordReader):
    """Reader of SQLite databases; rows come in the order in which they are stored."""

    names: ClassVar[Sequence[str]] = ("sqlite",)
    failures: ClassVar[tuple[type[Exception], ...]] = (LibraryError,)

    @contextmanager
    def opened(
        self, source: Input, records: str | None, limit: int
    ) -> Iterator[Iterator[RecordOrDefect]]:
        """Open the table ``records``, or the only one."""
        require_plain(source, "an SQLite database")
        require_checkpointed(source, "-wal", "`PRAGMA wal_checkpoint`")
        uri = f"file:{quote(str(source.path))}?mode=ro&immutable=1"
        try:
            with library_errors():
                connection = sqlite3.connect(uri, uri=True)
        except LibraryError as error:
            raise _unreadable(source, error) from error
        with closing(connection):
            connection.text_factory = _decoded
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(limit, 1 << 20))
            try:
                with library_errors():
                    connection.execute("PRAGMA trusted_schema = OFF")
                    connection.execute("PRAGMA cell_size_check = ON")
                    found = [row[0] for row in connection.execute(_TABLES)]
                    names = [name for name in found if isinstance(name, str)]
                    table = quote_identifier(choose_table(source, names, records))
                    cursor = connection.execute(f"SELECT * FROM {table}")
            except LibraryError as error:
                raise _unreadable(source, error) from error
            yield _rows(cursor)


def _rows(cursor: sqlite3.Cursor) -> Iterator[RecordOrDefect]:
    names = [column[0] for column in cursor.description]
    for row in iterate_library(cursor):
        defect = next((value for value in row if isinstance(value, DefectError)), None)
        yield defect or dict(zip(names, map(json_value, row), strict=True))


def _decoded(raw: bytes) -> str | DefectError:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return DefectError("invalid UTF-8")


def _unreadable(source: Input, error: LibraryError) -> InputError:
    return InputError(
        f"not a readable SQLite database ({error}): {source.uri}",
        hint="try `.recover` of the program sqlite3, or fetch the file again",
    )
