"""Arrow IPC: files (Feather version 2) and streams, record batch by record batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import pyarrow as pa

from provenance.errors import InputError
from provenance.io.columns.coalesce import joined
from provenance.io.columns.reinterpret import as_bytes, presentable, presentable_schema
from provenance.io.columns.schema import shape_of
from provenance.io.contract.reader import Batch, Input, Layout, Portion, Shape
from provenance.io.readers.columnar.batches import (
    ARROW_FAILURES,
    ColumnBatches,
    end_of_file,
    failure_reason,
)
from provenance.io.readers.columnar.mixed_columns import probed_shape
from provenance.io.streams.decompress import BUFFER, DamagedError, drain
from provenance.io.streams.open_input import open_bytes

_FILE_MAGIC = b"ARROW1"


class ArrowIpc:
    """Reader of Arrow IPC files and streams."""

    names: Sequence[str] = ("arrow",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """What the schema at the beginning says."""
        with _opened(source) as (reader, _):
            return probed_shape(presentable_schema(reader.schema), _verified(reader))

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]:
        """Yield the rows of every record batch in order; ``part`` is not for this format."""
        if part is not None:
            raise ValueError("only uncompressed line-oriented files are read in slices")
        if source.compression:
            with open_bytes(source) as stream:
                drain(stream)  # the reader stops where its stream ends, before the checksum of all
        with _opened(source) as (reader, stream):
            size = source.path.stat().st_size
            columns = ColumnBatches(layout, presentable_schema(reader.schema), size, original)
            try:
                for table in joined(_verified(reader)):
                    chosen = layout.chooser is not None
                    yield from columns.batches(table if chosen else table.select(columns.needed()))
            except ARROW_FAILURES as error:
                yield end_of_file(layout, failure_reason(error), original=original)
                return
            if not isinstance(reader, pa.ipc.RecordBatchFileReader) and _goes_on(stream):
                yield end_of_file(layout, "more follows the end of the stream", original=original)


def _goes_on(stream: BinaryIO) -> bool:
    """Whether anything but padding follows."""
    while piece := stream.read(BUFFER):
        if piece.strip(b"\0"):
            return True
    return False


@contextmanager
def _opened(source: Input) -> Iterator[tuple[Any, BinaryIO]]:
    with open_bytes(source) as stream:
        try:
            reader = _reader(stream, source)
            shape_of(reader.schema)  # names that are no text are found here
        except ARROW_FAILURES as error:
            raise InputError(
                f"not readable as Arrow IPC ({failure_reason(error)}): {source.uri}",
                hint="fetch or write the file again",
            ) from error
        with reader:
            yield reader, stream


def _reader(stream: BinaryIO, source: Input) -> Any:
    if not stream.peek(len(_FILE_MAGIC)).startswith(_FILE_MAGIC):  # type: ignore[attr-defined]
        return pa.ipc.open_stream(stream)
    if source.compression:
        raise InputError(
            f"an Arrow file inside .{source.compression} cannot be read in place: {source.uri}",
            hint="decompress it first, or write an Arrow stream",
        )
    return pa.ipc.open_file(stream)


def _tables(reader: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        return (reader.get_batch(place) for place in range(reader.num_record_batches))
    return _of_stream(reader)


def _of_stream(reader: Any) -> Iterator[pa.RecordBatch]:
    """The record batches of a stream, in which what follows a defect cannot be found."""
    try:
        yield from reader
    except ARROW_FAILURES as error:
        raise DamagedError(
            f"the Arrow stream is truncated or damaged: {failure_reason(error)}",
            hint="fetch or write the file again",
        ) from error


def _verified(reader: Any) -> Iterator[pa.RecordBatch]:
    for each in _tables(reader):
        table = presentable(each)
        _verify(table)
        yield table


def _verify(table: pa.RecordBatch) -> None:
    """Check every offset and index before anything follows them; the text itself comes later.

    Raises:
        ArrowInvalid: the batch would be read out of bounds.
    """
    for column in table.columns:
        column.validate()
        as_bytes(column).validate(full=True)
