"""Render a release as one HTML page: self-contained, without a script, readable on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from provenance.content.web_page import Skip, render_page
from provenance.model.reports.facts import Facts, Share
from provenance.reports.render import chart, number, sections, wording

Legend = tuple[tuple[str, str, str], ...]
"""Rows of a legend: the class of a part, its name, and its amount."""


def facts_html(facts: Facts) -> str:
    """The page; it loads nothing from anywhere and holds every number of the JSON report."""
    parts = [section for section in sections.all_of(facts) if section.body]
    return report_page(
        "release.html",
        f"Release {facts.release}: {wording.VERDICTS[facts.verdict]}",
        parts,
        skip=Skip("budgets", "the budgets"),
        facts=facts,
        eyebrow="Release report",
        heading=facts.release,
        verdict=wording.OUTCOMES[facts.verdict],
        tally=wording.tally(facts.budgets),
        figures=_figures(facts),
        **answers(facts.share("bytes"), wording.synthetic(facts), wording.unknown(facts)),
    )


def report_page(
    template: str, title: str, parts: Sequence[sections.Section], *, skip: Skip, **values: Any
) -> str:
    """A page about a release.

    Args:
        template: name of the template.
        title: of the window.
        parts: the sections.
        skip: the anchor that a keyboard gets to first, and its name.
        values: what the template asks for.
    """
    return render_page(
        "provenance.reports.render",
        template,
        style="report.css",
        title=title,
        skip=skip,
        parts=parts,
        **values,
    )


def answers(share: Share, first: str, second: str) -> dict[str, Any]:
    """The first answers of a page: how much is synthetic, how much is not known, as a bar."""
    legend: Legend = (
        ("synthetic", "Synthetic", f"at least {number.at_least(share.lo, share.size)}"),
        ("open", "Not known", number.at_most(share.hi - share.lo, share.size)),
        ("human", "Human", f"at least {number.at_least(share.size - share.hi, share.size)}"),
    )
    bar = chart.share_bar(share)
    return {"first": first, "second": second, "bar": bar, "legend": legend}


def day(moment: datetime) -> str:
    """A day in words."""
    return f"{moment:%d %B %Y}".lstrip("0")


def _figures(facts: Facts) -> list[tuple[str, str]]:
    return [
        ("Records", number.count(facts.records)),
        ("Size", number.size(facts.totals["bytes"])),
        ("Words", number.count(facts.totals["words"])),
        ("Sources", number.count(facts.breakdown("source").groups)),
        ("Sealed", day(facts.created_at)),
    ]
