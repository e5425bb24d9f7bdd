"""A list of known names is never the boundary: who is not on it is heard all the same."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from support.asking import ask
from support.made_up_names import names, spellings

from provenance.model.model_names import fold_name

NAMES = names(200)
GENERATORS = (
    *("generator", "generated_by", "generatedBy", "model_name", "llm", "llm_name", "LLM"),
    *("generation_model", "generation_models", "teacher_model", "teacher", "rewritten_by_model"),
    *("answer_llm", "gen_model", "ai_model", "aiModel", "written_by_model", "produced-by-model"),
    *("metadata.generator", "meta.info.llm", "generator.name", "steps[].model_name", "MODELNAME"),
)
OTHERS = (
    *("model", "model_id", "modelId", "base_model", "engine", "author", "written_by", "writer"),
    *("creator", "source", "bot", "agent", "system", "assistant_name", "metadata.model"),
    *("rollouts[].model", "messages[].model", "origin", "created_by", "authorship"),
)


def row(path: str, value: object) -> dict[str, object]:
    """A text with a value at some path."""
    head, *rest = path.split(".")
    for name in reversed(rest):
        value = {name: value}
    if head.endswith("[]"):
        return {"text": "t", head[:-2]: [value]}
    return {"text": "t", head: value}


@pytest.mark.parametrize("path", GENERATORS)
def test_no_name_in_a_generators_field_goes_unheard(path: str) -> None:
    spelled = [spelling for name in NAMES for spelling in spellings(name)]
    spelled += [name.partition("-")[0] for name in NAMES]
    claims = ask([row(path, value) for value in spelled], "text")
    made = {c["index"]: c["generator"] for c in claims if c["claim"] == "synthetic"}
    # A teacher whose name is one capitalised word may be a person: "Brown".
    surnames = {place for place, value in enumerate(spelled) if value.isalpha() and value.istitle()}
    asked = surnames if path == "teacher" else set()
    assert {c["index"] for c in claims if c["claim"] == "question"} == asked
    assert made == {
        place: fold_name(value) for place, value in enumerate(spelled) if place not in asked
    }


@pytest.mark.parametrize("path", OTHERS)
def test_no_name_of_a_models_shape_goes_unheard_where_persons_stand(path: str) -> None:
    spelled = [spelling for name in NAMES for spelling in spellings(name)]
    claims = ask([row(path, value) for value in spelled], "text")
    made = {claim["index"] for claim in claims if claim["claim"] == "synthetic"}
    left = [value for place, value in enumerate(spelled) if place not in made]
    # Only what reads like a person's name is no more than a question: "Zorblat Chat".
    assert [value for value in left if " " not in value.strip()] == []
    assert {c["index"] for c in claims} == set(range(len(spelled)))
    assert len(left) < len(spelled) / 40


@given(st.sampled_from(NAMES), st.data())
def test_every_spelling_is_one_name(name: str, data: st.DataObject) -> None:
    spelling = data.draw(st.sampled_from(spellings(name)))
    assert fold_name(spelling) == fold_name(name)
    assert fold_name(fold_name(spelling)) == fold_name(spelling)
