"""One document or lines of JSON: told by the grammar of the beginning, whatever the name is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings, strategies as st

from provenance.io.discovery.detect import detect

A, B, C = ({"text": letter, "n": [1, {"x": None}]} for letter in "abc")
ONE = [json.dumps(row) for row in (A, B, C)]
TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]

DOCUMENTS = {
    "array, an object a line": "[\n" + ",\n".join(ONE) + "\n]\n",
    "array, commas in front": "[\n  " + "\n, ".join(ONE) + "\n]",
    "array on one line": json.dumps([A, B, C]),
    "array, first on its line": "[" + ",\n".join(ONE) + "]",
    "array, indented": json.dumps([A, B, C], indent=2),
    "object, indented": json.dumps({"data": [A, B]}, indent=4),
    "object with an object a line": '{"data": [\n' + ",\n".join(ONE) + "\n]}",
    "braces on lines of their own": '{\n"data":\n[\n{\n"text": "a"\n},\n{\n"text": "b"\n}\n]\n}',
    "several, indented": "\n".join(json.dumps(row, indent=1) for row in (A, B, C)),
    "a bad element": "[\n" + ",\n".join([ONE[0], '{"text": }', ONE[1], ONE[2]]) + "\n]",
    "NaN in an element": "[\n" + ",\n".join([ONE[0], '{"text": NaN}', ONE[1]]) + "\n]",
    "a bad element in front": '[{"text": },\n' + ",\n".join(ONE) + "\n]",
    "bad in front, in an object": '{"data": [{"text": },\n' + ",\n".join(ONE) + "\n]}",
    "texts": '["one",\n"two",\n"three"]',
    "indented texts": json.dumps(["one", "two"], indent=1),
    "cut off": '[\n{"text": "a"},\n{"text": "b"},\n{"te',
}
LINES = {
    "objects": "\n".join(ONE),
    "broken in front": '{"text": }\n' + "\n".join(ONE[1:]),
    "cut off in front": '{"text": "a\n' + "\n".join(ONE[1:]),
    "cut off behind a colon": '{"text":\n' + "\n".join(ONE[1:]),
    "cut off behind a comma": '{"text": "a",\n' + "\n".join(ONE[1:]),
    "cut off in a list": '{"text": "a", "n": [1,\n' + "\n".join(ONE[1:]),
    "all are broken": '{"text": }\n{"text": }\n{"text": }\n',
    "NaN": '{"text": NaN}\n{"text": NaN}\n',
    "deep": '{"text": ' + "[" * 500 + "]" * 500 + "}\n" + ONE[0],
    "blank lines": "\n\n" + "\n\n".join(ONE) + "\n\n",
    "chats": json.dumps(TURNS) + "\n" + json.dumps(TURNS) + "\n",
    "lists": '[{"a": 1}, 2]\n[[3]]\n',
    "texts": '"one"\n"two"\n',
}
PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def _form(folder: Path, name: str, text: str, mark: bool, ends: str, packed: str) -> str | None:
    data = b"\xef\xbb\xbf" * mark + text.replace("\n", ends).encode()
    path = folder / (name + packed)
    path.write_bytes(PACK[packed](data))
    return detect(path)[0]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson", "a"])
@pytest.mark.parametrize("what", DOCUMENTS)
@pytest.mark.parametrize("front", ["", "\n \n"])
def test_a_document_is_no_lines(tmp_path: Path, name: str, what: str, front: str) -> None:
    text = front + DOCUMENTS[what]
    found = {
        _form(tmp_path, name, text, m, e, p) for m in (0, 1) for e in ("\n", "\r\n") for p in PACK
    }
    assert found == {"json"}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a"])
@pytest.mark.parametrize("what", LINES)
def test_lines_are_no_document(tmp_path: Path, name: str, what: str) -> None:
    text = LINES[what]
    found = {
        _form(tmp_path, name, text, m, e, p) for m in (0, 1) for e in ("\n", "\r\n") for p in PACK
    }
    assert found == {"jsonl"}


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("a.jsonl", json.dumps(TURNS), "jsonl"),
        ("a.json", json.dumps(TURNS), "json"),
        ("a.jsonl", ONE[0] + "\n", "jsonl"),
        ("a.json", ONE[0] + "\n", "json"),
        ("a", ONE[0] + "\n", "json"),
        ("a.jsonl", "", "jsonl"),
        ("a.json", "", "json"),
        ("a", "[section]\nname = value\n", None),
        ("a", "[section] of a text", None),
        ("a", '"Well," he said.\n"What?"\n', None),
        ("a", "{{ template }}\nand more\n", None),
        ("a", "plain text", None),
        ("a.jsonl", "plain text\nand more\n", "jsonl"),
        ("a.json", "plain text\nand more\n", "json"),
    ],
)
def test_what_the_grammar_leaves_open(
    tmp_path: Path, name: str, text: str, form: str | None
) -> None:
    assert _form(tmp_path, name, text, False, "\n", "") == form


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=50)
@given(
    rows=st.lists(st.dictionaries(st.text(max_size=3), JSON, min_size=1), min_size=2, max_size=6),
    indent=st.sampled_from([0, 1, 4, "\t"]),
    name=st.sampled_from(["a.json", "a.jsonl", "a"]),
)
def test_whatever_is_in_the_records(
    tmp_path_factory: pytest.TempPathFactory, rows: list[object], indent: int | str, name: str
) -> None:
    path = tmp_path_factory.mktemp("near") / name
    path.write_text(json.dumps(rows, indent=indent))
    assert detect(path)[0] == "json"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert detect(path)[0] == "jsonl"


def test_an_array_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps([{"text": "x" * 1000, "n": [{}]}] * 500, indent=1))
    assert path.stat().st_size > 64 << 10
    assert detect(path)[0] == "json"
