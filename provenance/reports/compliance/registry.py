"""Register every report under the name that `--format` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from provenance.errors import MisuseError
from provenance.model.base import Contract
from provenance.model.reports.answers import Answers, AnswerValue
from provenance.model.reports.eu_summary import EuSummary
from provenance.model.reports.release_audit import ReleaseAudit
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.reports.transparency import TransparencyStatement
from provenance.reports.compliance import (
    ab2013,
    audit,
    croissant,
    cyclonedx,
    datasheet,
    dps,
    eu_art53,
    hf_card,
    lineage,
    spdx,
)
from provenance.reports.compliance.fill import Draft, Filled, check_answers, fill, head, members
from provenance.reports.compliance.form import Form, load_form

Layout = str
"""Layout of a written report: ``json``, ``jsonl``, ``markdown``, ``html`` or ``docx``."""

PAGES: tuple[Layout, ...] = ("markdown", "html", "json", "docx")
"""Layouts of a report that people read; the first is the default."""

DATA: tuple[Layout, ...] = ("json",)
"""Layouts of a report that programs read."""

EVENTS: tuple[Layout, ...] = ("jsonl", "json")
"""Layouts of a report that is a list of events: one a line, or one document."""

BOTH: tuple[Layout, ...] = ("json", "markdown", "html", "docx")
"""Layouts of a report for programs whose questions and answers people read."""


class Report(NamedTuple):
    """One report format.

    Attributes:
        name: the value of `--format`, and the name of its form.
        draft: fills the form from the ledger; it may read the answers given.
        finish: turns the filled form into a contract, or into the members of a standard format.
        layouts: that it can be written in, the default first.
        front: text before the report in Markdown.
    """

    name: str
    draft: Callable[[ReleaseEvidence, Mapping[str, AnswerValue]], Draft]
    finish: Callable[[Filled], Contract | dict[str, Any]]
    layouts: tuple[Layout, ...] = PAGES
    front: Callable[[Filled], str] = lambda _: ""

    @property
    def form(self) -> Form:
        """The form with its fields."""
        return load_form(self.name)


def _as(contract: type[Contract]) -> Callable[[Filled], Contract]:
    return lambda filled: contract.model_validate({**head(filled), **filled.content})


REPORTS: Mapping[str, Report] = {
    report.name: report
    for report in (
        Report("eu-art53", eu_art53.draft, _as(EuSummary)),
        Report("ab2013", ab2013.draft, _as(TransparencyStatement)),
        Report("audit", audit.draft, _as(ReleaseAudit)),
        Report("croissant", croissant.draft, croissant.finish, BOTH),
        Report("hf-card", hf_card.draft, hf_card.finish, PAGES, hf_card.front_matter),
        Report("dps", dps.draft, dps.finish, BOTH),
        Report("datasheet", datasheet.draft, members),
        Report("cyclonedx", cyclonedx.draft, cyclonedx.finish, DATA),
        Report("spdx", spdx.draft, spdx.finish, DATA),
        Report("prov-json", lineage.draft, lineage.finish, DATA),
        Report("openlineage", lineage.draft, lineage.finish, EVENTS),
    )
}


def report_of(name: str) -> Report:
    """Find a report by its name.

    Raises:
        MisuseError: there is no report of that name.
    """
    if name not in REPORTS:
        raise MisuseError(f"unknown report {name!r}", hint=f"one of: {', '.join(REPORTS)}")
    return REPORTS[name]


def filled(report: Report, evidence: ReleaseEvidence, answers: Answers | None = None) -> Filled:
    """Fill a report's form from a release and from answers.

    Raises:
        MisuseError: the answers are for another report or release.
    """
    given = answers or Answers(report=report.name)
    check_answers(report.form, given, evidence.release)
    values = {one.id: one.value for one in given.answers}
    return fill(report.form, evidence, report.draft(evidence, values), given)
