"""Read Parquet files, one row group at a time, and verify every page checksum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set as AbstractSet
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from provenance.errors import InputError
from provenance.io.columns.coalesce import MOST_BYTES, MOST_ROWS, coalesce
from provenance.io.columns.json_columns import JsonTextFile
from provenance.io.columns.schema import shape_of
from provenance.io.columns.to_text import storage_type
from provenance.io.contract.reader import (
    BATCH_BYTES,
    Batch,
    BlockShare,
    Input,
    Portion,
    ReadLayout,
    Shape,
    Slice,
)
from provenance.io.readers.columnar.batches import (
    ARROW_FAILURES,
    ColumnBatches,
    MissingColumnsError,
    end_of_file,
    failure_reason,
)
from provenance.io.readers.columnar.media_columns import may_be_media
from provenance.io.readers.columnar.mixed_columns import PROBED_ROWS, probed_shape
from provenance.io.readers.columnar.parquet_encryption import (
    SIGNATURE,
    encrypted,
    footer_bytes,
    is_sealed,
)
from provenance.io.records.column_paths import ColumnPaths
from provenance.io.streams.open_input import open_bytes
from provenance.io.streams.size_limits import require_rows

_MOST_ROWS = 8_192
_BUFFER = 1 << 20
_LAST_ROW = (1 << 63) - 1


_VALUES = (b"\x15\x00", b"\x15\x06")
"""First bytes of the header of a data page, version 1 or 2."""


class _ShortGroupError(Exception):
    """A row group has fewer rows than the footer says."""


class Parquet:
    """Reader of Parquet files."""

    names: Sequence[str] = ("parquet",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Read the schema, and the first rows where it does not tell enough."""
        with _opened(source) as file:
            return probed_shape(file.schema_arrow, _first_rows(file, source))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the rows of every row group in order, or of those that begin in ``part``."""
        if part is not None and not isinstance(part, Slice):
            raise ValueError("a Parquet file is cut at its row groups")
        with ExitStack() as stack:
            file = stack.enter_context(_opened(source))
            size = source.path.stat().st_size
            columns = ColumnBatches(layout, file.schema_arrow, size, original)
            _require_countable(file, source)
            require_rows(file.metadata.num_rows, size)
            schema = file.schema_arrow
            every = ColumnPaths.possible(schema).shape()
            texts = [name for name in columns.needed(every) if _is_string(schema.field(name).type)]
            dictionaries = stack.enter_context(_opened(source, dictionaries=texts))
            scout = _Scout(dictionaries, stack.enter_context(open_bytes(source)), frozenset(texts))
            columns.row = part.first_row if part else columns.row
            reading = _Reading(file, scout, columns, part.share if part else None)
            for groups in _together(file, _within(file, part)):
                yield from reading.groups(groups, columns.row)


def group_slices(
    source: Input, size: int, watch: Callable[[bytes], object] | None = None, workers: int = 1
) -> Iterator[Slice]:
    """Split a file at row groups into slices of about ``size`` bytes, at least one group each.

    The slices cover all row groups of a sound file; an empty file has none. The last slices, too
    few for all workers, are shared by them.

    Args:
        watch: is shown the whole file before the slices end, piece by piece.

    Raises:
        InputError: it is no readable Parquet file, or its row groups are out of order.
    """
    with _opened(source) as file:
        _require_countable(file, source)
        starts = _starts(file)
        if starts != sorted(set(starts)):
            raise InputError(f"its row groups are not in order: {source.uri}")
        counts = [file.metadata.row_group(group).num_rows for group in range(len(starts))]
    found = list(_ranges(starts, source.path.stat().st_size, counts, size))
    even = len(found) - len(found) % workers
    yield from found[:even]
    for left in found[even:]:
        yield from (replace(left, share=BlockShare(index, workers)) for index in range(workers))
    if watch is None:
        return
    with open_bytes(source) as stream:
        while chunk := stream.read(_BUFFER):
            watch(chunk)


def _ranges(
    starts: Sequence[int], end_of_all: int, counts: Sequence[int], size: int
) -> Iterator[Slice]:
    ends = [*starts[1:], end_of_all]
    begin, first, row = 0, 1, 1
    for group, (end, count) in enumerate(zip(ends, counts, strict=True)):
        row += count
        if group + 1 == len(starts) or ends[group + 1] - starts[begin] > size:
            yield Slice(starts[begin], end, first)
            begin, first = group + 1, row


def _starts(file: pq.ParquetFile) -> list[int]:
    """Return the offset of each row group: the lowest of its columns."""
    found = []
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        chunks = [group.column(position) for position in range(group.num_columns)]
        places = [chunk.data_page_offset for chunk in chunks]
        places += [c.dictionary_page_offset for c in chunks if c.has_dictionary_page]
        found.append(min((position for position in places if position), default=0))
    return found


def _first_rows(file: pq.ParquetFile, source: Input) -> Iterator[pa.RecordBatch]:
    """Read the first rows, no more at once than can safely be decoded."""
    if file.num_row_groups == 0:
        return
    texts = [each.name for each in file.schema_arrow if _is_string(each.type)]
    with _opened(source, dictionaries=texts) as dictionaries, open_bytes(source) as stream:
        most = _Scout(dictionaries, stream, frozenset(texts)).rows_at_once(0)
    # Of media a few rows may be many bytes, and one tells what they are.
    large = any(may_be_media(each.type) for each in file.schema_arrow)
    yield from file.iter_batches(min(1 if large else PROBED_ROWS, most), use_threads=False)


def _within(file: pq.ParquetFile, part: Slice | None) -> Sequence[int]:
    """List the row groups that begin in a slice."""
    groups = range(file.num_row_groups)
    if part is None:
        return groups
    starts = _starts(file)
    return [group for group in groups if part.start <= starts[group] < part.end]


@contextmanager
def _opened(source: Input, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    if source.compression:
        raise InputError(
            f"a Parquet file inside .{source.compression} cannot be read in place: {source.uri}",
            hint="decompress it first; Parquet compresses its own pages",
        )
    with open_bytes(source) as stream:
        sealed = is_sealed(stream)
        try:
            file = JsonTextFile(
                stream,
                read_dictionary=list(dictionaries),
                page_checksum_verification=True,
                buffer_size=_BUFFER,
            )
            shape_of(file.schema_arrow)  # names that are no text are found here
        except ARROW_FAILURES as error:
            if sealed:
                raise encrypted(source) from error
            raise InputError(
                f"not a readable Parquet file ({failure_reason(error)}): {source.uri}",
                hint="fetch or write the file again",
            ) from error
        with file:
            # Arrow ends the process when it is asked for a column whose description is encrypted.
            if sealed or footer_bytes(stream) - file.metadata.serialized_size == SIGNATURE:
                raise encrypted(source)
            yield file


def _require_countable(file: pq.ParquetFile, source: Input) -> None:
    """Refuse a footer whose row counts cannot be summed."""
    groups = range(file.num_row_groups)
    counts = [file.metadata.row_group(group).num_rows for group in groups]
    if min(counts, default=0) < 0 or sum(counts) > _LAST_ROW:
        raise InputError(
            f"not a readable Parquet file (its row groups cannot be that large): {source.uri}",
            hint="fetch or write the file again",
        )


def _together(file: pq.ParquetFile, groups: Sequence[int]) -> Iterator[Sequence[int]]:
    """Group consecutive small row groups, since there may be one per row."""
    run: list[int] = []
    rows = size = 0
    for group in groups:
        metadata = file.metadata.row_group(group)
        bytes_of_it = max(0, metadata.total_byte_size)
        if run and (rows + metadata.num_rows > MOST_ROWS or size + bytes_of_it > MOST_BYTES):
            yield run
            run, rows, size = [], 0, 0
        run.append(group)
        rows, size = rows + metadata.num_rows, size + bytes_of_it
    if run:
        yield run


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading of a file, or of a share of it."""

    file: pq.ParquetFile
    scout: _Scout
    columns: ColumnBatches
    share: BlockShare | None

    def groups(self, groups: Sequence[int], before: int) -> Iterator[Batch]:
        """Read row groups; each unreadable rest becomes one reject.

        Args:
            before: number of their first row, which may have been read already.

        Raises:
            DamagedError: the file decodes to more than it can honestly hold.
        """
        columns = self.columns
        counts = [self.file.metadata.row_group(group).num_rows for group in groups]
        after = before + sum(counts)
        try:
            yield from self._read(groups, before)
        except (_ShortGroupError, *ARROW_FAILURES) as error:
            if len(groups) > 1:
                for group, count in zip(groups, counts, strict=True):
                    if columns.row <= before + count:
                        yield from self.groups([group], before)
                    before += count
                return
            # A group without rows, or one that fails past its last row, has no row to name.
            row = columns.row if columns.row < after else None
            lost = f" (rows {row:,} to {after - 1:,})" if row else ""
            reason = f"row group {groups[0]}{lost} cannot be read: {failure_reason(error)}"
            if self.share is None or self.share.index == 0:
                yield end_of_file(columns.layout, reason, original=columns.original, row=row)
        columns.row = after

    def _read(self, groups: Sequence[int], before: int) -> Iterator[Batch]:
        columns = self.columns
        wanted = columns.layout.chooser is not None
        possible = _possible(self.file, groups) if wanted else {}
        rows = min(map(self.scout.rows_at_once, groups))
        done = False
        while not done:
            try:
                tables = coalesce(_tables(self.file, groups, rows, columns.needed(possible)))
                at = (columns.row - before, possible)
                yield from _rest(tables, columns, at, self.share)
                done = True
            except MissingColumnsError as error:
                columns.need(error.names)


