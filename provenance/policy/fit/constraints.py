"""Express budgets as linear rules with integer factors over what is taken of each stratum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from provenance.policy.aggregates import BudgetAggregate, isolates_unknown_groups
from provenance.policy.fit.strata import SUMMED, Scheme, Stratum
from provenance.policy.group_sums import Key

Factors = Mapping[int, tuple[int, int]]
"""Stratum to the factors of the size and of the synthetic size taken of it."""


@dataclass(frozen=True, slots=True)
class LinearRule:
    """A linear inequality that a selection must satisfy to pass one budget in one group.

    The sum over ``parts`` plus ``whole`` times the size of everything taken is at most ``at_most``.

    Attributes:
        aggregate: place of the budget in the policy.
        group: the keys; None without ``by``.
        size: the measure of sizes, ``hi`` of synthetic sizes.
        hi: the measure of synthetic sizes at most.
        parts: factors of the strata that the sum is over.
        whole: factor of the size of everything that is taken.
        at_most: the limit of the sum.
        own: strata that make the group: while nothing of them is taken the rule does not hold,
            because an empty group passes. Empty where the rule holds in any case.
    """

    aggregate: int
    group: Key | None
    size: int
    hi: int
    parts: Factors
    whole: int
    at_most: int
    own: frozenset[int] = frozenset()

    def adds(self, stratum: int, sums: Sequence[int]) -> int:
        """Contribution of members of a stratum with these sums to the left side."""
        a, b = self.parts.get(stratum, (0, 0))
        return a * sums[self.size] + b * sums[self.hi] + self.whole * sums[self.size]


def linear_rules(scheme: Scheme, strata: Sequence[Stratum]) -> tuple[LinearRule, ...]:
    """Make the rules of all budgets; ``forbid`` and ``accumulate`` are bounds, not rules."""
    found: list[LinearRule] = []
    most = [sum(stratum.sums[m] for stratum in strata) for m in range(len(scheme.measures))]
    for index, aggregate in enumerate(scheme.aggregates):
        if aggregate.budget.rule not in SUMMED:
            continue
        size, hi = scheme.measures.index(aggregate.size), scheme.measures.index(aggregate.hi)
        for group, certain, possible, unassigned in _strata_by_group(aggregate, index, strata):
            limit = below(_limit(aggregate), most[size])
            parts, whole, at_most = _linear(aggregate, limit, certain, [*possible, *unassigned])
            needed = _holds_only_if_taken(aggregate, unassigned)
            own = frozenset([*certain, *possible]) if needed else frozenset()
            shown = group if aggregate.groups else None
            found.append(LinearRule(index, shown, size, hi, parts, whole, at_most, own))
    return tuple(found)


def _holds_only_if_taken(aggregate: BudgetAggregate, unassigned: Sequence[int]) -> bool:
    """Whether the sum could miss the limit while nothing of the group itself is taken.

    A floor does. So do members of other groups that may belong to this one; but with one key, a
    share of the whole holds them to the same limit in the group that they are counted in.
    """
    if aggregate.budget.rule == "min_human":
        return bool(aggregate.groups)
    return bool(unassigned) and not (
        aggregate.budget.rule == "max_share" and len(aggregate.groups) == 1
    )


def _strata_by_group(
    aggregate: BudgetAggregate, index: int, strata: Sequence[Stratum]
) -> Iterator[tuple[Key, list[int], list[int], list[int]]]:
    """Per group: strata certainly in it, possibly in it, and of other groups that may belong."""
    certain: dict[Key, list[int]] = defaultdict(list)
    possible: dict[Key, list[int]] = defaultdict(list)
    ungrouped: list[int] = []
    for number, stratum in enumerate(strata):
        truth = stratum.truths[index]
        if truth is not False:
            (certain if truth else possible)[stratum.groups[index]].append(number)
            if any(stratum.unknown_group[index]):
                ungrouped.append(number)
    # Without groups the rule applies even when nothing is in its scope: a floor then fails.
    keys = {*certain, *possible} if aggregate.groups else {()}
    if isolates_unknown_groups(aggregate):
        for key in {strata[n].groups[index] for n in ungrouped}:
            # Each may be a group of its own; human members are in none of them.
            isolated = [*certain.pop(key, []), *possible.get(key, [])]
            possible[key] = [n for n in isolated if any(strata[n].unknown_group[index])]
    for group in sorted(keys, key=sortable):
        unassigned = [n for n in ungrouped if _agrees(strata[n], index, group)]
        yield group, certain.get(group, []), possible.get(group, []), unassigned


def _agrees(stratum: Stratum, index: int, group: Key) -> bool:
    """Whether a stratum of another group may belong to this one."""
    if stratum.groups[index] == group:
        return False
    keys = zip(stratum.groups[index], stratum.unknown_group[index], group, strict=True)
    return all(ungrouped or mine == other for mine, ungrouped, other in keys)


def sortable(group: Key) -> tuple[tuple[bool, str], ...]:
    """A key to sort groups by, missing values last."""
    return tuple((key is None, key or "") for key in group)


def _limit(aggregate: BudgetAggregate) -> Fraction:
    budget = aggregate.budget
    given = budget.max_share if budget.max_share is not None else budget.max_synthetic
    return Fraction(given or 0)


def below(limit: Fraction, most: int) -> Fraction:
    """The largest fraction up to the limit whose denominator is at most ``most``.

    A share of no more than ``most`` keeps the one exactly when it keeps the other, and the smaller
    integers stay exact in the solver's floats.

    >>> below(Fraction("0.333333333334"), 1000), below(Fraction("0.333333333333"), 1000)
    (Fraction(1, 3), Fraction(333, 1000))
    """
    most = max(1, most)
    close = limit.limit_denominator(most)
    if close <= limit:
        return close
    # The neighbour c/d below a/b, among fractions with such denominators, has a d - b c = 1.
    a, b = close.as_integer_ratio()
    d = pow(a, -1, b)
    d += (most - d) // b * b
    return Fraction(a * d - 1, b * d)


def _linear(
    aggregate: BudgetAggregate, limit: Fraction, certain: Sequence[int], possible: Sequence[int]
) -> tuple[Factors, int, int]:
    """Factors, the factor of the whole and the limit, multiplied out so that all are integers.

    With the limit p/q: for a share of the scope ``q hi - p size <= 0``, where a member that is
    perhaps in the scope adds its synthetic size to both; for a ratio to the human part
    ``q hi - p (size - hi) <= 0``, where it adds to ``hi`` only; for a share of the whole
    ``q hi`` in the scope less ``p size`` of everything; for a floor, the human part turned round.
    """
    p, q = limit.as_integer_ratio()
    if aggregate.budget.min_human is not None:
        return dict.fromkeys(certain, (-1, 1)), 0, -aggregate.budget.min_human
    if aggregate.budget.max_share is not None:
        return dict.fromkeys([*certain, *possible], (0, q)), -p, 0
    if aggregate.budget.per == "human":
        return {**dict.fromkeys(possible, (0, q)), **dict.fromkeys(certain, (-p, q + p))}, 0, 0
    return {**dict.fromkeys(possible, (0, q - p)), **dict.fromkeys(certain, (-p, q))}, 0, 0
