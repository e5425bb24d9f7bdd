"""CSV and TSV: quoting, defects of single rows, headers, and the bound on a record."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from support.reader_cases import case_folders, check_case
from support.reader_contract import check_reader, read_all

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.tables.delimited import Delimited

TEXT = ReadLayout("text", ("text",), ("id",))


def _source(path: Path, data: bytes, compression: str = "") -> Input:
    path.write_bytes(data)
    return Input(path.as_posix(), path, "csv", compression)


@pytest.mark.newest
@pytest.mark.parametrize(
    "case", [*case_folders("csv"), *case_folders("tsv")], ids=lambda case: case.name
)
def test_case(case: Path, update: bool) -> None:
    check_case(case, update=update)


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(rows=st.lists(st.tuples(_CELL, _CELL), max_size=20), end=st.sampled_from(["\n", "\r\n"]))
def test_what_the_csv_module_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "text"), *rows])
    source = _source(tmp_path_factory.mktemp("csv") / "a.csv", table.getvalue().encode())
    reading = read_all(Delimited(), source, TEXT)
    kept = [(n, *row) for n, row in enumerate(rows, start=1) if row[1]]
    assert list(zip(reading.rows, reading.content, strict=True)) == [(n, t) for n, _, t in kept]
    assert reading.fields == [(i or None,) for _, i, _ in kept]
    assert reading.read == len(rows)


@given(st.binary(max_size=200))
def test_any_bytes_after_a_header_add_up(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    source = _source(path, b"id,text\n" + data)
    try:
        Delimited().probe(source)
    except InputError:
        with pytest.raises(InputError, match=r"not UTF-8|without a byte order mark"):
            list(Delimited().read(source, TEXT))
    else:
        check_reader(Delimited(), source, TEXT)


@given(st.text('a",\n\r', max_size=60), st.integers(min_value=12, max_value=30))
def test_a_low_limit_adds_up(
    tmp_path_factory: pytest.TempPathFactory, tail: str, limit: int
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    layout = ReadLayout("text", ("text",), max_record=limit)
    reading = check_reader(Delimited(), _source(path, f"id,text\n{tail}".encode()), layout)
    assert all(len(str(content)) <= limit for content in reading.content)


def test_a_record_beyond_the_limit_is_one_reject(tmp_path: Path) -> None:
    long = "x" * 100 + '"",\n' * 5
    data = f'id,text\n1,a\n2,"{long}"\n3,b\n'.encode()
    layout = ReadLayout("text", ("text",), ("id",), max_record=50)
    reading = check_reader(Delimited(), _source(tmp_path / "a.csv", data), layout)
    assert reading.rows == [1, 3]
    assert [each["row"] for each in reading.rejects] == [2]
    assert reading.rejects[0]["raw_bytes"] == len(f'2,"{long}"\n')


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"id,text,text\n1,a,b\n", "'text' occurs twice"),
        (b"1,2.5\n2,3.5\n", "looks like a record"),
        (b'"a\nb",c\n', "looks like a record"),
        (b"id,te\xffxt\n1,a\n", "not UTF-8"),
        (b"id,te\xff\n1,\xc3\xa9\n", "invalid UTF-8"),
    ],
)
def test_a_file_without_a_header_is_an_error(tmp_path: Path, data: bytes, said: str) -> None:
    source = _source(tmp_path / "a.csv", data)
    with pytest.raises(InputError, match=said):
        list(Delimited().read(source, TEXT))
    with pytest.raises(InputError, match=said):
        Delimited().probe(source)


def test_a_content_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column text"):
        list(Delimited().read(_source(tmp_path / "a.csv", b"a,b\n1,2\n"), TEXT))


def test_an_unnamed_column_gets_a_name(tmp_path: Path) -> None:
    shape = Delimited().probe(_source(tmp_path / "a.csv", b",text,note\n0,a,\n"))
    assert shape.fields == {"column_1": "string", "text": "string", "note": "null"}
