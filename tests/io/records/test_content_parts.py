"""The content of a known shape is all of its parts, and nothing that only speaks about them."""

from __future__ import annotations

import copy
import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from provenance.content.measure import measure
from provenance.errors import AmbiguousError, InputError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.records.content_fields import ContentChoice, choose_content

Row = dict[str, Any]


def turn(role: str, text: Any, **members: Any) -> Row:
    return {"role": role, "content": text, **members}


def said(who: str, text: str) -> Row:
    return {"from": who, "value": text}


CHAT = [turn("user", "How far is it to the coast?"), turn("assistant", "Nine miles.")]
TALK = [said("human", "How far is it to the coast?"), said("gpt", "Nine miles.")]
TOOL = {"type": "function", "function": {"name": "road", "description": "Tells how long a road is"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "road", "arguments": '{"to":"coast"}'}}

SHAPES: dict[str, Row] = {
    "messages": {"messages": CHAT},
    "messages-around": {
        "messages": CHAT,
        "system": "Be brief.",
        "tools": [TOOL],
        "functions": [TOOL],
        "documents": [{"text": "A map of the coast."}],
        "context": "A holiday.",
        "images": ["maps/1.png"],
    },
    "messages-thought": {
        "messages": [
            turn("user", [{"type": "text", "text": "How far?"}]),
            {"role": "assistant", "reasoning_content": "It was nine.", "tool_calls": [CALL]},
            turn("tool", [{"type": "text", "text": "9 miles"}], tool_call_id="c1"),
        ]
    },
    "sharegpt": {"conversations": TALK, "system": "Be brief."},
    "sharegpt-as-text": {"conversations": json.dumps(TALK), "system": "Be brief."},
    "named-pairs": {"conversation": [{"human": "How far?", "assistant": "Nine miles."}]},
    "own-name": {"dialog": CHAT, "system": "Be brief."},
    "alpaca": {
        "instruction": "And back?",
        "input": "By road.",
        "output": "Nine more.",
        "system": "Be brief.",
        "history": [["How far is it?", "Nine miles."], ["Really?", "Yes."]],
    },
    "pair": {"prompt": "How far?", "completion": "Nine miles.", "context": "A holiday."},
    "passage": {"question": "How far?", "passage": "It is nine miles.", "answer": "Nine miles."},
    "document": {"document": "It is nine miles.", "question": "How far?", "answer": "Nine."},
    "thought": {"question": "How far?", "reasoning": "Nine, I think.", "answer": "Nine miles."},
    "own-text": {"question": "How far?", "answer": "Nine.", "legend": "A tale of the old coast."},
    "own-list": {
        "question": "How far?",
        "answer": 1,
        "choices": ["It is far away", "It is nine m"],
    },
    "found": {
        "question": "How far?",
        "answer": "Nine.",
        "ctxs": [{"title": "a", "text": "…"}],
        "contexts": ["…"],
    },
    "chosen-from": {"question": "How far?", "answer": "A", "choices": ["nine", "ten"]},
    "chosen-by-sign": {
        "question": "How far?",
        "answer": "A",
        "choices": {"text": ["nine", "ten"], "label": ["A", "B"]},
    },
    "offered": {"messages": CHAT, "available_tools": [TOOL]},
    "several": {"prompt": "How far?", "responses": ["Nine miles.", "Ten miles."]},
    "kto": {"prompt": [CHAT[0]], "completion": [CHAT[1]]},
    "preference": {"prompt": "How far?", "chosen": "Nine miles.", "rejected": "No idea."},
    "preference-turn": {
        "conversations": TALK[:1],
        "chosen": TALK[1],
        "rejected": said("gpt", "No"),
    },
    "preference-turns": {"messages": CHAT[:1], "chosen": CHAT[1:], "rejected": CHAT[1:] * 2},
    "preference-question": {"question": "How far?", "chosen": CHAT, "rejected": CHAT[:1]},
    "preference-history": {
        "history": [["Hello.", "Hello to you."]],
        "context": "A holiday.",
        "chosen": "Nine miles.",
        "rejected": "No idea.",
    },
    "nested-text": {"commit": {"record": {"text": "We walked to the coast."}}},
    "nested-pair": {
        "data": {"instruction": "How far?", "output": "Nine.", "history": [["a", "b"]]}
    },
}

ABOUT: Row = {
    "id": "a-1",
    "did": "did:plc:abc",
    "uuid": "0190-aa",
    "url": "https://letters.example.org/1",
    "created_at": "2024-01-01 10:00:00",
    "score": 0.5,
    "rating": "good enough for this one",
    "label": True,
    "model": "a model of some maker or other",
    "source": "a box in the attic of the house",
    "category": "open question and answer",
    "topic": "The coast and how to come to it",
    "metadata": {"note": "looked at by two people", "sha": "ab12"},
    "handle": "h-77",
}
"""Members that speak about a record, or are no text by the looks of them."""


