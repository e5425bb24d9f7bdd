"""One strict JSON reader, one lenient reader of documents, and three compact writers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from provenance.content.json_reader import (
    MAX_DEPTH,
    DefectError,
    decode_strict,
    parse,
    read_document,
)
from provenance.content.json_writer import (
    Number,
    compact_json,
    encode_json,
    escape_surrogates,
    sorted_json,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(VALUES)
def test_writers_agree_on_values_without_spelling(value: object) -> None:
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert compact_json(value) == encode_json(value) == plain
    assert json.loads(sorted_json(value)) == value


def test_only_the_compact_writer_keeps_how_a_number_is_spelled() -> None:
    value = {"b": [Number("1.0")], "a": Number("1e2")}
    assert compact_json(value) == '{"b":[1.0],"a":1e2}'
    assert encode_json(value) == '{"b":[1.0],"a":100.0}'
    assert sorted_json(value) == '{"a":100.0,"b":[1.0]}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":1,"a":2}', 'duplicate key "a"'),
        ("[NaN]", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("[1,]", "not JSON: trailing comma"),
        ("[1] 2", "not JSON: more after the first value"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), f"nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_the_strict_reader_refuses(text: str, reason: str) -> None:
    with pytest.raises(DefectError) as caught:
        parse(text.encode())
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [('{"a":1,"a":2}', "duplicate key"), ("[NaN]", "NaN is not JSON"), ("[1,]", "line 1")],
)
def test_the_strict_decoder_refuses(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_strict(text)


def test_the_strict_decoder_gives_plain_floats() -> None:
    assert repr(decode_strict('{"a":1.50}')) == "{'a': 1.5}"
    assert type(decode_strict("1.50")) is float


def test_the_reader_of_documents_takes_the_last_of_repeated_keys() -> None:
    assert read_document('{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[NaN]", "NaN is not JSON"),
        ('["\\ud83d"]', "lone surrogate"),
        ("[" * 200_000, "nested too deeply"),
        ("nothing", "Expecting value"),
    ],
)
def test_the_reader_of_documents_refuses(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_document(text)


def test_half_of_a_surrogate_pair_is_written_as_an_escape() -> None:
    text = compact_json(["café", "\ud83d", "\U0001f600"])
    assert escape_surrogates(text) == '["café","\\ud83d","\U0001f600"]'
    assert escape_surrogates("[1]") == "[1]"
