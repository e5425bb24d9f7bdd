"""What parts the columns of a table is found out, and said; quotes in tables with tabs are text."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from support.reader_contract import check_reader, read_all

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.tables.delimited import Delimited

BOTH = ReadLayout("text", ("text",), ("generator",))


def _table(path: Path, text: str) -> Input:
    path.write_text(text, encoding="utf-8", newline="")
    return Input(path.as_posix(), path, path.suffix[1:])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_delimiter_is_found(tmp_path: Path, name: str, delimiter: str) -> None:
    rows = [("text", "generator"), ("The first letter", "gpt-4"), ("The second", "")]
    source = _table(tmp_path / name, "".join(f"{delimiter.join(row)}\n" for row in rows))
    shape = Delimited().probe(source)
    assert list(shape.fields) == ["text", "generator"]
    promised = {"a.csv": ",", "a.tsv": "\t"}[name]
    assert bool(shape.notes) == (delimiter != promised)
    reading = check_reader(Delimited(), source, BOTH)
    assert reading.content == ["The first letter", "The second"]
    assert reading.fields == [("gpt-4",), (None,)]


def test_what_is_found_is_said(tmp_path: Path) -> None:
    source = _table(tmp_path / "a.csv", "text;generator\nA;b\n")
    assert Delimited().probe(source).notes == ("its columns are parted by semicolons",)


def test_text_may_hold_other_delimiters(tmp_path: Path) -> None:
    source = _table(tmp_path / "a.csv", 'text,generator\n"Come, see; go",x\nOne; two|three,y\n')
    reading = check_reader(Delimited(), source, BOTH)
    assert reading.content == ["Come, see; go", "One; two|three"]


@pytest.mark.parametrize(
    "text",
    [
        "text;generator\nno second cell\nnone here\n",
        "a;b|c\n1;2|3\n",
    ],
)
def test_what_is_not_borne_out_is_refused(tmp_path: Path, text: str) -> None:
    source = _table(tmp_path / "a.csv", text)
    with pytest.raises(InputError, match="the columns may be separated by"):
        Delimited().probe(source)


def test_rows_that_do_not_fit_are_rejects_as_ever(tmp_path: Path) -> None:
    lines = ["text;generator", *[f"Letter {n};gpt-4" for n in range(9)], "One; two; three;gpt-4"]
    source = _table(tmp_path / "a.csv", "\n".join(lines))
    reading = check_reader(Delimited(), source, BOTH)
    assert (len(reading.rows), reading.reasons) == (9, ["row has 4 fields, header has 2"])


@given(
    rows=st.lists(
        st.tuples(*[st.text('ab;|,\t"\n é', min_size=1, max_size=6)] * 3), min_size=1, max_size=8
    ),
    delimiter=st.sampled_from([",", ";", "|"]),
)
@settings(max_examples=150, deadline=None)
def test_what_the_csv_module_writes_with_any_delimiter_is_read(
    rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    written = io.StringIO()
    quoting = csv.QUOTE_ALL
    csv.writer(written, delimiter=delimiter, quoting=quoting).writerows([("a", "b", "c"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        source = _table(Path(folder) / "x.csv", written.getvalue())
        reading = read_all(Delimited(), source, ReadLayout("text", ("a",), ("b", "c")))
    assert [(a, *more) for a, more in zip(reading.content, reading.fields, strict=True)] == rows


LITERAL = 'text\tgenerator\n"Hello there\tgpt-4\nletter two\tgpt-4\nand goodbye"\tgpt-4\nfour\tx\n'


@pytest.mark.parametrize("before", [0, 300])
def test_a_quote_that_closes_in_no_cell_is_text(tmp_path: Path, before: int) -> None:
    """Wherever it stands: a quote far behind the first rows swallows none after it either."""
    header, *lines = LITERAL.splitlines(keepends=True)
    plain = [f"Plain {n}\tx\n" for n in range(before)]
    source = _table(tmp_path / "a.tsv", "".join([header, *plain, *lines]))
    reading = check_reader(Delimited(), source, BOTH)
    assert reading.content[before:] == ['"Hello there', "letter two", 'and goodbye"', "four"]
    assert reading.fields[before:] == [("gpt-4",), ("gpt-4",), ("gpt-4",), ("x",)]


def test_quoted_cells_between_tabs_are_unquoted(tmp_path: Path) -> None:
    text = 'text\tgenerator\n"two\nlines"\tx\n"with\ttab"\ty\n"a ""b"""\tz\n"He" said\t"w"\n'
    reading = check_reader(Delimited(), _table(tmp_path / "a.tsv", text), BOTH)
    assert reading.content == ["two\nlines", "with\ttab", 'a "b"', '"He" said']
    assert reading.fields == [("x",), ("y",), ("z",), ("w",)]


@pytest.mark.parametrize("mark", ["^", "\x01", "~", ":", "§", "#"])
def test_a_delimiter_that_is_not_read_is_named(tmp_path: Path, mark: str) -> None:
    rows = [("id", "text", "generator"), ("1", "Hello, you", "gpt-4"), ("2", "A\tB", "")]
    source = _table(tmp_path / "a.csv", "".join(f"{mark.join(row)}\n" for row in rows))
    with pytest.raises(InputError, match="seem to be separated by") as caught:
        Delimited().probe(source)
    assert repr(mark) in str(caught.value)
    with pytest.raises(InputError, match="seem to be separated by"):
        list(Delimited().read(source, ReadLayout("text", ("text",))))


@pytest.mark.parametrize(
    "text",
    [
        "text\nSee: here\nLook: there\n",
        "note: all\nNo colon\nNone\n",
        '"note: all"\n"Of it: one"\n"And: two"\n',
        "text\n",
    ],
)
def test_one_column_of_text_is_one(tmp_path: Path, text: str) -> None:
    assert len(Delimited().probe(_table(tmp_path / "a.csv", text)).fields) == 1
