"""Format numbers for people; intervals are always rounded outwards."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from provenance.model.finding import BudgetResult

SHARES = frozenset({"max_synthetic", "max_share"})
"""Rules whose interval and limit are fractions; those of other rules are counts."""

FINEST = 6
"""Most decimals of a percentage; the reports also hold the exact numbers."""


def count(number: int) -> str:
    """Format an integer with thousands separators."""
    return f"{number:,}"


def size(number: int) -> str:
    """Format a size in bytes in decimal units.

    >>> size(1_234_567), size(999)
    ('1.2 MB', '999 B')
    """
    value = Decimal(number)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.1f} {unit}" if unit != "B" else f"{number} B"
        value /= 1000
    return f"{value:,.1f} PB"


def at_least(part: int, whole: int) -> str:
    """Format a percentage rounded down.

    >>> at_least(1, 3), at_least(999_999, 1_000_000)
    ('33.3%', '99.9%')
    """
    return _tenths(part * 1000 // whole if whole else 0)


def at_most(part: int, whole: int) -> str:
    """Format a percentage rounded up: 0 % is printed for zero only.

    >>> at_most(1, 3), at_most(1, 1_000_000)
    ('33.4%', '0.1%')
    """
    return _tenths(-(-part * 1000 // whole) if whole else 0)


def _tenths(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%"


class Figures(NamedTuple):
    """The ends of a budget's interval and its limit, ready to print."""

    lo: str
    hi: str
    limit: str

    @property
    def interval(self) -> str:
        """Format both ends, or one if they are equal."""
        return self.lo if self.lo == self.hi else f"{self.lo} to {self.hi}"


def figures(result: BudgetResult) -> Figures:
    """Format a budget's numbers with as many decimals as needed to tell the ends from the limit.

    Otherwise a share of 35.004 % with a limit of 35 % would be printed as equal to it.
    """
    if result.rule not in SHARES:
        lo, hi = result.ends
        least_count, most_count = _whole(lo, ROUND_FLOOR), _whole(hi, ROUND_CEILING)
        return Figures(least_count, most_count, _whole(result.limit, ROUND_CEILING))
    limit = result.limit * 100
    least, most = (exact(end) * 100 for end in result.ends)
    # Rounded outwards, except a single value, which must not become an interval.
    down, up = (ROUND_HALF_EVEN,) * 2 if least == most else (ROUND_FLOOR, ROUND_CEILING)
    for decimals in range(1, FINEST + 1):
        low, high = _round(least, decimals, down), _round(most, decimals, up)
        if (low > limit) == (least > limit) and (high > limit) == (most > limit):
            break
    return Figures(_percent(low), _percent(high), f"{limit.normalize():f}%")


def exact(value: float) -> Decimal:
    """Return the shortest decimal of a float.

    >>> exact(0.35)
    Decimal('0.35')
    """
    return Decimal(repr(value))


def _round(value: Decimal, decimals: int, rounding: str) -> Decimal:
    if not value.is_finite():
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=rounding)


def _percent(value: Decimal) -> str:
    return f"{value:f}%" if value.is_finite() else "no human part"


def _whole(value: float | Decimal, rounding: str) -> str:
    number = value if isinstance(value, Decimal) else exact(value)
    return f"{_round(number, 0, rounding):,f}"
