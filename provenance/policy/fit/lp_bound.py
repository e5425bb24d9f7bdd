"""Compute an exact upper bound on the size of any selection, by linear duality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from provenance.model.base import Connection, quote_identifier
from provenance.policy.fit.allocation import FitProblem
from provenance.policy.fit.constraints import LinearRule
from provenance.policy.fit.strata import Stratum

BITS = 30
"""Binary places of the factors that are handed to SQL, rounded to the safe side."""


def linear_bound(
    connection: Connection, marked: str, problem: FitProblem, multipliers: Sequence[Fraction]
) -> int:
    """A size that no selection exceeds, whatever the multipliers; close where they are the duals.

    Lagrange: every rule is added to the worth with its multiplier, so that each record stands for
    itself: it is counted when it is then worth more than nothing.
    """
    values = _values(connection, marked, problem, multipliers)
    free = set(range(len(problem.strata)))
    bound = Fraction(0)
    for rule, multiplier in zip(problem.rules, multipliers, strict=True):
        bound += multiplier * rule.at_most
        if rule.own and multiplier:
            # Either nothing of the group is taken and the rule does not hold, or it holds.
            gated = rule.own & free
            free -= gated
            inside = sum((values[number] for number in gated), Fraction(0))
            spared = multiplier * (_most(problem, rule) - rule.at_most)
            forced = any(problem.lower[number] for number in rule.own)
            bound += inside if forced else max(inside, spared)
    bound += sum((values[number] for number in free), Fraction(0))
    return math.floor(bound)


def _most(problem: FitProblem, rule: LinearRule) -> int:
    """Upper bound on the left side of a rule for any selection."""
    return sum(
        max(0, a * problem.strata[n].sums[rule.size] + b * problem.strata[n].sums[rule.hi])
        for n, (a, b) in rule.parts.items()
        if problem.upper[n]
    )


def _values(
    connection: Connection, marked: str, problem: FitProblem, multipliers: Sequence[Fraction]
) -> dict[int, Fraction]:
    """By stratum, the sum of what its records are worth under the multipliers, if that is good."""
    measures = len(problem.strata[0].sums)
    factors = [[Fraction(m == 0) for m in range(measures)] for _ in problem.strata]
    everywhere = [Fraction(0)] * measures
    for rule, multiplier in zip(problem.rules, multipliers, strict=True):
        if not multiplier:
            continue
        everywhere[rule.size] -= multiplier * rule.whole
        for number, (a, b) in rule.parts.items():
            factors[number][rule.size] -= multiplier * a
            factors[number][rule.hi] -= multiplier * b
    total = [[f + e for f, e in zip(row, everywhere, strict=True)] for row in factors]
    values: dict[int, Fraction] = {}
    uneven: list[int] = []
    for number, (stratum, row) in enumerate(zip(problem.strata, total, strict=True)):
        if not problem.upper[number]:
            values[number] = Fraction(0)
        elif problem.lower[number] or _proportional(stratum, row):
            value = sum((f * s for f, s in zip(row, stratum.sums, strict=True)), Fraction(0))
            values[number] = value if problem.lower[number] else max(Fraction(0), value)
        else:
            uneven.append(number)
    return {**values, **_record_by_record(connection, marked, uneven, total)}


def _proportional(stratum: Stratum, factors: Sequence[Fraction]) -> bool:
    """Whether the worth of all records of a stratum has one sign.

    It has where nothing but the size counts, and a synthetic part that is all of it or none.
    """
    size, hi = stratum.sums[:2]
    return not any(factors[2:]) and (not factors[1] or hi in {0, size})


def _record_by_record(
    connection: Connection,
    marked: str,
    strata: Sequence[int],
    factors: Sequence[Sequence[Fraction]],
) -> dict[int, Fraction]:
    """The sum of what is worth more than nothing, where records of one stratum differ in that."""
    if not strata:
        return {}
    # The rounding is up, and sizes are not negative: what comes out is no less than the truth.
    measures = [m for m in range(len(factors[0])) if any(factors[n][m] for n in strata)]
    rounded = [[str(math.ceil(factors[n][m] * 2**BITS)) for n in strata] for m in measures]
    columns = ", ".join(f"unnest(CAST(? AS HUGEINT[])) AS f{m}" for m in measures)
    worth = " + ".join(f"f{m} * m{m}" for m in measures)
    rows = connection.execute(
        f"SELECT stratum, sum(greatest({worth}, 0)) FROM {quote_identifier(marked)} "
        f"JOIN (SELECT unnest(CAST(? AS INTEGER[])) AS stratum, {columns}) USING (stratum) "
        "GROUP BY stratum",
        [list(strata), *rounded],
    ).fetchall()
    return {number: Fraction(int(value), 2**BITS) for number, value in rows}
