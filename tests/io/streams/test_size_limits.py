"""What holds far more rows or columns than its size can hold is refused at once."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.reader_contract import read_all

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.contract.record_paths import MAX_ROW_PATHS
from provenance.io.readers.columnar.arrow_ipc import ArrowIpc
from provenance.io.readers.columnar.parquet import Parquet
from provenance.io.readers.tables.delimited import Delimited
from provenance.io.streams.decompress import DamagedError

TEXT = ReadLayout("text", ("text",))

COLUMNS = {
    "null": pa.nulls(3_000_000, pa.string()),
    "same": pa.array(["Yes."] * 3_000_000).dictionary_encode(),
}


@pytest.mark.parametrize("column", COLUMNS)
def test_millions_of_rows_in_a_few_bytes(tmp_path: Path, column: str) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": COLUMNS[column]}), path)
    with pytest.raises(DamagedError, match=r"3,000,000 rows in [0-9,]+ bytes, like a decompr"):
        read_all(Parquet(), Input(str(path), path, "parquet"), TEXT)


def test_a_batch_of_nulls_that_takes_no_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    batch = pa.record_batch({"text": pa.nulls((1 << 31) - 1)})
    with pa.ipc.new_stream(path, batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(DamagedError, match="2,147,483,647 rows"):
        read_all(ArrowIpc(), Input(str(path), path, "arrow"), TEXT)


def test_a_million_rows_of_a_small_file_are_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array(["Yes."] * 100_000)}), path)
    assert read_all(Parquet(), Input(str(path), path, "parquet"), TEXT).read == 100_000


def test_more_columns_than_a_record_may_have(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = ",".join(["text", *map("c{}".format, range(MAX_ROW_PATHS))])
    path.write_text(f"{names}\n{',' * MAX_ROW_PATHS}\n")
    started = time.process_time()
    with pytest.raises(InputError, match=r"65,537 columns: more than 65,536 fields"):
        read_all(Delimited(), Input(str(path), path, "csv"), TEXT)
    with pytest.raises(InputError, match=r"65,537 columns"):
        Delimited().probe(Input(str(path), path, "csv"))
    assert time.process_time() - started < 10


def test_as_many_columns_as_a_record_may_have(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = ",".join(["text", *map("c{}".format, range(MAX_ROW_PATHS - 1))])
    path.write_text(f"{names}\nyes{',' * (MAX_ROW_PATHS - 1)}\n")
    assert read_all(Delimited(), Input(str(path), path, "csv"), TEXT).content == ["yes"]
