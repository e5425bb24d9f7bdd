"""The fast path and the exact path say the same of every block, whole or broken."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from support.reader_contract import Reading, read_all

from provenance.io.contract.reader import Batch, BlockShare, Input, ReadLayout, Slice
from provenance.io.readers.json.fast_path import BlockLines, FastPath, prove_block, template_of
from provenance.io.readers.json.lines import JsonLines, line_slices

LAYOUTS = [
    ReadLayout("text", ("text",)),
    ReadLayout("text", ("text",), ("id", "lang", "n", "meta.id", "absent")),
    ReadLayout("text", ("text",), ("text", "n", "n", "meta")),
    ReadLayout("text", ("meta.text",), ("text",)),
    ReadLayout("text", ("text",), ("id",), max_record=60),
]

NASTY = st.text(
    st.one_of(st.sampled_from('":\\{}[], \t\n\r\x00aée\u2028😀'), st.characters(codec="utf-8"))
) | st.sampled_from(['": ', ':", "text": "', ' :"', '\\"', "NaN", "a" * 50, '", "text": "b"}'])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NASTY
)
STYLES = st.sampled_from([(", ", ": "), (",", ":"), (", ", ":"), (" ,", ": ")])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Lines of one writer: the same keys in the same order, each key with values of one kind."""
    names = draw(st.lists(st.sampled_from(["id", "lang", "n", "meta", "x-1"]), unique=True))
    names.insert(draw(st.integers(0, len(names))), "text")
    kinds = {name: draw(st.sampled_from(["any", "text", "number", "object"])) for name in names}
    by_kind = {
        "any": SCALARS,
        "text": NASTY,
        "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none(),
        "object": st.fixed_dictionaries({"id": SCALARS, "text": NASTY.filter(bool)}),
    }
    kinds["text"] = "text" if draw(st.integers(0, 9)) else "any"
    escape, style = draw(st.booleans()), draw(STYLES)
    lines = [
        json.dumps(
            {name: draw(by_kind[kinds[name]]) for name in names},
            ensure_ascii=escape,
            separators=style,
        )
        for _ in range(draw(st.integers(1, 6)))
    ]
    line_break = draw(st.sampled_from(["\n", "\n", "\r\n", "\n\n", "\n \n"]))
    text = line_break.join(lines) + draw(st.sampled_from(["", line_break]))
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode("utf-8", "replace")


FRAGMENTS = [
    *(b"NaN", b"-Infinity", b"nan", b"inf", b"null", b"1e5", b"-0", b"01", b"1.", b"1e999"),
    *(b",", b", ", b" ", b"  ", b":", b" :", b'"', b"\\", b'\\"', b"{", b"}", b"[", b"]", b"[1,]"),
    *(b'"text": "x", ', b'"text" : "x", ', b'"n" : NaN, ', b'"te\\u0078t": "x", ', b',"text":""'),
    *(b"\n", b"\r", b"\t", b"\x00", b"\x1f", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0000"),
    *(b'"meta": {"text": "y"}, ', b'"id": [1, {"a": NaN}], ', b"{}", b"[]", b"\xef\xbb\xbf", b"'"),
    *(b"[" * 200, b'{"a":' * 200, b"9" * 5000, b"9" * 20, b"\\" * 70, b" " * 70 + b":"),
]
STRUCTURE = [b'": ', b'":', b', "', b',"', b"}", b"{", b'"', b"\n", b" "]


@st.composite
def broken_files(draw: st.DrawFn) -> bytes:
    """A file with bytes flipped, cut or put in, most often next to structure."""
    data = draw(files())
    for _ in range(draw(st.integers(1, 3))):
        spots = [
            place + shift
            for mark in draw(st.sets(st.sampled_from(STRUCTURE), min_size=1, max_size=2))
            for place in _places(data, mark)
            for shift in (0, len(mark))
        ]
        place = draw(st.sampled_from(spots) if spots else st.integers(0, len(data)))
        match draw(st.sampled_from(["insert", "insert", "insert", "flip", "cut", "truncate"])):
            case "insert":
                data = data[:place] + draw(st.sampled_from(FRAGMENTS)) + data[place:]
            case "flip":
                data = data[:place] + draw(st.binary(min_size=1, max_size=1)) + data[place + 1 :]
            case "cut":
                data = data[:place] + data[place + draw(st.integers(1, 9)) :]
            case _:
                data = data[: draw(st.integers(0, len(data)))]
    return data


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1)


