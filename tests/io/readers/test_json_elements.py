"""Elements of arrays are read like lines: one by one, each refused for itself, in any pieces."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from support.reader_contract import Reading, check_reader, read_all

from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.json.document import JsonDocument
from provenance.io.readers.json.lines import JsonLines

TEXT = ReadLayout("text", ("text",))
CHAT = ReadLayout("structured", ("messages",))

GOOD = ['{"text": "a"}', '{"text": "b, ]}[{\\" c", "n": [1, {"x": 2.50}]}', '"mere text"', '"\\\\"']
BAD = [
    '{"text": NaN}',
    '{"text": "a", "n": -Infinity}',
    '{"text": "a", "text": "b"}',
    '{"text": "\\ud800"}',
    '{"text": "\\x"}',
    '{"text": 5}',
    '{"text": ""}',
    '{"text": "a" "b"}',
    '{"text": "a", }',
    '{"n": 1}',
    "{'text': 1}",
    '{"text": "' + "x" * 300 + '"}',
    '{"text": ' + "[" * 150 + "]" * 150 + "}",
    '{"text": "a"} {"text": "b"}',
    "nothing",
    "17",
    "null",
    "[1]",
    "{}",
]


def _source(path: Path, data: bytes, form: str = "json") -> Input:
    path.write_bytes(data)
    return Input(path.as_posix(), path, form)


def _digest(raw: bytes) -> str:
    return "sha256:" + hashlib.sha256(raw).hexdigest()


@pytest.mark.slow
@settings(max_examples=50)
@given(
    elements=st.lists(st.sampled_from(GOOD + BAD), min_size=1, max_size=8),
    gap=st.sampled_from([",", ", ", ",\n", "\n  ,\r\n\t", "\n,\n"]),
    chunk=st.integers(1, 80),
    mark=st.booleans(),
)
def test_an_array_is_read_as_its_elements_on_lines_are(
    tmp_path_factory: pytest.TempPathFactory, elements: list[str], gap: str, chunk: int, mark: bool
) -> None:
    folder = tmp_path_factory.mktemp("twins")
    layout = ReadLayout("text", ("text",), ("n",), max_record=320)
    raws = [each.encode("utf-8", "surrogatepass") for each in elements]
    array = b"\xef\xbb\xbf" * mark + b" [\n " + gap.encode().join(raws) + b"\n]\n"
    source = _source(folder / "a.json", array)
    reading = read_all(JsonDocument(chunk), source, layout)
    lines = _source(folder / "a.jsonl", b"\n".join(raws), "jsonl")
    twin = read_all(JsonLines(fast_from=None), lines, layout)
    assert (reading.rows, reading.content, reading.fields) == (
        twin.rows,
        twin.content,
        twin.fields,
    )
    facts = [(r["row"], r["reason"], r["raw_digest"], r["raw_bytes"]) for r in reading.rejects]
    assert facts == [(r["row"], r["reason"], r["raw_digest"], r["raw_bytes"]) for r in twin.rejects]
    for reject in reading.rejects:
        start, size = int(str(reject["offset"])), int(str(reject["raw_bytes"]))
        assert _digest(array[start : start + size]) == reject["raw_digest"]


def test_a_record_that_is_too_long_goes_by(tmp_path: Path) -> None:
    long = b'{"text": "' + b"x, ]" * 500 + b'"}'
    source = _source(tmp_path / "a.json", b'[{"text": "a"}, ' + long + b', {"text": "b"}]')
    layout = ReadLayout("text", ("text",), max_record=100)
    for chunk in (64, 1 << 20):
        reading = read_all(JsonDocument(chunk), source, layout)
        assert reading.content == ["a", "b"]
        (reject,) = reading.rejects
        assert (reject["row"], reject["offset"]) == (2, 16)
        assert (reject["raw_digest"], reject["raw_bytes"]) == (_digest(long), len(long))


WHOLE = [{"text": f"t{i}", "more": [{"text": f"inner {i}"}]} for i in range(4)]


@pytest.mark.slow
@settings(max_examples=50)
@given(drop=st.integers(0, 10_000), put=st.sampled_from(["", "{", "}", "[", "]", '"']))
def test_brackets_that_do_not_fit_give_no_bogus_record(
    tmp_path_factory: pytest.TempPathFactory, drop: int, put: str
) -> None:
    text = json.dumps(WHOLE)
    places = [place for place, letter in enumerate(text) if letter in '[]{}"']
    place = places[drop % len(places)]
    broken = text[:place] + put + text[place + 1 :]
    source = _source(tmp_path_factory.mktemp("broken") / "a.json", broken.encode())
    for chunk in (7, 1 << 20):
        reading = check_reader(JsonDocument(chunk), source, TEXT)
        try:
            right = [each["text"] for each in json.loads(broken)]
        except (ValueError, KeyError, TypeError):
            right = [str(each["text"]) for each in WHOLE]
            assert reading.rejects or broken == text
        assert set(map(str, reading.content)) <= set(right)


@pytest.mark.parametrize(
    ("text", "kept", "row", "offset", "reason"),
    [
        ('[{"text":"a"},{"text":"b"', ["a"], 2, 25, "not JSON: ends too early"),
        ('[{"text":"a"},{"text":"b"}', ["a", "b"], 3, 26, "not JSON: ends too early"),
        ('[{"text":"a"},{"text":["b"},{"text":"c"}]', ["a"], 2, 26, "not JSON: unexpected '}'"),
        ('[{"text":"a"}},{"text":"b"}]', ["a"], 2, 13, "not JSON: unexpected '}'"),
        ('[{"text":"a"}],{"text":"b"}]', ["a"], 2, 14, "not JSON: more after the first value"),
        ('[{"text":"a"}] x', ["a"], 2, 15, "not JSON: more after the first value"),
        ("[", [], 1, 1, "not JSON: ends too early"),
    ],
)
def test_where_brackets_do_not_fit_the_file_ends(
    tmp_path: Path, text: str, kept: list[str], row: int, offset: int, reason: str
) -> None:
    reading = check_reader(JsonDocument(), _source(tmp_path / "a.json", text.encode()), TEXT)
    assert reading.content == kept
    (reject,) = reading.rejects
    assert (reject["row"], reject["offset"], reject["reason"]) == (row, offset, reason)


TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
CALLS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": []}]


def _array(values: list[Any]) -> bytes:
    return json.dumps(values).encode()


def _lines(values: list[Any]) -> bytes:
    return "\n".join(map(json.dumps, values)).encode()


@pytest.mark.parametrize(("form", "write"), [("json", _array), ("jsonl", _lines)])
@pytest.mark.parametrize("packed", [False, True])
def test_mere_texts_and_chats_are_records(
    tmp_path: Path, form: str, write: Callable[[list[Any]], bytes], packed: bool
) -> None:
    reader = JsonDocument() if form == "json" else JsonLines()

    def read(name: str, values: list[Any], layout: ReadLayout) -> Reading:
        path = tmp_path / name
        path.write_bytes(gzip.compress(write(values)) if packed else write(values))
        source = Input(path.as_posix(), path, form, "gz" if packed else "")
        assert list(reader.probe(source).fields) == list(layout.content)
        reading = read_all(reader, source, layout, original=True)
        reading.original = [json.dumps(json.loads(text)) for text in reading.original]
        return reading

    bare = read("bare", ["one", "two\n"], TEXT)
    assert bare == read("dressed", [{"text": "one"}, {"text": "two\n"}], TEXT)
    assert bare.content == ["one", "two\n"]
    chats = read("chats", [TURNS, CALLS], CHAT)
    assert chats.content == read("full", [{"messages": TURNS}, {"messages": CALLS}], CHAT).content
    assert len(chats.content) == 2


def test_what_is_neither_text_nor_chat_is_refused_by_itself(tmp_path: Path) -> None:
    values = ["a", TURNS, {"text": "b"}, 5, [], ["c"], None]
    reading = check_reader(JsonDocument(), _source(tmp_path / "a.json", _array(values)), TEXT)
    assert reading.content == ["a", "b"]
    assert [reject["row"] for reject in reading.rejects] == [2, 4, 5, 6, 7]
    assert {reason.split(", ")[1] for reason in reading.reasons} == {"not an object"}


ROWS = [{"text": "a", "n": 1}, {"text": "b", "n": 2}]


@pytest.mark.parametrize(
    "document",
    [
        {"text": ["a", "b"], "n": [1, 2]},
        {"0": ROWS[0], "1": ROWS[1]},
        {"-7": ROWS[0], "1700000000000": ROWS[1]},
        {"text": {"0": "a", "1": "b"}, "n": {"0": 1, "1": 2}},
        {"columns": ["text", "n"], "index": [0, 1], "data": [["a", 1], ["b", 2]]},
        {"columns": ["text", "n"], "data": [["a", 1], ["b", 2]]},
    ],
    ids=["list", "index", "numbers", "columns", "split", "split-without-index"],
)
def test_tables_as_other_tools_write_them(tmp_path: Path, document: dict[str, Any]) -> None:
    source = _source(tmp_path / "a.json", json.dumps(document, indent=1).encode())
    assert JsonDocument().probe(source).fields == {"text": "string", "n": "number"}
    reading = check_reader(JsonDocument(), source, ReadLayout("text", ("text",), ("n",)))
    assert (reading.content, reading.fields) == (["a", "b"], [("1",), ("2",)])


@pytest.mark.parametrize(
    "document",
    [
        {"a": {"text": "x"}, "b": {"text": "y"}},
        {"columns": ["text"], "data": [["a", "b"]]},
        {"text": {"0": "a"}, "n": {"1": 2}},
        {},
    ],
)
def test_other_objects_of_objects_are_one_record(tmp_path: Path, document: dict[str, Any]) -> None:
    source = _source(tmp_path / "a.json", json.dumps(document).encode())
    assert check_reader(JsonDocument(), source, ReadLayout("structured", ("*",))).read == 1


def test_documents_on_lines_of_their_own_are_all_read(tmp_path: Path) -> None:
    values = [{"text": "a"}, [{"text": "b"}, "c"], {"text": "d"}]
    text = "\n".join(json.dumps(value, indent=2) for value in values)
    source = _source(tmp_path / "a.json", text.replace('"b"', "NaN").encode())
    for chunk in (3, 1 << 20):
        reading = check_reader(JsonDocument(chunk), source, TEXT)
        assert (reading.rows, reading.content) == ([1, 3, 4], ["a", "c", "d"])
        assert reading.reasons == ["NaN is not JSON"]


NAMES = st.sampled_from(["text", "data", "rows", "model", "x"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


def _all_fields(shape: Any) -> tuple[str, ...]:
    return tuple(path for path, kind in shape.items() if kind not in {"object", "list"})


@settings(max_examples=60)
@given(
    document=st.dictionaries(NAMES, DOCUMENTS, max_size=4),
    path=st.sampled_from(["data", "data.rows", "x.data.rows", "rows"]),
    content=st.sampled_from(["text", "*"]),
    chunk=st.integers(1, 40),
)
def test_records_at_a_path_are_the_same_however_little_is_held(
    tmp_path_factory: pytest.TempPathFactory,
    document: dict[str, Any],
    path: str,
    content: str,
    chunk: int,
) -> None:
    source = _source(tmp_path_factory.mktemp("held") / "a.json", json.dumps(document).encode())
    kind = "structured" if content == "*" else "text"
    layout = ReadLayout(kind, (content,), records=path, chooser=_all_fields)  # type: ignore[arg-type]

    def read(reader: JsonDocument) -> list[object]:
        found: list[object] = []
        for batch in reader.read(source, layout):
            found += zip(batch.rows.to_pylist(), batch.content.to_pylist(), strict=True)
            found.append([batch.fields.to_pylist(), dict(batch.shape)])
            found += batch.rejects.select(["row", "reason"]).to_pylist()
        return found

    assert read(JsonDocument(chunk, buffer_bytes=1)) == read(JsonDocument())
    small = JsonDocument(chunk, buffer_bytes=1).probe(source, path)
    assert small.fields == JsonDocument().probe(source, path).fields


@pytest.mark.parametrize("held", [1, 1 << 20])
def test_one_bad_record_at_a_path_costs_one_record(tmp_path: Path, held: int) -> None:
    text = '{"data": [{"text": "a"}, {"text": NaN}, "b", {"text": "c"}], "model": "gpt-4"}'
    source = _source(tmp_path / "a.json", text.encode())
    layout = ReadLayout("text", ("text",), ("^.model",), records="data")
    reading = check_reader(JsonDocument(buffer_bytes=held), source, layout)
    assert (reading.rows, reading.content) == ([1, 3, 4], ["a", "b", "c"])
    assert set(reading.fields) == {("gpt-4",)}
    (reject,) = reading.rejects
    assert (reject["row"], reject["reason"]) == (2, "NaN is not JSON")
    assert reject["offset"] == text.index('{"text": NaN')


@pytest.mark.parametrize("held", [1, 1 << 20])
@pytest.mark.parametrize(
    ("text", "kept", "reason"),
    [
        ('{"data": [{"text": "a"}, {"te', ["a"], "not JSON: ends too early"),
        ('{"data": [{"text": "a"}', ["a"], "not JSON: ends too early"),
        ('{"data": [{"text": "a"}], "n": NaN}', ["a"], "NaN is not JSON"),
        ('{"n": NaN, "data": [{"text": "a"}]}', [], "NaN is not JSON"),
        ('{"data": [{"text": "a"}], "data": []}', ["a"], 'duplicate key "data"'),
        ('{"rows": [{"text": "a"}]}', [], 'no records at "data"'),
        ('{"data": 5}', [], 'no records at "data"'),
        ('{"data" [{"text": "a"}]}', [], "not JSON: unexpected '['"),
    ],
)
def test_documents_that_are_broken_around_the_records(
    tmp_path: Path, held: int, text: str, kept: list[str], reason: str
) -> None:
    source = _source(tmp_path / "a.json", text.encode())
    layout = ReadLayout("text", ("text",), records="data")
    reading = check_reader(JsonDocument(buffer_bytes=held), source, layout)
    assert (reading.content, reading.reasons) == (kept, [reason])


@pytest.mark.slow
def test_an_array_takes_no_more_memory_than_its_pieces(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.json"
    row = json.dumps({"text": "x" * 500, "n": [1, 2]}).encode()
    path.write_bytes(b'{"data": [' + b", ".join([row] * 20_000) + b"]}")
    source = Input(path.as_posix(), path, "json")
    reader = JsonDocument(chunk=256 << 10, buffer_bytes=1)
    tracemalloc.start()
    try:
        sizes = [
            len(b.rows) for b in reader.read(source, ReadLayout("text", ("text",), records="data"))
        ]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 20_000
    assert peak > 1 << 20  # it does see what is held
    assert peak < 60 << 20