def _rest(
    tables: Iterator[pa.RecordBatch],
    columns: ColumnBatches,
    at: tuple[int, Mapping[str, str]],
    share: BlockShare | None,
) -> Iterator[Batch]:
    """Read the remaining tables of a row group, after the given number of rows."""
    left, possible = at
    for number, table in enumerate(tables):
        skipped = min(left, table.num_rows)
        left -= skipped
        if share is None or number % share.of == share.index:
            yield from columns.batches(table.slice(skipped), possible)
        else:
            columns.row += table.num_rows - skipped


def _possible(file: pq.ParquetFile, groups: Sequence[int]) -> Mapping[str, str]:
    """List the paths that may have values in row groups, by their null statistics."""
    empty: set[str] = set()
    filled: set[str] = set()
    for metadata in map(file.metadata.row_group, groups):
        for position in range(metadata.num_columns):
            chunk = metadata.column(position)
            statistics = chunk.statistics
            null = (
                statistics is not None
                and statistics.has_null_count
                and statistics.null_count == chunk.num_values
            )
            (empty if null else filled).add(chunk.path_in_schema)
    # A struct of nothing but nulls is there all the same.
    columns = [
        each
        for each in file.schema_arrow
        if pt.is_nested(each.type) or each.name not in empty - filled
    ]
    return ColumnPaths.possible(columns).shape()


