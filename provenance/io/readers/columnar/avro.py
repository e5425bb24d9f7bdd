"""Read Avro object container files, one block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from provenance.errors import InputError
from provenance.io.contract.library_errors import LibraryError, iterate_library, library_errors
from provenance.io.contract.optional_libraries import require_library
from provenance.io.contract.reader import Input
from provenance.io.readers.columnar.library_records import RecordOrDefect, RecordReader, json_value
from provenance.io.streams.open_input import open_bytes


class Avro(RecordReader):
    """Reader of Avro files; ``--records`` is not for this format."""

    names: ClassVar[Sequence[str]] = ("avro",)
    failures: ClassVar[tuple[type[Exception], ...]] = (LibraryError,)

    @contextmanager
    def opened(
        self, source: Input, records: str | None, limit: int
    ) -> Iterator[Iterator[RecordOrDefect]]:
        """Open the records of the file."""
        fastavro = require_library("fastavro", "avro", "Avro files")
        with open_bytes(source) as stream:
            try:
                with library_errors():
                    found = fastavro.reader(stream, return_record_name=False)
            except LibraryError as error:
                raise InputError(
                    f"not a readable Avro file ({error}): {source.uri}",
                    hint="fetch or write the file again",
                ) from error
            yield ({"value": row} if not isinstance(row, dict) else row for row in _each(found))


def _each(found: Iterator[object]) -> Iterator[object]:
    for row in iterate_library(found):
        yield json_value(row)
