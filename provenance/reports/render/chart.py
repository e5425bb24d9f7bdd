"""Draw intervals: as inline SVG for pages, as a line of characters for plain text."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from provenance.model.finding import BudgetResult
from provenance.model.reports.facts import BreakdownRow, Share
from provenance.reports.render import number, wording
from provenance.reports.render.markup import join, tag

LIMIT = 0.5
"""Position of the limit on a budget's scale, which ends at twice the limit, so that the ticks of
all budgets are aligned."""

NARROWEST = 0.02
"""Least width of a band, so that one with equal ends is visible."""

CELLS = 20
"""Width of a bar in characters."""


class Band(NamedTuple):
    """An interval on a scale from 0 to 1; ``beyond`` when its upper end does not fit on it."""

    lo: float
    hi: float
    beyond: bool


def band(result: BudgetResult) -> Band:
    """Scale a budget's interval, with its limit at ``LIMIT``.

    Where the limit is 0, zero is drawn on the limit and all else beyond the scale.
    """
    limit = float(result.limit)
    ends = result.ends
    if limit == 0:
        lo, hi = (2 * LIMIT + 1 if end > 0 else LIMIT for end in ends)
    else:
        lo, hi = (end / limit * LIMIT for end in ends)
    return Band(min(lo, 1.0), min(hi, 1.0), hi > 1.0)


def budget_bar(result: BudgetResult) -> Markup:
    """Draw a budget's interval as a band, with its limit as a tick."""
    lo, hi, beyond = band(result)
    description = (
        f"{wording.VERDICTS[result.verdict]}: {wording.interval(result)}"
        f"{', beyond the end of the scale' if beyond else ''}"
    )
    width = max(hi - lo, NARROWEST)
    start = min(lo, 1 - width)
    return tag(
        "svg",
        tag("title", f"Interval and limit of {result.name}"),
        tag("desc", description),
        tag("rect", x="0", y="9", width="100%", height="6", rx="3", class_="track"),
        tag(
            "rect",
            x=_percent(start),
            y="6",
            width=_percent(width),
            height="12",
            rx="3",
            class_=f"band {result.verdict.value}",
        ),
        tag("rect", x=_percent(LIMIT - 0.003), y="1", width="0.6%", height="22", class_="limit"),
        role="img",
        class_="bar",
        width="100%",
        height="24",
    )


def share_bar(share: Share) -> Markup:
    """Draw the whole set as one bar: synthetic, not known, human."""
    description = (
        f"Synthetic {number.at_least(share.lo, share.size)} of {share.unit}, "
        f"not known {number.at_most(share.hi - share.lo, share.size)}, "
        f"human {number.at_least(share.size - share.hi, share.size)}"
    )
    return tag(
        "svg",
        tag("title", f"Composition of the set by {share.unit}"),
        tag("desc", description),
        _thirds(share.lo, share.hi, share.size, height="28"),
        role="img",
        class_="composition",
        width="100%",
        height="28",
    )


def row_bar(row: BreakdownRow) -> Markup:
    """Draw the composition of a table row, hidden from screen readers: the row has the numbers."""
    return tag(
        "svg",
        _thirds(row.lo_bytes, row.hi_bytes, row.bytes, height="10"),
        class_="small",
        width="100%",
        height="10",
        aria_hidden="true",
    )


def _thirds(lo: int, hi: int, size: int, *, height: str) -> Markup:
    parts = (("synthetic", 0, lo), ("open", lo, hi), ("human", hi, size))
    return join(
        *(
            tag(
                "rect",
                x=_percent(start / size),
                y="0",
                width=_percent((end - start) / size),
                height=height,
                class_=name,
            )
            for name, start, end in parts
            if end > start
        )
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}%"


def budget_line(result: BudgetResult) -> str:
    """Draw a budget in characters: full to the lower end, shaded to the upper, ``┃`` the limit.

    An interval that ends above the limit is drawn past it even if it is above by less than a cell.
    """
    lo, hi, beyond = band(result)
    limit = round(LIMIT * CELLS)
    full, reach = (_cells(end, limit) for end in (lo, hi))
    cells = "█" * full + "▒" * (reach - full) + "·" * (CELLS - reach)
    return f"{cells[:limit]}┃{cells[limit:]}{'>' if beyond else ''}"


def _cells(end: float, limit: int) -> int:
    cells = round(end * CELLS)
    if end > LIMIT:
        return max(cells, limit + 1)
    return min(cells, limit - 1) if end < LIMIT else limit
