"""Decide how many records to take of each stratum, by solving an integer programme."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from provenance.policy.fit.constraints import LinearRule
from provenance.policy.fit.milp import (
    Constraint,
    Solution,
    Variable,
    relax,
    solve,
    solve_within_gap,
)
from provenance.policy.fit.strata import Scheme, Stratum

WHOLE = 4_000_000
"""Variables times constraints above which only integers next to the linear solution are tried."""

WIDTHS = (0, 8, 64)
"""Records on each side of it: the wider ones where the narrower hold no solution."""

TINY = 1e-6
"""Parts of a record that are the solver's rounding."""

TRIES = 4
"""Times that a rule is tightened, when the solver's floats made its answer miss it."""


@dataclass(frozen=True, slots=True)
class FitProblem:
    """The problem to solve: the strata, the rules, and bounds on the records taken of each stratum.

    ``lower`` and ``upper`` are records by stratum; ``exact`` asks for whole records.
    """

    strata: Sequence[Stratum]
    rules: Sequence[LinearRule]
    lower: Sequence[int]
    upper: Sequence[int]
    exact: bool

    def left_sides(self, sums: Sequence[Sequence[int]]) -> list[int]:
        """Left side of every rule when these sums are taken of the strata."""
        measures = range(len(sums[0]) if sums else 0)
        totals = [sum(taken[m] for taken in sums) for m in measures]
        return [
            rule.whole * totals[rule.size]
            + sum(a * sums[n][rule.size] + b * sums[n][rule.hi] for n, (a, b) in rule.parts.items())
            for rule in self.rules
        ]

    def excess(self, sums: Sequence[Sequence[int]], counts: Sequence[int]) -> list[int]:
        """By how much every rule is missed; zero where it is kept, or does not apply."""
        return [
            max(0, left - rule.at_most) if applies(rule, counts) else 0
            for rule, left in zip(self.rules, self.left_sides(sums), strict=True)
        ]

    def inactive_rules(self, sums: Sequence[Sequence[int]], counts: Sequence[int]) -> list[bool]:
        """Which rules are broken but do not apply, because nothing of their group is taken."""
        lefts = self.left_sides(sums)
        return [
            left > rule.at_most and not applies(rule, counts)
            for rule, left in zip(self.rules, lefts, strict=True)
        ]


