"""Word verdicts, headings and sentences once for all formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provenance.model.finding import WORSE, BudgetResult, Finding, Judged, Judgement, Verdict
from provenance.model.reports.facts import BreakdownRow, Dimension, Facts
from provenance.model.unread import Unread
from provenance.reports.render import number

VERDICTS: Mapping[Verdict, str] = {
    Verdict.PASS: "pass",
    Verdict.INDETERMINATE: "undecided",
    Verdict.FAIL: "fail",
}

OUTCOMES: Mapping[Verdict, str] = {
    Verdict.PASS: "Passes the policy",
    Verdict.INDETERMINATE: "Undecided: records of unknown origin decide",
    Verdict.FAIL: "Fails the policy",
}


def outcome(judgement: Judgement) -> str:
    """Word the verdict as a heading, with what was not read."""
    unread = judgement.unread
    if unread is None or not unread.files:
        return OUTCOMES[judgement.verdict]
    if judgement.undecided_by_unread:
        return f"Undecided: {not_read(unread)}, which may decide"
    return f"{OUTCOMES[judgement.verdict]}; {not_read(unread)}" + (
        ", which was allowed" if unread.allowed else ""
    )


def not_read(unread: Unread) -> str:
    """State how much was not read.

    >>> not_read(Unread(files=2, bytes=1200, rows=None))
    '2 files were not fully read (1,200 bytes)'
    """
    rows = f", {number.count(unread.rows)} rows" if unread.rows else ""
    files = "1 file was" if unread.files == 1 else f"{number.count(unread.files)} files were"
    return f"{files} not fully read ({number.count(unread.bytes)} bytes{rows})"


def unread_reasons(unread: Unread) -> list[str]:
    """List each reason with the size of what was not read; the caller escapes it."""
    found = []
    for reason, counted in unread.by_reason.items():
        files = "1 file" if counted.files == 1 else f"{number.count(counted.files)} files"
        rows = f", {number.count(counted.rows)} rows" if counted.rows is not None else ""
        found.append(f"{reason}: {files}{rows}, {number.count(counted.bytes)} bytes")
    return found


def judged_fields(shape: Judged) -> str:
    """State which fields of files of one structure were judged; the caller escapes it."""
    fields = ", ".join(shape.content) if shape.content != ("*",) else "the whole row"
    files = "1 file" if shape.files == 1 else f"{number.count(shape.files)} files"
    text = f"{fields} of {number.count(shape.rows)} rows in {files} ({shape.format})"
    return f"{text}; not {', '.join(shape.other_text)}" if shape.other_text else text


HEADINGS: Mapping[Dimension, str] = {
    "source": "By source",
    "label": "By label",
    "generator": "By model",
    "language": "By language",
    "depth": "By depth",
    "split": "By split",
    "process": "By process",
    "licence": "By licence",
}

COLUMN: Mapping[Dimension, str] = {
    "source": "Source",
    "label": "Label",
    "generator": "Model",
    "language": "Language",
    "depth": "Generative steps",
    "split": "Split",
    "process": "Process",
    "licence": "Licence",
}

CAPTIONS: Mapping[Dimension, str] = {
    "source": "Where the records come from.",
    "label": "The origin of the records by their evidence.",
    "generator": "Models that wrote the synthetic part. Human records are left out.",
    "language": "Languages that the records state.",
    "depth": "Least number of generative steps back to human text.",
    "split": "The splits of the set.",
    "process": "How the synthetic part was made. Human records are left out.",
    "licence": "Licences that the sources declare.",
}

NOTHING: Mapping[Dimension, str] = {
    "generator": "not known",
    "depth": "not known",
    "process": "not known",
    "split": "no split",
}
"""Name of a missing key by dimension; "not stated" for others."""

MEASURES: Mapping[str, str] = {
    "max_synthetic": "synthetic share of {unit}",
    "max_share": "share of {unit}",
    "min_human": "human {unit}, at least",
    "accumulate": "missing human {unit} of an earlier release",
    "forbid": "forbidden {unit}",
}


def key(row: BreakdownRow, by: Dimension) -> str:
    """Name a row; the caller escapes it."""
    if row.key is None:
        return NOTHING.get(by, "not stated")
    if not row.key.strip():
        return f'"{row.key}"'
    return f"{row.key} or more" if by == "depth" and row.key != "0" else row.key


def group(result: BudgetResult) -> str:
    """Name the group that a budget was judged on; the caller escapes it.

    A value that is empty, or equals the text for a missing value, is quoted.
    """
    members = (result.group or {}).items()
    return ", ".join(f"{name} = {_value(value)}" for name, value in members)


def _value(value: str | None) -> str:
    if value is None:
        return "not stated"
    return f'"{value}"' if not value.strip() or value == "not stated" else value


def measure(result: BudgetResult) -> str:
    """Name the quantity of a budget's numbers."""
    if result.per == "human":
        return f"synthetic {result.unit} for each human one"
    return MEASURES[result.rule].format(unit=result.unit)


def interval(result: BudgetResult) -> str:
    """Write a budget's interval and limit in words."""
    numbers = number.figures(result)
    share = " of" if result.rule in number.SHARES else ""
    return f"{numbers.interval}{share} {result.unit}, limit {numbers.limit}"


def advice(found: Finding) -> str:
    """Write the reason and remedy of a finding; the caller escapes it."""
    return f"{found.reason}; {found.remedy}" if found.remedy else found.reason


def synthetic(facts: Facts) -> str:
    """State the first answer: how much is synthetic."""
    share = facts.share("bytes")
    return (
        f"Synthetic: at least {number.at_least(share.lo, share.size)}, "
        f"at most {number.at_most(share.hi, share.size)} of bytes."
    )


def unknown(facts: Facts) -> str:
    """State the second answer: how much is not known."""
    share = facts.share("bytes")
    if share.lo == share.hi:
        return "The origin of every byte is known."
    part = number.at_most(share.hi - share.lo, share.size)
    sources = f"{facts.unsettled_sources:,} source{'s' if facts.unsettled_sources != 1 else ''}"
    return f"Not known: {part} of bytes, in {sources}, may be human or synthetic."


def tally(budgets: Iterable[BudgetResult]) -> str:
    """Count the results of each verdict, the worst first."""
    verdicts = [result.verdict for result in budgets]
    parts = [
        f"{verdicts.count(verdict):,} {VERDICTS[verdict]}"
        for verdict in (Verdict.FAIL, Verdict.INDETERMINATE, Verdict.PASS)
        if verdict in verdicts
    ]
    return ", ".join(parts)


def worst_first(budgets: Iterable[BudgetResult]) -> list[BudgetResult]:
    """Sort results by verdict, the worst first, else in the policy's order."""
    return sorted(budgets, key=lambda result: -WORSE[result.verdict])
