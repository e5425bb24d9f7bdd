"""From divisible amounts to whole records: the few beside the cuts are left or added singly."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from provenance.policy.fit.allocation import Task
from provenance.policy.fit.milp import Column, Line, near
from provenance.policy.fit.sampling import Beside

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Balance:
    """What is taken, by stratum, and the records beside the cuts that may still change sides.

    ``sums`` and ``counts`` are exact and always include what is turned.
    """

    task: Task
    sums: list[list[int]]
    counts: list[int]
    beside: tuple[Beside, ...]
    turned: set[int] = field(default_factory=set)

    def turn(self, at: int) -> None:
        """Move one record to the other side."""
        record = self.beside[at]
        sign = -1 if self.taken(at) else 1
        taken = self.sums[record.stratum]
        for measure, amount in enumerate(record.sums):
            taken[measure] += sign * amount
        self.counts[record.stratum] += sign
        self.turned ^= {at}

    def taken(self, at: int) -> bool:
        """On which side a record is now."""
        return self.beside[at].taken != (at in self.turned)

    @property
    def size(self) -> int:
        """The size taken, in the unit that is made large."""
        return sum(taken[0] for taken in self.sums)

    @property
    def kept(self) -> bool:
        """Whether every rule is kept, exactly."""
        return not any(self.task.excess(self.sums, self.counts))

    @property
    def changed(self) -> list[Beside]:
        """The records that changed sides."""
        return [self.beside[at] for at in sorted(self.turned)]


def mend(balance: Balance) -> None:
    """Turn the record that helps most until every rule is kept, or nothing helps."""
    adds, worth, slack, scale = _weigh(balance)
    if not len(adds):
        return
    sign = _signs(balance)
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
        balance.turn(best)
        sign[best] = -sign[best]


def fill(balance: Balance) -> None:
    """Add single records, the largest first, as long as one fits."""
    adds, worth, slack, _ = _weigh(balance)
    order = sorted(range(len(worth)), key=lambda at: (-worth[at], at))
    fits = True
    while fits:
        fits = False
        for at in order:
            if not balance.taken(at) and bool(np.all(adds[at] <= slack)):
                slack -= adds[at]
                balance.turn(at)
                fits = True


def search(balance: Balance, allowance: int) -> None:
    """The sides of all records beside the cuts at once, by an integer programme.

    For rules that only certain combinations keep, like shares of exactly one half each; single
    turns do not find these. It ends at the first answer within the allowance of the best, and is
    undone when it is no better than what was there.
    """
    if not balance.beside:
        return
    adds, worth, slack, scale = _weigh(balance)
    before = (balance.kept, balance.size)
    now = [balance.taken(at) for at in range(len(worth))]
    room = slack + adds[np.array(now, dtype=np.bool_)].sum(axis=0)
    columns = [Column(float(value), 0.0, 1.0, True) for value in worth]
    lines = [
        Line(
            tuple((at, float(v)) for at, v in enumerate(adds[:, rule] / scale[rule]) if v),
            float(room[rule] / scale[rule]),
        )
        for rule in np.flatnonzero(np.isfinite(room))
    ]
    found = near(columns, lines, allowance)
    sides = found.values if found is not None else ()
    turns = [at for at, side in enumerate(sides) if (side > 0.5) != now[at]]
    for at in turns:
        balance.turn(at)
    if (balance.kept, balance.size) <= before:
        for at in turns:
            balance.turn(at)


def _signs(balance: Balance) -> Floats:
    """What turning does to the left sides: adds a record, or takes it away."""
    return np.array([-1.0 if balance.taken(at) else 1.0 for at in range(len(balance.beside))])


def _weigh(balance: Balance) -> tuple[Floats, Floats, Floats, Floats]:
    """Per record what it adds to every rule and its worth; per rule what is left, and a scale.

    A rule that does not hold, because nothing of its group is taken, has room without end.
    """
    task = balance.task
    inside: dict[int, list[int]] = {}
    for at, rule in enumerate(task.rules):
        for number in rule.parts:
            inside.setdefault(number, []).append(at)
    sums = np.array([record.sums for record in balance.beside], dtype=np.float64)
    whole = np.array([float(rule.whole) for rule in task.rules])
    measures = len(task.strata[0].sums)
    adds = whole * sums.reshape(-1, measures)[:, [rule.size for rule in task.rules]]
    for at, record in enumerate(balance.beside):
        for place in inside.get(record.stratum, ()):
            adds[at, place] = task.rules[place].adds(record.stratum, record.sums)
    left = task.left_sides(balance.sums)
    asleep = task.asleep(balance.sums, balance.counts)
    room = [
        np.inf if sleeps else rule.at_most - side
        for rule, side, sleeps in zip(task.rules, left, asleep, strict=True)
    ]
    worth = np.array([float(record.sums[0]) for record in balance.beside])
    scale = np.abs(adds).max(axis=0, initial=1.0)
    return adds, worth, np.array(room, dtype=np.float64), scale
