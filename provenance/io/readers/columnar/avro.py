"""Avro object container files, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from provenance.errors import InputError
from provenance.io.contract.library_errors import LibraryError, library, read_by_library
from provenance.io.contract.optional_libraries import needed
from provenance.io.contract.reader import Input
from provenance.io.readers.columnar.library_records import Record, Records, json_value
from provenance.io.streams.open_input import open_bytes


class Avro(Records):
    """Reader of Avro files; ``--records`` is not for this format."""

    names: ClassVar[Sequence[str]] = ("avro",)
    failures: ClassVar[tuple[type[Exception], ...]] = (LibraryError,)

    @contextmanager
    def opened(self, source: Input, records: str | None, limit: int) -> Iterator[Iterator[Record]]:
        """Its records."""
        fastavro = needed("fastavro", "avro", "Avro files")
        with open_bytes(source) as stream:
            try:
                with library():
                    found = fastavro.reader(stream, return_record_name=False)
            except LibraryError as error:
                raise InputError(
                    f"not a readable Avro file ({error}): {source.uri}",
                    hint="fetch or write the file again",
                ) from error
            yield ({"value": row} if not isinstance(row, dict) else row for row in _each(found))


def _each(found: Iterator[object]) -> Iterator[object]:
    for row in read_by_library(found):
        yield json_value(row)
