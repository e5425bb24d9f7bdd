"""The first page of a folder of reports: what there is, for whom, and what is missing."""

from __future__ import annotations

from pathlib import PurePath

from markupsafe import Markup

from provenance.content.web_page import Skip
from provenance.model.reports.report_index import IndexEntry, ReportIndex
from provenance.reports.render import disclosure_wording, number, wording
from provenance.reports.render.disclosure_html import framed
from provenance.reports.render.html import answers, day, report_page
from provenance.reports.render.markup import join, tag, text, whole
from provenance.reports.render.sections import Column, Section, missing, table_row

REPORTS = (Column("Report"), Column("For", "text"), Column("Answers", "cell"), Column("Read"))
OPEN = (Column("Report"), Column("Questions, by who should answer"))

LAYOUTS = {
    ".html": "HTML",
    ".md": "Markdown",
    ".docx": "Word",
    ".json": "JSON",
    ".jsonl": "JSON lines",
}
"""What a file is called, by how its name ends; in the order in which files are listed."""


def index_html(index: ReportIndex) -> str:
    """The page; its links lead to the files beside it, and nowhere else."""
    return report_page(
        "index.html",
        f"Reports: {index.release}",
        [part for part in (_reports(index), _open(index)) if part.body],
        skip=Skip("reports", "the reports"),
        facts=index,
        eyebrow="Reports of a release",
        heading=index.release,
        verdict=wording.OUTCOMES[index.verdict],
        outcome="fail" if index.missing else "pass",
        completeness=disclosure_wording.completeness(index),
        figures=[
            ("Records", number.count(index.records)),
            ("Size", number.size(index.share.size)),
            ("Sources", number.count(index.sources)),
            ("Reports", number.count(len(index.reports))),
            ("Sealed", day(index.created_at)),
        ],
        warnings=[whole(warning) for warning in _warnings(index)],
        **answers(
            index.share, disclosure_wording.synthetic(index), disclosure_wording.unknown(index)
        ),
    )


def _reports(index: ReportIndex) -> Section:
    rows = (
        table_row(REPORTS, (_what(one), text(one.readers), _answers(one), _files(one)))
        for one in index.reports
    )
    return Section(
        "reports",
        "Reports",
        "All are filled from the same sealed release, so that their numbers are the same.",
        framed("Reports in this folder", None, REPORTS, rows_of=join(*rows), kind="reports stack"),
    )


def _what(one: IndexEntry) -> Markup:
    law = tag("span", one.law, class_="detail") if one.law else None
    return join(one.title, law, tag("span", one.about, class_="detail"))


def _answers(one: IndexEntry) -> Markup:
    if not one.asked:
        return missing("nothing is asked")
    if not one.not_provided:
        return text(f"all {one.asked:,} provided")
    said = f"{len(one.not_provided):,} of {one.asked:,} not provided"
    return tag("span", said, class_="due")


def _files(one: IndexEntry) -> Markup:
    found = {PurePath(name).suffix: name for name in one.files}
    links = (
        tag("li", tag("a", called, href=found[suffix], aria_label=f"{one.title}, {called}"))
        for suffix, called in LAYOUTS.items()
        if suffix in found
    )
    return tag("ul", *links, class_="files")


def _warnings(index: ReportIndex) -> tuple[str, ...]:
    """What several reports warn of is said once, with their names."""
    found: dict[str, list[str]] = {}
    for one in index.reports:
        for warning in one.warnings:
            found.setdefault(warning, []).append(one.report)
    return tuple(f"{', '.join(names)}: {warning}" for warning, names in found.items())


def _open(index: ReportIndex) -> Section:
    rows = join(
        *(
            table_row(OPEN, (one.title, _questions(one)))
            for one in index.reports
            if one.not_provided
        )
    )
    return Section(
        "open",
        "What nobody answered",
        "The ledger cannot know these. --init writes the questions, --answers takes them back.",
        framed("Questions without an answer", None, OPEN, rows_of=rows, kind="open stack")
        if rows
        else Markup(),
    )


def _questions(one: IndexEntry) -> Markup:
    """The questions under whoever should answer them."""
    found: dict[str, list[str]] = {}
    for question in one.not_provided:
        found.setdefault(question.who, []).append(question.label)
    return join(
        *(
            tag("p", tag("strong", who), ": ", whole("; ".join(labels)))
            for who, labels in found.items()
        )
    )
