"""Render a disclosure as one HTML page, every field with its source."""

from __future__ import annotations

from markupsafe import Markup

from provenance.content.web_page import Skip
from provenance.model.reports.disclosure import Disclosure, Line, Scalar, Section, Table
from provenance.reports.render import disclosure_wording, number
from provenance.reports.render.markup import join, tag, text, whole
from provenance.reports.render.page import PageSection, answers, day, report_page
from provenance.reports.render.tables import Cells, TableColumn, missing, table

FIELDS = (TableColumn("Field"), TableColumn("Content", "text"), TableColumn("From", "from"))


def disclosure_html(report: Disclosure) -> str:
    """Render the page; it loads nothing and holds every number of the JSON."""
    parts = [_section(section) for section in report.sections]
    return report_page(
        "disclosure.html",
        f"{report.title}: {report.release}",
        parts,
        skip=Skip(parts[0].anchor, "the first section"),
        facts=report,
        eyebrow=report.law,
        heading=report.title,
        outcome="fail" if report.missing else "pass",
        completeness=disclosure_wording.completeness(report),
        figures=_figures(report),
        vouched=disclosure_wording.vouched(report),
        warnings=[whole(warning) for warning in report.warnings],
        **answers(
            report.share, disclosure_wording.synthetic(report), disclosure_wording.unknown(report)
        ),
    )


def _figures(report: Disclosure) -> list[tuple[str, str]]:
    found = [
        ("Records", number.count(report.records)),
        ("Size", number.size(report.share.size)),
        ("Sources", number.count(report.sources)),
        ("Sealed", day(report.created_at)),
    ]
    if report.asked:
        found.append(("Answers", f"{report.asked - report.missing:,} of {report.asked:,}"))
    return found


def _section(section: Section) -> PageSection:
    anchor = "section-" + "".join(c if c.isalnum() else "-" for c in section.number).strip("-")
    tables = (_table(line.label, line.table) for line in section.lines if line.table)
    plain = [line for line in section.lines if not line.table]
    fields = _fields(section.title, plain) if plain else None
    title = section.title if section.number == "0" else f"{section.number} {section.title}"
    lead = None if section.lines else "Nothing is stated here."
    return PageSection(anchor, title, lead, join(fields, *tables))


def _fields(title: str, lines: list[Line]) -> Markup:
    rows = ((line.label, _content(line), _origin(line)) for line in lines)
    return table(f"{title}: fields", FIELDS, rows, named=False, kind="fields stack")


def _content(line: Line) -> Markup:
    pieces = disclosure_wording.values(line)
    if line.status != "out of scope" and line.value in (None, ()):
        return missing(pieces[0])
    if len(pieces) == 1:
        return whole(pieces[0])
    return tag("ul", *(tag("li", whole(piece)) for piece in pieces))


def _origin(line: Line) -> Markup:
    if line.status == "not provided":
        return tag("span", disclosure_wording.origin(line), class_="due")
    return text(disclosure_wording.origin(line))


def _table(title: str, content: Table) -> Markup:
    first, *others = content.columns
    columns = [
        TableColumn(first),
        *(TableColumn(name, _kind(at, content)) for at, name in enumerate(others, 1)),
    ]
    kind = "wide" if len(columns) > WIDE else None
    return table(title, columns, map(_cells, content.rows), kind=kind)


def _cells(row: tuple[Scalar, ...]) -> Cells:
    return [
        missing(disclosure_wording.NOT_STATED)
        if value is None
        else whole(disclosure_wording.scalar(value))
        for value in row
    ]


WIDE = 8
"""Most columns of a table in letters of normal size."""


def _kind(column: int, content: Table) -> str:
    """Choose the CSS class of a column: numbers align right, addresses break within words."""
    if disclosure_wording.numeric(column, content.rows):
        return "number"
    cells = (row[column] for row in content.rows)
    return "address" if any("://" in one for one in cells if isinstance(one, str)) else "cell"
