"""The label of GB 45438 in fields and in front matter, conforming or not."""

from __future__ import annotations

import json

import pytest
from support.asking import ask, brief

LABEL = {"Label": "1", "ContentProducer": "Some Agent", "ProduceID": "7", "ReservedCode1": ""}


@pytest.mark.parametrize(
    "value",
    [
        LABEL,
        {"AIGC": LABEL},
        json.dumps(LABEL),
        json.dumps({"AIGC": LABEL}),
        json.dumps({"AIGC": json.dumps(LABEL)}),
        {"label": 1, "ContentProducer": "Some Agent"},
    ],
)
def test_a_field(value: object) -> None:
    claims = ask([{"text": "t", "AIGC": value}], "text")
    assert brief(claims, "tier", "claim", "whole", "generator", "basis") == [
        (0, "tool", "synthetic", True, None, "AIGC.Label=1, ContentProducer=Some Agent")
    ]


YAML = """---
title: A report
AIGC:
    ContentProducer: Minimax Agent AI
    Label: "{label}"
    ReservedCode1: 3045
tags: [x]
---

Text.
"""


@pytest.mark.parametrize("text", [YAML, YAML.replace("\n", "\r\n"), YAML.replace('"', "'")])
def test_front_matter(text: str) -> None:
    rows = [{"text": text.format(label=label)} for label in ("1", "2", "3", "AIGC", "0", "")]
    who = "ContentProducer=Minimax Agent AI"
    assert brief(ask(rows, "text"), "tier", "claim", "basis") == [
        (0, "tool", "synthetic", f"AIGC.Label=1, {who}"),
        (1, "heuristic", "synthetic", f"AIGC.Label=2 (possible), {who}"),
        (1, "tool", "question", f"AIGC.Label=2, {who}"),
        (2, "heuristic", "synthetic", f"AIGC.Label=3 (suspected), {who}"),
        (2, "tool", "question", f"AIGC.Label=3, {who}"),
        (3, "tool", "synthetic", f"AIGC.Label=AIGC (not a value of the standard), {who}"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "AIGC:\n  Label: 1\n",
        "---\ntitle: AIGC\nLabel: 1\n---\nText",
        "---\nAIGC:\n  ProduceID: 1\nLabel: 1\n---\nText",
        "---\ntitle: x\n---\nAIGC:\n  Label: 1\n---\n",
        "---\nAIGC:\n  Label: 1\nno end",
        "Text.\n---\nAIGC:\n  Label: 1\n---\n",
        "---\nAIGC:\n  OtherLabel: 1\n---\n",
        "---",
        "",
    ],
)
def test_text_that_only_speaks_of_it(text: str) -> None:
    assert ask([{"text": text}], "text") == []


def test_a_label_that_the_standard_does_not_know_is_a_question() -> None:
    rows = [{"text": "t", "AIGC": {"Label": label}} for label in ("9", "0", "", None)]
    assert brief(ask(rows, "text"), "claim", "basis") == [(0, "question", "AIGC.Label=9")]


def test_a_yes_or_no_column_of_that_name() -> None:
    rows = [{"text": "t", "is_aigc": True}, {"text": "u", "is_aigc": None}]
    assert brief(ask(rows, "text"), "tier", "claim") == [(0, "tool", "synthetic")]
