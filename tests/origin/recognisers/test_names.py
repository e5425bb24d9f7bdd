"""One name, however it is spelled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from provenance.model.model_names import clean_name, fold_name
from provenance.origin.recognisers.families import family_of

TEN_NAMES = (
    *("gpt-4", "GPT-4", "gpt\u20114", "gpt-4 turbo", "Gpt-4", "gpt_4", "gpt-4\u200b"),
    *("openai/gpt-4", "gpt4", "g\u0440t-4"),
)
PIECES = st.sampled_from(
    [
        *"gpt4-_. /:0123xXbBvVmMoé",
        "\u200b",
        "\u0440",
        "\u2011",
        "turbo",
        "openai",
        "llama",
        "3.5",
        "chat",
        "7b",
        "us",
        "\u2461",
        "\ufb01",
        "\u00df",
        "\u0130",
        "\uff21",
        "\u3164",
        "\xad",
    ]
)


PAGE = Path(__file__).resolve().parents[3] / "docs" / "concepts" / "marks.md"


def test_the_page_is_true() -> None:
    rows = re.findall(r"^\| (`.*`) \| `(.*)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 2
    for names, folded in rows:
        assert {fold_name(name) for name in re.findall("`([^`]+)`", names)} == {folded}


def test_ten_spellings_of_one_name() -> None:
    assert {fold_name(name) for name in TEN_NAMES} == {"gpt-4"}
    assert {family_of(name) for name in TEN_NAMES} == {"gpt"}


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0301"),
        ("gpt-35-turbo", "gpt-3.5-turbo"),
        ("text-davinci-003", "text-davinci-003"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("Claude 3.5 Sonnet", "claude-3.5-sonnet"),
        ("us.anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3.5-sonnet-20240620-v1.0"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b-instruct-v0.1"),
        ("Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct"),
        ("llama3.1:8b", "llama-3.1-8b"),
        ("acme/ours-7b", "ours-7b"),
        ("/models/ours_7B", "ours-7b"),
        ("o 1 mini", "o1-mini"),
        ("\u6587\u5fc3\u4e00\u8a00", "\u6587\u5fc3\u4e00\u8a00"),
        ("\u043c\u043e\u0434\u0435\u043b\u044c-7b", "\u043c\u043e\u0434\u0435\u043b\u044c-7b"),
    ],
)
def test_the_spelling_that_stands_for_all(name: str, folded: str) -> None:
    assert fold_name(name) == folded


@pytest.mark.parametrize(
    "pair",
    [
        ("gpt-4", "gpt-4o"),
        ("qwen-1.5b", "qwen-15b"),
        ("llama-2-7b", "llama-2-70b"),
        ("o1", "o3"),
        ("claude-3-opus", "claude-3-haiku"),
        ("zorp-7b", "zorp-7b-chat"),
        ("phi-3", "phi-3.5"),
    ],
)
def test_different_models_stay_different(pair: tuple[str, str]) -> None:
    assert fold_name(pair[0]) != fold_name(pair[1])


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=12))
def test_folding_twice_changes_nothing(name: str) -> None:
    folded = fold_name(name)
    assert fold_name(folded) == folded
    assert clean_name(clean_name(name)) == clean_name(name)
    assert fold_name(f" {name}\u200b") == folded
    if name.isascii():
        assert fold_name(name.upper()) == folded
        if any(char.isalnum() for char in name):
            assert fold_name(name.replace("-", "_")) == fold_name(name.replace("-", " "))


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8))
def test_a_name_of_letters_never_folds_to_nothing(name: str) -> None:
    assert fold_name(name)
