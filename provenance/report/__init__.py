"""Releases and judgements as text, JSON, Markdown, HTML, SARIF and JUnit; it never computes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from provenance.errors import MisuseError
from provenance.model.base import Contract
from provenance.model.facts import Facts
from provenance.model.finding import Judgement
from provenance.report.html import facts_html
from provenance.report.junit import judgement_junit
from provenance.report.markdown import facts_markdown, judgement_markdown
from provenance.report.sarif import judgement_sarif
from provenance.report.subject import Subject
from provenance.report.text import judgement_text

__all__ = ["FACTS_FORMATS", "JUDGEMENT_FORMATS", "Subject", "render"]


def _json(answer: Contract) -> str:
    """ASCII, so that no terminal is moved by what data says; infinity, as no number, is null."""
    return json.dumps(json.loads(answer.model_dump_json()), indent=2) + "\n"


FACTS_FORMATS: Mapping[str, Callable[[Facts], str]] = {
    "html": facts_html,
    "markdown": facts_markdown,
    "json": _json,
}

JUDGEMENT_FORMATS: Mapping[str, Callable[[Judgement, Subject], str]] = {
    "text": lambda judgement, _: judgement_text(judgement),
    "json": lambda judgement, _: _json(judgement),
    "markdown": judgement_markdown,
    "sarif": judgement_sarif,
    "junit": judgement_junit,
}


def render(answer: Facts | Judgement, form: str, subject: Subject | None = None) -> str:
    """A release's facts or a judgement in one of its formats.

    Raises:
        MisuseError: a format that the answer does not have.
    """
    formats = FACTS_FORMATS if isinstance(answer, Facts) else JUDGEMENT_FORMATS
    if form not in formats:
        raise MisuseError(f"there is no format {form!r} here", hint=f"one of: {', '.join(formats)}")
    if isinstance(answer, Facts):
        return FACTS_FORMATS[form](answer)
    return JUDGEMENT_FORMATS[form](answer, subject or Subject("the set"))
