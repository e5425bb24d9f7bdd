"""Convert Arrow record batches to batches and rejects, for all columnar formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.errors import InputError
from provenance.io.columns.schema import has_repeated_member, type_at
from provenance.io.columns.supported_rows import supported_rows
from provenance.io.columns.to_text import is_textual, raw_value, to_json, to_storage, to_text
from provenance.io.columns.typed_rows import typed_rows
from provenance.io.columns.value_sizes import Sizes, bounded_ranges, value_sizes
from provenance.io.contract.reader import Batch, ReadLayout
from provenance.io.contract.record_paths import MAX_ROW_PATHS, Steps, TooManyPathsError, steps_of
from provenance.io.readers.columnar.mixed_columns import json_records, may_hold_json
from provenance.io.readers.json.json_records import NumberedRecords
from provenance.io.records.batch_builder import BatchBuilder, empty_fields
from provenance.io.records.column_paths import ColumnPaths, column_at, has_open_keys, reference_text
from provenance.io.records.content_names import RESERVED
from provenance.io.records.content_rows import ContentRows, struct_of
from provenance.io.streams.compression import MAX_RATIO_AFTER
from provenance.io.streams.size_limits import require_bytes, require_columns, require_rows

_PLAIN = ReadLayout("text", ())

ARROW_FAILURES = (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError)
"""Exceptions of the Arrow library on damaged files; a damaged length asks for much memory."""


def failure_reason(error: Exception) -> str:
    """Return the first line of an error message of the Arrow library."""
    return str(error).partition("\n")[0] or "a length in it asks for more memory than there is"


def end_of_file(
    layout: ReadLayout, reason: str, *, original: bool, row: int | None = None
) -> Batch:
    """Make the one reject for the unreadable rest of a file, or of a range from a row on."""
    collector = BatchBuilder(layout, original=original)
    collector.reject(row, None, f"file: {reason}", None)
    return collector.batch()


class MissingColumnsError(Exception):
    """The chooser asks for columns that were not read."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True, slots=True)
class _View:
    """Further fields of some rows.

    Attributes:
        names: further fields; ``alternatives`` has the steps to each.
        shape: what the rows have.
        refused: why all of them are refused; empty if they are not.
    """

    names: tuple[str, ...] = ()
    alternatives: tuple[tuple[Steps, ...], ...] = ()
    shape: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""


