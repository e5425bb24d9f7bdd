"""The choice of content: asked for, fixed by the format, known by name, or an error that helps."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from provenance.errors import AmbiguousError, InputError, MisuseError, NotFoundError
from provenance.io.contract.reader import Shape
from provenance.io.records.content_fields import choose_content, choose_fields

S, N, M, L, O, B, Z = "string", "number", "messages", "list", "object", "boolean", "null"  # noqa: E741


@pytest.mark.parametrize(
    ("fields", "kind", "content"),
    [
        ({"id": S, "text": S, "url": S}, "text", ("text",)),
        ({"id": S, "content": S, "title": S}, "text", ("content",)),
        ({"messages": M, "source": S}, "structured", ("messages",)),
        ({"conversations": L, "id": S}, "structured", ("conversations",)),
        (
            {"instruction": S, "input": S, "output": S},
            "structured",
            ("instruction", "input", "output"),
        ),
        (
            {"input": Z, "output": S, "instruction": S},
            "structured",
            ("input", "output", "instruction"),
        ),
        ({"prompt": S, "completion": S}, "structured", ("prompt", "completion")),
        ({"prompt": S, "response": S, "model": S}, "structured", ("prompt", "response")),
        ({"question": S, "answer": S}, "structured", ("question", "answer")),
        (
            {"system_prompt": S, "question": S, "response": S},
            "structured",
            ("system_prompt", "question", "response"),
        ),
        (
            {"prompt": S, "chosen": M, "rejected": M, "messages": M, "score_chosen": N},
            "structured",
            ("prompt", "chosen", "rejected"),
        ),
        ({"conversations": M, "instruction": S, "response": S}, "structured", ("conversations",)),
        ({"message": S, "id": S, "created_date": S}, "text", ("message",)),
        ({"text": N, "story": S}, "text", ("story",)),
        ({"instruction": S, "generation": S}, "structured", ("instruction", "generation")),
        ({"text": Z, "id": N}, "text", ("text",)),
        ({"text": S, "prov_text": S}, "text", ("text",)),
        ({"story": S, "prov_label": S}, "text", ("story",)),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_known_fields(fields: dict[str, str], kind: str, content: tuple[str, ...]) -> None:
    choice = choose_content(Shape(fields), (), "jsonl")
    assert (choice.kind, choice.content) == (kind, content)
    assert choice.reason


@pytest.mark.parametrize(
    "fields",
    [
        {"text": S, "content": S},
        {"text": S, "messages": M},
        {"text": S, "instruction": S, "output": S},
        {"messages": M, "conversations": M},
        {"instruction": S, "output": S, "response": S},
        {"original": S, "sampled": S},
        {"title": S, "abstract": S},
    ],
    ids=",".join,
)
def test_two_candidates_are_an_error_that_says_what_to_do(fields: dict[str, str]) -> None:
    with pytest.raises(AmbiguousError) as caught:
        choose_content(Shape(fields), (), "jsonl")
    assert "--content" in caught.value.hint
    assert all(name in caught.value.hint for name in fields)


def test_no_candidate_names_the_fields_and_the_nested_lists() -> None:
    with pytest.raises(InputError, match="no content field") as caught:
        choose_content(Shape({"id": S, "prompt": O}, nested=("prompt.replies",)), (), "jsonl")
    assert "prompt (object)" in caught.value.hint
    assert "--records" in caught.value.hint
    assert "prompt.replies" in caught.value.hint


def test_a_text_of_unknown_name_beside_nested_records() -> None:
    fields = {"tree": S, "prompt": O}
    assert choose_content(Shape(fields), (), "jsonl").content == ("tree",)
    with pytest.raises(AmbiguousError, match="tree or in nested records") as caught:
        choose_content(Shape(fields, nested=("prompt.replies",)), (), "jsonl")
    assert "--records PATH` with one of prompt.replies" in caught.value.hint
    known = choose_content(Shape({"text": S}, nested=("sources",)), (), "jsonl")
    assert known.content == ("text",)


@pytest.mark.parametrize("name", ["state", "tree_state", "review_status", "Status"])
def test_a_state_is_not_content(name: str) -> None:
    assert choose_content(Shape({name: S, "story": S}), (), "jsonl").content == ("story",)
    with pytest.raises(InputError, match="no content field"):
        choose_content(Shape({name: S}), (), "jsonl")


def test_native_content() -> None:
    text = choose_content(Shape({"text": S, "title": S}, native=("text",)), (), "text")
    assert (text.kind, text.content) == ("text", ("text",))
    payload = Shape({"WARC-Date": S, "payload": S}, native=("payload",))
    for asked in ([], ["payload"]):
        choice = choose_content(payload, asked, "warc")
        assert (choice.kind, choice.content) == ("binary", ("payload",))


@pytest.mark.parametrize(
    ("asked", "kind", "content"),
    [
        (["a"], "text", ("a",)),
        (["a", "b"], "structured", ("a", "b")),
        (["a", "a"], "text", ("a",)),
        (["n"], "structured", ("n",)),
        (["m"], "structured", ("m",)),
        (["o.text"], "text", ("o.text",)),
        (["z"], "text", ("z",)),
        (["*"], "structured", ("*",)),
    ],
)
def test_what_is_asked_for_wins(asked: list[str], kind: str, content: tuple[str, ...]) -> None:
    shape = Shape({"text": S, "a": S, "b": S, "n": N, "m": M, "o": O, "z": Z})
    choice = choose_content(shape, asked, "jsonl")
    assert (choice.kind, choice.content) == (kind, content)


def test_a_field_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match="no field 'txt'") as caught:
        choose_content(Shape({"text": S}), ["txt"], "jsonl")
    assert "text (string)" in caught.value.hint


@pytest.mark.parametrize("asked", [["prov_label"], ["*", "text"]])
def test_requests_that_cannot_be_met(asked: list[str]) -> None:
    with pytest.raises(MisuseError):
        choose_content(Shape({"text": S, "prov_label": S}), asked, "jsonl")


@given(
    st.dictionaries(
        st.sampled_from(["text", "content", "messages", "prompt", "response", "id", "x", "prov_x"]),
        st.sampled_from([S, N, M, L, O, B, Z]),
    )
)
def test_a_choice_is_in_the_shape_and_never_ours(fields: dict[str, str]) -> None:
    try:
        choice = choose_content(Shape(fields), (), "jsonl")
    except InputError:
        return
    assert choice.content
    assert set(choice.content) <= set(fields)
    assert not any(name.startswith("prov_") for name in choice.content)
    one_text = len(choice.content) == 1 and fields[choice.content[0]] in {S, Z}
    assert (choice.kind == "text") == one_text


def test_standard_fields() -> None:
    fields = {"uuid": S, "id": N, "language": S, "source_url": S, "license": S, "lang": O}
    assert choose_fields(fields) == {
        "id": ("id", "uuid"),
        "lang": ("language",),
        "url": ("source_url",),
        "licence": ("license",),
    }
    assert choose_fields({"text": S}) == {}
    archive = {"WARC-Record-ID": S, "WARC-Target-URI": S}
    assert choose_fields(archive) == {"id": ("WARC-Record-ID",), "url": ("WARC-Target-URI",)}
