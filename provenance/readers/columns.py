"""Arrow record batches in, batches and rejects out: what all columnar formats have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.errors import InputError
from provenance.identity import CanonicalError, canonical_json
from provenance.readers.arrow_text import (
    Mask,
    has_unsafe_number,
    invalid_rows,
    is_bytes,
    is_textual,
    json_objects,
    json_text,
    nulls,
    plain,
    raw_value,
    stored,
    text,
)
from provenance.readers.base import BATCH_BYTES, BATCH_ROWS, Batch, Layout
from provenance.readers.collect import Collector, no_fields
from provenance.readers.content import RESERVED, no_content
from provenance.readers.json_exact import too_long
from provenance.readers.schema import has_repeated_member, type_at
from provenance.readers.stream import MAX_RATIO, MAX_RATIO_AFTER, DamagedError
from provenance.readers.typed_rows import takeable, typed_rows

Sizes = npt.NDArray[np.int64]


ARROW_FAILURES = (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError)
"""What the Arrow library raises on damaged files; a damaged length asks for absurd memory."""


def failure_reason(error: Exception) -> str:
    """What the Arrow library says, in one line."""
    return str(error).partition("\n")[0] or "a length in it asks for more memory than there is"


def end_of_file(layout: Layout, reason: str, *, original: bool, row: int | None = None) -> Batch:
    """The one reject for all that cannot be read of a file, or of a part that begins at a row."""
    collector = Collector(layout, original=original)
    collector.reject(row, None, f"file: {reason}", None)
    return collector.batch()


@dataclass(slots=True)
class ColumnBatches:
    """Turns the record batches of one file into batches, and keeps count of what it decodes.

    Attributes:
        layout: what is read.
        schema: the columns of the file.
        encoded_bytes: size of the file on disk; a decompression bomb is measured against it.
        original: whether the whole row comes along as JSON.
        max_ratio_after: decoded bytes that are believed whatever the ratio.
        row: number of the next row; a reader that passes rows over sets it on.
    """

    layout: Layout
    schema: pa.Schema
    encoded_bytes: int
    original: bool = False
    max_ratio_after: int = MAX_RATIO_AFTER
    row: int = field(default=1, init=False)
    _decoded: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        names = self.content_columns()
        if not names:
            raise InputError(
                f"no column {', '.join(self.layout.content)} in the file",
                hint=f"name one with `--content`; columns: {', '.join(self.schema.names)}",
            )
        read = self.schema.names if self.original else (*names, *self.layout.fields)
        for name in read:
            kind = type_at(self.schema, name)
            if self.schema.names.count(name) > 1 or (kind and has_repeated_member(kind)):
                raise InputError(f"column name {name!r} occurs twice", hint="rename one of them")
        if self.layout.kind != "structured":
            kind = type_at(self.schema, names[0])
            if not (pt.is_null(kind) or is_textual(kind)):
                raise InputError(
                    f"column {names[0]!r} holds {kind}, not text",
                    hint="name another with `--content`, or `--content '*'` for the whole row",
                )

    def content_columns(self) -> list[str]:
        """The content fields that the file has, in the order of the layout."""
        if self.layout.content == ("*",):
            return [name for name in self.schema.names if not name.startswith(RESERVED)]
        return [name for name in self.layout.content if type_at(self.schema, name) is not None]

    def needed(self) -> list[str]:
        """Top-level columns that have to be read."""
        if self.original:
            return list(self.schema.names)
        heads = (
            name if name in self.schema.names else name.split(".")[0]
            for name in (*self.content_columns(), *self.layout.fields)
        )
        return [name for name in dict.fromkeys(heads) if name in self.schema.names]

    def batches(self, table: pa.RecordBatch) -> Iterator[Batch]:
        """Cut a record batch into batches of bounded size, numbering its rows on.

        Raises:
            DamagedError: the file decodes to more than it can honestly hold.
        """
        # Sizes are taken before anything is decoded, and of few rows at a time: a batch of 2^40
        # rows that are all null, or all the same, takes no space in a file.
        for start in range(0, table.num_rows, BATCH_ROWS):
            window = takeable(table.slice(start, BATCH_ROWS))
            sizes = self._sizes(window)
            for first, after in _cuts(sizes):
                yield self._batch(window.slice(first, after - first), self.row)
                self.row += after - first

    def _sizes(self, table: pa.RecordBatch) -> Sizes:
        names = table.schema.names if self.original else self.needed()
        sizes = np.ones(table.num_rows, dtype=np.int64)
        for name in names:
            sizes += _sizes(_column(table, name))
        self._decoded += int(sizes.sum())
        if self._decoded > max(self.max_ratio_after, MAX_RATIO * self.encoded_bytes):
            raise DamagedError(
                f"the data expands more than {MAX_RATIO}:1, like a decompression bomb",
                hint="write the file again without so many repetitions, or in parts",
            )
        return sizes

    def _batch(self, table: pa.RecordBatch, first: int) -> Batch:
        content = {name: _column(table, name) for name in self.content_columns()}
        fields = [_column(table, name) for name in self.layout.fields]
        rows = _Rows(content, fields, self.layout)
        structured = self.layout.kind == "structured"
        values = rows.objects() if structured else rows.texts(binary=self.layout.kind == "binary")
        kept = rows.kept
        columns = [text(rows.without_refused(column)) for column in fields]
        typed = self.layout.typed
        collector = Collector(self.layout, original=False)
        for place in sorted(rows.refused):
            raw = None if structured else raw_value(next(iter(content.values())), place)
            collector.reject(first + place, None, rows.refused[place], raw)
        return Batch(
            rows=pc.add(kept, first),
            content=values,
            fields=pa.RecordBatch.from_arrays(columns, list(self.layout.fields))
            if columns
            else no_fields(len(kept)),
            rejects=collector.batch().rejects,
            original=_json_rows(table.take(kept)) if self.original and not typed else None,
            typed=typed_rows(table).take(kept) if self.original and typed else None,
        )


class _Rows:
    """Some rows, and the reasons why some of them are refused; the first reason stands."""

    def __init__(
        self, content: dict[str, pa.Array], fields: list[pa.Array], layout: Layout
    ) -> None:
        self._content = content
        self._limit = limit = layout.max_record
        self._layout = layout
        self._count = len(next(iter(content.values())))
        self.refused: dict[int, str] = {}
        read = [*content.values(), *fields]
        size = np.zeros(self._count, dtype=np.int64)
        for column in filter(lambda each: is_textual(each.type), read):
            size += _sizes(column)
        self._refuse(size > limit, too_long(limit))
        for column in read:
            self._refuse(invalid_rows(column), "invalid UTF-8")

    def without_refused(self, column: pa.Array) -> pa.Array:
        """The values of the rows that are not refused; mostly the very same."""
        return column.take(self.kept) if self.refused else column

    @property
    def kept(self) -> pa.Array:
        """Places of the rows that are not refused."""
        mask = np.ones(self._count, dtype=np.bool_)
        mask[list(self.refused)] = False
        return pa.array(np.flatnonzero(mask), pa.int64())

    def texts(self, *, binary: bool) -> pa.Array:
        """The one content field as text, or as bytes."""
        ((name, column),) = self._content.items()
        self._refuse(nulls(column), f'field "{name}" is null')
        self._refuse(_sizes(column) == 0, f'field "{name}" is empty')
        kept = self.kept
        values = stored(self.without_refused(column))
        if binary:
            return values.cast(pa.binary())
        if is_bytes(values.type):
            values = values.cast(pa.binary()).view(pa.string())
            bad = invalid_rows(values)
            self.refused.update(dict.fromkeys(np.asarray(kept)[bad].tolist(), "invalid UTF-8"))
            values = values.filter(pa.array(~bad))
        return plain(values)

    def objects(self) -> pa.Array:
        """The content fields as JSON objects."""
        columns = self._content.values()
        absent = np.logical_and.reduce([nulls(column) for column in columns])
        self._refuse(absent, no_content(self._layout, "null"))
        silent = np.logical_and.reduce([nulls(column) | _blank(column) for column in columns])
        self._refuse(silent, no_content(self._layout, "empty"))
        if any(has_unsafe_number(plain(column.take(self.kept))) for column in columns):
            self._refuse_uncanonical()
        kept = self.kept
        lines = json_objects({name: col.take(kept) for name, col in self._content.items()})
        long = _sizes(lines) > self._limit
        if long.any():
            places = np.asarray(kept)[long]
            self.refused.update(dict.fromkeys(places.tolist(), too_long(self._limit)))
            lines = lines.filter(pa.array(~long))
        return lines

    def _refuse_uncanonical(self) -> None:
        kept = self.kept
        rows = plain(_struct({name: col.take(kept) for name, col in self._content.items()}))
        for place, value in zip(kept.to_pylist(), rows.to_pylist(), strict=True):
            try:
                canonical_json(value)
            except CanonicalError as error:
                self.refused[place] = str(error)

    def _refuse(self, mask: Mask, reason: str) -> None:
        for place in np.flatnonzero(mask).tolist():
            self.refused.setdefault(place, reason)


def _column(table: pa.RecordBatch, name: str) -> pa.Array:
    """A column by name, or a member of a column by a name with dots; nulls where there is none."""
    if name in table.schema.names:
        column = table.column(name)
    else:
        head, *path = name.split(".")
        if type_at(table.schema, name) is None:
            return pa.nulls(table.num_rows, pa.string())
        column = table.column(head)
        for member in path:
            column = pc.struct_field(stored(column), member)
    if pt.is_dictionary(column.type) or isinstance(column.type, pa.UuidType):
        return column
    return stored(column)


def _sizes(array: pa.Array) -> Sizes:
    """Bytes of every value, before it is decoded; of nested values the average."""
    kind = array.type
    if pt.is_dictionary(kind):
        if not len(array.dictionary):
            return np.zeros(len(array), dtype=np.int64)
        sizes = _sizes(stored(array.dictionary))[np.asarray(array.indices.fill_null(0))]
        return np.where(nulls(array), 0, sizes)
    if is_textual(kind) and not pt.is_fixed_size_binary(kind):
        return np.asarray(pc.binary_length(array).fill_null(0), dtype=np.int64)
    return np.full(len(array), -(-array.nbytes // max(1, len(array))), dtype=np.int64)


def _blank(array: pa.Array) -> Mask:
    """Which values are an empty text or an empty list."""
    if is_textual(array.type) or pt.is_dictionary(array.type):
        sizes = _sizes(array)
    elif pt.is_list(array.type) or pt.is_large_list(array.type):
        sizes = np.asarray(pc.list_value_length(array).fill_null(0), dtype=np.int64)
    else:
        sizes = np.ones(len(array), np.int64)
    empty: Mask = sizes == 0
    return empty


def _cuts(sizes: Sizes) -> Iterator[tuple[int, int]]:
    """Ranges of rows, each of at most ``BATCH_BYTES`` or of a single row."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        after = int(np.searchsorted(ends, before + BATCH_BYTES, side="right"))
        after = max(after, start + 1)
        yield start, after
        start = after


def _struct(columns: dict[str, pa.Array]) -> pa.Array:
    parts = [plain(column) for column in columns.values()]
    return pa.StructArray.from_arrays(parts, names=list(columns))


def _json_rows(table: pa.RecordBatch) -> pa.Array:
    return json_text(_struct(dict(zip(table.schema.names, table.columns, strict=True))))
