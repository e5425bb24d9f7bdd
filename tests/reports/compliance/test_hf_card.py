"""The dataset card: the hub's own library reads its front matter, and its values are the hub's."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st
from support.evidences import EVIDENCE
from support.reported import answered

from provenance.model.origin import Label
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.reports.release_file import Column, ReleaseFile
from provenance.model.source import Source
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS, Filled
from provenance.reports.compliance.hf_card import CREATORS, LICENCES, SIZES, size_category

REPORT = REPORTS["hf-card"]


def fill(text: str | None = None, evidence: ReleaseEvidence = EVIDENCE) -> Filled:
    given = parse_answers(text, "answers.yaml", REPORT.form.kinds()) if text else None
    return compliance.filled(REPORT, evidence, given)


def whole(**answers: str) -> Filled:
    text = answered(
        compliance.questionnaire(REPORT, EVIDENCE),
        "hf-card",
        **{"hf_annotations": "no-annotation", **answers},
    )
    return fill(text)


def card(text: str | bytes) -> Any:
    """A card as the hub's library reads it, without the network."""
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    return hub.DatasetCard(str(text))


def problems(data: dict[str, Any]) -> list[str]:
    """What the hub would refuse in a card's metadata: it only says so over the network."""
    categories = {name for _, name in SIZES} | {"n>1T"}
    known: dict[str, Any] = {
        "license": LICENCES | {"other"},
        "size_categories": categories,
        "language_creators": CREATORS,
        "annotations_creators": CREATORS,
    }
    found = [
        name
        for name, values in known.items()
        for value in ([data[name]] if isinstance(data.get(name), str) else data.get(name) or [])
        if value not in values
    ]
    if data.get("license") == "other" and "license_name" not in data:
        found.append("license_name")
    return found + [one for one in data.get("language") or [] if len(one) not in {2, 3}]


@pytest.mark.newest
@pytest.mark.parametrize("complete", [True, False], ids=["answered", "empty"])
def test_the_hub_reads_the_front_matter(*, complete: bool) -> None:
    filled = whole() if complete else fill()
    read = card(render_report(filled))
    data = read.data.to_dict()
    assert data == json.loads(render_report(filled, "json"))["front_matter"]
    assert problems(data) == []
    assert data["pretty_name"] == "first"
    assert data["size_categories"] == ["n<1K"]
    assert data["tags"] == ["synthetic"]
    assert data["language_creators"] == ["found", "machine-generated"]
    assert read.text.lstrip().startswith("# Dataset card")
    assert "at least 1,250, at most 4,500" in read.text
    assert "scribe-70b" in read.text
    assert ("license" in data) == complete


@pytest.mark.parametrize(
    ("old", "new"),
    [("pretty_name: first", "pretty_name: [first"), ("pretty_name: first\n", "- first\n")],
)
def test_the_hub_refuses_a_broken_copy(old: str, new: str) -> None:
    text = str(render_report(whole()))
    assert old in text
    with pytest.raises((ValueError, yaml.YAMLError)):
        card(text.replace(old, new, 1))


@pytest.mark.parametrize(
    "spoil",
    [
        {"size_categories": ["n<2K"]},
        {"license": "proprietary"},
        {"license": "other"},
        {"language": ["English"]},
        {"language_creators": ["human"]},
        {"annotations_creators": ["nobody"]},
    ],
)
def test_values_that_the_hub_does_not_know_are_noticed(spoil: dict[str, Any]) -> None:
    data = card(render_report(whole(hf_licence="mit"))).data.to_dict()
    assert problems(data) == []
    assert problems({**data, **spoil})


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("Our own terms", {"license": "other", "license_name": "Our own terms"}),
        (
            "https://example.org/terms",
            {
                "license": "other",
                "license_name": "https://example.org/terms",
                "license_link": "https://example.org/terms",
            },
        ),
    ],
)
def test_a_licence_is_the_hubs_or_another(licence: str, said: dict[str, str]) -> None:
    data = card(render_report(whole(hf_licence=licence))).data.to_dict()
    assert {name: data[name] for name in data if name.startswith("license")} == said
    assert problems(data) == []


@pytest.mark.parametrize("label", Label)
def test_the_tag_synthetic_is_there_where_any_part_is(label: Label) -> None:
    labels = {one: 5 if one in {label, Label.HUMAN} else 0 for one in Label}
    filled = fill(evidence=EVIDENCE.model_copy(update={"labels": labels}))
    tagged = "tags" in json.loads(render_report(filled, "json"))["front_matter"]
    assert tagged == (label in {Label.SYNTHETIC, Label.MIXED})
    told = any("not determined" in one for one in filled.warnings)
    assert told == (label == Label.UNKNOWN)


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_a_size_lies_in_its_category(one: int, other: int) -> None:
    names = [name for _, name in SIZES] + ["n>1T"]
    places = [names.index(size_category(size)) for size in sorted((one, other))]
    assert places == sorted(places)


def test_languages_files_and_datasets_of_the_hub() -> None:
    source = EVIDENCE.sources[0]
    contract = Source.model_validate(
        {
            "name": source.source,
            "languages": ["en", "de-AT", "Klingon"],
            "url": "https://huggingface.co/datasets/someone/essays/tree/main",
        }
    )
    column = Column(name="text", type="text")
    files = tuple(
        ReleaseFile(
            path=f"{split}.jsonl",
            format="jsonl",
            split=split,
            rows=1,
            bytes=1,
            sha256="0" * 64,
            columns=(column,),
        )
        for split in ("train", "test")
    )
    told = source.model_copy(update={"contract": contract})
    evidence = EVIDENCE.model_copy(update={"files": files, "sources": (told,)})
    data = json.loads(render_report(fill(evidence=evidence), "json"))["front_matter"]
    assert (data["language"], data["language_bcp47"]) == (["de", "en"], ["de-AT"])
    assert data["source_datasets"] == ["someone/essays"]
    assert data["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": "train", "path": "train.jsonl"},
                {"split": "test", "path": "test.jsonl"},
            ],
        }
    ]


def test_the_manifest_is_never_taken_for_data() -> None:
    column = Column(name="text", type="text")
    file = ReleaseFile(
        path="data.parquet",
        format="parquet",
        split=None,
        rows=1,
        bytes=1,
        sha256="0" * 64,
        columns=(column,),
    )
    odd = file.model_copy(update={"split": "a b"})
    for one in (file, odd):
        filled = fill(evidence=EVIDENCE.model_copy(update={"files": (one,)}))
        data = json.loads(render_report(filled, "json"))["front_matter"]
        assert data["configs"] == [{"config_name": "default", "data_files": ["data.parquet"]}]
    assert "configs" not in json.loads(render_report(fill(), "json"))["front_matter"]


def test_answers_that_the_hub_does_not_know_are_said() -> None:
    filled = fill(
        "{report: hf-card, answers: [{id: hf.annotations, answer: a friend}, "
        "{id: hf.language, answer: English}]}"
    )
    assert "hf.annotations: the hub does not know a friend" in filled.warnings
    assert "hf.language: the hub does not know English" in filled.warnings
    assert not [one for one in whole().warnings if "does not know" in one]


def test_hostile_answers_stay_answers() -> None:
    evil = "---\na: !!python/object:os.system\n\x85<script>`|\u202e"
    read = card(render_report(whole(hf_curated=evil, hf_licence=evil, hf_tasks=evil)))
    data = read.data.to_dict()
    assert data["license"] == "other"
    assert data["license_name"].startswith("---\\na")
    assert set(data) <= {
        *json.loads(render_report(whole(), "json"))["front_matter"],
        "license_name",
    }
    assert "<script>" not in read.text
