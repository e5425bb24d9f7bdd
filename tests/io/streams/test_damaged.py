"""What is compressed and cannot be read to its end fails, in every format."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from provenance.errors import InputError
from provenance.io.columns.value_sizes import value_sizes
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import BlockShare, Input, ReadLayout
from provenance.io.readers.columnar.arrow_ipc import ArrowIpc
from provenance.io.readers.json.lines import JsonLines
from provenance.io.records.content_fields import ContentChoice
from provenance.io.streams import compression
from provenance.io.streams.decompress import DamagedError
from provenance.operations.ingest.batch_fields import FieldChooser
from provenance.operations.ingest.options import IngestOptions

WORDS = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(3_000)]

TEXT = ReadLayout("text", ("text",))
PAYLOAD = ReadLayout("binary", ("payload",))

PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstandard.compress}


def archive() -> bytes:
    """A record for each of some words."""
    head = "WARC/1.1\r\nWARC-Type: resource\r\nContent-Length: 64\r\n\r\n"
    return "".join(f"{head}{word}\r\n\r\n" for word in WORDS).encode()


def arrow_stream() -> bytes:
    """Several record batches of words."""
    out = io.BytesIO()
    table = pa.table({"text": WORDS})
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=500)
    return out.getvalue()


WHOLE: dict[str, tuple[bytes, ReadLayout]] = {
    "jsonl": ("".join(f'{{"text": "{word}"}}\n' for word in WORDS).encode(), TEXT),
    "json": (f'[{", ".join(f"""{{"text": "{word}"}}""" for word in WORDS)}]'.encode(), TEXT),
    "csv": ("\n".join(["n,text", *(f"{n},{word}" for n, word in enumerate(WORDS))]).encode(), TEXT),
    "tsv": ("\n".join(["n\ttext", *(f"1\t{word}" for word in WORDS)]).encode(), TEXT),
    "text": (" ".join(WORDS).encode(), TEXT),
    "warc": (archive(), PAYLOAD),
    "image": (b"\x89PNG\r\n\x1a\n" + "".join(WORDS).encode(), PAYLOAD),
    "arrow": (arrow_stream(), TEXT),
}


def damage(packed: bytes, how: str) -> bytes:
    """The same bytes, cut off or changed."""
    match how:
        case "last":
            return packed[:-1]
        case "end":
            return packed[:-9]
        case "half":
            return packed[: len(packed) // 2]
        case "changed":
            place = len(packed) * 2 // 3
            return (
                packed[:place] + bytes(b ^ 0x55 for b in packed[place : place + 40]) + packed[-9:]
            )
        case _:
            return packed + b"no frame"


@pytest.mark.parametrize("how", ["last", "end", "half", "changed", "followed"])
@pytest.mark.parametrize("compression", PACK)
@pytest.mark.parametrize("form", WHOLE)
def test_a_damaged_compression_fails_the_file(
    tmp_path: Path, form: str, compression: str, how: str
) -> None:
    data, layout = WHOLE[form]
    path = tmp_path / "data"
    path.write_bytes(damage(PACK[compression](data), how))
    source = Input(path.as_posix(), path, form, compression)
    with pytest.raises(InputError, match=r"truncated|corrupt"):
        list(reader_for(form).read(source, layout))


@pytest.mark.parametrize("cut", [3, 100, 20_000])
def test_an_arrow_stream_that_is_cut_off_fails(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "data"
    path.write_bytes(arrow_stream()[: -8 - cut])  # a stream ends with 8 bytes that say so
    with pytest.raises(DamagedError, match="truncated or damaged"):
        list(ArrowIpc().read(Input(path.as_posix(), path, "arrow"), TEXT))


@pytest.mark.parametrize("form", [form for form in WHOLE if form != "arrow"])
def test_a_bomb_fails_the_file(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_RATIO_AFTER", 1 << 20)
    data, layout = WHOLE[form]
    path = tmp_path / "data"
    path.write_bytes(zstandard.compress(data + b" " * (64 << 20)))
    with pytest.raises(DamagedError, match="like a decompression bomb"):
        list(reader_for(form).read(Input(path.as_posix(), path, form, "zst"), layout))


def test_an_index_that_leads_out_of_its_dictionary_is_seen_in_time() -> None:
    for index in (3, -1):
        indices = pa.array([0, index], pa.int32())
        column = pa.DictionaryArray.from_arrays(indices, pa.array(["a", "b"]), safe=False)
        with pytest.raises(pa.ArrowInvalid, match="out of bounds"):
            value_sizes(column)


def test_a_column_whose_name_is_no_text_costs_its_row_group(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["some text"], "columnname": ["other"]}), path)
    data = bytearray(path.read_bytes())
    place = data.rindex(b"columnname")
    data[place : place + 2] = b"\xff\xfe"
    path.write_bytes(data)
    chooser = FieldChooser.of(IngestOptions(source="web"), ContentChoice("text", ("text",), ""))
    layout = ReadLayout("text", ("text",), chooser=chooser)
    (batch,) = reader_for("parquet").read(Input(path.as_posix(), path, "parquet"), layout)
    assert batch.rejects.column("reason").to_pylist()[0].startswith("file: row group 0 ")


def test_a_record_longer_than_anything_is_the_last_reject(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    head = f"WARC/1.1\r\nWARC-Type: resource\r\nContent-Length: {10**20}\r\n\r\n"
    path.write_bytes(archive()[:1000].rpartition(b"WARC/")[0] + head.encode() + b"abc")
    *_, batch = reader_for("warc").read(Input(path.as_posix(), path, "warc"), PAYLOAD)
    assert "cannot be as long as it says" in batch.rejects.column("reason")[-1].as_py()


@pytest.mark.parametrize("form", ["jsonl", "csv", "text", "parquet", "json"])
def test_a_file_that_is_a_hole_ends_at_once(tmp_path: Path, form: str) -> None:
    path = tmp_path / "hole"
    with path.open("wb") as file:
        file.write(b"PAR1")
        file.truncate(1 << 40)
    with pytest.raises(DamagedError, match="almost nothing of its size is stored"):
        reader_for(form).probe(Input(path.as_posix(), path, form))


@pytest.mark.parametrize("compression", PACK)
def test_every_share_of_a_damaged_file_fails(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "data"
    path.write_bytes(PACK[compression](WHOLE["jsonl"][0])[:-20])
    source = Input(path.as_posix(), path, "jsonl", compression)
    for index in range(3):
        with pytest.raises(DamagedError, match="truncated"):
            list(JsonLines(block=1_000).read(source, TEXT, BlockShare(index, 3)))
