"""What a file that is passed over holds: told by its first bytes, whatever it is called."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, strategies as st

from provenance.io.discovery.discover import discover
from provenance.io.discovery.metadata_files import is_metadata_document
from provenance.io.discovery.skipped_files import skipped_file
from provenance.io.discovery.sniff import DataContent

ROWS = [{"text": f"the text of row {n}", "n": n} for n in range(3)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
TABLE = pa.Table.from_pylist(ROWS)
CSV = b"text,n\none,1\ntwo,2\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
CODE = b"#!/usr/bin/env python\nimport os, sys\n\nprint(os.name, sys.argv)\n"
LICENCE = b"Apache License\nVersion 2.0, January 2004\n\nUnless required by law, or agreed to\n"
CARD = b"---\nlicense: cc-by-4.0\n---\n# Letters\n\nFrom the archive, of 1911.\n"


def look(folder: Path, name: str, data: bytes) -> DataContent | None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return skipped_file(str(path), "why").holds


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(TABLE, sink)
    return sink.getvalue().to_pybytes()


def _arrow(stream: bool) -> bytes:
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue().to_pybytes()


def _orc() -> bytes:
    sink = pa.BufferOutputStream()
    pa.orc.write_table(TABLE, sink)
    return sink.getvalue().to_pybytes()


def _tar(mode: str, **members: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


def _zip(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


DATA = {
    "JSON lines": LINES,
    "a JSON array": json.dumps(ROWS, indent=1).encode(),
    "a JSON object": json.dumps(ROWS[0]).encode(),
    "strings": b'"one text"\n"another text"\n',
    "lines after a bad one": b"garbage\n" + LINES,
    "with a mark": b"\xef\xbb\xbf" + LINES,
    "in UTF-16": LINES.decode().encode("utf-16"),
    "commas": CSV,
    "tabs": CSV.replace(b",", b"\t"),
    "semicolons": CSV.replace(b",", b";"),
    "no names": b"".join(b'"It was, he said.",%d\n' % n for n in range(6)),
    "Parquet": _parquet(),
    "Arrow file": _arrow(stream=False),
    "Arrow stream": _arrow(stream=True),
    "ORC": _orc(),
    "Avro": b"Obj\x01\x04\x14avro.codec" + bytes(40),
    "WARC": b"WARC/1.0\r\nWARC-Type: warcinfo\r\n",
    "gzip": gzip.compress(LINES),
    "zstd": zstandard.compress(LINES),
    "skippable zstd": b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstandard.compress(LINES),
    "xz": lzma.compress(LINES),
    "bzip2": bz2.compress(LINES),
    "lz4": b"\x04\x22\x4d\x18" + bytes(20),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(20),
    "zip": _zip(a=CODE, b=LINES),
    "tar": _tar("w:", a=CODE, b=LINES),
    "tar.gz": _tar("w:gz", a=CODE, b=LINES),
    "tar.xz": _tar("w:xz", a=CODE, b=CSV),
    "gzip in tar": _tar("w:", a=gzip.compress(LINES)),
    "a tar in zip": _zip(a=_tar("w:", a=LINES)),
    "cut-off gzip": gzip.compress(LINES * 500)[:200],
    "gzip in gzip": gzip.compress(gzip.compress(LINES)),
    "gzip in zstd in gzip": gzip.compress(zstandard.compress(gzip.compress(LINES))),
    "lzma in lzma": lzma.compress(lzma.compress(LINES, lzma.FORMAT_ALONE), lzma.FORMAT_ALONE),
    "zip in bzip2": bz2.compress(_zip(a=LINES)),
    "blanks before lines": b" \n" * 50_000 + LINES,
    "NULs before lines": bytes(70_001) + LINES,
    "lines between NULs": LINES.replace(b"\n", b"\0"),
    **{
        f"{kind} in {code}": text.decode().encode(code)
        for code in ("utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
        for kind, text in {"lines": LINES, "commas": CSV, "blank": b" " * 70_000 + LINES}.items()
    },
    "a workbook": _zip(**{"[Content_Types].xml": b"<Types/>", "xl/worksheets/s.xml": b"<s/>"}),
    "an open table": _zip(
        **{"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<s/>"}
    ),
    "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(600),
    "HDF5 behind a block": bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(600),
    "an array": b"\x93NUMPY\x01\x00" + bytes(100),
    "arrays": _zip(**{"a.npy": b"\x93NUMPY\x01\x00" + bytes(100)}),
    "OpenSSL": b"Salted__" + bytes(range(256)),
    "PGP": b"-----BEGIN PGP MESSAGE-----\n\nabc\n",
    "LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
}
NOTHING = {
    "nothing": b"",
    "code": CODE,
    "a licence": LICENCE,
    "a card": CARD,
    "an order": b"[settings]\nname = a, b\n",
    "a list of links": b"[a link](https://example.org)\n[another](https://example.org)\n",
    "noise": bytes(range(1, 200)),
    "a programme": b"\x7fELF\x02\x01\x01" + bytes(50),
    "code in gzip": gzip.compress(CODE),
    "code in zip": _zip(a=CODE, b=LICENCE, c=b""),
    "code in tar.gz": _tar("w:gz", a=CODE, b=LICENCE),
    "blanks": b" \n\0" * 40_000,
    "AppleDouble": b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + bytes(80),
    "a view of a folder": b"\x00\x00\x00\x01Bud1" + bytes(100),
    "an empty gzip": gzip.compress(b""),
}


@pytest.mark.parametrize("name", ["x", ".x", "LICENSE", "state.json", "README.md", "d.lock"])
@pytest.mark.parametrize("kind", DATA)
def test_data_is_told_whatever_it_is_called(tmp_path: Path, kind: str, name: str) -> None:
    found = look(tmp_path, name, DATA[kind])
    assert found is not None
    assert not found.medium
    assert found.description


@pytest.mark.parametrize("name", ["x", ".x", "LICENSE", "state.json", "README.md", "a.py"])
@pytest.mark.parametrize("kind", NOTHING)
def test_what_is_no_data_is_none(tmp_path: Path, kind: str, name: str) -> None:
    assert look(tmp_path, name, NOTHING[kind]) is None


def test_databases(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / ".a").executescript("CREATE TABLE t (text TEXT)").connection.close()
    duckdb.connect(str(tmp_path / ".b")).execute("CREATE TABLE t (text TEXT)").close()
    found = [skipped_file(str(tmp_path / name), "hidden").holds for name in (".a", ".b")]
    assert found == [DataContent("SQLite"), DataContent("DuckDB")]


@pytest.mark.parametrize(
    "data", [PNG, b"ID3\x04" + bytes(9), b"fLaC" + bytes(9), b"\0\0\0\x18ftypisom" + bytes(9)]
)
def test_media_are_told_apart(tmp_path: Path, data: bytes) -> None:
    alone = look(tmp_path, ".x", data)
    assert alone is not None
    assert alone.medium
    archived = look(tmp_path, ".y", _tar("w:", a=CODE, b=data))
    assert archived is not None
    assert archived.medium
    with_rows = look(tmp_path, ".z", _tar("w:", a=data, b=LINES))
    assert with_rows == DataContent("a tar archive with JSON")


@pytest.mark.parametrize("name", [".a.csv", "_a.tsv", ".a.jsonl", ".jsonl", ".a.csv.gz"])
def test_names_tell_what_bytes_do_not(tmp_path: Path, name: str) -> None:
    data = b"text\none\ntwo\n"
    assert look(tmp_path, name, gzip.compress(data) if name.endswith("gz") else data)


STATE = {"_data_files": [{"filename": "a.arrow"}], "_fingerprint": "0f", "_split": "train"}
INFO = {
    "description": "Letters. " * 99,
    "features": {"text": {"dtype": "string", "_type": "Value"}, "tags": [{"dtype": "string"}]},
    "splits": {"train": {"name": "train", "num_bytes": 1, "num_examples": 2}},
    "version": {"version_str": "0.0.0", "major": 0},
}
NOTEBOOK = {"cells": [{"source": "1 + 1"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize("name", ["state.json", "dataset_info.json", ".x", "info.txt"])
@pytest.mark.parametrize(
    "document", [STATE, INFO, {"default": INFO}, {"splits": ["train", "test"]}, NOTEBOOK, {}]
)
def test_descriptions_are_told_by_what_is_in_them(
    tmp_path: Path, document: dict[str, object], name: str
) -> None:
    assert look(tmp_path, name, json.dumps(document, indent=2).encode()) is None


@pytest.mark.parametrize(
    "document",
    [
        {**STATE, "rows": ROWS},
        {**STATE, "_data_files": ROWS},
        {**STATE, "_split": "a text " * 99},
        {**INFO, "features": {"rows": ROWS}},
        {**INFO, "splits": {"train": ROWS[0]}},
        {**INFO, "text": "a text"},
        {"splits": ["a text of a model"]},
        {"default": INFO, "rows": ROWS},
        {"text": "a text"},
        ROWS,
    ],
)
def test_rows_in_the_dress_of_a_description_are_rows(tmp_path: Path, document: object) -> None:
    assert not is_metadata_document(document)
    assert look(tmp_path, "state.json", json.dumps(document).encode()) is not None


def test_a_description_with_lines_after_it_is_data(tmp_path: Path) -> None:
    assert look(tmp_path, "state.json", json.dumps(STATE).encode() + b"\n" + LINES)


def test_what_holds_no_rows_of_its_own(tmp_path: Path) -> None:
    pq.write_metadata(TABLE.schema, tmp_path / "_common_metadata")
    order = pa.table({"indices": pa.array([2, 0, 1], pa.uint64())})
    with pa.ipc.new_stream(str(tmp_path / "cache-0.arrow"), order.schema) as writer:
        writer.write_table(order)
    for name in ("_common_metadata", "cache-0.arrow"):
        assert skipped_file(str(tmp_path / name), "why").holds is None
    assert look(tmp_path, "_metadata", DATA["Parquet"]) == DataContent("Parquet")
    assert look(tmp_path, "cache-1.arrow", DATA["Arrow stream"]) == DataContent("Arrow")


def test_an_archive_that_never_ends_is_data(tmp_path: Path) -> None:
    many = _tar("w:gz", **{f"f{n}": CODE for n in range(1_100)})
    assert look(tmp_path, ".a.tgz", many) == DataContent("a tar archive in gzip of many members")
    long = _tar("w:gz", a=bytes(70 << 20), b=CODE)
    assert look(tmp_path, ".b.tgz", long) is not None


def test_a_zip_with_a_huge_directory_is_not_gone_through(tmp_path: Path) -> None:
    data = bytearray(_zip(a=CODE))
    at = data.rindex(b"PK\x05\x06")
    data[at + 12 : at + 16] = (1 << 30).to_bytes(4, "little")
    assert look(tmp_path, ".a.zip", bytes(data)) == DataContent("a zip archive of many members")


def test_a_locked_archive_is_data(tmp_path: Path) -> None:
    locked = bytearray(_zip(a=CODE))
    locked[6] |= 1  # the general purpose flag of the member: it is encrypted
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert look(tmp_path, ".a.zip", bytes(locked)) is not None


@given(
    st.sampled_from(sorted(DATA)), st.integers(0, 400), st.binary(max_size=8), st.integers(0, 400)
)
def test_broken_files_are_looked_at_without_harm(
    tmp_path_factory: pytest.TempPathFactory, kind: str, at: int, noise: bytes, end: int
) -> None:
    data = bytearray(DATA[kind])
    data[at : at + len(noise)] = noise
    folder = tmp_path_factory.mktemp("broken")
    found = look(folder, ".x", bytes(data[: len(data) - end]))
    assert found is None or found.description


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("make", [_fifo, _sparse])
def test_pipes_and_holes_end_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / ".a.jsonl")
    assert skipped_file(str(tmp_path / ".a.jsonl"), "hidden").holds is not None


@pytest.mark.parametrize(
    "data",
    [
        _zip(a=CODE) + _zip(b=LICENCE),
        _zip(a=CODE) + LINES,
        _zip(a=CODE) + _zip(),
        b"PK\x03\x04" + LINES + _zip(a=CODE),
    ],
)
def test_a_zip_with_more_than_its_members_is_never_half_read(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    found = discover([str(tmp_path)])
    assert not found.inputs
    assert found.refused or any(item.holds for item in found.skipped)
    assert look(tmp_path, ".a", data) is not None


@pytest.mark.parametrize("inner", ["jsonl", "csv", "json", "parquet", "jsonl.gz", "zip", "tar.gz"])
@pytest.mark.parametrize("last", ["gpg", "enc", "bak", "part", "1"])
def test_a_suffix_that_nobody_knows_hides_no_data(tmp_path: Path, inner: str, last: str) -> None:
    name = f"a.{inner}.{last}"
    assert look(tmp_path, name, bytes(range(255, 40, -1))) is not None
    assert look(tmp_path, f"a.py.{last}", bytes(range(255, 40, -1))) is None
    assert look(tmp_path, name, b"9f86d081884c7d65  the sum of a file\n") is None


@pytest.mark.parametrize("name", ["._a.csv", "__MACOSX/._a.jsonl", "._a.parquet"])
def test_what_a_mac_keeps_beside_a_file_is_no_data(tmp_path: Path, name: str) -> None:
    kept = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + bytes(80)
    assert look(tmp_path, name, kept) is None
    assert look(tmp_path, name, kept + LINES) is not None
