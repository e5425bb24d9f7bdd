"""Arrow IPC: files and streams, compressed buffers, and bytes that point out of bounds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import given, settings, strategies as st
from support.reader_contract import check_reader

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.columnar.arrow_ipc import ArrowIpc

TEXT = ReadLayout("text", ("text",), ("id",))


def _table(count: int) -> pa.Table:
    texts = [f"document {n}" for n in range(count)]
    return pa.table(
        {"id": range(count), "text": texts, "lang": pa.array(["en"] * count).dictionary_encode()}
    )


def _written(table: pa.Table, *, stream: bool, codec: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=7)
    return bytes(sink.getvalue())


def _source(path: Path, data: bytes, compression: str = "") -> Input:
    path.write_bytes(data)
    return Input(path.as_posix(), path, "arrow", compression)


@pytest.mark.newest
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("codec", [None, "zstd", "lz4"])
def test_what_was_written_is_read(tmp_path: Path, stream: bool, codec: str | None) -> None:
    data = _written(_table(20), stream=stream, codec=codec)
    layout = ReadLayout("text", ("text",), ("id", "lang"))
    reading = check_reader(ArrowIpc(), _source(tmp_path / "a.arrow", data), layout)
    assert reading.rows == list(range(1, 21))
    assert reading.content == [f"document {n}" for n in range(20)]
    assert reading.fields == [(str(n), "en") for n in range(20)]


def test_structured_content_and_dictionaries(tmp_path: Path) -> None:
    data = _written(_table(3), stream=True)
    layout = ReadLayout("structured", ("*",))
    reading = check_reader(ArrowIpc(), _source(tmp_path / "a.arrow", data), layout)
    assert json.loads(reading.content[2]) == {"id": 2, "text": "document 2", "lang": "en"}


def test_feather_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.feather"
    pyarrow.feather.write_feather(_table(5), path)
    reading = check_reader(ArrowIpc(), Input(str(path), path, "arrow"), TEXT)
    assert len(reading.rows) == 5


def test_a_stream_inside_gzip_is_read(tmp_path: Path) -> None:
    data = gzip.compress(_written(_table(9), stream=True))
    source = _source(tmp_path / "a.arrow.gz", data, "gz")
    assert len(check_reader(ArrowIpc(), source, TEXT).rows) == 9


def test_a_file_inside_gzip_is_refused(tmp_path: Path) -> None:
    data = gzip.compress(_written(_table(9), stream=False))
    with pytest.raises(InputError, match="cannot be read in place"):
        ArrowIpc().probe(_source(tmp_path / "a.arrow.gz", data, "gz"))


def test_offsets_out_of_bounds_are_refused(tmp_path: Path) -> None:
    data = bytearray(_written(_table(7), stream=True))
    offsets = b"".join(n.to_bytes(4, "little") for n in range(0, 80, 10))
    place = data.index(offsets)
    data[place + 8 : place + 12] = (2**30).to_bytes(4, "little")
    reading = check_reader(ArrowIpc(), _source(tmp_path / "a.arrow", bytes(data)), TEXT)
    assert not reading.rows
    assert reading.reasons[0].startswith("file: ")


def test_dictionary_indices_out_of_bounds_are_refused(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays(
        pa.array([0, 99], pa.int32()), pa.array(["a"]), safe=False
    )
    data = _written(pa.table({"text": column}), stream=True)
    layout = ReadLayout("text", ("text",))
    reading = check_reader(ArrowIpc(), _source(tmp_path / "a.arrow", data), layout)
    assert not reading.rows
    assert reading.reasons[0].startswith("file: ")


def test_invalid_utf8_refuses_its_row_only(tmp_path: Path) -> None:
    texts = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
    data = _written(pa.table({"text": texts}), stream=False)
    layout = ReadLayout("text", ("text",))
    reading = check_reader(ArrowIpc(), _source(tmp_path / "a.arrow", data), layout)
    assert (reading.rows, reading.reasons) == ([1, 3], ["invalid UTF-8"])


@given(st.integers(0, 2**20), st.integers(1, 255), st.booleans())
@settings(max_examples=60)
def test_damage_is_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, place: int, mask: int, stream: bool
) -> None:
    data = bytearray(_written(_table(10), stream=stream))
    data[place % len(data)] ^= mask
    source = _source(tmp_path_factory.mktemp("arrow") / "a.arrow", bytes(data))
    try:
        reading = check_reader(ArrowIpc(), source, TEXT)
    except InputError:  # nothing of it can be read
        return
    assert reading.read >= len(reading.rows)


@pytest.mark.parametrize("data", [b"", b"ARROW1\0\0", b"plain text, not Arrow at all"])
def test_other_bytes_are_an_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError, match="not readable as Arrow IPC"):
        ArrowIpc().probe(_source(tmp_path / "a.arrow", data))


def test_a_column_name_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    data = _written(pa.table({"column-name": ["a"]}), stream=True)
    broken = data.replace(b"column-name", b"column-\xffame")
    with pytest.raises(InputError, match="not readable as Arrow IPC"):
        ArrowIpc().probe(_source(tmp_path / "a.arrow", broken))