def write(rows: list[Row], path: Path) -> Input:
    form = path.suffix[1:]
    if form == "jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    elif form == "json":
        path.write_text(json.dumps(rows))
    elif form == "csv":
        with path.open("w", newline="") as file:
            names = list(dict.fromkeys(name for row in rows for name in row))
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            for row in rows:
                nested = {n: json.dumps(v) for n, v in row.items() if isinstance(v, (list, dict))}
                writer.writerow(row | nested)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return Input(str(path), path, form)


def choice_of(source: Input) -> ContentChoice:
    return choose_content(reader_for(source.format).probe(source), (), source.format)


def ids(source: Input) -> list[Any]:
    choice = choice_of(source)
    layout = ReadLayout(choice.kind, choice.content, late=choice.late, turns=True)
    found: list[Any] = []
    for batch in reader_for(source.format).read(source, layout):
        assert batch.rejects.num_rows == 0, batch.rejects.to_pylist()
        found += measure(batch.content, choice.kind).record_id.to_pylist()
    return found


def ids_in(rows: list[Row], form: str) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        return ids(write(rows, Path(folder) / f"rows.{form}"))


def texts_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the texts of a row stand; what says who speaks or what something is is none."""
    if isinstance(value, str):
        fixed = {"role", "from", "type", "id", "tool_call_id", "name"}
        return [] if path[-1] in fixed and len(path) > 1 else [path]
    if not isinstance(value, (dict, list)):
        return []
    members = value.items() if isinstance(value, dict) else enumerate(value)
    return [each for key, item in members for each in texts_of(item, (*path, key))]


def changed(row: Row, path: tuple[Any, ...], text: str) -> Row:
    """The row with another text at a place; in turns that are written as text, within them."""
    other = copy.deepcopy(row)
    holder: Any = other
    for step in path[:-1]:
        holder = holder[step]
    held = holder[path[-1]]
    packed = held.startswith("[{")
    holder[path[-1]] = held.replace("Nine", text) if packed else f"{held} {text}"
    return other


@settings(max_examples=40)
@given(st.sampled_from(sorted(SHAPES)), st.data())
def test_rows_that_differ_in_any_text_are_two_records(name: str, data: st.DataObject) -> None:
    row = {**ABOUT, **SHAPES[name]}
    path = data.draw(st.sampled_from([p for p in texts_of(row) if p[0] not in ABOUT]))
    other = changed(row, path, data.draw(st.text("abcdeäß", min_size=1, max_size=6)))
    form = data.draw(st.sampled_from(["jsonl", "json", "parquet"]))
    assert len(set(ids_in([row, other], form))) == 2, (path, form)


@settings(max_examples=40)
@given(st.sampled_from(sorted(SHAPES)), st.sampled_from(sorted(ABOUT)), st.data())
def test_rows_that_differ_in_what_is_said_about_them_are_one(
    name: str, about: str, data: st.DataObject
) -> None:
    row = {**ABOUT, **SHAPES[name]}
    value = row[about]
    other = f"{value}2" if isinstance(value, str) else {"note": "by three people it was seen"}
    if isinstance(value, (bool, float)):
        other = not value if isinstance(value, bool) else value + 1  # type: ignore[assignment]
    form = data.draw(st.sampled_from(["jsonl", "json", "parquet"]))
    assert len(set(ids_in([row, {**row, about: other}], form))) == 1


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_formats_know_the_same_records(name: str, tmp_path: Path) -> None:
    rows = [SHAPES[name], SHAPES[name]]
    found = ids(write(rows, tmp_path / "rows.jsonl"))
    assert ids(write(rows, tmp_path / "rows.json")) == found
    assert ids(write(rows, tmp_path / "rows.parquet")) == found
    flat = all(
        isinstance(v, str) or n in {"messages", "conversations", "conversation", "history"}
        for n, v in SHAPES[name].items()
    )
    if flat:  # other lists and objects have no one way into a table of texts
        assert ids(write(rows, tmp_path / "rows.csv")) == found


@pytest.mark.parametrize("part", ["system", "history", "context", "tools", "images", "documents"])
def test_a_part_that_comes_late_counts_as_early(part: str, tmp_path: Path) -> None:
    value = [["a", "b"]] if part in {"history", "tools", "images", "documents"} else "Be brief."
    rows: list[Row] = [{"messages": [turn("user", f"Number {n}")]} for n in range(250)]
    late = [*rows, {**rows[0], part: value}]
    found = ids(write(late, tmp_path / "late.jsonl"))
    assert len(set(found)) == 251
    early = ids(write(late[::-1], tmp_path / "early.jsonl"))
    assert set(early) == set(found)
    assert part not in choice_of(write(rows, tmp_path / "without.jsonl")).content


@pytest.mark.parametrize(
    ("row", "content"),
    [
        ({"messages": CHAT, "prompt": CHAT[0]["content"]}, ("messages",)),
        ({"conversations": TALK, "instruction": "How far is it to the coast?",
          "response": "Nine miles."}, ("conversations",)),
        ({"prompt": CHAT[0]["content"], "chosen": CHAT, "rejected": CHAT[:1], "messages": CHAT},
         ("prompt", "chosen", "rejected")),
        ({"messages": CHAT, "prompt": "Another thing"}, ("messages", "prompt")),
        ({"chosen": CHAT, "rejected": CHAT[:1], "messages": [turn("user", "Another thing")]},
         ("chosen", "rejected", "messages")),
    ],
)  # fmt: skip
def test_what_repeats_a_part_is_no_part(row: Row, content: tuple[str, ...], tmp_path: Path) -> None:
    assert choice_of(write([row, row], tmp_path / "rows.jsonl")).content == content
    assert choice_of(write([row, row], tmp_path / "rows.parquet")).content == content


@pytest.mark.parametrize(
    ("row", "content"),
    [
        ({"did": "did:plc:abc", "commit": {"record": {"text": "We walked there."}}},
         ("commit.record.text",)),
        ({"data": {"id": "1", "type": "letters", "attributes": {"body": "We walked there."}}},
         ("data.attributes.body",)),
        ({"_index": "letters", "_id": "x1", "_source": {"title": "A walk", "content": "We went."}},
         ("_source.content",)),
        ({"id": "1", "entry": {"prose": "We walked there and back.", "key": "k1"}},
         ("entry.prose",)),
        ({"id": "1", "data": {"messages": CHAT, "system": "Be brief."}},
         ("data.messages", "data.system")),
        ({"handle": "@ada", "post": {"text": "We walked.", "quoted": {"text": "They walked."}}},
         ("post.text",)),
    ],
)  # fmt: skip
def test_the_only_text_is_found_in_objects(
    row: Row, content: tuple[str, ...], tmp_path: Path
) -> None:
    rows = [row, json.loads(json.dumps(row).replace("We ", "She "))]
    for form in ("jsonl", "json", "parquet"):
        source = write(rows, tmp_path / f"rows.{form}")
        assert choice_of(source).content == content
    assert len(set(ids(write(rows, tmp_path / "rows.jsonl")))) == (2 if "We" in str(row) else 1)


@pytest.mark.parametrize(
    "row",
    [
        {
            "id": 1,
            "entry": {"prose": "We walked there and back.", "other": "And so did they, too."},
        },
        {"a": {"text": "We walked there."}, "b": {"text": "They walked there."}},
        {"story": "We walked there and back.", "data": {"text": "They walked there."}},
        {"tree": {"text": "Hello.", "replies": [{"text": "Hello to you.", "id": "2"}]}},
    ],
    ids=["two", "known", "above", "tree"],
)
def test_two_texts_in_objects_are_named(row: Row, tmp_path: Path) -> None:
    with pytest.raises(AmbiguousError) as caught:
        choice_of(write([row], tmp_path / "rows.jsonl"))
    assert "--content" in caught.value.hint
    assert " or " in caught.value.message


@pytest.mark.parametrize(
    "values",
    [
        ["did:plc:abc", "did:plc:xyz"],
        ["https://a.example.org/1", "https://a.example.org/2"],
        ["2024-01-01", "2024-01-02"],
        ["2024-01-01 10:00:00", "2024-01-02 11:00:00"],
        ["9f86d081884c7d65", "60303ae22b998861"],
        ["commit", "identity"],
        ["0190c5d4-1b2a-7e3f-8a4b-5c6d7e8f9a0b"] * 2,
    ],
)
@pytest.mark.parametrize("name", ["handle", "author_did", "thing", "uuid"])
def test_ids_are_never_content(name: str, values: list[str], tmp_path: Path) -> None:
    rows = [{name: value, "n": number} for number, value in enumerate(values)]
    for form in ("jsonl", "csv", "parquet"):
        with pytest.raises(InputError, match="no content field"):
            choice_of(write(rows, tmp_path / f"rows.{form}"))
        beside = [{**row, "story": "We walked there."} for row in rows]
        assert choice_of(write(beside, tmp_path / f"both.{form}")).content == ("story",)


@pytest.mark.parametrize("text", ["我们昨天走到了海边那里风很大", "เราเดินไปที่ชายหาดเมื่อวานนี้"])
def test_a_text_without_spaces_is_a_text(text: str, tmp_path: Path) -> None:
    source = write([{"id": "1", "story": text}], tmp_path / "rows.jsonl")
    assert choice_of(source).content == ("story",)


def test_lists_of_texts_beside_the_only_text_are_content(tmp_path: Path) -> None:
    row = {"id": "1", "question": "How far is it?", "human_answers": ["It is nine miles."]}
    rows = [row, {**row, "human_answers": ["It is ten miles, I think."]}, {**row, "id": "2"}]
    assert len(set(ids(write(rows, tmp_path / "rows.jsonl")))) == 2


def test_what_somebody_wrote_as_json_stays_as_it_is(tmp_path: Path) -> None:
    rows = [{"prompt": "A list, please.", "completion": text} for text in ("[1, 2]", "[1,2]")]
    assert len(set(ids(write(rows, tmp_path / "rows.jsonl")))) == 2


def test_a_broken_conversation_in_text_stays_as_it_is(tmp_path: Path) -> None:
    whole = json.dumps(CHAT)
    rows = [{"messages": each} for each in (whole, whole, whole[:-1], '[{"role":"a","role":"b"}]')]
    assert len(set(ids(write(rows, tmp_path / "rows.jsonl")))) == 3
