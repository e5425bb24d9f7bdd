"""Numbers as people read them; an interval is only ever rounded outwards."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from provenance.model.finding import BudgetResult

SHARES = frozenset({"max_synthetic", "max_share"})
"""Rules whose ends and limit are fractions; those of the other rules are counts."""

FINEST = 6
"""Most decimals of a percentage; finer differences than that are left to the exact numbers."""


def count(number: int) -> str:
    """An integer with its thousands set apart."""
    return f"{number:,}"


def size(number: int) -> str:
    """Bytes in decimal units, as a first impression.

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
    """A percentage rounded down.

    >>> at_least(1, 3), at_least(999_999, 1_000_000)
    ('33.3%', '99.9%')
    """
    return _tenths(part * 1000 // whole if whole else 0)


def at_most(part: int, whole: int) -> str:
    """A percentage rounded up: nothing is called 0 % that is not.

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
        """Both ends, or the one where they are the same."""
        return self.lo if self.lo == self.hi else f"{self.lo} to {self.hi}"


def figures(result: BudgetResult) -> Figures:
    """A budget's numbers with as many decimals as it takes to tell the ends from the limit.

    A share of 35.004 % under a limit of 35 % would else be printed as equal to it.
    """
    if result.rule not in SHARES:
        lo, hi = result.ends
        least_count, most_count = _whole(lo, ROUND_FLOOR), _whole(hi, ROUND_CEILING)
        return Figures(least_count, most_count, _whole(result.limit, ROUND_CEILING))
    limit = result.limit * 100
    least, most = (exact(end) * 100 for end in result.ends)
    # Rounded outwards, but a single value must not look like an interval.
    down, up = (ROUND_HALF_EVEN,) * 2 if least == most else (ROUND_FLOOR, ROUND_CEILING)
    for decimals in range(1, FINEST + 1):
        low, high = _round(least, decimals, down), _round(most, decimals, up)
        if (low > limit) == (least > limit) and (high > limit) == (most > limit):
            break
    return Figures(_percent(low), _percent(high), f"{limit.normalize():f}%")


def exact(value: float) -> Decimal:
    """The decimal that a float was written as.

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
