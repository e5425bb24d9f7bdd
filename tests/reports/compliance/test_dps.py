"""OASIS Data Provenance Metadata: the published schema takes the document, and refuses others."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from support.evidences import EVIDENCE
from support.reported import answered

from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS, Filled
from provenance.reports.compliance.dps import METHODS, STATUSES, USES

REPORT = REPORTS["dps"]

ANSWERS = {
    "dps_namespace": "https://example.org",
    "dps_location": "https://example.org/provenance.json",
    "dps_version": "2.1.0",
    "dps_use": "pre-training",
}


def fill(evidence: ReleaseEvidence = EVIDENCE, **answers: str) -> Filled:
    text = answered(compliance.questionnaire(REPORT, evidence), "dps", **{**ANSWERS, **answers})
    return compliance.filled(
        REPORT, evidence, parse_answers(text, "answers.yaml", REPORT.form.kinds())
    )


def document(evidence: ReleaseEvidence = EVIDENCE, **answers: str) -> Any:
    return json.loads(render_report(fill(evidence, **answers), "json"))


@pytest.fixture
def standard(real_data: Path) -> dict[str, Any]:
    """The schema of the committee draft."""
    folder = real_data / "standards" / "oasis_dps"
    if not folder.is_dir():
        pytest.skip("the standard's schema is not among the published data")
    found: dict[str, Any] = json.loads((folder / "data-provenance.json").read_text())
    return found


def problems(standard: dict[str, Any], metadata: Any) -> list[str]:
    """What the schema says against a document, formats included, without its own dialect."""
    pytest.importorskip("rfc3339_validator", reason="jsonschema checks no formats without it")
    schema = {**standard, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    validator = jsonschema.Draft202012Validator(
        schema,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
        registry=Registry().with_resource(schema["$id"], Resource.from_contents(schema)),
    )
    return [error.message for error in validator.iter_errors(metadata)]


@pytest.mark.real_data
def test_the_schema_takes_the_document(standard: dict[str, Any]) -> None:
    assert problems(standard, document()) == []
    assert fill().missing == ()


@pytest.mark.real_data
def test_our_codes_are_those_of_the_schema(standard: dict[str, Any]) -> None:
    codes = standard["$defs"]
    assert set(METHODS.values()) < set(codes["generation-method-code-type"]["enum"])
    assert set(codes["purpose-code-type"]["enum"]) == USES
    tracking = standard["properties"]["set"]["properties"]["tracking"]["properties"]
    assert set(tracking["status"]["enum"]) == STATUSES


BREAKS: list[Callable[[Any], Any]] = [
    lambda d: d.pop("use"),
    lambda d: d["set"].pop("publisher"),
    lambda d: d["set"]["publisher"].update(namespace="our site"),
    lambda d: d["set"]["tracking"].update(status="done"),
    lambda d: d["set"]["tracking"].update({"current-release-date": "20 November"}),
    lambda d: d["source"].update({"data-version": "first"}),
    lambda d: d["source"]["id"]["hashes"][0]["tree-hashes"][0].update(value="zz"),
    lambda d: d["provenance"].pop("origin-geography"),
    lambda d: d["provenance"]["generation-method"][0].update(code="synthetic"),
    lambda d: d["use"]["intended-purpose"][0].update(code="anything"),
]


@pytest.mark.real_data
@pytest.mark.parametrize("spoil", BREAKS)
def test_the_schema_refuses_a_broken_copy(
    standard: dict[str, Any], spoil: Callable[[Any], Any]
) -> None:
    metadata = document()
    spoil(metadata)
    assert problems(standard, metadata)


@pytest.mark.real_data
def test_what_the_schema_misses_is_what_nobody_answered(standard: dict[str, Any]) -> None:
    filled = compliance.filled(REPORT, EVIDENCE)
    missed = problems(standard, json.loads(render_report(filled, "json")))
    assert len(missed) == len(filled.missing)
    assert all("is a required property" in one for one in missed)


def test_what_is_synthetic_and_by_whom_is_told() -> None:
    metadata = document()
    notes = {one["title"]: one["text"] for one in metadata["set"]["notes"]}
    assert "at least 1,250, at most 4,500" in notes["Synthetic share"]
    assert "scribe-70b 3 of Example Lab: 20 records" in notes["What models made"]
    assert "https://example.org/seeds (known by contract)" in str(notes)
    assert "web, 60 records" in metadata["source"]["about"]["scope"]
    methods = [
        (one["code"], one["long-description"].partition(",")[0].partition(":")[0])
        for one in metadata["provenance"]["generation-method"]
    ]
    assert methods == [
        ("other", "own"),
        ("web-scraping-crawling", "web"),
        ("other", "wiki"),
        ("machine-generated-ml-ops", "scribe-70b 3 of Example Lab"),
        ("data-augmentation", "quill-1b"),
    ]
    assert metadata["provenance"]["generation-period"] == {
        "start": "2025-11-01T00:00:00Z",
        "end": "2026-03-31T23:59:59Z",
    }


def test_a_document_is_a_draft_until_its_publisher_says_otherwise() -> None:
    assert document()["set"]["tracking"]["status"] == "draft"
    text = "{report: dps, answers: [{id: dps.status, answer: final}]}"
    given = parse_answers(text, "answers.yaml", REPORT.form.kinds())
    filled = compliance.filled(REPORT, EVIDENCE, given)
    assert json.loads(render_report(filled, "json"))["set"]["tracking"]["status"] == "final"


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("dps.namespace", "our site", "is no address"),
        ("dps.version", "v2", "neither a number nor"),
        ("dps.status", "done", "none of draft, final, interim"),
        ("dps.use", "world peace", "written as `other`: world peace"),
    ],
)
def test_answers_that_the_schema_has_no_place_for_are_said(
    question: str, answer: str, said: str
) -> None:
    text = f"{{report: dps, answers: [{{id: {question}, answer: {answer}}}]}}"
    given = parse_answers(text, "answers.yaml", REPORT.form.kinds())
    filled = compliance.filled(REPORT, EVIDENCE, given)
    assert any(one.startswith(question) and said in one for one in filled.warnings)
    assert not [one for one in fill().warnings if one.startswith("dps.")]


@pytest.mark.parametrize("layout", REPORT.layouts)
def test_the_same_release_gives_the_same_bytes(layout: str) -> None:
    one, other = (render_report(fill(copy.deepcopy(EVIDENCE)), layout) for _ in range(2))
    assert one == other
