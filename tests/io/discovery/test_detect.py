"""Detection: content first, then the name, and an error where they contradict each other."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, strategies as st

from provenance.errors import InputError, MisuseError, NotFoundError
from provenance.io.contract.formats import FORMATS, SUFFIXES, reader_for
from provenance.io.contract.reader import Input
from provenance.io.discovery.detect import detect
from provenance.io.discovery.discover import discover

LINES = b'{"text": "a"}\n{"text": "b"}\n'
WARC = b"WARC/1.0\r\nWARC-Type: warcinfo\r\n"


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": ["a"]}), sink)
    return bytes(sink.getvalue())


def _arrow_stream() -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("text", pa.string())])):
        pass
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.jsonl", LINES, ("jsonl", "")),
        ("a.ndjson", LINES, ("jsonl", "")),
        ("a.jsonl.gz", gzip.compress(LINES), ("jsonl", "gz")),
        ("a.jsonl.zst", zstandard.compress(LINES), ("jsonl", "zst")),
        ("gzip-without-suffix.jsonl", gzip.compress(LINES), ("jsonl", "gz")),
        ("UPPER.JSONL.GZ", gzip.compress(LINES), ("jsonl", "gz")),
        ("one.json", b'{"text": "a"}\n', ("json", "")),
        ("pretty.json", b'{\n  "text": "a"\n}\n', ("json", "")),
        ("array.json", b'[\n{"text": "a"},\n{"text": "b"}\n]\n', ("json", "")),
        ("lines.json", LINES, ("jsonl", "")),
        ("bom-lines.json", b"\xef\xbb\xbf" + LINES, ("jsonl", "")),
        ("broken-lines.json", b'{"text": }\n{"text": "b"}\n', ("jsonl", "")),
        ("lines.json.gz", gzip.compress(LINES), ("jsonl", "gz")),
        ("long-first-line.json", b'{"text": "' + b"x" * 100_000 + b'"}\n{}\n', ("jsonl", "")),
        ("long-only-line.json", b'{"text": "' + b"x" * 100_000 + b'"}\n', ("json", "")),
        ("deep.json", b"[" * 100_000, ("json", "")),
        ("empty.json", b"", ("json", "")),
        ("empty.jsonl", b"", ("jsonl", "")),
        ("no-suffix", LINES, ("jsonl", "")),
        ("no-suffix-one", b'{"text": "a"}', ("json", "")),
        ("a.parquet", _parquet(), ("parquet", "")),
        ("part-0000", _parquet(), ("parquet", "")),
        ("a.arrow", _arrow_stream(), ("arrow", "")),
        ("stream-without-suffix", _arrow_stream(), ("arrow", "")),
        ("a.csv", b"a,b\n", ("csv", "")),
        ("a.tsv", b"a\tb\n", ("tsv", "")),
        ("a.txt", b"text", ("text", "")),
        ("a.md", b"# text", ("text", "")),
        ("story.txt", b"PAR1 was the name of the road.", ("text", "")),
        ("lines.txt", LINES, ("jsonl", "")),
        ("lines.md", LINES, ("jsonl", "")),
        ("lines.csv", LINES, ("jsonl", "")),
        ("lines.tsv", LINES, ("jsonl", "")),
        ("bom-lines.txt", b"\xef\xbb\xbf\r\n" + LINES, ("jsonl", "")),
        ("lines.txt.gz", gzip.compress(LINES), ("jsonl", "gz")),
        ("one-line.txt", b'{"text": "a"}', ("jsonl", "")),
        ("one-line-too-many.txt", LINES + b'{"text": "c"\n', ("jsonl", "")),
        ("many-lines.txt", LINES * 5_000, ("jsonl", "")),
        ("long-first-line.txt", b'{"text": "' + b"x" * 100_000 + b'"}\n{"a": 1}\n', ("jsonl", "")),
        ("pretty.txt", b'{\n  "text": "a"\n}\n', ("json", "")),
        ("array.md", b'[{"text": "a"}, {"text": "b"}]', ("json", "")),
        ("brace.txt", b"{{ so it begins }}\nand goes on\n", ("text", "")),
        ("brace-lines.txt", b"{so} it begins\n{and} goes on\n", ("text", "")),
        ("quoted.md", b'{"text": "a"}\nis how a record looks.\n', ("text", "")),
        ("link.md", b"[a](b)\n", ("text", "")),
        ("numbers.txt", b"[1, 2]\n", ("text", "")),
        ("long-brace.txt", b"{" + b"x" * 100_000, ("text", "")),
        ("a.warc", WARC, ("warc", "")),
        ("a.warc.gz", gzip.compress(WARC), ("warc", "gz")),
        ("a.warc.gz.bad", gzip.compress(WARC), ("warc", "gz")),
        ("a.arc", b"filedesc://a.arc 0.0.0.0 2014 text/plain 1\n", ("warc", "")),
        ("cut.jsonl.gz", gzip.compress(LINES)[:-9], ("jsonl", "gz")),
        ("a.png", b"\x89PNG\r\n\x1a\n", ("image", "")),
        ("a.jpg", b"\x89PNG\r\n\x1a\n", ("image", "")),
        ("list.paths.gz", gzip.compress(b"a/b\nc/d\n"), (None, "gz")),
        ("a.py", b"print()\n", (None, "")),
        ("a.ipynb", b'{"cells": []}\n', (None, "")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_file_is(
    tmp_path: Path, name: str, data: bytes, expected: tuple[str | None, str]
) -> None:
    assert detect(_file(tmp_path, name, data)) == expected


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.parquet", b"<html>not found</html>", "its content is not"),
        ("a.arrow", b"text", "its content is not"),
        ("a.warc", b"text", "its content is not"),
        ("a.jsonl", _parquet(), "holds parquet"),
        ("a.txt", WARC, "holds warc"),
        ("a.jsonl.gz", LINES, "not compressed that way"),
        ("a.jsonl.zst", gzip.compress(LINES), "not compressed that way"),
        ("a.parquet", b"PARE....", "encrypted"),
        ("a.feather", b"FEA1....", "version 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_name_against_the_content_is_an_error(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        detect(_file(tmp_path, name, data))
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.bin"])
def test_lfs_pointers_are_refused(tmp_path: Path, name: str) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    with pytest.raises(InputError, match="LFS pointer") as caught:
        detect(_file(tmp_path, name, pointer))
    assert "git lfs pull" in caught.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        detect(tmp_path / "none.jsonl")


@pytest.mark.slow
@given(st.binary(max_size=300), st.sampled_from([*SUFFIXES, ".bin", ""]), st.booleans())
def test_any_bytes_get_an_answer(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str, zipped: bool
) -> None:
    folder = tmp_path_factory.mktemp("detect")
    body, name = (gzip.compress(data), f"a{suffix}.gz") if zipped else (data, f"a{suffix}")
    try:
        found, compression = detect(_file(folder, name, body))
    except InputError:
        return
    assert found is None or found in FORMATS
    assert compression == ("gz" if zipped or data[:2] == b"\x1f\x8b" else compression)


def test_every_format_has_a_reader() -> None:
    for name in FORMATS:
        assert name in reader_for(name).names
    with pytest.raises(MisuseError, match="unknown format"):
        reader_for("xml")


DOLMA = {
    "formats/test.jsonl": 1,
    "formats/test.jsonl.gz": 1,
    "formats/test.jsonl.zst": 1,
    "multiple_files/cc_en_head-0091.jsonl": 10,
    "multiple_files/cc_en_head-0091.jsonl.gz": 10,
    "multiple_files/cc_en_head-0174.jsonl": 10,
    "multiple_files/cc_en_head-0174.jsonl.gz": 10,
    "provided/documents/000.json.gz": 10,
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", DOLMA)
def test_documents_of_other_people(real_data: Path, name: str) -> None:
    from support.reader_contract import check_reader

    from provenance.io.contract.reader import ReadLayout
    from provenance.io.records.content_fields import choose_content, choose_fields

    path = real_data / "dolma_fixtures" / name
    found, compression = detect(path)
    assert found == "jsonl"
    source = Input(path.as_posix(), path, found, compression)
    reader = reader_for(found)
    shape = reader.probe(source)
    choice = choose_content(shape, (), found)
    assert choice.kind == "text"
    standard = [name for names in choose_fields(shape.fields).values() for name in names]
    layout = ReadLayout(choice.kind, choice.content, tuple(standard))
    reading = check_reader(reader, source, layout)
    assert (len(reading.rows), reading.reasons) == (DOLMA[name], [])


@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a.tar.gz", "a.tgz", "a.TAR"])
@pytest.mark.parametrize("data", [b"404 not found", b"\x80\x81" * 400])
def test_what_is_named_an_archive_and_is_none_is_refused(
    tmp_path: Path, name: str, data: bytes
) -> None:
    packs = name.endswith("gz")
    (tmp_path / name).write_bytes(gzip.compress(data) if packs else data)
    (tmp_path / "b.jsonl").write_text('{"text": "a"}\n')
    found = discover([str(tmp_path)])
    assert [each.uri.rpartition("/")[2] for each in found.inputs] == ["b.jsonl"]
    (refused,) = found.refused
    assert "but its content is not" in str(refused.error)
    with pytest.raises(InputError, match="but its content is not"):
        discover([str(tmp_path / name)])
