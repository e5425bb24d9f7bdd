"""Generic columns: names promise little, values are checked, and absence is never human."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from support.asking import ask, brief

from provenance.origin.recognisers.registry import applicable, recognise


def said(column: str, value: Any) -> list[tuple[Any, ...]]:
    claims = ask([{"text": "t", column: value}], "text")
    return [(claim["tier"], claim["claim"], claim["generator"]) for claim in claims]


@pytest.mark.parametrize(
    "name", ["synthetic", "is_synthetic", "Is_Synthetic", "is-generated", "aiGenerated"]
)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, [("tool", "synthetic", None)]),
        (1, [("tool", "synthetic", None)]),
        ("yes", [("tool", "synthetic", None)]),
        (False, [("declared", "human", None)]),
        ("False", [("declared", "human", None)]),
        (0, [("declared", "human", None)]),
        (None, []),
        ("", []),
        (0.37, [("tool", "question", None)]),
        (12, [("tool", "question", None)]),
        ("unknown", []),
    ],
)
def test_flags(name: str, value: Any, expected: list[Any]) -> None:
    assert said(name, value) == expected


SYNTHETIC = ("tool", "synthetic")
QUESTION = [("tool", "question", None)]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("gpt-4", "gpt-4"),
        ("Llama 3.1 70B Instruct", "llama-3.1-70b-instruct"),
        ("mistralai/Mixtral-8x7B-v0.1", "mixtral-8x7b-v0.1"),
        ("claude-3-opus-20240229", "claude-3-opus-20240229"),
        ("chip20b", "chip20b"),
        ("acme/ours-7b", "ours-7b"),
        ("G\u0440T_4\u200b", "gpt-4"),
    ],
)
@pytest.mark.parametrize(
    "column", ["model", "Model_Name", "model_id", "generator", "generatedBy", "author", "engine"]
)
def test_a_model_is_a_generator(column: str, value: str, name: str) -> None:
    assert said(column, value) == [(*SYNTHETIC, name)]


@pytest.mark.parametrize("value", ["zorp", "ONLINE-B", "Corolla", "Honda EU2200i", "Claude", "x"])
@pytest.mark.parametrize("column", ["generator", "model_name", "llm", "generated_by"])
def test_in_a_generators_column_any_name_is_one(column: str, value: str) -> None:
    assert [claim[:2] for claim in said(column, value)] == [SYNTHETIC]


@pytest.mark.parametrize(
    "value", ["", "none", "N/A", "null", "unknown", "-", "annotators", "an expert", "[]", "  "]
)
@pytest.mark.parametrize("column", ["generator", "model_name", "llm", "author", "model"])
def test_no_value_and_a_person_are_no_generator(column: str, value: str) -> None:
    assert [claim for claim in said(column, value) if claim[1] == "synthetic"] == []


@pytest.mark.parametrize(
    "value",
    [
        *["Corolla", "Model 3", "Falcon XR6", "iPhone 14", "Phi", "bloom", "XGBoost"],
        *["text-embedding-ada-002", "openai/whisper-large-v3", "meta-llama/Llama-Guard-3-8B"],
        *["https://example.org/blog/llama-2", "gpt-4 is what the author wrote about here"],
    ],
)
def test_what_is_not_a_writing_model_is_a_question_where_a_model_stands(value: str) -> None:
    assert said("model", value) == QUESTION
    assert said("created_by", value) in ([], QUESTION)
    assert said("origin", value) in ([], QUESTION)


@pytest.mark.parametrize("column", ["author", "source", "engine", "model", "metadata.author"])
@pytest.mark.parametrize("value", ["ours", "OURS", "acme/Ours", "our\u200bs", '["ours"]'])
def test_a_model_that_is_registered_is_known_where_persons_stand(column: str, value: str) -> None:
    asked = applicable({"text": "string", column: "string"}, ("text",), known=["Ours", "x-1"])
    fields = pa.record_batch({column: [value, "hours", None]})
    claims = recognise(asked, pa.array(["t"] * 3), fields, "text").to_pylist()
    assert brief(claims[:1], "claim", "generator") == [(0, "synthetic", "ours")]
    assert [claim["index"] for claim in claims[1:]] == ([1] if column == "model" else [])


def test_beside_the_make_of_a_car_a_model_is_that_of_the_car() -> None:
    rows = [
        {"text": "t", "make": "VW", "model": "Golf"},
        {"text": "t", "model": "Golf"},
        {"text": "t", "make": "VW", "model": "gpt-4"},
    ]
    assert brief(ask(rows, "text"), "claim") == [(1, "question"), (2, "synthetic")]


@pytest.mark.parametrize(
    "field",
    [
        "label=llm",
        "class=AI",
        "kind=machine",
        "llm_type=A3",
        "metadata.model=Golf",
        "ai_share=0.4",
        "type=ai-generated",
        "tags=machine-generated",
        "experiment=gpt-4-0613",
        "bot=R2D2",
        "variant=meta-llama/Llama-3-8B",
        "remark=machine translated",
        "prompter=acme/zorp-7b-chat",
    ],
)
def test_what_looks_like_a_mark_is_a_question(field: str) -> None:
    column, _, value = field.partition("=")
    (claim,) = ask([{"text": "t", column: value}], "text")
    assert (claim["claim"], claim["tier"], claim["whole"]) == ("question", "tool", True)
    assert (claim["field"], claim["basis"]) == (column, field)


@pytest.mark.parametrize(
    "field",
    [
        "author=Jane Roe",
        "label=3",
        "source=wiki",
        "class=noun",
        "topic=AI",
        "category=technology",
        "title=gpt-4-0613",
        "keywords=gpt-4",
        "url=gpt-4-0613",
        "labelling_model=gpt-4",
        "judge=gpt-4",
        "embedding_model=zorp-7b",
        "llm_score=4",
        "model_year=2004",
        "section=7b",
    ],
)
def test_what_only_sounds_like_one_is_nothing(field: str) -> None:
    column, _, value = field.partition("=")
    assert said(column, value) == []
    assert ask([{"text": "t", "tags": ["ai", "gpt-4"]}], "text") == []


@pytest.mark.parametrize(
    ("column", "value", "claim"),
    [
        ("is_human", False, "synthetic"),
        ("human", 0, "synthetic"),
        ("human_written", "no", "synthetic"),
        ("is_human", True, "human"),
        ("not_synthetic", False, "synthetic"),
        ("non_synthetic", True, "human"),
        ("generated", 1, "synthetic"),
        ("machine_generated", "yes", "synthetic"),
        ("ai", True, "synthetic"),
        ("is_ai", "t", "synthetic"),
        ("llm", True, "synthetic"),
        ("llm", False, "human"),
        ("ai_generated", "gpt-4", "synthetic"),
        ("is_synthetic", "perhaps", "question"),
    ],
)
def test_both_answers_of_a_flag(column: str, value: Any, claim: str) -> None:
    assert [each[1] for each in said(column, value)] == [claim]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("origin", "ai-generated"),
        ("provenance", "machine_translated"),
        ("source_type", "LLM"),
        ("authorship", "AI"),
        ("creator_type", "bot"),
        ("written_by", "machine"),
        ("author", "AI"),
        ("source", "synthetic"),
        ("generator", "ai"),
        ("author", "not human"),
    ],
)
def test_a_word_for_a_machine_declares(column: str, value: str) -> None:
    assert said(column, value) == [("declared", "synthetic", None)]


def test_a_word_for_a_machine_among_others_is_a_question_of_the_origin() -> None:
    assert said("origin", "our LLM pipeline") == QUESTION
    assert said("provenance", "synthetic textbooks, v2") == QUESTION
    assert said("source", "AI Weekly") == []
    assert said("generator", "AI pipeline") == [(*SYNTHETIC, "ai-pipeline")]


def test_some_names_are_heard_in_other_languages() -> None:
    for column in ("Modell", "mod\u00e8le", "\u6a21\u578b", "auteur"):
        assert said(column, "acme/zorp-7b") == [(*SYNTHETIC, "zorp-7b")]


def test_a_value_that_says_more_names_the_model_in_it() -> None:
    for value in ("generated by GPT-4", "GPT-4-generated", "written with gpt_4", "gpt4_generated"):
        assert said("origin", value) == [(*SYNTHETIC, "gpt-4")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["zorp", "zorp"], [(*SYNTHETIC, "zorp")]),
        (["gpt-4", "claude-2"], [(*SYNTHETIC, None)]),
        ({"name": "zorp", "temperature": 0.7}, [(*SYNTHETIC, "zorp")]),
        ({"writer": "zorp-7b"}, [(*SYNTHETIC, "zorp-7b")]),
        (["human", "zorp"], [("declared", "mixed", None)]),
        ([None, ""], []),
        ([], []),
    ],
)
def test_lists_and_objects_of_names_are_read(value: Any, expected: list[Any]) -> None:
    """As they are, and as the text of a cell."""
    row = {"text": "t", "generator": value}
    cell = {"text": "t", "generator": json.dumps(value)}
    claims = [c for c in ask([row], "text") if c["claim"] != "question"]
    assert [(c["tier"], c["claim"], c["generator"]) for c in claims] == expected
    assert plain(ask([row], "text")) == plain(ask([cell], "text"))


def plain(claims: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((claim["claim"], claim["field"], claim["basis"]) for claim in claims)


@pytest.mark.parametrize("path", ["metadata.model", "a.b.c.model", "rollouts[].model"])
def test_marks_are_found_at_any_depth_and_in_the_text_of_a_cell(path: str) -> None:
    value: Any = "acme/zorp-7b"
    for step in reversed(path.split(".")):
        value = {step.removesuffix("[]"): [value] if step.endswith("[]") else value}
    if path.startswith("rollouts"):
        value = {"rollouts": [{"model": "acme/zorp-7b"}, {"model": None}]}
    (name,) = value
    found = ask([{"text": "t", **value}], "text")
    cell = ask([{"text": "t", name: json.dumps(value[name])}], "text")
    assert brief(found, "claim", "generator", "field") == [(0, "synthetic", "zorp-7b", path)]
    assert plain(found) == plain(cell)


def test_a_turn_may_name_who_spoke_it() -> None:
    chat = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "model": "zorp-7b"},
    ]
    (claim,) = ask([{"messages": chat}], "messages")
    assert (claim["claim"], claim["generator"], claim["whole"]) == ("synthetic", "zorp-7b", False)
    assert claim["field"] == "messages[].model"


def test_the_word_human_is_a_declaration() -> None:
    for name in ("generator", "created_by", "origin", "model"):
        assert said(name, "human") == [("declared", "human", None)]
    assert said("label_source", "human") == []  # who labelled it, not who wrote it


def test_an_origin_column_declares() -> None:
    assert said("origin", "Synthetic") == [("declared", "synthetic", None)]
    assert said("provenance", "mixed") == [("declared", "mixed", None)]
    assert said("origin", "https://example.org") == []


def test_of_a_pair_a_model_wrote_the_answer() -> None:
    row = {"instruction": "Say hi", "output": "Hi there", "model": "gpt-4"}
    assert brief(ask([row], "instruction", "output"), "whole", "part_chars") == [(0, False, 8)]
    assert brief(ask([row], "output"), "whole", "part_chars") == [(0, True, None)]
    assert brief(ask([row], "instruction"), "claim", "basis") == [(0, "question", "model=gpt-4")]


def test_a_chat_in_which_the_model_says_nothing_is_a_question() -> None:
    row = {"messages": [{"role": "user", "content": "a"}], "generator": "zorp"}
    assert brief(ask([row], "messages"), "claim") == [(0, "question")]


def test_a_generator_called_human_makes_no_chat_human() -> None:
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    claims = ask([{"messages": chat, "generator": "human"}], "messages")
    assert [claim["claim"] for claim in claims] == ["synthetic"]
    assert claims[0]["tier"] == "heuristic"


def test_columns_that_a_specific_recogniser_reads_are_not_counted_twice() -> None:
    row = {"generation": "Hi", "model_name": "zorp", "distilabel_metadata": {}}
    rows = [{**row, "is_synthetic": True}, {"generation": "Hi", "model_name": "zorp"}]
    assert brief(ask(rows, "generation"), "observer", "field") == [
        (0, "generic-field", "is_synthetic"),
        (0, "distilabel", "model_name"),
        (1, "generic-field", "model_name"),
    ]


def test_the_content_is_never_evidence() -> None:
    assert [each.fields for each in applicable({"model": "string"}, ("model",))] == [(), ()]


@pytest.mark.parametrize("column", ["prov_label", "PROV_LABEL", "metadata.prov_label"])
def test_our_own_columns_raise_and_never_lower(column: str) -> None:
    rows = [{"text": "t", column: v} for v in ("synthetic", "mixed", "human", "unknown", "zorp")]
    assert brief(ask(rows, "text"), "tier", "claim", "observer", "field") == [
        (0, "tool", "synthetic", "prov-export", column),
        (1, "tool", "mixed", "prov-export", column),
        (2, "declared", "human", "prov-export", column),
        (4, "tool", "question", "prov-export", column),
    ]


def test_our_own_generator_is_one() -> None:
    row = {"text": "t", "prov_label": "human", "prov_generator": "Acme/Zorp-7B", "prov_id": "x"}
    assert brief(ask([row], "text"), "claim", "generator", "field") == [
        (0, "synthetic", "zorp-7b", "prov_generator"),
        (0, "human", None, "prov_label"),
    ]


def test_a_basis_is_one_short_line() -> None:
    (claim,) = ask([{"text": "t", "model": "gpt-4\n\x1b[31m" + "x" * 120}], "text")
    value = claim["basis"].removeprefix("model=")
    assert len(value) <= 80
    assert value.startswith("gpt-4 [31mxx")
    assert value.endswith("…")


def test_a_generator_beside_the_word_mixed_is_that_of_a_part() -> None:
    rows = [
        {"text": "t", "origin": origin, "generator": "zorp-7b"} for origin in ("mixed", None, "x")
    ]
    told = [(c["index"], c["claim"], c["generator"]) for c in ask(rows, "text")]
    assert sorted(item for item in told if item[2]) == [
        (0, "mixed", "zorp-7b"),
        (1, "synthetic", "zorp-7b"),
        (2, "synthetic", "zorp-7b"),
    ]
    [flagged] = [
        claim
        for claim in ask([{"text": "t", "origin": "mixed", "is_synthetic": True}], "text")
        if claim["field"] == "is_synthetic"
    ]
    assert flagged["claim"] == "synthetic"
