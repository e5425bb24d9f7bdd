"""Render the index page of a folder of reports: what each is, for whom, and what is missing."""

from __future__ import annotations

from pathlib import PurePath

from markupsafe import Markup

from provenance.content.web_page import Skip
from provenance.model.reports.report_index import IndexEntry, ReportIndex
from provenance.reports.render import disclosure_wording, number, wording
from provenance.reports.render.markup import join, tag, text, whole
from provenance.reports.render.page import PageSection, answers, day, report_page
from provenance.reports.render.tables import TableColumn, missing, table

REPORTS = (
    TableColumn("Report"),
    TableColumn("For", "text"),
    TableColumn("Answers", "cell"),
    TableColumn("Read"),
)
OPEN = (TableColumn("Report"), TableColumn("Questions, by who should answer"))
OPEN_LEAD = join(
    "Only people can answer these. ",
    tag("code", "prov report --init"),
    " writes the questions to a file, and ",
    tag("code", "prov report --answers"),
    " reads the answers from it.",
)

LAYOUTS = {
    ".html": "HTML",
    ".md": "Markdown",
    ".docx": "Word",
    ".json": "JSON",
    ".jsonl": "JSON lines",
}
"""Name of a file's layout by the suffix of the file, in the order in which files are listed."""


def index_html(index: ReportIndex) -> str:
    """Render the page; its links lead to files of the same folder only."""
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


def _reports(index: ReportIndex) -> PageSection:
    rows = (
        (_about(entry), text(entry.readers), _answers(entry), _files(entry))
        for entry in index.reports
    )
    return PageSection(
        "reports",
        "Reports",
        "All reports are made from the same sealed release, so their numbers agree.",
        table("Reports in this folder", REPORTS, rows, named=False, kind="reports stack"),
    )


def _about(entry: IndexEntry) -> Markup:
    law = tag("span", entry.law, class_="detail") if entry.law else None
    return join(entry.title, law, tag("span", entry.about, class_="detail"))


def _answers(entry: IndexEntry) -> Markup:
    if not entry.asked:
        return missing("no questions")
    if not entry.not_provided:
        return text(f"all {entry.asked:,} provided")
    open_of_all = f"{len(entry.not_provided):,} of {entry.asked:,} not provided"
    return tag("span", open_of_all, class_="due")


def _files(entry: IndexEntry) -> Markup:
    found = {PurePath(name).suffix: name for name in entry.files}
    links = (
        tag("li", tag("a", layout, href=found[suffix], aria_label=f"{entry.title}, {layout}"))
        for suffix, layout in LAYOUTS.items()
        if suffix in found
    )
    return tag("ul", *links, class_="files")


def _warnings(index: ReportIndex) -> tuple[str, ...]:
    """List each warning once, with the names of the reports that give it."""
    found: dict[str, list[str]] = {}
    for entry in index.reports:
        for warning in entry.warnings:
            found.setdefault(warning, []).append(entry.report)
    return tuple(f"{', '.join(names)}: {warning}" for warning, names in found.items())


def _open(index: ReportIndex) -> PageSection:
    rows = [(entry.title, _questions(entry)) for entry in index.reports if entry.not_provided]
    return PageSection(
        "open",
        "Questions without an answer",
        OPEN_LEAD,
        table("Questions without an answer", OPEN, rows, named=False, kind="open stack")
        if rows
        else Markup(),
    )


def _questions(entry: IndexEntry) -> Markup:
    """List the questions under whoever should answer them."""
    found: dict[str, list[str]] = {}
    for question in entry.not_provided:
        found.setdefault(question.who, []).append(question.label)
    return join(
        *(
            tag("p", tag("strong", who), ": ", whole("; ".join(labels)))
            for who, labels in found.items()
        )
    )
