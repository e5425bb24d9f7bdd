"""Read ORC files, one stripe at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import pyarrow as pa
from pyarrow import orc

from provenance.errors import InputError
from provenance.io.columns.schema import shape_of
from provenance.io.contract.reader import Input
from provenance.io.readers.columnar.batches import ARROW_FAILURES, failure_reason
from provenance.io.readers.columnar.library_batches import (
    ColumnarReader,
    OpenedTable,
    require_plain,
)
from provenance.io.streams.open_input import open_bytes


class Orc(ColumnarReader):
    """Reader of ORC files."""

    names: ClassVar[Sequence[str]] = ("orc",)

    @contextmanager
    def opened(self, source: Input, records: str | None) -> Iterator[OpenedTable]:
        """Open its stripes; ``records`` is not for this format."""
        require_plain(source, "an ORC file")
        with open_bytes(source) as stream:
            try:
                file = orc.ORCFile(stream)
                shape_of(file.schema)  # names that are no text are found here
            except ARROW_FAILURES as error:
                raise InputError(
                    f"not a readable ORC file ({failure_reason(error)}): {source.uri}",
                    hint="fetch or write the file again",
                ) from error
            yield OpenedTable(file.schema, _stripes(file))


def _stripes(file: orc.ORCFile) -> Iterator[pa.RecordBatch]:
    for number in range(file.nstripes):
        yield file.read_stripe(number)
