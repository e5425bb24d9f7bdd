"""The marks that known tools leave, and the rows on which they must not be believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.asking import ask, brief

from provenance.origin.recognisers.registry import applicable, wanted_fields

SAID = ("tier", "claim", "whole", "generator", "observer")
DISTILABEL = ("tool", "synthetic", True, "x-7b", "distilabel")
ASKED = ("tool", "question", True, None)


def distilabel(generation: str | None, **more: Any) -> dict[str, Any]:
    return {
        "instruction": "Say hi",
        "generation": generation,
        "model_name": "m/x-7b",
        "distilabel_metadata": {"raw_output_text_generation_0": generation},
        **more,
    }


class TestDistilabel:
    def test_a_failed_row_keeps_its_model_and_is_a_question(self) -> None:
        rows = [distilabel("Hi"), distilabel(None), distilabel("")]
        assert brief(ask(rows, "instruction", "generation"), *SAID) == [
            (0, *DISTILABEL),
            (1, *ASKED, "generic-field"),
            (2, *ASKED, "distilabel"),
        ]

    def test_the_fields_of_the_tool_are_enough_without_its_metadata(self) -> None:
        rows = [{"generation": "Hi", "model_name": "m/x-7b"}]
        assert brief(ask(rows, "generation"), *SAID) == [(0, *DISTILABEL)]

    def test_an_answer_of_no_is_an_answer(self) -> None:
        assert len(ask([distilabel("No"), distilabel("none")], "instruction", "generation")) == 2

    def test_the_prompt_is_not_what_the_model_wrote(self) -> None:
        claims = ask([distilabel("Hi")], "instruction")
        assert brief(claims, *SAID) == [(0, *ASKED, "distilabel")]

    def test_a_text_that_equals_the_generation_is_what_the_model_wrote(self) -> None:
        rows = [distilabel("Hi", text="Hi"), distilabel("Hi", text="a parent document")]
        assert brief(ask(rows, "text"), *SAID) == [(0, *DISTILABEL), (1, *ASKED, "distilabel")]

    def test_metadata_without_a_model_names_no_generator(self) -> None:
        rows = [{"generation": "Hi", "distilabel_metadata": {}}]
        assert brief(ask(rows, "generation"), *SAID) == [
            (0, "tool", "synthetic", True, None, "distilabel")
        ]

    def test_a_model_that_nobody_knows_is_not_taken_for_the_tools(self) -> None:
        rows = [{"text": "For sale", "model_name": "zorp", "generation": "Mk7"}]
        assert brief(ask(rows, "text", "generation"), "claim", "observer") == [
            (0, "synthetic", "generic-field")
        ]

    def test_before_1_0_the_models_are_a_list(self) -> None:
        rows = [
            {"input": "q", "generations": ["a", "b"], "generation_model": model}
            for model in (["gpt-4", "gpt-4"], ["gpt-4", "claude-2"], [], "gpt-4", None)
        ]
        shape = {"input": "string", "generations": "list", "generation_model": "list"}
        assert wanted_fields(applicable(shape, ("generations",))) == ("generation_model",)
        assert brief(ask(rows, "input", "generations"), "generator", "generator_family") == [
            (0, "gpt-4", "gpt"),
            (1, None, None),
            (3, "gpt-4", "gpt"),
        ]

    def test_an_annotating_model_says_nothing_of_the_text(self) -> None:
        rows = [{"text": "t", "labelling_model": "gpt-4", "rating": [1], "rationale": ["r"]}]
        assert ask(rows, "text") == []


def oasst(synthetic: bool | None, model: str | None = None, role: str = "assistant") -> Any:
    return {
        "message_id": "m",
        "parent_id": "p",
        "text": "t",
        "role": role,
        "synthetic": synthetic,
        "model_name": model,
    }


class TestOasst:
    def test_the_publisher_is_trusted_in_both_directions(self) -> None:
        rows = [oasst(True, "chip20b"), oasst(False), oasst(None), oasst(None, "chip20b")]
        assert brief(ask(rows, "text"), *SAID, "basis") == [
            (0, "tool", "synthetic", True, "chip20b", "oasst", "synthetic=true"),
            (1, "tool", "human", True, None, "oasst", "synthetic=false"),
            # Where nobody says, the speaker's role is a question.
            (2, "tool", "question", True, None, "generic-field", "role=assistant"),
            (3, "tool", "synthetic", True, "chip20b", "generic-field", "model_name=chip20b"),
            (3, "tool", "question", True, None, "generic-field", "role=assistant"),
        ]

    def test_a_synthetic_message_may_stand_on_the_prompters_side(self) -> None:
        (claim,) = ask([oasst(True, "chip20b", role="prompter")], "text")
        assert claim["claim"] == "synthetic"

    def test_a_model_beside_false_puts_the_contradiction_on_record(self) -> None:
        claims = ask([oasst(False, "chip20b")], "text")
        assert brief(claims, "claim", "basis") == [
            (0, "synthetic", "model_name=chip20b"),
            (0, "human", "synthetic=false"),
        ]

    def test_a_false_without_the_rest_of_a_message_is_a_declaration_only(self) -> None:
        (claim,) = ask([{"text": "t", "synthetic": False}], "text")
        assert (claim["tier"], claim["observer"]) == ("declared", "generic-field")

    @pytest.mark.real_data
    def test_the_published_trees(self, real_data: Path) -> None:
        path = real_data / "oasst_samples/model/model_eval/manual/data/en_100_tree.jsonl"
        stack = [json.loads(line)["prompt"] for line in path.read_text("utf-8").splitlines()]
        messages = []
        while stack:
            message = stack.pop()
            stack += message.pop("replies", [])
            messages.append(message)
        # The first messages have no `model_name`; a reader sees it nowhere in the head of the file.
        claims = ask(messages, "text")
        said = [(claim["claim"], claim["tier"], claim["observer"]) for claim in claims]
        assert said.count(("synthetic", "tool", "oasst")) == 22
        assert said.count(("human", "tool", "oasst")) == 1145
        assert len(said) == 1167
        made = [claim for claim in claims if claim["claim"] == "synthetic"]
        assert {claim["generator"] for claim in made} == {"chip20b"}
        assert {messages[claim["index"]]["role"] for claim in made} == {"prompter", "assistant"}


class TestOthers:
    def test_magpie_wrote_the_users_side_too(self) -> None:
        chat = [{"from": "human", "value": "a b"}, {"from": "gpt", "value": "c"}]
        row = {"model": "Qwen/Qwen2-72B", "gen_input_configs": {"top_p": 1}, "conversations": chat}
        (claim,) = ask([row], "conversations")
        assert (claim["observer"], claim["whole"], claim["part_chars"]) == ("magpie", True, None)
        assert (claim["generator"], claim["generator_family"]) == ("qwen-2-72b", "qwen")

    def test_magpie_stripped_of_its_configuration_is_a_chat_with_a_model(self) -> None:
        chat = [{"from": "human", "value": "a b"}, {"from": "gpt", "value": "c"}]
        (claim,) = ask([{"model": "Qwen2-72B", "conversations": chat}], "conversations")
        assert (claim["observer"], claim["whole"], claim["part_chars"]) == (
            "generic-field",
            False,
            1,
        )

    def test_openai_batch_lines_that_failed_get_no_claim(self) -> None:
        body = {"model": "gpt-4o-2024-08-06", "choices": [{"message": {"content": "Hi"}}]}
        rows: list[dict[str, Any]] = [
            {"id": "1", "custom_id": "a", "response": {"status_code": 200, "body": body}},
            {"id": "2", "custom_id": "b", "response": {"status_code": 400, "body": {"error": {}}}},
            {"id": "3", "custom_id": "c", "response": None, "error": {"code": "x"}},
        ]
        assert brief(ask(rows, "response"), *SAID) == [
            (0, "tool", "synthetic", True, "gpt-4o-2024-08-06", "openai-batch")
        ]

    def test_curator_logs_name_the_model_in_the_request(self) -> None:
        rows = [
            {
                "response_message": message,
                "raw_request": {},
                "raw_response": {},
                "generic_request": {"model": "claude-3-5-haiku-20241022"},
            }
            for message in ("Hi", None)
        ]
        assert brief(ask(rows, "*"), "claim", "observer", "generator_family") == [
            (0, "synthetic", "bespoke-curator", "claude"),
            (1, "question", "bespoke-curator", None),
        ]

    def test_nemotron_speaks_for_the_models_side(self) -> None:
        chat = [{"role": "user", "content": "why"}, {"role": "assistant", "content": "so it is"}]
        row = {"generator": "DeepSeek-R1-0528", "reasoning": "on", "category": "math"}
        (claim,) = ask([{**row, "messages": chat}], "messages")
        assert (claim["observer"], claim["whole"], claim["part_words"]) == ("nemotron", False, 3)
        (claim,) = ask([{**row, "input": "why", "output": "so it is"}], "output")
        assert (claim["observer"], claim["whole"]) == ("nemotron", True)

    def test_the_shape_of_cosmopedia_is_a_hint(self) -> None:
        row = dict.fromkeys(("prompt", "text", "seed_data", "format", "audience"), "x")
        (claim,) = ask([row], "text")
        assert (claim["tier"], claim["claim"], claim["generator"]) == (
            "heuristic",
            "synthetic",
            None,
        )
        assert ask([row], "prompt") == []

    def test_datatrove_keeps_the_parents_text_beside_its_results(self) -> None:
        row = {"text": "parent", "metadata": {"rollout_results": [{"text": "child"}]}}
        assert ask([row], "text") == []
        (claim,) = ask([row], "metadata.rollout_results")
        assert (claim["tier"], claim["observer"], claim["generator"]) == ("tool", "datatrove", None)
