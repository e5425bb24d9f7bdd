"""What the formats look like, kept as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.model.finding import Judgement
from provenance.model.reports.facts import Facts
from provenance.reports.render import Subject, render

CASES = Path(__file__).resolve().parents[2] / "cases" / "report"


def held(path: Path, source: str, update: bool) -> None:
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")


@pytest.mark.newest
@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("text", "judgement.txt"),
        ("json", "judgement.json"),
        ("markdown", "comment.md"),
        ("sarif", "judgement.sarif"),
        ("junit", "junit.xml"),
    ],
)
def test_a_failing_audit(judgement: Judgement, form: str, name: str, update: bool) -> None:
    subject = Subject("data/train.jsonl", "release-2026-11", artifact="data/train.jsonl")
    held(CASES / "failing-audit" / name, render(judgement, form, subject), update)


@pytest.mark.newest
@pytest.mark.parametrize(("form", "name"), [("markdown", "report.md"), ("json", "report.json")])
def test_a_release_with_open_questions(facts: Facts, form: str, name: str, update: bool) -> None:
    held(CASES / "release-with-open-questions" / name, render(facts, form), update)
