"""Build the frame that all report pages share: head, first answers, sections, footer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from markupsafe import Markup

from provenance.content.web_page import Skip, render_page
from provenance.model.reports.facts import Share
from provenance.reports.render import chart, number

Legend = tuple[tuple[str, str, str], ...]
"""Rows of a legend: the CSS class of a part, its name, and its amount."""


class PageSection(NamedTuple):
    """A section of a page, with its title in the list of contents."""

    anchor: str
    title: str
    lead: str | None
    body: Markup


def report_page(
    template: str, title: str, parts: Sequence[PageSection], *, skip: Skip, **values: Any
) -> str:
    """Render a page about a release.

    Args:
        template: name of the template.
        title: of the window.
        parts: the sections.
        skip: the anchor that a keyboard reaches first, and its name.
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
    """Build the first answers of a page: how much is synthetic, how much unknown, and a bar."""
    legend: Legend = (
        ("synthetic", "Synthetic", f"at least {number.at_least(share.lo, share.size)}"),
        ("open", "Not known", number.at_most(share.hi - share.lo, share.size)),
        ("human", "Human", f"at least {number.at_least(share.size - share.hi, share.size)}"),
    )
    bar = chart.share_bar(share)
    return {"first": first, "second": second, "bar": bar, "legend": legend}


def day(moment: datetime) -> str:
    """Write a day in words."""
    return f"{moment:%d %B %Y}".lstrip("0")
