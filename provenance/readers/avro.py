"""Avro object container files, block by block."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from provenance.errors import InputError
from provenance.readers.base import Input
from provenance.readers.columns import failure_reason
from provenance.readers.extras import needed
from provenance.readers.records import Record, Records, json_value
from provenance.readers.stream import open_bytes


class Avro(Records):
    """Reader of Avro files; ``--records`` is not for this format."""

    names: ClassVar[Sequence[str]] = ("avro",)
    # What fastavro raises where the bytes are not what the schema says.
    failures: ClassVar[tuple[type[Exception], ...]] = (
        EOFError,
        IndexError,
        KeyError,
        MemoryError,
        OverflowError,
        RecursionError,
        StopIteration,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
    )

    @contextmanager
    def opened(self, source: Input, records: str | None, limit: int) -> Iterator[Iterator[Record]]:
        """Its records."""
        fastavro = needed("fastavro", "avro", "Avro files")
        with open_bytes(source) as stream:
            try:
                found = fastavro.reader(stream, return_record_name=False)
            except self.failures as error:
                raise InputError(
                    f"not a readable Avro file ({failure_reason(error)}): {source.uri}",
                    hint="fetch or write the file again",
                ) from error
            yield ({"value": row} if not isinstance(row, dict) else row for row in _each(found))


def _each(found: Iterator[object]) -> Iterator[object]:
    for row in found:
        yield json_value(row)