def _tables(
    file: pq.ParquetFile, groups: Sequence[int], rows: int, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Read the rows of row groups, and check their number against the footer.

    Raises:
        _ShortGroupError: there are fewer: the header of a page, which has no checksum, hides it.
    """
    left = sum(file.metadata.row_group(group).num_rows for group in groups)
    for table in file.iter_batches(
        rows, row_groups=groups, columns=list(columns), use_threads=False
    ):
        left -= table.num_rows
        yield table
    if left:
        raise _ShortGroupError(f"{left:,} of its rows are missing")


@dataclass(frozen=True, slots=True)
class _Scout:
    """Estimates how many rows of a row group are safe to read at once.

    The sizes in a footer may lie: a file of 1 kB can repeat the same 10 MB two hundred thousand
    times. Such values are in the dictionary of their column, which is read unexpanded with the
    first row.

    Attributes:
        file: read with dictionaries as they are.
        stream: the bytes of the file.
        texts: its columns of strings.
    """

    file: pq.ParquetFile
    stream: BinaryIO
    texts: AbstractSet[str]

    def rows_at_once(self, group: int) -> int:
        """Return the number of rows to read at a time, at least one."""
        metadata = self.file.metadata.row_group(group)
        largest = metadata.total_byte_size // max(1, metadata.num_rows)
        chunks = [metadata.column(position) for position in range(metadata.num_columns)]
        texts = [
            chunk.path_in_schema
            for chunk in chunks
            if chunk.path_in_schema in self.texts and self._may_begin_with_dictionary(chunk)
        ]
        if texts:
            rows = self.file.iter_batches(1, row_groups=[group], columns=texts, use_threads=False)
            first = next(iter(rows), None)
            found = first.columns if first else ()
            # Of a column `a.b` Parquet takes the member `b` of a column `a` for the same.
            for column in filter(lambda each: pt.is_dictionary(each.type), found):
                longest = pc.max(pc.binary_length(column.dictionary)).as_py()
                largest = max(largest, longest or 0)
        return int(min(_MOST_ROWS, max(1, BATCH_BYTES // max(1, largest))))

    def _may_begin_with_dictionary(self, chunk: pq.ColumnChunkMetaData) -> bool:
        """Check whether a column chunk begins with a dictionary page."""
        self.stream.seek(_begin(chunk))
        return self.stream.read(len(_VALUES[0])) not in _VALUES


def _begin(chunk: pq.ColumnChunkMetaData) -> int:
    """Return the offset at which Arrow begins to read a column."""
    position: int = chunk.data_page_offset
    return min(position, (chunk.has_dictionary_page and chunk.dictionary_page_offset) or position)


def _is_string(kind: pa.DataType) -> bool:
    kind = storage_type(kind)
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_binary(kind))
