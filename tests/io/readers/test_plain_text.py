"""Plain text and Markdown: one record per file, front matter, and what is no text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from support.reader_cases import case_folders, check_case
from support.reader_contract import check_reader

from provenance.content.identity import digest, write_digest
from provenance.errors import NotFoundError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.plain_text import PlainText

TEXT = ReadLayout("text", ("text",))


def _source(path: Path, data: bytes, compression: str = "") -> Input:
    path.write_bytes(data)
    return Input(path.as_posix(), path, "text", compression)


@pytest.mark.parametrize("case", case_folders("text"), ids=lambda case: case.name)
def test_case(case: Path, update: bool) -> None:
    check_case(case, update=update)


@given(st.binary(max_size=80) | st.text(max_size=40).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_one_record(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    source = _source(tmp_path_factory.mktemp("text") / "a.txt", data)
    reading = check_reader(PlainText(), source, TEXT)
    assert reading.read == 1
    if reading.content:
        assert str(reading.content[0]).encode() == data.removeprefix(b"\xef\xbb\xbf")


@given(st.text(max_size=60))
def test_front_matter_never_changes_the_content(
    tmp_path_factory: pytest.TempPathFactory, inside: str
) -> None:
    text = f"---\n{inside}\n---\nbody"
    data = text.encode("utf-8", "replace")
    source = _source(tmp_path_factory.mktemp("text") / "a.md", data)
    reading = check_reader(PlainText(), source, ReadLayout("text", ("text",), ("title", "a")))
    assert reading.content in ([], [data.decode()])


def test_a_long_file_is_a_reject_with_its_digest(tmp_path: Path) -> None:
    data = b"x" * 5000
    source = _source(tmp_path / "a.txt", data)
    reading = check_reader(PlainText(), source, ReadLayout("text", ("text",), max_record=4999))
    assert reading.rejects[0]["raw_digest"] == write_digest(digest(data))
    assert reading.rejects[0]["raw_bytes"] == 5000
    assert not reading.rows


def test_front_matter_is_in_the_shape(tmp_path: Path) -> None:
    source = _source(tmp_path / "a.md", b"---\nlang: an\nn: 1\n---\nText.\n")
    shape = PlainText().probe(source)
    assert shape.native == ("text",)
    assert shape.fields == {"lang": "string", "n": "string", "text": "string"}


def test_any_other_field_is_not_found(tmp_path: Path) -> None:
    source = _source(tmp_path / "a.txt", b"text")
    with pytest.raises(NotFoundError, match="no field body"):
        list(PlainText().read(source, ReadLayout("text", ("body",))))
