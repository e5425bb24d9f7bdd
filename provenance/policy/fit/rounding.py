"""Round divisible amounts to whole records by taking or leaving records next to the cuts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from provenance.policy.fit.allocation import FitProblem
from provenance.policy.fit.milp import Constraint, Variable, solve_within_gap
from provenance.policy.fit.sampling import CutRecord

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Selection:
    """A selection by stratum, and the records next to the cuts that may still be flipped.

    ``sums`` and ``counts`` are exact and include the flipped records.
    """

    problem: FitProblem
    sums: list[list[int]]
    counts: list[int]
    at_cut: tuple[CutRecord, ...]
    flipped: set[int] = field(default_factory=set)

    def flip(self, at: int) -> None:
        """Take a record that is left out, or leave out one that is taken."""
        record = self.at_cut[at]
        sign = -1 if self.taken(at) else 1
        taken = self.sums[record.stratum]
        for measure, amount in enumerate(record.sums):
            taken[measure] += sign * amount
        self.counts[record.stratum] += sign
        self.flipped ^= {at}

    def taken(self, at: int) -> bool:
        """Whether a record is taken now."""
        return self.at_cut[at].taken != (at in self.flipped)

    @property
    def size(self) -> int:
        """The size taken, in the unit that is made large."""
        return sum(taken[0] for taken in self.sums)

    @property
    def kept(self) -> bool:
        """Whether every rule is kept, exactly."""
        return not any(self.problem.excess(self.sums, self.counts))

    @property
    def changed(self) -> list[CutRecord]:
        """The records that were flipped."""
        return [self.at_cut[at] for at in sorted(self.flipped)]


def repair(selection: Selection) -> None:
    """Flip the record that helps most until every rule is kept, or no flip helps."""
    adds, worth, slack, scale = _weigh(selection)
    if not len(adds):
        return
    sign = _signs(selection)
    while True:
        missing = (np.maximum(-slack, 0.0) / scale).sum()
        if missing == 0.0:
            return
        after = (np.maximum(sign[:, None] * adds - slack, 0.0) / scale).sum(axis=1)
        # Of equal helps the one that costs least; of equal costs the first.
        best = int(np.lexsort((np.arange(len(after)), -sign * worth, after))[0])
        if after[best] >= missing:
            return
        slack -= sign[best] * adds[best]
        selection.flip(best)
        sign[best] = -sign[best]


def add_fitting(selection: Selection) -> None:
    """Add single records, largest first, as long as one fits."""
    adds, worth, slack, _ = _weigh(selection)
    order = sorted(range(len(worth)), key=lambda at: (-worth[at], at))
    fits = True
    while fits:
        fits = False
        for at in order:
            if not selection.taken(at) and bool(np.all(adds[at] <= slack)):
                slack -= adds[at]
                selection.flip(at)
                fits = True


def search_sides(selection: Selection, allowance: int) -> None:
    """Choose all records next to the cuts together, by an integer programme.

    This is for rules that only certain combinations keep, such as shares of exactly one half each,
    which single flips do not find. The search stops at the first answer within the allowance of
    the best; an answer that is no better than the current selection is discarded.
    """
    if not selection.at_cut:
        return
    adds, worth, slack, scale = _weigh(selection)
    before = (selection.kept, selection.size)
    now = [selection.taken(at) for at in range(len(worth))]
    room = slack + adds[np.array(now, dtype=np.bool_)].sum(axis=0)
    columns = [Variable(float(value), 0.0, 1.0, True) for value in worth]
    lines = [
        Constraint(
            tuple((at, float(v)) for at, v in enumerate(adds[:, rule] / scale[rule]) if v),
            float(room[rule] / scale[rule]),
        )
        for rule in np.flatnonzero(np.isfinite(room))
    ]
    found = solve_within_gap(columns, lines, allowance)
    sides = found.values if found is not None else ()
    flips = [at for at, side in enumerate(sides) if (side > 0.5) != now[at]]
    for at in flips:
        selection.flip(at)
    if (selection.kept, selection.size) <= before:
        for at in flips:
            selection.flip(at)


def _signs(selection: Selection) -> Floats:
    """Sign of a flip: +1 adds the record to the left sides, -1 removes it."""
    return np.array([-1.0 if selection.taken(at) else 1.0 for at in range(len(selection.at_cut))])


def _weigh(selection: Selection) -> tuple[Floats, Floats, Floats, Floats]:
    """Per record its effect on every rule and its worth; per rule the slack, and a scale.

    A rule that does not apply, because nothing of its group is taken, has infinite slack.
    """
    problem = selection.problem
    inside: dict[int, list[int]] = {}
    for at, rule in enumerate(problem.rules):
        for number in rule.parts:
            inside.setdefault(number, []).append(at)
    sums = np.array([record.sums for record in selection.at_cut], dtype=np.float64)
    whole = np.array([float(rule.whole) for rule in problem.rules])
    measures = len(problem.strata[0].sums)
    adds = whole * sums.reshape(-1, measures)[:, [rule.size for rule in problem.rules]]
    for at, record in enumerate(selection.at_cut):
        for at_rule in inside.get(record.stratum, ()):
            adds[at, at_rule] = problem.rules[at_rule].adds(record.stratum, record.sums)
    left = problem.left_sides(selection.sums)
    inactive = problem.inactive_rules(selection.sums, selection.counts)
    room = [
        np.inf if is_inactive else rule.at_most - side
        for rule, side, is_inactive in zip(problem.rules, left, inactive, strict=True)
    ]
    worth = np.array([float(record.sums[0]) for record in selection.at_cut])
    scale = np.abs(adds).max(axis=0, initial=1.0)
    return adds, worth, np.array(room, dtype=np.float64), scale
