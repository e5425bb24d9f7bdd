"""The questions of a report that no machine can answer, as YAML for people to fill in."""

from __future__ import annotations

import json

from provenance.content.display import visible
from provenance.model.reports.answers import AnswerKind
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.reports.compliance.fill import Draft, open_items
from provenance.reports.compliance.form import Form, Item, Part
from provenance.reports.compliance.registry import Report

HOW: dict[AnswerKind, str] = {
    "text": "text",
    "yes-no": "yes or no",
    "date": "a day, as 2026-03-31",
    "month": "a month, as 2026-03",
    "list": "one text or a list of them",
}


def questionnaire(report: Report, evidence: ReleaseEvidence) -> str:
    """A YAML file with the questions that a release leaves open; every answer is empty."""
    form, draft = report.form, report.draft(evidence, {})
    asked = open_items(form, draft)
    lines = [
        f"# {form.title}: {form.law}.",
        f"# {len(asked)} questions that the ledger cannot answer about this release. What is left",
        "# empty is printed as not provided; the questions marked optional need no answer.",
        f"# What the ledger answers itself is not asked: `prov report … --format {form.report}`.",
        f"report: {form.report}",
        f"release: {_text(evidence.release)}",
        "answered_by:  # who vouches for the answers",
        "answered_on:  # a day, as 2026-03-31",
        "answers:" if asked else "answers: []",
    ]
    parts = {item.id: part for part, item in form.items()}
    for item in asked:
        lines += _question(form, parts[item.id], item, draft)
    return "\n".join(lines) + "\n"


def _question(form: Form, part: Part, item: Item, draft: Draft) -> list[str]:
    expects = HOW[item.kind] + (", optional" if item.optional else "")
    if item.when:
        asker = next(one for _, one in form.items() if one.id == item.when)
        expects += f"; falls away if {asker.id} is answered no"
    lines = [
        "",
        f"  - id: {item.id}",
        f"    question: {_text(f'{item.label}. {item.question}')}",
        f"    who: {_text(item.who or '')}",
        f"    law: {_text(item.law or part.law)}",
        f"    expects: {_text(expects)}",
    ]
    suggestion = draft.suggestions.get(item.id)
    if suggestion:
        lines.append(f"    suggestion: {_text(suggestion)}")
    return [*lines, "    answer:"]


def _text(value: str) -> str:
    """A text as a YAML scalar on one line; JSON strings are YAML."""
    return json.dumps(visible(value), ensure_ascii=False)
