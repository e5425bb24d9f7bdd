"""The parts of a record are its texts, and their sides are those that claims are counted by."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from provenance.content.identity import canonical_json, text_parts
from provenance.content.measure import measure
from provenance.origin.recognisers.model_turns import model_sides
from provenance.origin.recognisers.record_parts import parts_of

TEXTS = st.text(max_size=8)
ROLES = st.sampled_from(["user", "assistant", "Assistant ", "system", "tool", "gpt", "", "human"])
PIECES = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}), max_size=2)
TURNS = st.one_of(
    st.fixed_dictionaries({"role": ROLES, "content": st.one_of(TEXTS, PIECES, st.none())}),
    st.fixed_dictionaries({"from": ROLES, "value": TEXTS}, optional={"timestamp": TEXTS}),
)
TALKS = st.one_of(
    st.lists(st.lists(TEXTS, min_size=1, max_size=2), max_size=2),
    st.lists(TEXTS, max_size=3),
    st.lists(st.fixed_dictionaries({"human": TEXTS, "assistant": TEXTS, "id": TEXTS}), max_size=2),
    TURNS,
)
CALLS = st.fixed_dictionaries(
    {"role": ROLES, "content": st.none(), "reasoning_content": TEXTS},
    optional={"tool_calls": st.just([{"id": "1", "function": {"arguments": {"name": "Ada"}}}])},
)
VALUES = st.one_of(
    TALKS,
    st.lists(CALLS, max_size=2),
    TEXTS,
    st.none(),
    st.integers(0, 9),
    st.lists(TURNS, max_size=3),
    PIECES,
)
NAMES = ["messages", "prompt", "Output", "chosen", "rejected", "title", "text", "id"]
NAMES += ["history", "tools", "images", "arguments", "data.response", "conversation"]
RECORDS = st.one_of(
    st.dictionaries(st.sampled_from([*NAMES, "role", "timestamp"]), VALUES, max_size=4),
    st.fixed_dictionaries({"messages": st.lists(TURNS, min_size=1, max_size=4)}),
)


@given(RECORDS)
def test_parts_are_the_texts_in_their_order(record: dict[str, Any]) -> None:
    assert [text for *_, text in parts_of(record)] == text_parts(record)


@given(RECORDS)
def test_the_sides_of_parts_are_those_of_claims(record: dict[str, Any]) -> None:
    sides = model_sides(pa.array([json.dumps(record)]))
    parts = [(side, len(text)) for _, _, side, text in parts_of(record) if text]
    divided = sides.divided[0].as_py()
    assert {side is not None for side, _ in parts} <= {divided}
    assert sum(size for side, size in parts if side) == sides.chars[0].as_py()


@given(st.lists(RECORDS, max_size=5))
def test_sizes_of_parts_add_up_to_those_of_the_record(records: list[dict[str, Any]]) -> None:
    records = [record for record in records if canonical_json(record) != b"{}"]
    content = pa.array([json.dumps(record) for record in records], pa.string())
    found = measure(content, "structured", parts_of)
    assert measure(content, "structured").norm_id == found.norm_id
    for size in ("bytes", "chars", "words", "norm_chars"):
        sums = [0] * len(records)
        for row in found.parts.select(["index", size]).to_pylist():
            sums[row["index"]] += row[size]
        wanted = getattr(found, size).to_pylist()
        assert [s for s, r in zip(sums, records, strict=True) if text_parts(r)] == [
            w for w, r in zip(wanted, records, strict=True) if text_parts(r)
        ]


@pytest.mark.parametrize(
    ("record", "places"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
         {"messages[0].content[0].text": False}),
        ({"prompt": "a", "chosen": [{"role": "assistant", "content": "b"}], "rejected": "c"},
         {"prompt": False, "chosen[0]": True, "rejected": True}),
        ({"title": "a", "text": "b"}, {"title": None, "text": None}),
        ({"conversations": [{"from": "human", "value": "a"}],
          "chosen": {"from": "gpt", "value": "b"}, "rejected": {"from": "gpt", "value": "c"}},
         {"conversations[0]": False, "chosen": True, "rejected": True}),
        ({"instruction": "a", "output": "b", "history": [["c", "d"], ["e", "f"]]},
         {"instruction": False, "output": True, "history[0][0]": False, "history[0][1]": True,
          "history[1][0]": False, "history[1][1]": True}),
        ({"prompt": "a", "completion": "b", "history": ["c", "d", "e"]},
         {"prompt": False, "completion": True, "history[0]": True, "history[1]": False,
          "history[2]": True}),
        ({"conversation": [{"human": "a", "assistant": "b", "id": "c", "note": "d"}]},
         {"conversation[0].human": False, "conversation[0].assistant": True,
          "conversation[0].note": False}),
        ({"messages": [{"role": "user", "content": "a"},
                       {"role": "assistant", "content": None, "reasoning_content": "b",
                        "tool_calls": [{"id": "1", "type": "function", "function":
                                        {"name": "f", "arguments": {"name": "c", "n": 1}}}]},
                       {"role": "tool", "tool_call_id": "1", "content": "d"}],
          "tools": [{"type": "function", "function": {"name": "f", "description": "e"}}]},
         {"messages[0]": False, "messages[1].reasoning_content": True,
          "messages[1].tool_calls[0].function.arguments.name": True, "messages[2]": False,
          "tools[0].function.description": False}),
        ({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            {"type": "text", "text": "a"}]}], "images": ["a.png"], "system": "b"},
         {"messages[0].content[1].text": False, "system": False}),
        ({"question": "a", "reasoning": "b", "answers": ["c", "d"], "legend": "e"},
         {"question": False, "reasoning": True, "answers[0]": True, "answers[1]": True,
          "legend": False}),
        ({"legend": "a", "chosen": "b", "rejected": "c"},
         {"legend": False, "chosen": True, "rejected": True}),
        ({"chosen": "a", "rejected": "b"}, {"chosen": None, "rejected": None}),
        ({"data.instruction": "a", "data.output": "b"},
         {"data.instruction": False, "data.output": True}),
        ({"from": "Rome", "to": "Oslo"}, {"to": None}),
    ],
)  # fmt: skip
def test_places_are_written_as_paths(record: dict[str, Any], places: dict[str, Any]) -> None:
    assert {place: side for place, _, side, _ in parts_of(record)} == places
