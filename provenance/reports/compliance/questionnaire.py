"""Write the questions of a report that only people can answer, as YAML to fill in."""

from __future__ import annotations

import json

from provenance.content.display import visible
from provenance.model.reports.answers import AnswerKind
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.reports.compliance.fill import Draft, open_items
from provenance.reports.compliance.form import Form, FormSection, Item
from provenance.reports.compliance.registry import Report

HOW: dict[AnswerKind, str] = {
    "text": "text",
    "yes-no": "yes or no",
    "date": "a date such as 2026-03-31",
    "month": "a month such as 2026-03",
    "list": "one text or a list of them",
}


def questionnaire(report: Report, evidence: ReleaseEvidence) -> str:
    """Write a YAML file of the questions that a release leaves open, with empty answers."""
    form, draft = report.form, report.draft(evidence, {})
    asked = open_items(form, draft)
    lines = [
        f"# {form.title}: {form.law}.",
        f"# {len(asked)} questions that the ledger cannot answer about this release. An empty",
        "# answer is printed as not provided; questions marked optional need no answer. Fields",
        f"# that the ledger fills are not listed: see `prov report … --format {form.report}`.",
        f"report: {form.report}",
        f"release: {_text(evidence.release)}",
        "answered_by:  # who is responsible for the answers",
        "answered_on:  # a date such as 2026-03-31",
        "answers:" if asked else "answers: []",
    ]
    parts = {item.id: part for part, item in form.items()}
    for item in asked:
        lines += _question(form, parts[item.id], item, draft)
    return "\n".join(lines) + "\n"


def _question(form: Form, part: FormSection, item: Item, draft: Draft) -> list[str]:
    expects = HOW[item.kind] + (", optional" if item.optional else "")
    if item.when:
        asker = next(one for _, one in form.items() if one.id == item.when)
        expects += f"; does not apply if {asker.id} is answered no"
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
    """Write a text as a YAML scalar on one line; JSON strings are YAML."""
    return json.dumps(visible(value), ensure_ascii=False)
