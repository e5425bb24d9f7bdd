"""Render a disclosure as GitHub-flavoured Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.model.reports.disclosure import Disclosure, Line, Section, Table
from provenance.reports.render import disclosure_wording
from provenance.reports.render.markdown import code, whole


def disclosure_markdown(report: Disclosure) -> str:
    """Render the report with the same content as the page and the JSON."""
    lines = [
        f"# {whole(report.title)}",
        "",
        f"{whole(report.law)}",
        "",
        f"**{disclosure_wording.completeness(report)}** · Release {code(report.release)}",
        "",
        f"**{disclosure_wording.synthetic(report)}** {disclosure_wording.unknown(report)}",
        "",
        whole(disclosure_wording.vouched(report)),
    ]
    if report.warnings:
        lines += ["", "## Warnings", ""]
        lines += [f"- {whole(warning)}" for warning in report.warnings]
    for section in report.sections:
        lines += ["", *_section(section)]
    lines += [
        "",
        "---",
        "",
        f"Sealed {report.created_at.isoformat()} by prov {code(report.tool_version)}.",
        "",
        f"Body digest {code(report.body_digest)}.",
    ]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> Iterator[str]:
    title = section.title if section.number == "0" else f"{section.number} {section.title}"
    yield f"## {whole(title)}"
    plain = [line for line in section.lines if line.table is None]
    if plain:
        yield ""
        yield "| Field | Content | From |"
        yield "| --- | --- | --- |"
        for line in plain:
            yield (
                f"| {whole(line.label)} | {_content(line)} "
                f"| {whole(disclosure_wording.origin(line))} |"
            )
    for line in section.lines:
        if line.table is not None:
            yield ""
            yield f"### {whole(line.label)}"
            yield ""
            yield from _table(line.table)


def _content(line: Line) -> str:
    pieces = (_cell(piece) for piece in disclosure_wording.values(line))
    content = "; ".join(pieces)
    return f"*{content}*" if line.status in {"not provided", "not applicable"} else content


def _cell(value: str) -> str:
    """Write a text of several lines in one cell."""
    return "<br>".join(whole(line) for line in value.splitlines())


def _table(table: Table) -> Iterator[str]:
    rules = [
        "---:" if disclosure_wording.numeric(column, table.rows) else "---"
        for column in range(len(table.columns))
    ]
    yield f"| {' | '.join(map(whole, table.columns))} |"
    yield f"| {' | '.join(rules)} |"
    for row in table.rows:
        cells = (
            f"*{disclosure_wording.NOT_STATED}*"
            if one is None
            else _cell(disclosure_wording.scalar(one))
            for one in row
        )
        yield f"| {' | '.join(cells)} |"
