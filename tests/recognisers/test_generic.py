"""Generic columns: names promise little, values are checked, and absence is never human."""

from __future__ import annotations

from typing import Any

import pytest
from recognisers.asking import ask, brief

from provenance.recognisers.registry import applicable


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
        (0.37, []),
        (12, []),
        ("unknown", []),
    ],
)
def test_flags(name: str, value: Any, expected: list[Any]) -> None:
    assert said(name, value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "gpt-4",
        "Llama 3.1 70B Instruct",
        "mistralai/Mixtral-8x7B-v0.1",
        "claude-3-opus-20240229",
        "chip20b",
    ],
)
@pytest.mark.parametrize("name", ["model", "Model_Name", "model_id", "generator", "generatedBy"])
def test_a_model_is_a_generator(name: str, value: str) -> None:
    assert said(name, value) == [("tool", "synthetic", value)]


@pytest.mark.parametrize(
    "value",
    [
        *["Corolla", "Model 3", "Falcon XR6", "iPhone 14", "Claude", "Phi", "bloom", "XGBoost"],
        *["text-embedding-ada-002", "openai/whisper-large-v3", "meta-llama/Llama-Guard-3-8B"],
        *["", "none", "N/A", "null", "unknown", "gpt-4 " + "is a model " * 30],
        *["https://example.org/blog/llama-2", "gpt-4 is what the author wrote about here"],
    ],
)
@pytest.mark.parametrize("name", ["model", "model_name", "created_by", "origin"])
def test_what_is_not_a_writing_model_says_nothing(name: str, value: str) -> None:
    assert said(name, value) == []


def test_a_name_without_a_version_counts_where_nothing_else_can_be_meant() -> None:
    assert said("generator", "Claude") == [("tool", "synthetic", "Claude")]
    assert said("generator", "Honda EU2200i") == []


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
    assert ask([row], "instruction") == []


def test_a_generator_called_human_makes_no_chat_human() -> None:
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    claims = ask([{"messages": chat, "generator": "human"}], "messages")
    assert [claim["claim"] for claim in claims] == ["synthetic"]
    assert claims[0]["tier"] == "heuristic"


def test_columns_that_a_specific_recogniser_reads_are_not_counted_twice() -> None:
    shape = {"generation": "string", "model_name": "string", "distilabel_metadata": "object"}
    asked = applicable({**shape, "is_synthetic": "boolean"}, ("generation",))
    read = [name for each in asked for name in each.fields]
    assert sorted(read) == ["is_synthetic", "model_name"]


def test_our_own_columns_and_the_content_are_never_evidence() -> None:
    ours = {"prov_label": "string", "prov_generator": "string", "PROV_AIGC": "object"}
    assert [each.fields for each in applicable({**ours, "model": "string"}, ("model",))] == [()]


def test_a_basis_is_one_short_line() -> None:
    (claim,) = ask([{"text": "t", "model": "gpt-4\n\x1b[31m" + "x" * 120}], "text")
    value = claim["basis"].removeprefix("model=")
    assert len(value) <= 80
    assert value.startswith("gpt-4 [31mxx")
    assert value.endswith("…")
