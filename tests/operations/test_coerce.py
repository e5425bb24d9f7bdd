"""Arguments of public methods: paths, options by keyword, documents as path, text or model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.datafiles import texts, write_jsonl

import provenance
from provenance import (
    Answers,
    ImportOptions,
    IngestOptions,
    InputError,
    MisuseError,
    NotFoundError,
    PolicyError,
    Selection,
    Source,
    load_answers,
    load_baseline,
    load_policy,
    load_sources,
)
from provenance.operations.coerce import build_options, path_list
from provenance.operations.keyword_types import ImportKeywords, IngestKeywords, SelectionKeywords
from provenance.operations.load import load_all_answers, policy_folder

POLICY = "policy: p\nunit: records\nbudgets:\n- name: b\n  max_synthetic: 0.20\n"
ANSWERS = "report: eu-art53\nanswers: []\n"


@pytest.mark.parametrize(
    ("keywords", "contract"),
    [
        (IngestKeywords, IngestOptions),
        (SelectionKeywords, Selection),
        (ImportKeywords, ImportOptions),
    ],
)
def test_keywords_are_the_members_of_their_contract(keywords: Any, contract: Any) -> None:
    assert set(keywords.__annotations__) == set(contract.model_fields)


def test_keywords_replace_members_of_options_that_are_given() -> None:
    given = IngestOptions(source="a", label="human", content=("text",))
    built = build_options(IngestOptions, given, {"label": "mixed", "attributes": {"x": "y"}}, "f")
    assert built == IngestOptions(
        source="a", label="mixed", content=("text",), attributes={"x": "y"}
    )
    assert build_options(IngestOptions, given, {}, "f") is given


def test_one_text_stands_for_a_list_of_one() -> None:
    built = build_options(IngestOptions, None, {"source": "a", "content": "text"}, "ingest")
    assert built.content == ("text",)


def test_what_is_refused_names_the_keyword() -> None:
    with pytest.raises(MisuseError, match="ingest: label: Input should be 'human'"):
        build_options(IngestOptions, None, {"source": "a", "label": "humn"}, "ingest")
    with pytest.raises(MisuseError, match="ingest: source: Field required"):
        build_options(IngestOptions, None, {}, "ingest")
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'sauce'; did you mean"):
        build_options(IngestOptions, None, {"sauce": "a"}, "ingest")


def test_paths_are_texts_or_path_objects() -> None:
    assert path_list(Path("a") / "b") == ["a/b"]
    assert path_list(("a", Path("b"))) == ["a", "b"]


def test_a_policy_is_given_as_path_text_or_model(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    model = load_policy(POLICY)
    assert model == load_policy(path) == load_policy(str(path)) == load_policy(model)
    assert load_policy(model) is model


def test_a_line_break_tells_text_from_paths(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file `policy: p`"):
        load_policy("policy: p")
    with pytest.raises(PolicyError, match=r"<text>"):
        load_policy("policy: p\n")
    odd = tmp_path / "two\nlines.yaml"
    odd.write_text(POLICY, encoding="utf-8")
    assert load_policy(odd).policy == "p"


def test_paths_in_a_policy_start_from_the_folder_of_its_file() -> None:
    assert policy_folder("rules/policy.yaml") == Path("rules")
    assert policy_folder(Path("rules/policy.yaml"), "other") == Path("other")
    assert policy_folder(POLICY) is None
    assert policy_folder(load_policy(POLICY)) is None


def test_sources_are_given_as_path_text_or_models(tmp_path: Path) -> None:
    text = "sources:\n- {name: a, label: human}\n- {name: b}\n"
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    both = [Source(name="a", label="human"), Source(name="b")]
    assert load_sources(text) == load_sources(path) == load_sources(both) == both
    assert load_sources(both[0]) == both[:1]


def test_answers_are_given_as_path_text_model_or_folder(tmp_path: Path) -> None:
    (tmp_path / "eu-art53.yaml").write_text(ANSWERS, encoding="utf-8")
    model = Answers(report="eu-art53", answers=())
    for given in (ANSWERS, tmp_path / "eu-art53.yaml", model):
        assert load_answers(given, "eu-art53") == model
        assert load_all_answers({"eu-art53": given}) == {"eu-art53": model}
    assert load_all_answers(tmp_path) == {"eu-art53": model}
    assert load_all_answers(None) == {}
    with pytest.raises(MisuseError, match="is no folder"):
        load_all_answers(tmp_path / "eu-art53.yaml")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "policy.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load_policy(binary)
    with pytest.raises(InputError, match="cannot be read"):
        load_policy(tmp_path)
    with pytest.raises(NotFoundError, match="there is no file"):
        load_baseline(tmp_path / "none.json")
    binary.write_text("[]", encoding="utf-8")
    with pytest.raises(MisuseError, match="not a baseline"):
        load_baseline(binary)


@pytest.mark.slow
def test_a_job_by_keywords(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 3))
    ledger = provenance.init(tmp_path / "ledger")
    assert ledger.ingest(path, source="notes", label="human").labels["human"] == 3
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    assert ledger.audit(policy=tmp_path / "policy.yaml").verdict == "pass"
    plan = ledger.assemble("v1", POLICY, sources="notes", splits={"a": 0.5, "b": 0.5})
    assert plan.sealed
    (release,) = ledger.releases()
    assert (release.name, release.records, release.verdict) == ("v1", 3, "pass")
    assert ledger.manifest("v1").body_digest == plan.body_digest
    assert ledger.evidence("v1").release == "v1"
    assert provenance.open(tmp_path / "ledger").audit(POLICY, "release:v1").verdict == "pass"