def applies(rule: LinearRule, counts: Sequence[int]) -> bool:
    """Whether a rule applies to a selection with these counts by stratum."""
    return not rule.own or any(counts[number] for number in rule.own)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Records to take by stratum, whether proven largest, and what no selection exceeds."""

    records: tuple[float, ...]
    proven: bool
    bound: float
    multipliers: tuple[Fraction, ...]


def amounts(problem: FitProblem) -> Amounts | None:
    """The largest amounts that keep every rule; None when no amounts do."""
    if any(low > high for low, high in zip(problem.lower, problem.upper, strict=True)):
        return None
    tightened = [0] * len(problem.rules)
    bound = math.inf
    for attempt in range(TRIES):
        columns, lines, scales = _programme(problem, tightened)
        large = len(columns) * len(lines) > WHOLE and any(column.integer for column in columns)
        solution = _nearby(problem, columns, lines) if large else solve(columns, lines)
        if solution is None:
            return None
        found = _amounts(problem, solution, columns, lines, scales)
        bound = min(bound, found.bound) if attempt == 0 else bound
        if not problem.exact:
            return found
        counts = [round(value) for value in found.records]
        missed = problem.excess(exact_sums(problem.strata, counts), counts)
        if not any(missed):
            proven = solution.proven and not any(tightened)
            return Amounts(tuple(counts), proven, bound, ())
        tightened = [t + m * 4**attempt for t, m in zip(tightened, missed, strict=True)]
    raise ArithmeticError("the programme's answer keeps missing a rule that it was given")


def _nearby(
    problem: FitProblem, columns: Sequence[Variable], lines: Sequence[Constraint]
) -> Solution | None:
    """Solve a large programme: the best integers next to the solution of the linear relaxation.

    As a rule these are within a few records of what the relaxation bounds, and found in seconds
    where the search through all integers takes hours. Whether they are the best is known only when
    they reach that bound.
    """
    relaxed = solve([replace(column, integer=False) for column in columns], lines)
    if relaxed is None:
        return None
    for width in WIDTHS:
        found = solve_within_gap(_bounded_variables(problem, columns, relaxed.values, width), lines)
        if found is not None:
            worth = sum(c.worth * v for c, v in zip(columns, found.values, strict=True))
            proven = found.proven and worth > relaxed.bound - 1 + TINY
            return replace(found, proven=proven, bound=relaxed.bound)
    return solve_within_gap(columns, lines)


def _bounded_variables(
    problem: FitProblem, columns: Sequence[Variable], values: Sequence[float], width: int
) -> list[Variable]:
    """Bound each integer to ``width`` on each side of its relaxed value.

    A switch that is on stays on. One that is half on is put on at first; where more room is needed
    it is free, and the strata of its group with it.
    """
    first = len(columns) - sum(1 for rule in problem.rules if rule.own)
    switched = [rule.own for rule in problem.rules if rule.own]
    half = [width > 0 and TINY < value < 1 - TINY for value in values[first:]]
    free = {
        number for own, half_on in zip(switched, half, strict=True) if half_on for number in own
    }
    narrowed = list(columns)
    for at, (column, value) in enumerate(zip(columns, values, strict=True)):
        if at >= first:
            narrowed[at] = replace(column, lower=float(value > TINY and not half[at - first]))
        elif column.integer and at not in free:
            least, most = math.floor(value + TINY) - width, math.ceil(value - TINY) + width
            narrowed[at] = replace(
                column, lower=max(column.lower, least), upper=min(column.upper, most)
            )
    return narrowed


def exact_sums(strata: Sequence[Stratum], counts: Iterable[int]) -> list[list[int]]:
    """Sums of so many records of each stratum, where all of its records are equal."""
    return [
        [total * count // stratum.records for total in stratum.sums]
        for stratum, count in zip(strata, counts, strict=True)
    ]


def _amounts(
    problem: FitProblem,
    solution: Solution,
    columns: Sequence[Variable],
    lines: Sequence[Constraint],
    scales: Sequence[int],
) -> Amounts:
    multipliers: tuple[Fraction, ...] = ()
    if not problem.exact:
        relaxed = relax(columns, lines) if any(c.integer for c in columns) else solution
        if relaxed is not None:
            duals = relaxed.multipliers[: len(problem.rules)]
            multipliers = tuple(Fraction(d) / s for d, s in zip(duals, scales, strict=True))
    records = solution.values[: len(problem.strata)]
    return Amounts(records, solution.proven, solution.bound, multipliers)


def _programme(
    problem: FitProblem, tightened: Sequence[int]
) -> tuple[list[Variable], list[Constraint], list[int]]:
    """One column per stratum, then totals and switches; one line per rule, then what ties them.

    A total stands for the size of everything, so that a rule about a part of the whole does not
    name every stratum. A switch is 1 when something of a group is taken. Lines are divided by a
    scale, which is returned, for the sake of the solver's tolerances.
    """
    columns = [
        Variable(_each(s, 0), low, high, problem.exact, _tie(number, s))
        for number, (s, low, high) in enumerate(
            zip(problem.strata, problem.lower, problem.upper, strict=True)
        )
    ]
    ties: list[Constraint] = []
    totals = _totals(problem, columns, ties)
    lines, scales = [], []
    for rule, tighter in zip(problem.rules, tightened, strict=True):
        entries = {
            number: a * _each(problem.strata[number], rule.size)
            + b * _each(problem.strata[number], rule.hi)
            for number, (a, b) in rule.parts.items()
        }
        at_most = float(rule.at_most - tighter)
        if rule.own:
            most = sum(max(0.0, v) * problem.upper[n] for n, v in entries.items()) - at_most
            entries[_switch(problem, rule, columns, ties)] = most
            at_most += most
        if rule.whole:
            total = totals[rule.size]
            entries[total.column] = float(rule.whole * total.each)
        scale = _scale(entries, at_most, problem.exact)
        scales.append(scale)
        kept = tuple((n, v / scale) for n, v in sorted(entries.items()) if v)
        lines.append(Constraint(kept, at_most / scale))
    return columns, lines + ties, scales


class Total(NamedTuple):
    """The column of a total, and how much one of it is."""

    column: int
    each: int


def _each(stratum: Stratum, measure: int) -> float:
    """A measure of one record of the stratum; an integer when all of its records are equal."""
    return stratum.sums[measure] / stratum.records


def _scale(entries: Mapping[int, float], at_most: float, exact: bool) -> int:
    """The greatest common divisor of an integer line; of another the size of its largest entry."""
    if exact:
        return math.gcd(*map(int, entries.values()), int(at_most)) or 1
    return max(1, round(max(map(abs, entries.values()), default=1.0)))


def _totals(
    problem: FitProblem, columns: list[Variable], ties: list[Constraint]
) -> dict[int, Total]:
    """A column per measure whose whole some rule looks at, in so many average records."""
    totals: dict[int, Total] = {}
    for measure in sorted({rule.size for rule in problem.rules if rule.whole}):
        sizes = [(n, _each(s, measure)) for n, s in enumerate(problem.strata) if s.sums[measure]]
        records = sum(s.records for s in problem.strata)
        each = (
            1 if problem.exact else max(1, sum(s.sums[measure] for s in problem.strata) // records)
        )
        totals[measure] = Total(len(columns), each)
        columns.append(Variable(0.0, 0.0, math.inf, False))
        parts = tuple((number, size / each) for number, size in sizes)
        ties.append(Constraint((*parts, (totals[measure].column, -1.0)), 0.0, 0.0))
    return totals


def _switch(
    problem: FitProblem, rule: LinearRule, columns: list[Variable], ties: list[Constraint]
) -> int:
    """A column that is 1 when something of the rule's own strata is taken."""
    switch = len(columns)
    columns.append(Variable(0.0, 0.0, 1.0, True))
    for number in sorted(rule.own):
        ties.append(Constraint(((number, 1.0), (switch, -float(problem.upper[number]))), 0.0))
    return switch


def _tie(number: int, stratum: Stratum) -> int:
    """Among equals the less synthetic is taken first; then what a digest of the number says."""
    size, hi = stratum.sums[:2]
    human = (size - hi) * 2**24 // size if size else 0
    return human + 1 + int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:3])


def limits(
    scheme: Scheme, strata: Sequence[Stratum], relaxed: int | None = None
) -> tuple[list[int], list[int]]:
    """Records to take at least and at most of each stratum, budget number ``relaxed`` ignored."""
    upper = [stratum.records for stratum in strata]
    lower = [0] * len(strata)
    for index, aggregate in enumerate(scheme.aggregates):
        for number, stratum in enumerate(strata):
            if index == relaxed:
                continue
            if aggregate.budget.rule == "forbid" and stratum.truths[index] is not False:
                upper[number] = 0
            if aggregate.budget.rule == "accumulate" and stratum.truths[index]:
                lower[number] = stratum.records
    return lower, upper
