"""Base class of readers for which a library yields Arrow record batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from provenance.errors import InputError
from provenance.io.columns.coalesce import coalesce
from provenance.io.contract.reader import Batch, Input, Portion, ReadLayout, Shape
from provenance.io.readers.columnar.batches import (
    ARROW_FAILURES,
    ColumnBatches,
    end_of_file,
    failure_reason,
)
from provenance.io.readers.columnar.mixed_columns import probed_shape


@dataclass(frozen=True, slots=True)
class OpenedTable:
    """Opened rows of a file.

    Attributes:
        schema: their columns.
        batches: all of them, in order.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class ColumnarReader(ABC):
    """Reader of files that a library reads as record batches."""

    names: ClassVar[Sequence[str]]
    failures: ClassVar[tuple[type[Exception], ...]] = ARROW_FAILURES

    @abstractmethod
    def opened(self, source: Input, records: str | None) -> AbstractContextManager[OpenedTable]:
        """Open a file; ``records`` is the value of ``--records``.

        Raises:
            InputError: nothing of it can be read.
        """

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Read the columns, and the first rows where they do not tell enough."""
        with self.opened(source, nested) as rows:
            return probed_shape(rows.schema, rows.batches)

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the rows in order; ``part`` is not for such formats."""
        if part is not None:
            raise ValueError("only uncompressed line-oriented files are read in slices")
        with self.opened(source, layout.records) as rows:
            size = source.path.stat().st_size
            columns = ColumnBatches(layout, rows.schema, size, original)
            try:
                for table in coalesce(rows.batches):
                    yield from columns.batches(table)
            except self.failures as error:
                yield end_of_file(layout, failure_reason(error), original=original)


def require_plain(source: Input, description: str) -> None:
    """Refuse a compressed file that needs random access.

    Raises:
        InputError: it is one.
    """
    if source.compression:
        raise InputError(
            f"{description} inside .{source.compression} cannot be read in place: {source.uri}",
            hint="decompress it first",
        )