@pytest.mark.slow
@given(data=files() | broken_files(), layout=st.sampled_from(LAYOUTS))
def test_both_paths_say_the_same(data: bytes, layout: ReadLayout) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_bytes(data)
        source = Input(path.as_posix(), path, "jsonl")
        exact = read_all(JsonLines(fast_from=None), source, layout, original=True)
        assert read_all(JsonLines(fast_from=0), source, layout, original=True) == exact
        small = JsonLines(fast_from=0, block=64)
        assert read_all(small, source, layout, original=True) == exact
        assert exact.read == len(_records(data))
        assert _read_in_slices(source, layout, 40) == exact
        assert _read_in_shares(data, Path(folder), layout) == _by_row(exact)


@pytest.mark.parametrize(
    ("line", "layout"),
    [
        (b'{"text": "a", "n": -0}\n', ReadLayout("text", ("text",), ("n",))),
        (b'{"text": "a", "n": -0.0}\n', ReadLayout("text", ("text",), ("n",))),
        (b'{"text": "a", "n": 1E400}\n', ReadLayout("text", ("text",), ("n",))),
        (b'{"text": "a", "n": 1' + b"0" * 5000 + b"}\n", ReadLayout("text", ("text",))),
        (b'{"text": "a", "n": "\\u0000"}\n', ReadLayout("text", ("text",), ("n",))),
        (b'{"text": "a\\u0000", "n": 1}\n', ReadLayout("text", ("text",), ("n",))),
        (b'{"text": "12345678"}\n', ReadLayout("text", ("text",), max_record=19)),
        (b'{"text": "12345678"}\r\n', ReadLayout("text", ("text",), max_record=20)),
        (b'{"text": "12345678"}\r\n', ReadLayout("text", ("text",), max_record=21)),
        (b'{"text": "a"}\r\r\n', ReadLayout("text", ("text",))),
        (b' {"text": "a"} \n', ReadLayout("text", ("text",))),
    ],
)
def test_both_paths_say_the_same_of(tmp_path: Path, line: bytes, layout: ReadLayout) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(line * 3)
    source = Input(path.as_posix(), path, "jsonl")
    exact = read_all(JsonLines(fast_from=None), source, layout, original=True)
    assert read_all(JsonLines(fast_from=0), source, layout, original=True) == exact
    assert exact.read == 3


def _records(data: bytes) -> list[bytes]:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in lines if line.strip(b" \t\r")]


def _read_in_slices(source: Input, layout: ReadLayout, size: int) -> Reading:
    return _read_parts(JsonLines(fast_from=0), source, layout, line_slices(source, size))


def _read_in_shares(data: bytes, folder: Path, layout: ReadLayout) -> Reading:
    path = folder / "data.jsonl.gz"
    path.write_bytes(gzip.compress(data, 1))
    source = Input(path.as_posix(), path, "jsonl", "gz")
    shares = [BlockShare(index, 3) for index in range(3)]
    return _by_row(_read_parts(JsonLines(fast_from=0, block=64), source, layout, shares))


def _read_parts(
    reader: JsonLines, source: Input, layout: ReadLayout, parts: Iterable[Slice | BlockShare]
) -> Reading:
    whole = Reading()
    for part in parts:
        found = read_all(reader, source, layout, part, original=True)
        whole.rows += found.rows
        whole.content += found.content
        whole.fields += found.fields
        whole.rejects += found.rejects
        whole.original += found.original
    return whole


