"""The canonical form is RFC 8785 of what the rule leaves; the quick ways to it change nothing."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
import rfc8785
from hypothesis import given, settings, strategies as st

from provenance.content.identity import FIRST_RULE, canonical_forms, canonical_json, digest
from provenance.content.measure import Emptiness, content_digests, measure

words = st.text(max_size=4) | st.sampled_from(["", ':""', ":{}", "\\", '"', "\U00010000"])
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1e9, 1e9) | words
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(words, values, max_size=4)


def by_hand(value: Any, empties: tuple[Any, ...]) -> Any:
    """The rule word by word: from the innermost outwards, members of objects alone."""
    if isinstance(value, dict):
        left = {name: by_hand(item, empties) for name, item in value.items()}
        return {k: v for k, v in left.items() if not any(v is e or v == e for e in empties)}
    return [by_hand(item, empties) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.newest
@settings(max_examples=200)
@given(objects)
def test_both_rules_are_what_they_say(value: dict[str, Any]) -> None:
    newest, first = (
        rfc8785.dumps(by_hand(value, (None, "", {}))),
        rfc8785.dumps(by_hand(value, (None,))),
    )
    assert canonical_json(value) == newest
    assert canonical_json(value, FIRST_RULE) == first
    assert canonical_forms(value) == (newest, None if newest == first else first)
    assert canonical_json(json.loads(newest)) == newest


@settings(max_examples=50)
@given(st.lists(objects, max_size=5), st.booleans())
def test_columns_of_digests_are_those_of_the_forms(
    rows: list[dict[str, Any]], former: bool
) -> None:
    content = pa.array([json.dumps(row) for row in rows], pa.string())
    got = measure(content, "structured", former=former)
    forms = [canonical_forms(row) for row in rows]
    assert list(got.refused) == [place for place, form in enumerate(forms) if form[0] == b"{}"]
    kept = [form for form in forms if form[0] != b"{}"]
    ids = zip(got.record_id.to_pylist(), got.digest_rest.to_pylist(), strict=True)
    assert [one.bytes + rest.bytes for one, rest in ids] == [digest(form) for form, _ in kept]
    before = zip(got.former_id.to_pylist(), got.former_rest.to_pylist(), strict=True)
    told = [one and one.bytes + rest.bytes for one, rest in before]
    assert told == [digest(first) if former and first is not None else None for _, first in kept]
    checked = content_digests(content, "structured")
    recorded = [digest(first or newest) for newest, first in forms]
    assert all(checked.are(pa.array(recorded, pa.binary(32))).to_pylist())
    assert all(checked.are(checked.newest).to_pylist())


def test_of_named_fields_an_empty_list_says_nothing() -> None:
    rows = pa.array(['{"a":[],"b":{"c":null}}', '{"a":[[]]}', '{"a":[],"b":0}'], pa.string())
    named = measure(rows, "structured", empty=Emptiness("the content fields are empty", lists=True))
    assert named.refused == {0: "the content fields are empty"}
    assert measure(rows, "structured").refused == {}
