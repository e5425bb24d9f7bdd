"""A printed interval holds the exact one, and never stands on the wrong side of its limit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, strategies as st

from provenance.model.finding import BudgetResult, Verdict
from provenance.reports.render import chart, number, wording


def result(
    lo: float | None, hi: float | None, limit: Decimal, rule: str = "max_synthetic"
) -> BudgetResult:
    return BudgetResult(
        name="b",
        rule=rule,
        verdict=Verdict.PASS,
        lo=lo,
        hi=hi,
        limit=limit,
        numerator_lo=0,
        numerator_hi=0,
        denominator=1,
        unit="bytes",
        reason="",
    )


def value(printed: str) -> Decimal:
    return Decimal(printed.removesuffix("%").replace(",", ""))


@given(part=st.integers(0, 2**70), more=st.integers(0, 2**70))
def test_percentages_are_rounded_outwards(part: int, more: int) -> None:
    whole = part + more
    assume(whole)
    low, high = number.at_least(part, whole), number.at_most(part, whole)
    assert value(low) <= Fraction(100 * part, whole) <= value(high)
    assert value(high) - value(low) <= Decimal("0.1")
    assert (value(low) == 100) == (more == 0)
    assert (value(high) == 0) == (part == 0)


@given(
    lo=st.decimals(0, 1, places=5),
    width=st.decimals(0, 1, places=5),
    limit=st.decimals(0, 1, places=4),
)
def test_a_printed_interval_stands_where_the_exact_one_does(
    lo: Decimal, width: Decimal, limit: Decimal
) -> None:
    hi = min(lo + width, Decimal(1))
    printed = number.figures(result(float(lo), float(hi), limit))
    if lo < hi:
        assert value(printed.lo) <= 100 * lo
        assert value(printed.hi) >= 100 * hi
    else:
        assert printed.lo == printed.hi
        assert abs(value(printed.lo) - 100 * lo) <= Decimal("0.05")
    assert value(printed.limit) == 100 * limit
    assert (value(printed.lo) > value(printed.limit)) == (lo > limit)
    assert (value(printed.hi) > value(printed.limit)) == (hi > limit)


def test_a_share_just_over_its_limit_does_not_look_equal_to_it() -> None:
    printed = number.figures(result(0.35004, 0.35004, Decimal("0.35")))
    assert printed == ("35.004%", "35.004%", "35%")


def test_counts_are_whole_numbers() -> None:
    printed = number.figures(result(1234, 5678, Decimal(50_000), "min_human"))
    assert printed == ("1,234", "5,678", "50,000")


def test_no_human_part_is_said_in_words() -> None:
    assert number.figures(result(0.5, None, Decimal(2))).hi == "no human part"


def _end(value: float) -> float | None:
    return None if value == float("inf") else value


numbers = st.one_of(st.floats(0, 10), st.just(float("inf")))


@given(ends=st.tuples(numbers, numbers), limit=st.decimals(0, 3, places=3))
def test_a_bar_stays_on_its_scale_and_on_its_side(
    ends: tuple[float, float], limit: Decimal
) -> None:
    lo, hi = sorted(ends)
    drawn = chart.band(result(_end(lo), _end(hi), limit))
    assert 0 <= drawn.lo <= drawn.hi <= 1
    line = chart.budget_line(result(_end(lo), _end(hi), limit))
    full, rest = line.split("┃")
    over = any(c in rest for c in "█▒")
    assert over == (hi > float(limit))
    assert len(full + rest.rstrip(">")) == chart.CELLS


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_words(verdict: Verdict) -> None:
    assert wording.VERDICTS[verdict]
    assert wording.OUTCOMES[verdict]


@pytest.mark.parametrize(
    "rule", ["max_synthetic", "max_share", "min_human", "accumulate", "forbid"]
)
def test_every_rule_has_its_words(rule: str) -> None:
    assert "bytes" in wording.measure(result(0, 0, Decimal(0), rule))
