"""Render releases, disclosures and judgements as text, JSON, Markdown, HTML, Word, SARIF, JUnit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from provenance.errors import MisuseError
from provenance.model.base import Contract
from provenance.model.finding import Judgement
from provenance.model.reports.disclosure import Disclosure
from provenance.model.reports.facts import Facts
from provenance.reports.render.disclosure_docx import disclosure_docx
from provenance.reports.render.disclosure_html import disclosure_html
from provenance.reports.render.disclosure_markdown import disclosure_markdown
from provenance.reports.render.html import facts_html
from provenance.reports.render.index_html import index_html
from provenance.reports.render.junit import judgement_junit
from provenance.reports.render.markdown import facts_markdown, judgement_markdown
from provenance.reports.render.sarif import judgement_sarif
from provenance.reports.render.subject import Subject
from provenance.reports.render.text import judgement_text

__all__ = [
    "DISCLOSURE_FORMATS",
    "FACTS_FORMATS",
    "JUDGEMENT_FORMATS",
    "Subject",
    "as_json",
    "index_html",
    "json_lines",
    "json_text",
    "render",
]


def as_json(answer: Contract) -> str:
    """Write an answer as JSON in ASCII, harmless in a terminal; infinity becomes null."""
    return json_text(json.loads(answer.model_dump_json()))


def json_text(members: Any) -> str:
    """Write members as one JSON document."""
    return json.dumps(members, indent=2) + "\n"


def json_lines(rows: Iterable[Any]) -> str:
    """Write rows as JSON documents, one a line."""
    return "".join(json.dumps(row) + "\n" for row in rows)


FACTS_FORMATS: Mapping[str, Callable[[Facts], str]] = {
    "html": facts_html,
    "markdown": facts_markdown,
    "json": as_json,
}

DISCLOSURE_FORMATS: Mapping[str, Callable[[Disclosure], str | bytes]] = {
    "markdown": disclosure_markdown,
    "html": disclosure_html,
    "docx": disclosure_docx,
}
"""Layouts of a report for people."""

JUDGEMENT_FORMATS: Mapping[str, Callable[[Judgement, Subject], str]] = {
    "text": lambda judgement, _: judgement_text(judgement),
    "json": lambda judgement, _: as_json(judgement),
    "markdown": judgement_markdown,
    "sarif": judgement_sarif,
    "junit": judgement_junit,
}


def render(
    answer: Facts | Judgement,
    format: str,  # noqa: A002 - the word of the option
    subject: Subject | None = None,
) -> str:
    """Render the facts of a release, or a judgement, as text in one of its formats.

    Args:
        format: html, markdown or json for facts; text, json, markdown, sarif or junit for a
            judgement.
        subject: what was judged, as the formats for other tools name it.

    Raises:
        MisuseError: the answer has no such format.
    """
    formats = FACTS_FORMATS if isinstance(answer, Facts) else JUDGEMENT_FORMATS
    if format not in formats:
        raise MisuseError(f"unknown format {format!r}", hint=f"one of: {', '.join(formats)}")
    if isinstance(answer, Facts):
        return FACTS_FORMATS[format](answer)
    return JUDGEMENT_FORMATS[format](answer, subject or Subject("the set"))
