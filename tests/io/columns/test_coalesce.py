"""A file of very many small record batches or row groups is read as one of few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provenance.io.columns.coalesce import MOST_ROWS, coalesce
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Batch, BlockShare, Input, ReadLayout, Slice

COUNT = 1_000
TABLE = pa.table(
    {
        "messages": [
            [{"role": "user", "content": f"q {n}"}, {"role": "assistant", "content": f"a {n}"}]
            for n in range(COUNT)
        ],
        "model": [f"m{n}" if n % 7 == 0 else None for n in range(COUNT)],
    }
)


def model(shape: Any) -> tuple[str, ...]:
    return ("model",) if "model" in shape else ()


LAYOUT = ReadLayout("structured", ("messages",), chooser=model)


def write(path: Path, form: str, rows: int) -> Input:
    if form == "parquet":
        pq.write_table(TABLE, path, row_group_size=rows)
        return Input(path.as_posix(), path, "parquet")
    make = pa.ipc.new_stream if form == "stream" else pa.ipc.new_file
    with make(path, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=rows)
    return Input(path.as_posix(), path, "arrow")


def read(source: Input, part: Any = None) -> list[Batch]:
    return list(reader_for(source.format).read(source, LAYOUT, part))


def facts(batches: list[Batch]) -> list[tuple[Any, ...]]:
    """Row, content and model of every record."""
    found: list[tuple[Any, ...]] = []
    for batch in batches:
        rows = batch.rows.to_pylist()
        models: list[Any] = [None] * len(rows)
        if "model" in batch.fields.schema.names:
            models = batch.fields.column("model").to_pylist()
        found += zip(rows, batch.content.to_pylist(), models, strict=True)
    return sorted(found)


@pytest.mark.parametrize("form", ["parquet", "arrow", "stream"])
def test_a_thousand_groups_of_a_row_make_one_batch(tmp_path: Path, form: str) -> None:
    few = read(write(tmp_path / "few", form, COUNT))
    many = read(write(tmp_path / "many", form, 1))
    assert len(many) == 1
    assert facts(many) == facts(few)
    assert len(facts(many)) == COUNT


def test_shares_of_small_groups_are_all_of_them(tmp_path: Path) -> None:
    source = write(tmp_path / "many", "parquet", 1)
    whole = Slice(0, source.path.stat().st_size, 1)
    parts = [
        batch
        for index in range(2)
        for batch in read(source, Slice(whole.start, whole.end, 1, BlockShare(index, 2)))
    ]
    assert facts(parts) == facts(read(source))


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [0, 400, COUNT - 1])
def test_a_damaged_group_among_small_ones_costs_itself(tmp_path: Path, damaged: int) -> None:
    path = tmp_path / "many"
    how = {"write_page_checksum": True, "compression": "none", "use_dictionary": False}
    pq.write_table(TABLE, path, row_group_size=1, **how)
    chunk = pq.read_metadata(path).row_group(damaged).column(1)
    data = bytearray(path.read_bytes())
    data[chunk.data_page_offset + chunk.total_compressed_size - 1] ^= 0xFF
    path.write_bytes(data)
    batches = read(Input(path.as_posix(), path, "parquet"))
    (reject,) = [reject for batch in batches for reject in batch.rejects.to_pylist()]
    assert reject["row"] == damaged + 1
    assert reject["reason"].startswith(f"file: row group {damaged} (rows ")
    assert [row for row, _, _ in facts(batches)] == [
        row for row in range(1, COUNT + 1) if row != damaged + 1
    ]


def test_what_comes_before_a_failure_comes() -> None:
    def failing() -> Iterator[pa.RecordBatch]:
        yield from TABLE.to_batches(max_chunksize=10)[:3]
        raise OSError("the end")

    batches = coalesce(failing())
    assert next(batches).num_rows == 30
    with pytest.raises(OSError, match="the end"):
        next(batches)


def test_large_batches_are_as_they_were() -> None:
    table = pa.table({"n": range(3 * MOST_ROWS)})
    batches = table.to_batches(max_chunksize=MOST_ROWS)
    assert [batch.num_rows for batch in coalesce(batches)] == [MOST_ROWS] * 3
