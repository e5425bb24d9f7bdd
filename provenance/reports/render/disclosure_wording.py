"""Word the sentences and values of a disclosure that every layout shares."""

from __future__ import annotations

import re

from provenance.model.reports.disclosure import Disclosure, Line, Scalar
from provenance.model.reports.report_index import ReportIndex
from provenance.reports.render import number

_PERCENT = re.compile(r"\d+(\.\d+)?%")

NOT_STATED = "not stated"


def synthetic(report: Disclosure | ReportIndex) -> str:
    """State the first answer: how much is synthetic."""
    share = report.share
    return (
        f"Synthetic: at least {number.at_least(share.lo, share.size)}, "
        f"at most {number.at_most(share.hi, share.size)} of bytes."
    )


def unknown(report: Disclosure | ReportIndex) -> str:
    """State the second answer: how much is not known."""
    share = report.share
    if share.lo == share.hi:
        return "The origin of every byte is known."
    part = number.at_most(share.hi - share.lo, share.size)
    return (
        f"Not known: {part} of bytes may be human or synthetic; the origin of "
        f"{number.count(report.unknown_records)} records is unknown."
    )


def completeness(report: Disclosure | ReportIndex) -> str:
    """State how many questions have no answer."""
    if not report.asked:
        return "Filled from the ledger"
    if not report.missing:
        return "Every question is answered"
    answers = "answer" if report.missing == 1 else "answers"
    return f"{number.count(report.missing)} {answers} not provided"


def vouched(report: Disclosure) -> str:
    """State who is responsible for the answers."""
    if not report.asked:
        return "This report asks no questions: everything here is from the ledger."
    if not report.attested:
        return "No question has been answered yet: everything here is from the ledger."
    return f"Responsible for the answers: {'; '.join(report.attested)}."


def scalar(value: Scalar) -> str:
    """Write one plain value."""
    if value is None:
        return NOT_STATED
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number.count(value) if isinstance(value, int) else value


def values(line: Line) -> tuple[str, ...]:
    """Write the values of a line; an empty one is written as a word."""
    if line.status in {"not provided", "not applicable"}:
        return (line.status,)
    if line.status == "out of scope":
        return (line.note or "",)
    if isinstance(line.value, tuple):
        return line.value or ("none",)
    if line.value is None:
        return ("not determined" if line.yes_no else "none",)
    return (scalar(line.value),)


def origin(line: Line) -> str:
    """State who gave a value, or who should."""
    if line.status == "answered":
        return f"answered by {line.by}" if line.by else "answered"
    if line.status == "not provided":
        return line.note or ""
    return "ledger" if line.status == "ledger" else ""


def numeric(column: int, rows: tuple[tuple[Scalar, ...], ...]) -> bool:
    """Whether a column of a table holds numbers only."""
    cells = [row[column] for row in rows if row[column] is not None]
    if cells and all(isinstance(one, str) and _PERCENT.fullmatch(one) for one in cells):
        return True
    return bool(cells) and all(isinstance(one, int) and not isinstance(one, bool) for one in cells)