def _by_row(reading: Reading) -> Reading:
    """What was read in the order of rows: shares are read one after the other."""
    order = sorted(range(len(reading.rows)), key=reading.rows.__getitem__)
    return Reading(
        [reading.rows[n] for n in order],
        [reading.content[n] for n in order],
        [reading.fields[n] for n in order],
        sorted(reading.rejects, key=repr),
        [reading.original[n] for n in order],
    )


def _fast(data: bytes, layout: ReadLayout) -> Batch | None:
    buffer = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(buffer == ord("\n"))
    lines = BlockLines(buffer, np.concatenate([[0], ends[:-1] + 1]), ends)
    with FastPath(layout) as fast:
        return fast.read(lines, np.arange(1, ends.size + 1), original=False)


PLAIN = b'{"id": "a", "text": "first", "meta": {"n": 1, "id": null}, "lang": "en"}\n'


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": "b", "text": "x \\" :", "meta": {"n": -2.5, "id": "\\\\"}, "lang": "de"}\n',
        b'{"id": "", "text": "{\\"id\\": NaN,}", "meta": {"n": null, "id": true}, "lang": ""}\n',
        '{"id": "é", "text": "\u2028", "meta": {"n": 1e5, "id": "😀"}, "lang": null}\n'.encode(),
    ],
)
def test_takes_the_fast_path(line: bytes) -> None:
    layout = ReadLayout("text", ("text",), ("id", "meta.n", "lang"))
    batch = _fast(PLAIN + line + PLAIN, layout)
    assert batch is not None
    record = json.loads(line)
    assert batch.content.to_pylist() == ["first", record["text"], "first"]
    assert batch.fields.column(0).to_pylist() == ["a", record["id"], "a"]
    assert batch.fields.column(2).to_pylist() == ["en", record["lang"], "en"]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": "b", "text": "x", "meta": {"n": NaN, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": -inf, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": nan, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": 1, "id": 1}, "lang": "de",}\n',
        b'{"id": "b", "text": "x", "meta": {"n": 1, "id": 1,}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": 1, "id": 1}, "lang": "de", "id" : "c"}\n',
        b'{"id": "b", "text": "x", "text" : "y", "meta": {"n": 1, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": 1, "n" : 2, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": [1,], "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"id": 1, "n": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "", "meta": {"n": 1, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": null, "meta": {"n": 1, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "\xff", "meta": {"n": 1, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "\x01", "meta": {"n": 1, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "\\ud800", "meta": {"n": 1, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": 1, "id": 1}, "lang": "de"\n',
        b'{"id": "b", "text": "x", "meta": {"n":  1, "id": 1}, "lang": "de"}\n',
        b'{"id": "b", "text": "x", "meta": {"n": 1' + b"0" * 5000 + b', "id": 1}, "lang": "de"}\n',
        b"[1]\n",
    ],
)
def test_leaves_to_the_exact_path(line: bytes) -> None:
    assert _fast(PLAIN + line + PLAIN, ReadLayout("text", ("text",), ("id",))) is None
    assert _fast(line + PLAIN, ReadLayout("text", ("text",), ("id",))) is None


def test_template_of_a_line() -> None:
    template = template_of(PLAIN.strip())
    assert template is not None
    assert template.glue == (
        *(b'{"id": ', b', "text": ', b', "meta": ', b'{"n": ', b', "id": ', b'}, "lang": '),
    )
    assert template.tail == b"}"
    assert template.tree == {"id": 0, "text": 1, "meta": {"n": 3, "id": 4}, "lang": 5}
    assert template_of(b'{"a": [1]}') is None
    assert template_of(b'{"a": 1,}') is None


def test_values_are_where_the_template_says() -> None:
    template = template_of(PLAIN.strip())
    assert template is not None
    buffer = np.frombuffer(PLAIN, np.uint8)
    found = prove_block(BlockLines(buffer, np.array([0]), np.array([len(PLAIN) - 1])), template)
    assert found is not None
    spans = [PLAIN[value.starts[0] : value.ends[0]] for value in found]
    assert spans == [b'"a"', b'"first"', b"", b"1", b"null", b'"en"']
