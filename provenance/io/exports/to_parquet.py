"""Write rows of any sources as Parquet files of one schema, in the types of the sources."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.io.columns.row_types import LeafType, RowType, Untyped, arrow_type, kind_of_type
from provenance.io.columns.to_text import to_json
from provenance.io.columns.typed_rows import cast_values, is_json_column, json_reason
from provenance.io.contract.reader import ReadLayout
from provenance.io.exports.export_plan import (
    ExportColumn,
    ExportPlan,
    SourceGroup,
    features_of,
    make_plan,
)
from provenance.io.readers.json.typed_json import TypedJson

_GROUP_ROWS = 65_536
_GROUP_BYTES = 32 << 20
_COMPRESSION = "lz4"
_LINES = "json"


@dataclass(frozen=True, slots=True)
class _Segment:
    """Rows of one group, in a temporary file until the schema is known."""

    group: int
    path: Path


@dataclass(slots=True)
class _Split:
    segments: list[_Segment] = field(default_factory=list)
    writer: pa.ipc.RecordBatchFileWriter | None = None


class ParquetExport:
    """Collects rows, then writes them in the schema that holds them all.

    Until then the rows are in files of a temporary folder: memory holds a few batches.

    Args:
        folder: an empty folder, whose files are removed as they are used up.
        ours: the columns that are added to each row.
    """

    def __init__(self, folder: Path, ours: pa.Schema) -> None:
        self._folder = folder
        self._ours = ours
        self._splits: dict[str, _Split] = {}
        self._groups: list[SourceGroup] = []
        self._keys: dict[object, int] = {}
        self._connection = duckdb.connect(":memory:")
        self._json = TypedJson(self._connection)

    def __enter__(self) -> ParquetExport:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        for split in self._splits.values():
            if split.writer is not None:
                split.writer.close()

    def add(
        self, layout: ReadLayout, rows: pa.Array | pa.RecordBatch, ours: pa.Table, splits: pa.Array
    ) -> None:
        """Add rows.

        Args:
            rows: JSON objects as text, or columns as ``typed_rows`` gives them.
            ours: what is added to each of them.
            splits: the split of each.
        """
        number = self._group_of(layout, rows)
        group = self._groups[number]
        if isinstance(rows, pa.RecordBatch):
            group.add(dict(zip(rows.schema.names, map(_kind, rows.schema, rows), strict=True)))
            names = [f"c{position}" for position in range(rows.num_columns)]
            source_rows = pa.RecordBatch.from_arrays(rows.columns, names)
        else:
            group.add(self._json.members(rows))
            source_rows = pa.RecordBatch.from_arrays([rows], [_LINES])
        added = [column.combine_chunks() for column in ours.columns]
        batch = pa.RecordBatch.from_arrays(
            [*added, *source_rows.columns], [*ours.schema.names, *source_rows.schema.names]
        )
        for split in pc.unique(splits).to_pylist():
            mine = batch.filter(pc.equal(splits, split))
            self._writer(split, number, mine.schema).write_batch(mine)

    def _group_of(self, layout: ReadLayout, rows: pa.Array | pa.RecordBatch) -> int:
        is_json = not isinstance(rows, pa.RecordBatch)
        features = {} if is_json else features_of(rows.schema)
        types = None if is_json else tuple((each.name, each.type) for each in rows.schema)
        key = (layout.kind, layout.content, types, repr(features))
        if key not in self._keys:
            self._keys[key] = len(self._groups)
            self._groups.append(
                SourceGroup(layout.kind, layout.content, is_json, features=features)
            )
        return self._keys[key]

    def _writer(self, name: str, group: int, schema: pa.Schema) -> pa.ipc.RecordBatchFileWriter:
        split = self._splits.setdefault(name, _Split())
        if split.writer is None or split.segments[-1].group != group:
            if split.writer is not None:
                split.writer.close()
            number = sum(len(each.segments) for each in self._splits.values())
            segment = _Segment(group, self._folder / f"{number}.arrow")
            split.segments.append(segment)
            options = pa.ipc.IpcWriteOptions(compression=_COMPRESSION)
            split.writer = pa.ipc.new_stream(str(segment.path), schema, options=options)
        return split.writer

    @property
    def splits(self) -> list[str]:
        """Names of the splits that have rows."""
        return sorted(self._splits)

    def plan(self) -> ExportPlan:
        """Plan the columns of all added rows."""
        for split in self._splits.values():
            if split.writer is not None:
                split.writer.close()
                split.writer = None
        return make_plan(self._groups)

    def write(self, split: str, plan: ExportPlan, target: Path) -> int:
        """Write the rows of a split in order, with page checksums, synced; return their count."""
        schema = plan.schema(self._ours)
        count = 0
        with target.open("xb") as file:
            with pq.ParquetWriter(
                file, schema, compression="zstd", write_page_checksum=True
            ) as writer:
                for table in _grouped(self._tables(self._splits[split], plan, schema)):
                    writer.write_table(table, row_group_size=_GROUP_ROWS)
                    count += table.num_rows
            file.flush()
            os.fsync(file.fileno())
        return count

    def _tables(self, split: _Split, plan: ExportPlan, schema: pa.Schema) -> Iterator[pa.Table]:
        for segment in split.segments:
            with pa.ipc.open_stream(str(segment.path)) as batches:
                for batch in batches:
                    yield self._table(batch, segment.group, plan, schema)
            segment.path.unlink()

    def _table(
        self, batch: pa.RecordBatch, number: int, plan: ExportPlan, schema: pa.Schema
    ) -> pa.Table:
        group = self._groups[number]
        pairs = zip(plan.columns, plan.members[number], strict=True)
        wanted = {member: column for column, member in pairs if member is not None}
        if group.is_json:
            types = {name: _own_type(group, name, column) for name, column in wanted.items()}
            values = self._json.columns(batch.column(_LINES), types)
        else:
            places = {name: f"c{position}" for position, name in enumerate(group.columns)}
            values = [batch.column(places[name]) for name in wanted]
        found = {
            column.name: _written(value, column, group, name)
            for (name, column), value in zip(wanted.items(), values, strict=True)
        }
        for column in plan.columns:
            if column.name not in found:
                found[column.name] = pa.nulls(batch.num_rows, column.field.type)
        ours = {name: batch.column(name) for name in self._ours.names}
        return pa.table([(ours | found)[name] for name in schema.names], schema=schema)


def _own_type(group: SourceGroup, name: str, column: ExportColumn) -> pa.DataType | None:
    """Return the type in which a JSON member is read; ``None`` where it stays JSON."""
    return None if column.type is None else arrow_type(group.columns[name], pa.string())


def _written(values: pa.Array, column: ExportColumn, group: SourceGroup, name: str) -> pa.Array:
    if column.type is not None:
        return cast_values(values, column.type)
    if group.is_json or isinstance(group.columns[name], Untyped):
        return values
    return to_json(values)


def _kind(about: pa.Field, values: pa.Array) -> RowType:
    """Return the row type of a column; for long integers with their range of values."""
    if is_json_column(about):
        return Untyped(json_reason(about))
    kind = kind_of_type(about.type)
    if isinstance(kind, LeafType) and kind.type in {pa.int64(), pa.uint64()}:
        found = pc.min_max(values).as_py()
        return LeafType(kind.type, found["min"] or 0, found["max"] or 0)
    return kind


def _grouped(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Concatenate tables to row groups of suitable size."""
    buffered: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        buffered.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.concat_tables(buffered)
            buffered, rows, size = [], 0, 0
    if buffered:
        yield pa.concat_tables(buffered)
