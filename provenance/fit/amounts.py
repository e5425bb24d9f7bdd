"""How much to take of each stratum: budgets as a programme, and its solution in records."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from provenance.fit.programme import Column, Line, Solution, relax, solve
from provenance.fit.rules import Rule
from provenance.fit.strata import Scheme, Stratum

TRIES = 4
"""Times that a rule is tightened, when the solver's floats made its answer miss it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be made large, under which rules, between which bounds.

    ``lower`` and ``upper`` are records by stratum; ``exact`` asks for whole records.
    """

    strata: Sequence[Stratum]
    rules: Sequence[Rule]
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


def applies(rule: Rule, counts: Sequence[int]) -> bool:
    """Whether a rule holds for a selection with these counts by stratum."""
    return not rule.own or any(counts[number] for number in rule.own)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Records to take by stratum, whether proven largest, and what no selection exceeds."""

    records: tuple[float, ...]
    proven: bool
    bound: float
    multipliers: tuple[Fraction, ...]


def amounts(task: Task) -> Amounts | None:
    """The largest amounts that keep every rule; None when no amounts do."""
    if any(low > high for low, high in zip(task.lower, task.upper, strict=True)):
        return None
    tightened = [0] * len(task.rules)
    bound = math.inf
    for attempt in range(TRIES):
        columns, lines, scales = _programme(task, tightened)
        solution = solve(columns, lines)
        if solution is None:
            return None
        found = _amounts(task, solution, columns, lines, scales)
        bound = min(bound, found.bound) if attempt == 0 else bound
        if not task.exact:
            return found
        counts = [round(value) for value in found.records]
        missed = task.excess(exact_sums(task.strata, counts), counts)
        if not any(missed):
            proven = solution.proven and not any(tightened)
            return Amounts(tuple(counts), proven, bound, ())
        tightened = [t + m * 4**attempt for t, m in zip(tightened, missed, strict=True)]
    raise ArithmeticError("the programme's answer keeps missing a rule that it was given")


def exact_sums(strata: Sequence[Stratum], counts: Iterable[int]) -> list[list[int]]:
    """Sums of so many records of each stratum, where all of its records are equal."""
    return [
        [total * count // stratum.records for total in stratum.sums]
        for stratum, count in zip(strata, counts, strict=True)
    ]


def _amounts(
    task: Task,
    solution: Solution,
    columns: Sequence[Column],
    lines: Sequence[Line],
    scales: Sequence[int],
) -> Amounts:
    multipliers: tuple[Fraction, ...] = ()
    if not task.exact:
        relaxed = relax(columns, lines) if any(c.integer for c in columns) else solution
        if relaxed is not None:
            duals = relaxed.multipliers[: len(task.rules)]
            multipliers = tuple(Fraction(d) / s for d, s in zip(duals, scales, strict=True))
    records = solution.values[: len(task.strata)]
    return Amounts(records, solution.proven, solution.bound, multipliers)


def _programme(task: Task, tightened: Sequence[int]) -> tuple[list[Column], list[Line], list[int]]:
    """One column per stratum, then totals and switches; one line per rule, then what ties them.

    A total stands for the size of everything, so that a rule about a part of the whole does not
    name every stratum. A switch is 1 when something of a group is taken. Lines are divided by a
    scale, which is returned, for the sake of the solver's tolerances.
    """
    columns = [
        Column(_each(s, 0), low, high, task.exact, _tie(number, s))
        for number, (s, low, high) in enumerate(
            zip(task.strata, task.lower, task.upper, strict=True)
        )
    ]
    ties: list[Line] = []
    totals = _totals(task, columns, ties)
    lines, scales = [], []
    for rule, tighter in zip(task.rules, tightened, strict=True):
        entries = {
            number: a * _each(task.strata[number], rule.size)
            + b * _each(task.strata[number], rule.hi)
            for number, (a, b) in rule.parts.items()
        }
        at_most = float(rule.at_most - tighter)
        if rule.own:
            most = sum(max(0.0, v) * task.upper[n] for n, v in entries.items()) - at_most
            entries[_switch(task, rule, columns, ties)] = most
            at_most += most
        if rule.whole:
            entries[totals[rule.size]] = rule.whole
        scale = _scale(entries, at_most, task.exact)
        scales.append(scale)
        kept = tuple((n, v / scale) for n, v in sorted(entries.items()) if v)
        lines.append(Line(kept, at_most / scale))
    return columns, lines + ties, scales


def _each(stratum: Stratum, measure: int) -> float:
    """A measure of one record of the stratum; an integer when all of its records are equal."""
    return stratum.sums[measure] / stratum.records


def _scale(entries: Mapping[int, float], at_most: float, exact: bool) -> int:
    """The greatest common divisor of an integer line; of another the size of its largest entry."""
    if exact:
        return math.gcd(*map(int, entries.values()), int(at_most)) or 1
    return max(1, round(max(map(abs, entries.values()), default=1.0)))


def _totals(task: Task, columns: list[Column], ties: list[Line]) -> dict[int, int]:
    """A column per measure whose whole some rule looks at."""
    totals: dict[int, int] = {}
    for measure in sorted({rule.size for rule in task.rules if rule.whole}):
        sizes = [(n, _each(s, measure)) for n, s in enumerate(task.strata) if s.sums[measure]]
        totals[measure] = len(columns)
        columns.append(Column(0.0, 0.0, math.inf, False))
        ties.append(Line((*sizes, (totals[measure], -1.0)), 0.0, 0.0))
    return totals


def _switch(task: Task, rule: Rule, columns: list[Column], ties: list[Line]) -> int:
    """A column that is 1 when something of the rule's own strata is taken."""
    switch = len(columns)
    columns.append(Column(0.0, 0.0, 1.0, True))
    for number in sorted(rule.own):
        ties.append(Line(((number, 1.0), (switch, -float(task.upper[number]))), 0.0))
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
    for place, term in enumerate(scheme.terms):
        for number, stratum in enumerate(strata):
            if place == relaxed:
                continue
            if term.budget.rule == "forbid" and stratum.truths[place] is not False:
                upper[number] = 0
            if term.budget.rule == "accumulate" and stratum.truths[place]:
                lower[number] = stratum.records
    return lower, upper
