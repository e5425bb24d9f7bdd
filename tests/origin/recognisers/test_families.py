"""Names of models."""

from __future__ import annotations

import doctest
import re

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from provenance.model import model_names as names
from provenance.origin.recognisers import (
    classify_value,
    exported,
    families,
    field_claims,
    field_names,
    generator_values,
    json_cells,
    machine_statements,
    model_name_shapes,
)
from provenance.origin.recognisers.families import FAMILIES, family_of, model_names

KNOWN = {
    "gpt": "gpt-4o gpt2-xl gpt-3.5-turbo-0301 davinci text-davinci-003 openai/o3-mini ChatGPT",
    "gpt-neo": "gpt-neo-2.7B gpt-j-6B EleutherAI/gpt-neox-20b chip20b",
    "claude": "claude-2 anthropic.claude-v2 us.anthropic.claude-3-sonnet-20240229-v1:0 claude-1",
    "llama": "meta-llama/Meta-Llama-3.1-8B-Instruct llama-13b /models/llama-2-7b",
    "mistral": "mistralai/Mistral-7B-Instruct-v0.2 mistral-large open-mistral-7b ministral-8b",
    "mixtral": "mistralai/Mixtral-8x7B-Instruct-v0.1 open-mixtral-8x22b",
    "qwen": "Qwen/Qwen2.5-72B-Instruct qwen-max",
    "gemma": "google/gemma-2-9b-it",
    "gemini": "gemini-1.5-pro",
    "phi": "microsoft/phi-2 Phi-3-mini-4k-instruct",
    "deepseek": "deepseek-ai/DeepSeek-R1 DeepSeek-R1-Distill-Llama-8B",
    "nemotron": "nvidia/Llama-3.1-Nemotron-70B-Instruct nemotron-4-340b",
    "pythia": "pythia-12b-deduped-sft EleutherAI/pythia-1b oasst-pythia-12b",
    "opt": "opt-2.7b facebook/opt-iml-30b",
    "command": "command-r-plus CohereForAI/c4ai-command-r-v01",
    "yi": "01-ai/Yi-34B-Chat",
    "falcon": "tiiuae/falcon-40b-instruct",
    "bloom": "bigscience/bloomz-7b1 bloom-7.1b",
    "vicuna": "vicuna-33b lmsys/vicuna-13b-v1.5",
    "t5": "google/flan-t5-xxl fastchat-t5-3b",
    "glm": "chatglm2-6b glm-4",
    "zephyr": "HuggingFaceH4/zephyr-7b-beta",
}


@pytest.mark.parametrize(
    ("name", "family"),
    [(name, family) for family, names in KNOWN.items() for name in names.split()],
)
def test_known_names(name: str, family: str) -> None:
    assert family_of(name) == family
    assert model_names(pa.array([name]), bare=True).to_pylist() == [True]


def test_names_are_used_once() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))


NAMES = st.lists(
    st.sampled_from([*" ".join(KNOWN.values()).split(), "a ", "/", "-", "reward", "://", " "]),
    max_size=9,
).map("".join)


@given(NAMES)
def test_a_family_is_only_seen_in_what_looks_like_a_model(name: str) -> None:
    if family_of(name) is None:
        return
    taken = model_names(pa.array([name]), bare=True)[0].as_py()
    # Python and RE2 read the same tables; what is left out is named in them, too.
    assert taken != bool(re.search(f"{families._OTHER_MODEL}|{families._PROSE}", name.lower()))


def test_doctests() -> None:
    modules = (
        names,
        classify_value,
        exported,
        families,
        field_claims,
        field_names,
        generator_values,
        json_cells,
        machine_statements,
        model_name_shapes,
    )
    for module in modules:
        assert doctest.testmod(module).failed == 0
