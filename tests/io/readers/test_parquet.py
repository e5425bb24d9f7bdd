"""Parquet: row groups, damaged pages, lying footers, and the bound on what is decoded."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from support.reader_contract import check_reader, read_all

from provenance.errors import InputError, NotFoundError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.columnar import parquet
from provenance.io.readers.columnar.parquet import Parquet, group_slices
from provenance.io.streams.decompress import DamagedError

TEXT = ReadLayout("text", ("text",), ("id",))


def _source(path: Path, table: pa.Table, **options: Any) -> Input:
    pq.write_table(table, path, write_page_checksum=True, **options)
    return Input(path.as_posix(), path, "parquet")


def _documents(count: int) -> pa.Table:
    return pa.table(
        {"id": range(count), "text": [f"document {n} " + "x" * 90 for n in range(count)]}
    )


_ROW = st.fixed_dictionaries(
    {
        "text": st.none() | st.text(max_size=9),
        "id": st.none() | st.integers(-(2**63), 2**63 - 1),
        "messages": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"role": st.just("user"), "content": st.none() | st.text(max_size=5)}
            ),
            max_size=3,
        ),
    }
)
_SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("id", pa.int64()),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
    ]
)


@pytest.mark.newest
@given(st.lists(_ROW, max_size=12), st.integers(1, 5), st.sampled_from(["zstd", "snappy", "none"]))
@settings(max_examples=40)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], group: int, codec: str
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    table = pa.Table.from_pylist(rows, _SCHEMA)
    source = _source(path, table, row_group_size=group, compression=codec)
    texts = check_reader(Parquet(), source, TEXT)
    kept = [(place, row) for place, row in enumerate(rows, start=1) if row["text"]]
    assert texts.rows == [place for place, _ in kept]
    assert texts.content == [row["text"] for _, row in kept]
    assert texts.fields == [(None if row["id"] is None else str(row["id"]),) for _, row in kept]
    assert texts.read == len(rows)
    chats = check_reader(Parquet(), source, ReadLayout("structured", ("messages",)))
    assert [json.loads(line)["messages"] for line in chats.content] == [
        row["messages"] for row in rows if row["messages"]
    ]


@given(st.integers(0, 2**30), st.integers(1, 255))
@settings(max_examples=80)
def test_a_flipped_byte_is_never_silent(
    tmp_path_factory: pytest.TempPathFactory, place: int, mask: int
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    table = _documents(60)
    source = _source(path, table, row_group_size=20, data_page_size=256, use_dictionary=False)
    data = bytearray(path.read_bytes())
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")  # it has no checksum, pages have
    data[4 + place % (footer - 4)] ^= mask
    path.write_bytes(data)
    reading = read_all(Parquet(), source, TEXT)
    whole = table["text"].to_pylist()
    intact = [whole[row - 1] for row in reading.rows] == reading.content
    # The header of a page has no checksum either: damage there may hide rows, but is seen.
    assert (intact and len(reading.rows) == 60) or reading.reasons[-1].startswith("file: ")


def test_a_damaged_page_costs_its_row_group_alone(tmp_path: Path) -> None:
    source = _source(
        tmp_path / "a.parquet", _documents(3000), row_group_size=1000, compression="none"
    )
    data = source.path.read_bytes()
    place = data.index(b"document 1500 ")
    source.path.write_bytes(data[:place] + b"DOC" + data[place + 3 :])
    reading = check_reader(Parquet(), source, TEXT)
    assert reading.rows == [*range(1, 1001), *range(2001, 3001)]
    assert reading.content[1000].startswith("document 2000 ")
    (reject,) = reading.rejects
    assert reject["row"] == 1001
    assert reading.reasons[0].startswith("file: row group 1 (rows 1,001 to 2,000) cannot be read: ")
    assert "CRC" in reading.reasons[0]


@given(st.sets(st.integers(0, 9)))
@settings(max_examples=20)
def test_every_damaged_row_group_is_one_reject(
    tmp_path_factory: pytest.TempPathFactory, damaged: set[int]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    source = _source(path, _documents(95), row_group_size=10, compression="none")
    data = path.read_bytes()
    for group in damaged:
        data = data.replace(b"document %d " % (10 * group + 3), b"DOCUMENT %d " % (10 * group + 3))
    path.write_bytes(data)
    reading = read_all(Parquet(), source, TEXT)
    assert reading.rows == [n + 1 for n in range(95) if n // 10 not in damaged]
    whole = _documents(95)["text"].to_pylist()
    assert reading.content == [whole[row - 1] for row in reading.rows]
    assert [each["row"] for each in reading.rejects] == [10 * n + 1 for n in sorted(damaged)]
    assert read_all(Parquet(), source, TEXT, original=True).rejects == reading.rejects


@pytest.mark.slow
def test_a_bomb_in_one_row_group_fails_the_file(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays([0] * 400, pa.array(["x" * (10 << 20)]))
    table = pa.table({"text": column})
    source = _source(tmp_path / "a.parquet", table, compression="zstd", row_group_size=100)
    with pytest.raises(DamagedError, match="like a decompression bomb"):
        read_all(Parquet(), source, ReadLayout("text", ("text",)))


def test_rows_before_the_damage_of_a_row_group_are_kept(tmp_path: Path) -> None:
    source = _source(
        tmp_path / "a.parquet",
        _documents(40_000),
        row_group_size=20_000,
        data_page_size=1 << 10,
        compression="none",
        use_dictionary=False,
    )
    data = source.path.read_bytes()
    source.path.write_bytes(data.replace(b"document 15000 ", b"DOCUMENT 15000 "))
    reading = check_reader(Parquet(), source, TEXT)
    (reject,) = reading.rejects
    first = reject["row"]
    assert isinstance(first, int)
    assert 1 < first <= 15_001
    assert reading.rows == [*range(1, first), *range(20_001, 40_001)]
    assert f"row group 0 (rows {first:,} to 20,000)" in reading.reasons[0]


def test_a_truncated_file_cannot_be_read(tmp_path: Path) -> None:
    source = _source(tmp_path / "a.parquet", _documents(10))
    os.truncate(source.path, source.path.stat().st_size - 5)
    with pytest.raises(InputError, match="not a readable Parquet file"):
        Parquet().probe(source)
    with pytest.raises(InputError, match="not a readable Parquet file"):
        list(Parquet().read(source, TEXT))


@pytest.mark.slow
def test_a_small_file_of_one_huge_value_is_a_reject(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "text": ["x" * (64 << 20), "short"]})
    source = _source(tmp_path / "a.parquet", table, compression="zstd")
    assert source.path.stat().st_size < 20_000
    reading = read_all(Parquet(), source, TEXT)
    assert (reading.rows, reading.content) == ([2], ["short"])
    assert reading.rejects[0]["raw_bytes"] == 64 << 20


def test_a_bomb_is_stopped_before_it_is_expanded(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays([0] * 100_000, pa.array(["x" * (10 << 20)]))
    source = _source(tmp_path / "a.parquet", pa.table({"text": column}), compression="zstd")
    assert source.path.stat().st_size < 20_000
    read: list[int] = []
    batches = (batch.read for batch in Parquet().read(source, ReadLayout("text", ("text",))))
    with pytest.raises(DamagedError, match="like a decompression bomb"):
        read.extend(batches)
    assert sum(read) < 1000


def test_many_rows_come_in_bounded_batches(tmp_path: Path) -> None:
    table = pa.table({"id": range(400), "text": [f"{n}" + "x" * 100_000 for n in range(400)]})
    source = _source(tmp_path / "a.parquet", table)
    sizes = [batch.content.nbytes for batch in Parquet().read(source, TEXT)]
    assert max(sizes) <= 17 << 20
    assert len(sizes) >= 3


def test_the_shape_comes_from_the_schema(tmp_path: Path) -> None:
    source = _source(tmp_path / "a.parquet", pa.Table.from_pylist([], _SCHEMA))
    assert Parquet().probe(source).fields == {
        "text": "string",
        "id": "number",
        "messages": "messages",
    }
    assert check_reader(Parquet(), source, TEXT).read == 0


def test_parquet_inside_gzip_is_refused(tmp_path: Path) -> None:
    source = Input("/a.parquet.gz", tmp_path / "a.parquet.gz", "parquet", "gz")
    with pytest.raises(InputError, match="cannot be read in place"):
        Parquet().probe(source)


def test_a_file_that_is_gone_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Parquet().probe(Input("/a.parquet", tmp_path / "none.parquet", "parquet"))


@given(
    st.lists(_ROW, max_size=30),
    st.integers(1, 5),
    st.integers(1, 4_000),
    st.sets(st.integers(0, 9)),
    st.integers(1, 3),
)
@settings(max_examples=40)
def test_slices_together_are_the_file(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
    group: int,
    size: int,
    damaged: set[int],
    workers: int,
) -> None:
    path = tmp_path_factory.mktemp("slices") / "data.parquet"
    source = _source(path, pa.Table.from_pylist(rows, _SCHEMA), row_group_size=group)
    metadata = pq.read_metadata(path)
    raw = bytearray(path.read_bytes())
    for number in damaged & set(range(metadata.num_row_groups)):
        place = metadata.row_group(number).column(0)
        raw[place.data_page_offset + place.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(raw)
    seen: list[bytes] = []
    parts = list(group_slices(source, size, seen.append, workers))
    assert b"".join(seen) == raw
    assert len(parts) % workers == 0, "no worker is left without one"
    ranges = list(dict.fromkeys((part.start, part.end) for part in parts))
    assert all(one[1] == other[0] for one, other in pairwise(ranges))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "_MOST_ROWS", 1)  # there is something to share in few rows, too
        whole = read_all(Parquet(), source, TEXT)
        pieces = [read_all(Parquet(), source, TEXT, part) for part in parts]
    for name in ("content", "fields"):
        found = {
            row: value
            for piece in pieces
            for row, value in zip(piece.rows, getattr(piece, name), strict=True)
        }
        assert [found[row] for row in sorted(found)] == getattr(whole, name)
    assert sorted(row for piece in pieces for row in piece.rows) == whole.rows
    rejects = [reject for piece in pieces for reject in piece.rejects]
    assert sorted(rejects, key=repr) == sorted(whole.rejects, key=repr)


def test_a_file_that_is_none_has_no_slices(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        list(group_slices(Input(path.as_posix(), path, "parquet"), 100))