@dataclass(slots=True)
class ColumnBatches:
    """Converts the record batches of one file, and counts the decoded bytes.

    Attributes:
        layout: what is read.
        schema: the columns of the file.
        encoded_bytes: size of the file on disk; a decompression bomb is measured against it.
        original: whether the whole row comes along as JSON.
        max_ratio_after: decoded bytes that are believed whatever the ratio.
        row: number of the next row; a reader that passes rows over sets it on.
        mixed: whether columns hold JSON, so that each row is a record of types of its own.
    """

    layout: ReadLayout
    schema: pa.Schema
    encoded_bytes: int
    original: bool = False
    max_ratio_after: int = MAX_RATIO_AFTER
    row: int = field(default=1, init=False)
    mixed: bool = field(default=False, init=False)
    _decoded: int = field(default=0, init=False)
    _rows: int = field(default=0, init=False)
    _more: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        require_columns(len(self.schema))
        names = self.content_columns()
        if not names:
            raise InputError(
                f"no column {', '.join(self.layout.content)} in the file",
                hint=f"name one with `--content`; columns: {', '.join(self.schema.names)}",
            )
        binary = self.layout.kind == "binary"
        self.mixed = not binary and any(may_hold_json(each.type) for each in self.schema)
        everything = self.original or self.mixed
        for name in self.schema.names if everything else (*names, *self.layout.fields):
            self._require_once(name)
        if self.layout.kind != "structured":
            kind = type_at(self.schema, names[0])
            if kind and not (pt.is_null(kind) or is_textual(kind)):
                raise InputError(
                    f"column {names[0]!r} holds {kind}, not text",
                    hint="name another with `--content`, or `--content '*'` for the whole row",
                )

    def content_columns(self) -> list[str]:
        """List the content fields of the file, in the order of the layout."""
        if self.layout.content == ("*",):
            return [name for name in self.schema.names if not name.startswith(RESERVED)]
        return [name for name in self.layout.whole if self._has(name)]

    def _has(self, name: str) -> bool:
        """Check for a column of this name, or one of JSON that may hold it."""
        heads = [each for each in self.schema if each.name == self._head(name)]
        in_json = any(may_hold_json(each.type) for each in heads)
        return in_json or type_at(self.schema, name) is not None

    def needed(self, possible: Mapping[str, str] | None = None) -> list[str]:
        """List the columns to read; ``possible`` are the paths that may have values.

        Raises:
            InputError: such a column occurs twice.
        """
        if self.original or self.mixed:
            return list(self.schema.names)
        names = [*self.content_columns(), *self.layout.fields]
        heads = [self._head(name) for name in names]
        if self.layout.chooser is not None:
            heads += self._chosen_heads(self.layout.chooser(possible or {}))
            # What keys their maps have is not known before they are read.
            heads += [each.name for each in self.schema if has_open_keys(each.type)]
        # Who asks Parquet for a column `a.b` has a part of the column `a` with it.
        heads += [head.split(".")[0] for head in heads]
        return [name for name in dict.fromkeys([*heads, *self._more]) if name in self.schema.names]

    def need(self, heads: Iterable[str]) -> None:
        """Read further columns from now on."""
        self._more += heads

    def _head(self, name: str) -> str:
        return name if name in self.schema.names else name.split(".", maxsplit=1)[0].rstrip("[]")

    def _chosen_heads(self, names: Iterable[str]) -> list[str]:
        heads = [self._head(name) for name in names if name not in self.layout.fields]
        for head in heads:
            self._require_once(head)
        return heads

    def _require_once(self, name: str) -> None:
        kind = type_at(self.schema, name)
        if self.schema.names.count(name) > 1 or (kind and has_repeated_member(kind)):
            raise InputError(f"column name {name!r} occurs twice", hint="rename one of them")

    def batches(
        self, table: pa.RecordBatch, possible: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        """Split a record batch into batches of bounded size, and number the rows.

        Args:
            possible: paths that columns may have which are not in the table, to their kinds.

        Raises:
            DamagedError: the file decodes to more than it can honestly hold.
            MissingColumnsError: the chooser asks for a column that is not in the table.
        """
        self._rows += table.num_rows
        require_rows(self._rows, self.encoded_bytes)
        # Sizes are taken before anything is decoded, and of few rows at a time: a batch of 2^40
        # rows that are all null, or all the same, takes no space in a file.
        content = frozenset(map(self._head, self.content_columns()))
        for rows in supported_rows(table, content, self._weigh):
            for window, view in self._views(rows, possible or {}):
                for first, after in bounded_ranges(self._sizes(window, view)):
                    cut = window.slice(first, after - first)
                    whole = cut.num_rows == window.num_rows
                    # Fewer rows have no more keys: there is one view of them.
                    own = view if whole else next(self._views(cut, possible or {}))[1]
                    make = self._mixed_batch if self.mixed else self._batch
                    yield make(cut, own, self.row)
                    self.row += after - first

    def _views(
        self, table: pa.RecordBatch, possible: Mapping[str, str]
    ) -> Iterator[tuple[pa.RecordBatch, _View]]:
        """Yield rows with their further fields; fewer rows at once if maps have many keys."""
        chooser = self.layout.chooser
        if chooser is None or self.mixed:
            yield table, _View()
            return
        wide = False
        try:
            paths = ColumnPaths.of(table)
        except TooManyPathsError:
            wide, paths = True, ColumnPaths()
        if (wide or paths.full) and table.num_rows > 1:
            half = table.num_rows // 2
            yield from self._views(table.slice(0, half), possible)
            yield from self._views(table.slice(half), possible)
            return
        if wide:
            yield table, _View(refused=f"more than {MAX_ROW_PATHS:,} fields in one record")
            return
        available = set(table.schema.names)
        unread = {
            path: kind for path, kind in possible.items() if self._head(path) not in available
        }
        shape = dict(sorted({**paths.shape(), **unread}.items()))
        names = tuple(name for name in chooser(shape) if name not in self.layout.fields)
        missing = set(self._chosen_heads(names)) & set(self.schema.names) - available
        if missing:
            raise MissingColumnsError(sorted(missing))
        yield table, _View(names, tuple(map(paths.alternatives, names)), shape)

    def _sizes(self, table: pa.RecordBatch, view: _View) -> Sizes:
        read = (*self.content_columns(), *self.layout.fields, *map(self._head, view.names))
        names = table.schema.names if self.original or self.mixed else dict.fromkeys(read)
        sizes = np.ones(table.num_rows, dtype=np.int64)
        for name in names:
            sizes += value_sizes(_column(table, name))
        self._weigh(sizes)
        self._decoded += int(sizes.sum())
        return sizes

    def _weigh(self, sizes: Sizes) -> None:
        require_bytes(self._decoded + int(sizes.sum()), self.encoded_bytes, self.max_ratio_after)

    def _mixed_batch(self, table: pa.RecordBatch, _view: _View, first: int) -> Batch:
        """Convert rows of JSON columns row by row, like JSON lines."""
        gathered = NumberedRecords(self.layout, original=self.original, first=first)
        for record in json_records(table):
            gathered.add(record)
        return gathered.batch()

    def _batch(self, table: pa.RecordBatch, view: _View, first: int) -> Batch:
        content = {name: _column(table, name) for name in self.content_columns()}
        fields = [_column(table, name) for name in self.layout.fields]
        rows = ContentRows(content, fields, self.layout)
        if view.refused:
            rows.refuse_all(view.refused)
        structured = self.layout.kind == "structured"
        values = rows.objects() if structured else rows.texts(binary=self.layout.kind == "binary")
        kept = rows.kept
        typed = self.layout.typed
        references = self.layout.references
        columns = [
            (reference_text if name in references else to_text)(rows.without_refused(column))
            for name, column in zip(self.layout.fields, fields, strict=True)
        ]
        columns += [
            rows.without_refused(column_at(table, alternatives, reference=name in references))
            for name, alternatives in zip(view.names, view.alternatives, strict=True)
        ]
        collector = BatchBuilder(_PLAIN, original=False)
        for position in sorted(rows.refused):
            raw = None if structured else raw_value(next(iter(content.values())), position)
            collector.reject(first + position, None, rows.refused[position], raw)
        return Batch(
            rows=pc.add(kept, first),
            content=values,
            fields=pa.RecordBatch.from_arrays(columns, [*self.layout.fields, *view.names])
            if columns
            else empty_fields(len(kept)),
            rejects=collector.batch().rejects,
            original=_json_rows(table.take(kept)) if self.original and not typed else None,
            typed=typed_rows(table).take(kept) if self.original and typed else None,
            shape=view.shape,
        )


def _column(table: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column, or a member of a column by a dotted name; nulls where there is none."""
    if name in table.schema.names:
        column = table.column(name)
    else:
        head, *path = name.split(".")
        if type_at(table.schema, name) is None:
            return column_at(table, steps_of(name))
        column = table.column(head)
        for member in path:
            column = pc.struct_field(to_storage(column), member)
    if pt.is_dictionary(column.type) or isinstance(column.type, pa.UuidType):
        return column
    return to_storage(column)


def _json_rows(table: pa.RecordBatch) -> pa.Array:
    return to_json(struct_of(dict(zip(table.schema.names, table.columns, strict=True))))
