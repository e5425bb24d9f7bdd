"""Conversations: exact sizes of the model's side, and never a human from a role name."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from support.asking import ask, brief

from provenance.content.identity import text_parts
from provenance.content.measure import measure
from provenance.origin.recognisers.model_turns import model_sides


def turn(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


CHAT = [turn("user", "Où ?"), turn("assistant", "Là-bas, ici."), turn("user", "ok")]


def log(conversation: Any, model: str | None = "gpt-4-0314") -> dict[str, Any]:
    return {"conversation_hash": "h", "model": model, "conversation": conversation}


class TestChatLog:
    def test_a_log_is_mixed_with_the_models_share_counted(self) -> None:
        (claim,) = ask([log(CHAT)], "conversation")
        assert (claim["tier"], claim["claim"], claim["whole"]) == ("tool", "mixed", True)
        assert (claim["generator"], claim["generator_family"]) == ("gpt-4-0314", "gpt")
        sizes = (claim["part_bytes"], claim["part_chars"], claim["part_words"])
        assert sizes == (len("Là-bas, ici.".encode()), 12, 2)
        assert (claim["process"], claim["basis"]) == ("generate", "model=gpt-4-0314")

    def test_a_third_voice_leaves_the_rest_unknown(self) -> None:
        (claim,) = ask([log([turn("system", "Be kind"), *CHAT])], "conversation")
        assert (claim["claim"], claim["whole"], claim["part_chars"]) == ("synthetic", False, 12)

    def test_of_a_whole_row_only_the_models_turns_are_known(self) -> None:
        (claim,) = ask([log(CHAT)], "*")
        assert (claim["claim"], claim["whole"], claim["part_chars"]) == ("synthetic", False, 12)

    def test_without_an_answer_what_the_model_did_is_a_question(self) -> None:
        claims = ask([log([turn("user", "hello?")])], "conversation")
        assert brief(claims, "claim", "field", "basis") == [
            (0, "question", "model", "model=gpt-4-0314")
        ]

    def test_whose_a_text_from_a_log_is_is_a_question(self) -> None:
        claims = ask([{**log(CHAT), "text": "first turn"}], "text")
        assert brief(claims, "claim", "observer") == [(0, "question", "chat-log")]

    def test_a_log_without_a_model_is_a_chat_like_any_other(self) -> None:
        claims = ask([log(CHAT, None), log(CHAT, "")], "conversation")
        assert brief(claims, "observer", "tier") == [
            (0, "chat-shape", "heuristic"),
            (1, "chat-shape", "heuristic"),
        ]


class TestChatShape:
    @pytest.mark.parametrize(
        ("turns", "basis"),
        [
            ([{"from": "human", "value": "a"}, {"from": "gpt", "value": "bc"}], "from=gpt"),
            ([turn("user", "a"), turn("assistant", "bc")], "role=assistant"),
        ],
    )
    def test_the_models_side_is_presumed_synthetic(self, turns: Any, basis: str) -> None:
        claims = ask([{"conversations": turns}], "conversations")
        assert brief(claims, "tier", "claim", "whole", "part_chars", "basis") == [
            (0, "heuristic", "synthetic", False, 2, basis)
        ]

    def test_from_human_proves_nobody_human(self) -> None:
        assert ask([{"conversations": [{"from": "human", "value": "a"}]}], "conversations") == []

    def test_it_keeps_quiet_where_something_else_spoke(self) -> None:
        rows = [{"messages": CHAT, "model": model} for model in ("gpt-4", None, "Corolla")]
        assert brief(ask(rows, "messages"), "observer", "whole") == [
            (0, "generic-field", False),
            (1, "chat-shape", False),
            (2, "generic-field", True),
            (2, "chat-shape", False),
        ]
        assert [c["claim"] for c in ask(rows, "messages") if c["whole"]] == ["question"]

    def test_chosen_and_rejected_are_the_models(self) -> None:
        row = {"prompt": "p", "chosen": CHAT, "rejected": CHAT[:2]}
        (claim,) = ask([row], "prompt", "chosen", "rejected")
        assert (claim["whole"], claim["part_chars"]) == (False, 24)

    def test_an_assistant_that_says_nothing_is_no_part(self) -> None:
        assert ask([{"messages": [turn("user", "a"), {"role": "assistant"}]}], "messages") == []


words = st.text(st.sampled_from(" \n\tab\x1fé\u3000漢"), max_size=12)
turns = st.builds(turn, st.sampled_from(["user", "assistant", "system", "tool"]), words)


@given(st.lists(turns, min_size=1, max_size=6))
def test_sizes_agree_with_how_records_are_measured(chat: list[dict[str, Any]]) -> None:
    """A chat of the model's turns alone measures exactly as its side of the whole chat."""
    own = [each for each in chat if each["role"] == "assistant"]
    sides = model_sides(pa.array([json.dumps({"messages": chat})]))
    if not any(text_parts([own, ""])[:-1]):
        assert sides.spoken.to_pylist() == [False]
        return
    alone = measure(pa.array([json.dumps({"messages": own})]), "structured")
    whole = measure(pa.array([json.dumps({"messages": chat})]), "structured")
    for name in ("bytes", "chars", "words"):
        (side,) = getattr(sides, name).to_pylist()
        assert side == getattr(alone, name)[0].as_py()
        assert side <= getattr(whole, name)[0].as_py()


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5), st.lists, max_leaves=8))
def test_any_json_has_sides_without_raising(value: Any) -> None:
    texts = [json.dumps(value), json.dumps({"messages": value}), json.dumps({"output": value})]
    assert len(model_sides(pa.array([*texts, "{", "[" * 100_000])).divided) == 5
