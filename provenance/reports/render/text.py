"""Render a judgement as plain text in aligned columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from provenance.content.display import shown
from provenance.model.finding import Judgement
from provenance.reports.render import chart, number, wording

GAP = "  "


def judgement_text(judgement: Judgement) -> str:
    """Render the verdict, a line per budget with its reason below, and the findings."""
    lines = [f"{wording.outcome(judgement)} ({wording.tally(judgement.budgets)})", ""]
    lines += _budgets(judgement)
    if judgement.judged:
        lines.append("")
        lines += (f"judged: {shown(wording.judged_fields(each))}" for each in judgement.judged)
    if judgement.unread and judgement.unread.files:
        lines += ["", "Not read:", ""]
        reasons = wording.unread_reasons(judgement.unread)
        lines += (f"    {shown(reason)}" for reason in reasons)
    if judgement.findings:
        lines += ["", f"Findings: {number.count(len(judgement.findings))}", ""]
    for found in judgement.findings:
        lines.append(f"{found.severity}  {found.code}  {shown(found.subject)}")
        lines.append(f"    {shown(found.reason)}")
        if found.remedy:
            lines.append(f"    hint: {shown(found.remedy)}")
    return "\n".join(lines) + "\n"


def _budgets(judgement: Judgement) -> Iterator[str]:
    heads = (
        "VERDICT",
        "BUDGET",
        "GROUP",
        "AT LEAST",
        "AT MOST",
        "LIMIT",
        "OF",
        "0 TO TWICE THE LIMIT",
    )
    results = wording.worst_first(judgement.budgets)
    rows = [heads]
    for result in results:
        numbers = number.figures(result)
        rows.append(
            (
                wording.VERDICTS[result.verdict],
                shown(result.name),
                shown(wording.group(result)),
                *numbers,
                wording.measure(result),
                chart.budget_line(result),
            )
        )
    head, *lines = _aligned(rows, right=range(3, 6))
    yield head
    for line, result in zip(lines, results, strict=True):
        yield line
        yield f"    {shown(result.reason)}"


def _aligned(rows: Sequence[Sequence[str]], right: range) -> Iterator[str]:
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - width(cell))
            cells.append(space + cell if column in right else cell + space)
        yield GAP.join(cells).rstrip()


def width(text: str) -> int:
    """Count the terminal columns of a text: wide letters take two, combining marks none.

    >>> width("\u65e5\u672c"), width("e\u0301")
    (4, 1)
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
