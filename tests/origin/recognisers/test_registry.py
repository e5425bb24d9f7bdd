"""What holds whatever is in the data: order, absence, junk, and the price of asking."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from hypothesis import given, strategies as st
from support.asking import as_text, ask, shape_of

from provenance.origin.recognisers.base import CLAIMS
from provenance.origin.recognisers.registry import RECOGNISERS, applicable, recognise, wanted_fields

FIELDS = sorted(
    {"synthetic", "is_synthetic", "model", "model_name", "generator", "origin", "created_by"}
    | {"generation", "generations", "generation_model", "distilabel_metadata", "AIGC", "role"}
    | {"message_id", "conversation_id", "conversation", "gen_input_config", "conversations"}
    | {"response", "custom_id", "reasoning", "category", "messages", "seed_data", "metadata"}
    | {"format", "audience", "prompt", "output", "rollout_results", "Teacher-Model", "llm"}
    | {"author", "source", "label", "type", "make", "is_human", "raw_response", "generic_request"}
    | {"rollouts", "extra", "extra.model", "PROV_LABEL", "prov_generator", "llm_type", "section"}
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "gpt-4",
            "human",
            "synthetic",
            "mixed",
            "prompter",
            "[",
            '["gpt-4"]',
            "{",
            "1",
            "acme/zorp-7b",
            "AI",
            "Golf",
            "0",
            "true",
            '{"model":"gpt-4"}',
            "ai-generated",
        ]
    ),
    st.lists(st.text(max_size=4), max_size=2),
    st.dictionaries(
        st.sampled_from(["Label", "body", "model", "generator"]),
        st.sampled_from(["gpt-4", "Golf", "1", ""]) | st.text(max_size=4),
        max_size=2,
    ),
    st.lists(st.fixed_dictionaries({"model": st.sampled_from(["gpt-4", None])}), max_size=2),
    st.lists(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["user", "assistant", "x"]), "content": st.text(max_size=6)}
        ),
        max_size=3,
    ),
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(FIELDS), max_size=7, unique=True))
    row = st.fixed_dictionaries({"text": st.text(min_size=1), **dict.fromkeys(names, VALUES)})
    return draw(st.lists(row, min_size=1, max_size=5))


CONTENT = st.sampled_from([("text",), ("*",), ("messages",), ("text", "conversation")])


def plain(claims: list[dict[str, Any]], order: list[int]) -> list[str]:
    return sorted(
        json.dumps({**claim, "index": order[claim["index"]]}, sort_keys=True) for claim in claims
    )


@given(tables(), CONTENT, st.data())
def test_permuting_rows_permutes_claims(
    rows: list[dict[str, Any]], content: tuple[str, ...], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(rows))))
    shape = shape_of(rows)
    claims = ask(rows, *content, shape=shape)
    shuffled = ask([rows[place] for place in order], *content, shape=shape)
    assert plain(shuffled, order) == plain(claims, list(range(len(rows))))


@given(tables(), CONTENT)
def test_human_is_only_said_where_a_value_says_so(
    rows: list[dict[str, Any]], content: tuple[str, ...]
) -> None:
    for claim in ask(rows, *content):
        assert 0 <= claim["index"] < len(rows)
        assert claim["whole"] or claim["part_chars"] is not None
        if claim["claim"] == "human":
            field, _, value = claim["basis"].partition("=")
            assert field == claim["field"]
            assert as_text(rows[claim["index"]], field) == value
            no = {"human", "false", "0", "0.0", "n", "f", "no", "-0.0"}
            said = {"human", "true", "1", "1.0"} if field == "is_human" else no
            values = json.loads(value) if value.startswith("[") else [value]
            assert {str(each).strip().lower() for each in values} & said


def rows_alone(
    rows: list[dict[str, Any]], content: tuple[str, ...], text: bool
) -> Iterator[dict[str, Any]]:
    """The claims of every row, asked for by itself and without what is null in it."""
    for place, row in enumerate(rows):
        held = {name: value for name, value in row.items() if value is not None}
        for claim in ask([held], *content, text=text):
            yield {**claim, "index": place}


@given(tables(), CONTENT)
def test_what_stands_beside_a_row_makes_no_difference(
    rows: list[dict[str, Any]], content: tuple[str, ...]
) -> None:
    """Neither other rows, nor columns that are null in a row, nor the kinds of other rows."""
    text = content == ("text",)
    together = ask(rows, *content, text=text)
    order = list(range(len(rows)))
    assert plain(together, order) == plain(list(rows_alone(rows, content, text)), order)


@given(tables(), CONTENT)
def test_nulls_never_claim(rows: list[dict[str, Any]], content: tuple[str, ...]) -> None:
    empty = [dict.fromkeys(row) | {"text": "t"} for row in rows]
    assert ask(empty, *content, shape=shape_of(rows)) == []


def test_a_missing_column_is_a_null_column() -> None:
    found = applicable({"generation": "string", "model_name": "string"}, ("generation",))
    claims = recognise(found, pa.array(["a"]), pa.record_batch({}), "text")
    assert claims.num_rows == 0
    assert claims.schema == CLAIMS


def test_an_empty_batch_and_other_string_types() -> None:
    shape = {"text": "string", "AIGC": "string", "model": "string", "messages": "messages"}
    for content in (("text",), ("messages",), ("*",)):
        found = applicable(shape, content)
        fields = pa.record_batch({n: pa.array([], pa.string()) for n in wanted_fields(found)})
        for kind in ("text", "structured"):
            for width in (pa.string(), pa.large_string()):
                assert recognise(found, pa.array([], width), fields, kind).num_rows == 0
    found = applicable({"text": "string"}, ("text",))
    text = pa.array(["---\nAIGC:\n  Label: 1\n---\n", "plain"], pa.large_string())
    assert recognise(found, text, pa.record_batch({}), "text")["index"].to_pylist() == [0]
    assert recognise(found, pa.array([b"\xff---"]), pa.record_batch({}), "binary").num_rows == 0


def test_recognisers_travel_to_worker_processes() -> None:
    found = applicable({"model": "string", "text": "string"}, ("text",))
    assert pickle.loads(pickle.dumps(found)) == found
    assert len({type(each) for each in RECOGNISERS}) > 1


def test_unmarked_data_costs_next_to_nothing() -> None:
    shape = {"id": "string", "text": "string", "url": "string", "metadata": "object"}
    shape |= {"metadata.url": "string", "metadata.token_count": "number"}
    found = applicable(shape, ("text",))
    assert wanted_fields(found) == ()
    text = pa.array(["a text like any other, of some length"] * 1_000_000)
    began = time.process_time()
    assert recognise(found, text, pa.record_batch({}), "text").num_rows == 0
    assert time.process_time() - began < 0.5
