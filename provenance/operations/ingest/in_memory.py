"""Keep tables that are in memory as Parquet files, which are then read as any other file.

A table is whatever exports itself through the Arrow PyCapsule interface [1]: tables, batches and
streams of pyarrow, data frames of polars and pandas, relations of DuckDB; and a
``datasets.Dataset``. A file is named by the SHA-256 of its bytes, so that the same table makes the
same file.

[1] https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from provenance.errors import InputError, MisuseError, ProvError
from provenance.io import objects
from provenance.io.columns.supported_types import to_supported
from provenance.io.files import file_sha256, storage_errors
from provenance.io.objects import Location
from provenance.operations.coerce import AnyPath, path_text
from provenance.store.data_files import local_copy, publish
from provenance.store.layout import Layout

_GROUP_ROWS, _GROUP_BYTES = 1 << 16, 64 << 20
"""Most rows of a row group, and the bytes after which it ends."""

_STEP = 1 << 10
"""Rows that stay together, so that row groups do not depend on how a table is cut in batches."""

_TRACE = ". Detail: Python exception: "
"""What pyarrow writes between a message and the traceback behind it."""


@runtime_checkable
class ArrowStream(Protocol):
    """A table that exports itself as a stream of Arrow record batches."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@runtime_checkable
class ArrowArray(Protocol):
    """A record batch that exports itself as one Arrow array."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object: ...


@runtime_checkable
class HuggingFaceDataset(Protocol):
    """The part of ``datasets.Dataset`` and ``IterableDataset`` that hands out Arrow tables."""

    features: Any

    def with_format(self, type: str) -> Any: ...  # noqa: A002 - the word of the library


Data = AnyPath | ArrowStream | ArrowArray | HuggingFaceDataset
"""What can be ingested: a path, a glob, a URL, or a table in memory."""


def as_paths(data: Data | Iterable[Data], layout: Layout) -> list[str]:
    """The paths of what is to be read, with a Parquet file under the ledger for every table.

    Raises:
        MisuseError: an item is neither a path nor a table, or a path holds a NUL.
        InputError: a table cannot be read, or holds a type that Parquet does not have.
        StorageError: the file cannot be written.
    """
    return [
        path_text(item) if isinstance(item, str | os.PathLike) else str(_keep(item, layout))
        for item in _items(data)
    ]


def _items(data: Any) -> Iterable[Any]:
    tables = (ArrowStream, ArrowArray, HuggingFaceDataset)
    kinds = (str, os.PathLike, *tables)
    if isinstance(data, kinds):
        return [data]
    if isinstance(data, Mapping) and not any(isinstance(each, tables) for each in data.values()):
        raise MisuseError(
            f"a {type(data).__name__} is not a table", hint="pass pyarrow.Table.from_pylist(rows)"
        )
    if isinstance(data, Mapping):
        raise MisuseError(
            f"{_name(data)} holds several tables", hint=f"name one: data[{next(iter(data), '')!r}]"
        )
    if isinstance(data, bytes) or not isinstance(data, Iterable):
        raise MisuseError(
            f"{_name(data)} is neither a path nor a table",
            hint="give a path, or a table of pyarrow, polars, pandas, DuckDB or datasets",
        )
    items = list(data)
    for item in items:
        if not isinstance(item, kinds):
            _items(item if not isinstance(item, list | tuple) else None)
    return items


def _name(value: object) -> str:
    return f"a {type(value).__module__}.{type(value).__qualname__}"


def _keep(table: Any, layout: Layout) -> Path | Location:
    """Write a table under the ledger, batch by batch, unless the same one is there."""
    staging = layout.staging(layout.tables, uuid.uuid4().hex)
    with storage_errors(staging):
        staging.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _arrow_errors(table):
                _write(table, staging)
            final = layout.kept_table(file_sha256(staging))
            if not _is_whole(final, staging):
                publish(staging, final)
        finally:
            staging.unlink(missing_ok=True)
    return final


def _is_whole(kept: Path | Location, written: Path) -> bool:
    """Whether the kept table is there and holds the bytes of its name, those just written."""
    size = written.stat().st_size
    if isinstance(kept, Path):
        if not kept.is_file() or kept.stat().st_size != size:
            return False
    elif (stored := objects.find(kept)) is None or stored.bytes != size:
        return False
    with local_copy(kept) as copy:
        return file_sha256(copy) == kept.name.partition(".")[0]


@contextmanager
def _arrow_errors(table: object) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, NotImplementedError) as error:
        raise InputError(
            f"{_name(table)} cannot be kept as Parquet: {str(error).splitlines()[0]}",
            hint="cast the column to a type that Parquet has, or give a table with named columns",
        ) from error


@contextmanager
def _producer_errors(passed: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn whatever the library or the code behind a table raises into one error.

    Args:
        passed: classes of errors that are raised as they are.

    Raises:
        InputError: with the first line of the message; the error itself is its cause.
        KeyboardInterrupt: the program was interrupted inside a stream of Arrow, which tells of it
            by its text alone.
    """
    try:
        yield
    except (ProvError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, passed):
            raise
        message, _, trace = str(error).partition(_TRACE)
        if trace.rstrip().endswith("\nKeyboardInterrupt"):
            raise KeyboardInterrupt from error
        lines = message.strip().splitlines() or [type(error).__name__]
        raise InputError(f"the table could not be read: {lines[0]}") from error


