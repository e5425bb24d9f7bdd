"""Read the content of exported Parquet rows back, each as its source was read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.content.json_reader import DefectError
from provenance.io.columns.to_text import to_json
from provenance.io.columns.typed_rows import is_json_column
from provenance.io.contract.reader import Batch, ReadLayout
from provenance.io.exports.added_columns import content_columns
from provenance.io.readers.columnar.batches import ColumnBatches
from provenance.io.readers.json.json_content import extract, parse_object
from provenance.io.records.batch_builder import empty_fields

_ROWS = 8_192
_ANY_SIZE = 1 << 60
"""File size that permits any number of repeated rows, which weights produce."""


def written_rows(
    path: Path, runs: Sequence[tuple[ReadLayout, int]]
) -> Iterator[tuple[ReadLayout, Batch]]:
    """Read the rows of a file in order.

    Args:
        runs: how so many rows after the other are read.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        schema = file.schema_arrow
        layouts = {layout for layout, _ in runs}
        heads = {h for layout in layouts for h in content_columns(layout.content, schema.names)}
        wanted = [name for name in schema.names if name in heads]
        readers = {layout: _Rows(layout, schema) for layout in layouts}
        left = list(reversed(runs))
        row = 1
        for table in file.iter_batches(_ROWS, columns=wanted, use_threads=False):
            start = 0
            while start < table.num_rows and left:
                layout, count = left.pop()
                piece = table.slice(start, count)
                for batch in readers[layout].read(piece, row):
                    yield layout, batch
                start, row = start + piece.num_rows, row + piece.num_rows
                if piece.num_rows < count:
                    left.append((layout, count - piece.num_rows))


class _Rows:
    """Reader of rows by one layout."""

    def __init__(self, layout: ReadLayout, schema: pa.Schema) -> None:
        self._layout = layout
        self._names = content_columns(layout.content, schema.names)
        self._as_json = {name for name in self._names if is_json_column(schema.field(name))}
        own = pa.schema([schema.field(name) for name in self._names])
        self._columns = None if self._as_json else ColumnBatches(layout, own, _ANY_SIZE)

    def read(self, table: pa.RecordBatch, row: int) -> Iterator[Batch]:
        """Yield batches of rows, the first of which has the given number."""
        if self._columns is None:
            yield self._read_json(table, row)
            return
        self._columns.row = row
        yield from self._columns.batches(table.select(self._names))

    def _read_json(self, table: pa.RecordBatch, row: int) -> Batch:
        columns = [table.column(name) for name in self._names]
        texts = [
            (column if name in self._as_json else to_json(column)).to_pylist()
            for name, column in zip(self._names, columns, strict=True)
        ]
        rows, content = [], []
        for number, values in enumerate(zip(*texts, strict=True), row):
            pairs = zip(self._names, values, strict=True)
            members = (f"{json.dumps(name)}:{text}" for name, text in pairs if text is not None)
            try:
                found, _ = extract(parse_object(f"{{{','.join(members)}}}".encode()), self._layout)
            except DefectError:
                continue
            rows.append(number)
            content.append(found)
        return Batch(
            rows=pa.array(rows, pa.int64()),
            content=pa.array(content, pa.string()),
            fields=empty_fields(len(rows)),
        )
