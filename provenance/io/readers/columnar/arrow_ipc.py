"""Read Arrow IPC files (Feather version 2) and streams, one record batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import pyarrow as pa

from provenance.errors import InputError
from provenance.io.columns.coalesce import coalesce
from provenance.io.columns.reinterpret import (
    schema_with_python_arrays,
    strings_as_bytes,
    with_python_arrays,
)
from provenance.io.columns.schema import shape_of
from provenance.io.contract.reader import Batch, Input, Portion, ReadLayout, Shape
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
        """Read the schema, and the first rows where it does not tell enough."""
        with _opened(source) as (reader, _):
            return probed_shape(schema_with_python_arrays(reader.schema), _verified(reader))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the rows of every record batch in order; ``part`` is not for this format."""
        if part is not None:
            raise ValueError("only uncompressed line-oriented files are read in slices")
        if source.compression:
            with open_bytes(source) as stream:
                drain(stream)  # the reader stops where its stream ends, before the checksum of all
        with _opened(source) as (reader, stream):
            size = source.path.stat().st_size
            columns = ColumnBatches(
                layout, schema_with_python_arrays(reader.schema), size, original
            )
            try:
                for table in coalesce(_verified(reader)):
                    chosen = layout.chooser is not None
                    yield from columns.batches(table if chosen else table.select(columns.needed()))
            except ARROW_FAILURES as error:
                yield end_of_file(layout, failure_reason(error), original=original)
                return
            if not isinstance(reader, pa.ipc.RecordBatchFileReader) and _goes_on(stream):
                yield end_of_file(layout, "more follows the end of the stream", original=original)


def _goes_on(stream: BinaryIO) -> bool:
    """Check whether anything but padding follows."""
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
        return (reader.get_batch(position) for position in range(reader.num_record_batches))
    return _of_stream(reader)


def _of_stream(reader: Any) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a stream, which cannot be resumed after damage."""
    try:
        yield from reader
    except ARROW_FAILURES as error:
        raise DamagedError(
            f"the Arrow stream is truncated or damaged: {failure_reason(error)}",
            hint="fetch or write the file again",
        ) from error


def _verified(reader: Any) -> Iterator[pa.RecordBatch]:
    for each in _tables(reader):
        table = with_python_arrays(each)
        _verify(table)
        yield table


def _verify(table: pa.RecordBatch) -> None:
    """Check every offset and index; the text itself is checked later.

    Raises:
        ArrowInvalid: the batch would be read out of bounds.
    """
    for column in table.columns:
        column.validate()
        strings_as_bytes(column).validate(full=True)
