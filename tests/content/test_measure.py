"""Columns of ids and sizes agree with the one-record functions, whatever the text."""

from __future__ import annotations

import hashlib
import json
import re
import uuid

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from provenance.content import folding, identity, norm_rules
from provenance.content.measure import measure

TEXTS = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet="aB3 .,-_\n\t\x00", max_size=80),
        st.text(
            alphabet="aZ9 \u2019\u201c\u2026\u200b\u00a0\u2011\u203f\u00e9\u0301\ufb01", max_size=40
        ),
    ),
    max_size=30,
)


def words(text: str) -> int:
    return len(re.findall(rb"[^\x00-\x20]+", text.encode()))


@pytest.fixture(params=["compiled", "plain"], autouse=True)
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the same columns: the loop of ``fold.c``, and what stands in for it."""
    if request.param == "plain":
        monkeypatch.setattr(folding, "_LIBRARY", None)
    elif folding._LIBRARY is None:
        pytest.skip("the compiled loop is not here: there was no C compiler at installation")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from([pa.string(), pa.large_string()]), st.integers(0, 3))
def test_text_columns_equal_the_single_functions(
    texts: list[str], kind: pa.DataType, skip: int
) -> None:
    got = measure(pa.array(texts, kind)[skip:], "text")
    texts = texts[skip:]
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    assert [v.bytes for v in got.record_id.to_pylist()] == [d[:16] for d in digests]
    assert [v.bytes for v in got.digest_rest.to_pylist()] == [d[16:] for d in digests]
    assert got.norm_id.to_pylist() == [
        uuid.UUID(bytes=norm_rules.hash_normalised(norm_rules.normalise(text.encode())))
        for text in texts
    ]
    assert got.bytes.to_pylist() == [len(text.encode()) for text in texts]
    assert got.chars.to_pylist() == [len(text) for text in texts]
    assert got.words.to_pylist() == [words(text) for text in texts]
    assert got.kept.to_pylist() == list(range(len(texts)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=50), max_size=10))
def test_binary_columns(values: list[bytes]) -> None:
    got = measure(pa.array(values, pa.binary()), "binary")
    assert [v.bytes for v in got.record_id.to_pylist()] == [
        hashlib.sha256(value).digest()[:16] for value in values
    ]
    assert got.bytes.to_pylist() == [len(value) for value in values]
    assert got.norm_id.null_count == len(values)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4), max_size=8))
def test_structured_sizes_are_those_of_the_text_parts(chats: list[list[str]]) -> None:
    rows = [{"messages": [{"role": "user", "content": turn} for turn in chat]} for chat in chats]
    got = measure(pa.array([json.dumps(row) for row in rows], pa.string()), "structured")
    assert [v.bytes for v in got.record_id.to_pylist()] == [
        hashlib.sha256(identity.canonical_json(row)).digest()[:16] for row in rows
    ]
    assert got.chars.to_pylist() == [sum(map(len, chat)) for chat in chats]
    assert got.bytes.to_pylist() == [sum(len(t.encode()) for t in chat) for chat in chats]
    assert got.words.to_pylist() == [sum(map(words, chat)) for chat in chats]


def test_a_record_without_a_canonical_form_is_refused_and_the_others_kept() -> None:
    got = measure(pa.array(['{"a":1}', '{"a":9007199254740993}', '{"b":"x"}']), "structured")
    assert got.kept.to_pylist() == [0, 2]
    assert got.refused == {1: "integer beyond 2^53 in a content field"}


@pytest.mark.parametrize("kind", ["text", "structured", "binary"])
def test_an_empty_batch_has_empty_columns(kind: str) -> None:
    empty = pa.array([], pa.binary() if kind == "binary" else pa.string())
    got = measure(empty, kind)
    assert len(got.record_id) == len(got.norm_id) == len(got.words) == 0