def _produced(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of a table, whose own errors are told from those of writing them."""
    with _producer_errors():
        yield from batches


def _write(table: Any, path: Path) -> None:
    with _producer_errors(passed=(pa.ArrowException, NotImplementedError)):
        schema, batches = _stream(table)
    groups = _groups(map(_plain, _produced(batches)))
    first = next(groups, None)
    if first is None:
        if schema is None:
            raise InputError(f"{_name(table)} has no rows and no columns")
        first = pa.Table.from_batches([_plain(pa.RecordBatch.from_pylist([], schema))])
    with path.open("xb") as file:
        with pq.ParquetWriter(
            file, first.schema, compression="zstd", compression_level=1, write_page_checksum=True
        ) as writer:
            writer.write_table(first, row_group_size=max(1, first.num_rows))
            for group in groups:
                writer.write_table(group, row_group_size=group.num_rows)
        file.flush()
        os.fsync(file.fileno())


def _stream(table: Any) -> tuple[pa.Schema | None, Iterator[pa.RecordBatch]]:
    """Columns, if they are known before the first row, and the rows."""
    if isinstance(table, pa.RecordBatchReader):
        return table.schema, iter(table)
    if isinstance(table, ArrowStream):
        reader = pa.RecordBatchReader.from_stream(table)
        return reader.schema, iter(reader)
    if isinstance(table, ArrowArray):
        batch = pa.record_batch(table)
        return batch.schema, iter([batch])
    schema = table.features.arrow_schema if table.features is not None else None
    pieces = table.with_format("arrow").iter(batch_size=_STEP)
    return schema, (batch for piece in pieces for batch in piece.to_batches())


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch without metadata, in types that Parquet has; texts in one type for all libraries."""
    columns = [to_supported(column) for column in batch.columns]
    columns = [
        column.cast(pa.large_string()) if pt.is_string(column.type) else column
        for column in columns
    ]
    fields = [
        pa.field(field.name, column.type, field.nullable)
        for field, column in zip(batch.schema, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Row groups that depend on the rows alone."""
    group: list[pa.Table] = []
    for step in _steps(batches):
        group.append(step)
        rows = sum(each.num_rows for each in group)
        if rows >= _GROUP_ROWS or sum(each.nbytes for each in group) >= _GROUP_BYTES:
            yield pa.concat_tables(group)
            group = []
    if group:
        yield pa.concat_tables(group)


def _steps(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows in pieces of one length; the last may be shorter."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= _STEP:
            table = pa.Table.from_batches(waiting)
            whole = rows - rows % _STEP
            yield from (table.slice(at, _STEP) for at in range(0, whole, _STEP))
            waiting = table.slice(whole).to_batches()
            rows -= whole
    if rows:
        yield pa.Table.from_batches(waiting)
