"""Tables as people have them: what is read is what was written, or else it is refused."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from support.reader_contract import Reading, check_reader, read_all

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout, TableStyle
from provenance.io.readers.tables.delimited import Delimited

HEADER = ("id", "text", "more")
WHOLE = ReadLayout("text", ("text",), ("id", "more"))


def _source(data: bytes, folder: Path, name: str = "a.csv", **said: Any) -> Input:
    path = folder / name
    path.write_bytes(data)
    return Input(path.as_posix(), path, path.suffix[1:], table_style=TableStyle(**said))


def _read(data: bytes, folder: Path, layout: ReadLayout = WHOLE, **said: Any) -> Reading:
    return check_reader(Delimited(), _source(data, folder, **said), layout)


def _records(reading: Reading) -> list[tuple[int, str | None, object, str | None]]:
    rows = zip(reading.rows, reading.content, reading.fields, strict=True)
    return [(row, fields[0], text, fields[1]) for row, text, fields in rows]


_CELLS = st.text(
    st.one_of(
        st.sampled_from(list("ab ,;|\t\"'\\\r\n#1é")),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    max_size=8,
)
_WAYS = st.sampled_from(
    [
        {"quoting": csv.QUOTE_ALL},
        {"quoting": csv.QUOTE_MINIMAL},
        {"quoting": csv.QUOTE_NONNUMERIC},
        {"quoting": csv.QUOTE_ALL, "doublequote": False, "escapechar": "\\"},
        {"quoting": csv.QUOTE_MINIMAL, "doublequote": False, "escapechar": "\\"},
        {"quoting": csv.QUOTE_NONE, "escapechar": "\\"},
    ]
)


@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    way=_WAYS,
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"]),
    name=st.sampled_from(["a.csv", "a.tsv"]),
    said=st.booleans(),
    header=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_a_table_is_read_as_it_was_written_or_refused(
    rows: list[tuple[str, str, str]],
    delimiter: str,
    way: dict[str, object],
    end: str,
    encoding: str,
    name: str,
    said: bool,
    header: bool,
) -> None:
    """Any cells, any dialect that Python writes, said or to be found out: never other records."""
    # Before Python 3.13 a CR before the LF is not quoted, and no file can tell it from CR LF.
    rows = [(one, two, three.rstrip("\r")) for one, two, three in rows]
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=delimiter, lineterminator=end, **way)  # type: ignore[arg-type]
    writer.writerows([HEADER, *rows] if header else rows)
    try:
        data = table.getvalue().encode(encoding)
    except UnicodeEncodeError:
        data, encoding = table.getvalue().encode(), "utf-8"
    told: dict[str, object] = {"header": header}
    if said:
        told |= {"delimiter": delimiter, "escape": way.get("escapechar", "")}
    if encoding not in {"utf-8", "utf-8-sig", "utf-16"} or (said and encoding != "utf-8-sig"):
        told |= {"encoding": encoding}
    layout = WHOLE if header else ReadLayout("text", ("column2",), ("column1", "column3"))
    with tempfile.TemporaryDirectory() as folder:
        source = _source(data, Path(folder), name, **told)
        try:
            reading = read_all(Delimited(), source, layout)
        except InputError:
            return
    written = [(row[0] or None, row[1], row[2] or None) for row in rows]
    for _, *record in _records(reading):
        assert tuple(record) in written


@given(
    cells=st.lists(
        st.tuples(*[st.lists(st.sampled_from(list(' x,"\n;')), max_size=4)] * 2),
        min_size=2,
        max_size=6,
    ),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    name=st.sampled_from(["a.csv", "a.tsv"]),
    place=st.floats(0, 1, exclude_max=True),
    harm=st.sampled_from(["drop", "quote", "end"]),
)
@settings(max_examples=80, deadline=None)
def test_one_broken_row_makes_no_record_of_two(
    cells: list[tuple[list[str], list[str]]],
    quoting: int,
    name: str,
    place: float,
    harm: str,
) -> None:
    """A quote too many, a sign too few, a line end anywhere: what is kept is of one row."""
    rows = [
        (f"<{n}>{''.join(one)}<{n}>", f"<{n}>{''.join(two)}<{n}>", f"<{n}>")
        for n, (one, two) in enumerate(cells)
    ]
    table = io.StringIO(newline="")
    delimiter = {"a.csv": ",", "a.tsv": "\t"}[name]
    writer = csv.writer(table, quoting=quoting, lineterminator="\n", delimiter=delimiter)  # type: ignore[arg-type]
    writer.writerows([HEADER, *rows])
    text = table.getvalue()
    start = text.index("\n") + 1
    at = start + int(place * (len(text) - start))
    tabs = name == "a.tsv"
    if harm == "drop" and text[at] == "\n" and (tabs or not re.search(r'(^|[\n,\t])"', text[:at])):
        return  # where no cell is quoted, a quote within one is text: two lines may be one row
    broken = text[:at] + {"drop": "", "quote": '"' + text[at], "end": "\n" + text[at]}[harm]
    broken += text[at + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        try:
            reading = read_all(Delimited(), _source(broken.encode(), Path(folder), name), WHOLE)
        except InputError:
            return
    records = [record[1:] for record in _records(reading)]
    for record in records:
        assert len(set(re.findall(r"<\d+>", "".join(map(str, record))))) <= 1
    odd = [record for record in records if record not in rows]
    assert len(odd) <= 1, odd


TWO = ReadLayout("text", ("text",), ("id",))


def _pairs(reading: Reading) -> list[tuple[str | None, object]]:
    return [(i, text) for (i,), text in zip(reading.fields, reading.content, strict=True)]


@pytest.mark.parametrize(
    ("data", "kept", "said"),
    [
        (
            b'id,text\n1,"one \\"q\n2,fake"\n3,real\n',
            [("1", 'one "q\n2,fake'), ("3", "real")],
            "back",
        ),
        (b"# made by X\nid,text\n1,a\n", [("1", "a")], "comments, left out: 1"),
        (b"# made by X, in May\n#\nid,text\n1,a\n", [("1", "a")], "comments, left out: 2"),
        (b"\n# made by X\n\nid,text\n1,a\n", [("1", "a")], "comments, left out: 3"),
        (b"sep=;\r\nid;text\r\n1;a, b\r\n", [("1", "a, b")], "names the delimiter"),
        (b"sep=^\nid^text\n1^a\n", [("1", "a")], "parted by '^'"),
        ("id,text\n1,é\n".encode("utf-16"), [("1", "é")], "UTF-16"),
        (b"id,text\n1,a,\n2,b,\n", [("1", "a"), ("2", "b")], "end in a delimiter"),
        (b'id,text\r1,a\r2,"b\r"\r', [("1", "a"), ("2", "b\r")], "carriage returns"),
        (b"'id','text'\n'1','a, b'\n", [("1", "a, b")], "quoted with '"),
        (b"id,text\n1,'a, b'\n2,c\n", [("1", "a, b"), ("2", "c")], "quoted with '"),
        (b"id|text\n1|a\n2|b, c\n", [("1", "a"), ("2", "b, c")], "vertical bars"),
        (b'id,text\n1,6" wide\n', [("1", '6" wide')], ""),
        (b"id,text\n1,C:\\new\n2,\\\\host\\d\n", [("1", "C:\\new"), ("2", "\\\\host\\d")], ""),
    ],
)
def test_a_dialect_is_found_and_said(
    tmp_path: Path, data: bytes, kept: list[tuple[str, str]], said: str
) -> None:
    reading = _read(data, tmp_path, TWO)
    assert _pairs(reading) == kept
    notes = "; ".join(Delimited().probe(_source(data, tmp_path)).notes)
    assert said in notes
    assert bool(notes) == bool(said)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ("id,text\n1,café\n".encode("latin-1"), "--encoding cp1252"),
        ("id,text\n1,a\n".encode("utf-16-le"), "--encoding utf-16-le"),
        ("id,text\n1,a\n".encode("utf-16-be"), "--encoding utf-16-be"),
        (b"id;text\nfoo\nbar\n", "--delimiter"),
        (b"a,x;b\n1,2;3\n4,5;6\n", "--delimiter"),
        (b"1,Hello\n2,World\n", "--no-header"),
        (b"2024-01-01,Hello\n2024-01-02,World\n", "--no-header"),
        (b"Hello there,gpt-4\nSecond text,gpt-4\n", "--no-header"),
        (b"This is a whole sentence.,a\nHere is one more too.,b\n", "--no-header"),
        (b"#text\nhello\n", "leave it out"),
        (b'id,text\n1,"a\\\\b"\n', "--escape none"),
        (b"id,id\n1,2\n", "rename"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_option(
    tmp_path: Path, data: bytes, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        Delimited().probe(_source(data, tmp_path))
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("data", "said", "kept"),
    [
        ("id,text\n1,café “x”\n".encode("cp1252"), {"encoding": "cp1252"}, [("1", "café “x”")]),
        ("id,text\n1,é\n".encode("utf-16-le"), {"encoding": "utf-16-le"}, [("1", "é")]),
        ("id,text\n1,é\n".encode("utf-16-be"), {"encoding": "utf-16"}, [("1", "é")]),
        ("id,text\n1,日本\n".encode("shift_jis"), {"encoding": "shift_jis"}, [("1", "日本")]),
        (b"id^text\n1^a, b\n", {"delimiter": "^"}, [("1", "a, b")]),
        (b"id,text\n1,a^,b\n", {"escape": "^"}, [("1", "a,b")]),
        (b'id,text\n1,"a\\\\b"\n', {"escape": ""}, [("1", "a\\\\b")]),
        (b'id,text\n1,"a\\\\b"\n', {"escape": "\\"}, [("1", "a\\b")]),
    ],
)
def test_what_is_said_is_taken(
    tmp_path: Path, data: bytes, said: dict[str, object], kept: list[tuple[str, str]]
) -> None:
    reading = _read(data, tmp_path, TWO, **said)
    assert _pairs(reading) == kept


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("id,text\n1,é\n".encode(), "latin-1"),
        ("id,text\n1,é\n".encode("utf-16"), "utf-8"),
        (b"id,text\n1,a\n", "utf-16"),
        (b"id,text\n1,a\n", "utf-16-le"),
    ],
)
def test_an_encoding_that_the_file_contradicts_is_refused(
    tmp_path: Path, data: bytes, encoding: str
) -> None:
    with pytest.raises(InputError, match="is stated to be"):
        Delimited().probe(_source(data, tmp_path, encoding=encoding))


def test_a_delimiter_that_parts_nothing_is_refused(tmp_path: Path) -> None:
    source = _source(b"id,text\n1,a\n2,b\n", tmp_path, delimiter=";")
    with pytest.raises(InputError, match="separated by commas, and not by ';'"):
        Delimited().probe(source)
    assert _read(b"text\na, b\n", tmp_path, ReadLayout("text", ("text",)), delimiter=";").rows == [
        1
    ]


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    data = b"1,Hello\n2,World\n3,a,b\n"
    layout = ReadLayout("text", ("column2",), ("column1",))
    reading = _read(data, tmp_path, layout, header=False)
    assert (reading.rows, reading.content) == ([1, 2], ["Hello", "World"])
    assert [(each["row"], each["offset"]) for each in reading.rejects] == [(3, 16)]
    (note,) = Delimited().probe(_source(data, tmp_path, header=False)).notes
    assert note == "without a header, its columns are called column1 to column2"


def test_a_header_that_is_said_may_look_like_a_record(tmp_path: Path) -> None:
    reading = _read(b"2024,1\n2025,2\n", tmp_path, ReadLayout("text", ("2024",)), header=True)
    assert reading.content == ["2025"]


@pytest.mark.parametrize(
    ("rows", "kept", "offsets"),
    [
        ('1,"a" b\n2,c\n3,"d"\n', ["2", "3"], [8]),
        ('1,"a\n2,"b"\n3,c\n', ["3"], [8]),
        ('1,"x"\n2,a "b" c\n3,d\n', ["1", "3"], [14]),
        ('1,"say "hi", and\n2,fake"\n3,"d"\n', ["3"], [8]),
        ("1,a\nid,text\n2,b\n", ["1", "2"], [12]),
        ("1,a\n2,b\0\n3,c\n", ["1", "3"], [12]),
    ],
)
def test_a_broken_row_is_one_reject(
    tmp_path: Path, rows: str, kept: list[str], offsets: list[int]
) -> None:
    reading = _read(b"id,text\n" + rows.encode(), tmp_path, TWO)
    assert [i for i, _ in _pairs(reading)] == kept
    assert [each["offset"] for each in reading.rejects] == offsets


def test_escapes_that_come_late_make_no_record(tmp_path: Path) -> None:
    """Behind what is looked at to find the dialect."""
    plain = "".join(f'{n},"{"x" * 1000}"\n' for n in range(300))
    reading = _read(f'id,text\n{plain}8,"a \\"b\n9,fake"\n10,real\n'.encode(), tmp_path, TWO)
    assert [i for i, _ in _pairs(reading)][300:] == ["10"]
    assert len(reading.rejects) == 1


def test_thousands_of_columns(tmp_path: Path) -> None:
    names = ["text", *(f"c{n}" for n in range(30_000))]
    data = ",".join(names) + "\n" + ",".join("x" for _ in names) + "\n"
    assert _read(data.encode(), tmp_path, ReadLayout("text", ("text",))).content == ["x"]
