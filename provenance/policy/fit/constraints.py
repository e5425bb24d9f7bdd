"""Budgets as linear rules over what is taken of each stratum, in integers throughout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from provenance.policy.aggregates import Key, Term, undiluted
from provenance.policy.fit.strata import SUMMED, Scheme, Stratum

Parts = Mapping[int, tuple[int, int]]
"""Stratum to the factors of the size and of the synthetic size taken of it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What passing one budget in one group asks of a selection.

    The sum over ``parts`` plus ``whole`` times the size of everything taken is at most ``at_most``.

    Attributes:
        term: place of the budget in the policy.
        group: the keys; None without ``by``.
        size: the measure of sizes, ``hi`` of synthetic sizes.
        hi: the measure of synthetic sizes at most.
        parts: factors of the strata that the sum is over.
        whole: factor of the size of everything that is taken.
        at_most: the limit of the sum.
        own: strata that make the group: while nothing of them is taken the rule does not hold,
            because an empty group passes. Empty where the rule holds in any case.
    """

    term: int
    group: Key | None
    size: int
    hi: int
    parts: Parts
    whole: int
    at_most: int
    own: frozenset[int] = frozenset()

    def adds(self, stratum: int, sums: Sequence[int]) -> int:
        """What members of a stratum with these sums add to the left side."""
        a, b = self.parts.get(stratum, (0, 0))
        return a * sums[self.size] + b * sums[self.hi] + self.whole * sums[self.size]


def rules(scheme: Scheme, strata: Sequence[Stratum]) -> tuple[Rule, ...]:
    """Every rule of every budget; ``forbid`` and ``accumulate`` are bounds, not rules."""
    found: list[Rule] = []
    most = [sum(stratum.sums[m] for stratum in strata) for m in range(len(scheme.measures))]
    for place, term in enumerate(scheme.terms):
        if term.budget.rule not in SUMMED:
            continue
        size, hi = scheme.measures.index(term.size), scheme.measures.index(term.hi)
        for group, sure, perhaps, others in _groups(term, place, strata):
            limit = below(_limit(term), most[size])
            parts, whole, at_most = _linear(term, limit, sure, [*perhaps, *others])
            needed = _holds_only_if_taken(term, others)
            own = frozenset([*sure, *perhaps]) if needed else frozenset()
            shown = group if term.groups else None
            found.append(Rule(place, shown, size, hi, parts, whole, at_most, own))
    return tuple(found)


def _holds_only_if_taken(term: Term, others: Sequence[int]) -> bool:
    """Whether the sum could miss the limit while nothing of the group itself is taken.

    A floor does. So do members of other groups that may belong to this one; but with one key, a
    share of the whole holds them to the same limit in the group that they are counted in.
    """
    if term.budget.rule == "min_human":
        return bool(term.groups)
    return bool(others) and not (term.budget.rule == "max_share" and len(term.groups) == 1)


def _groups(
    term: Term, place: int, strata: Sequence[Stratum]
) -> Iterator[tuple[Key, list[int], list[int], list[int]]]:
    """Each group: the strata in it, those perhaps in it, and those of others that may belong."""
    sure: dict[Key, list[int]] = defaultdict(list)
    perhaps: dict[Key, list[int]] = defaultdict(list)
    loose: list[int] = []
    for number, stratum in enumerate(strata):
        truth = stratum.truths[place]
        if truth is not False:
            (sure if truth else perhaps)[stratum.groups[place]].append(number)
            if any(stratum.loose[place]):
                loose.append(number)
    # Without groups the rule is there even when nothing is in its scope: a floor is missed by that.
    keys = {*sure, *perhaps} if term.groups else {()}
    if undiluted(term):
        for key in {strata[n].groups[place] for n in loose}:
            # Each may be a group of its own, and human members share none with them.
            apart = [*sure.pop(key, []), *perhaps.get(key, [])]
            perhaps[key] = [n for n in apart if any(strata[n].loose[place])]
    for group in sorted(keys, key=sortable):
        others = [n for n in loose if _agrees(strata[n], place, group)]
        yield group, sure.get(group, []), perhaps.get(group, []), others


def _agrees(stratum: Stratum, place: int, group: Key) -> bool:
    """Whether members of another group may belong to this one."""
    if stratum.groups[place] == group:
        return False
    keys = zip(stratum.groups[place], stratum.loose[place], group, strict=True)
    return all(loose or mine == other for mine, loose, other in keys)


def sortable(group: Key) -> tuple[tuple[bool, str], ...]:
    """A key to sort groups by, missing values last."""
    return tuple((key is None, key or "") for key in group)


def _limit(term: Term) -> Fraction:
    budget = term.budget
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
    term: Term, limit: Fraction, sure: Sequence[int], perhaps: Sequence[int]
) -> tuple[Parts, int, int]:
    """Factors, the factor of the whole and the limit, multiplied out so that all are integers.

    With the limit p/q: for a share of the scope ``q hi - p size <= 0``, where a member that is
    perhaps in the scope adds its synthetic size to both; for a ratio to the human part
    ``q hi - p (size - hi) <= 0``, where it adds to ``hi`` only; for a share of the whole
    ``q hi`` in the scope less ``p size`` of everything; for a floor, the human part turned round.
    """
    p, q = limit.as_integer_ratio()
    if term.budget.min_human is not None:
        return dict.fromkeys(sure, (-1, 1)), 0, -term.budget.min_human
    if term.budget.max_share is not None:
        return dict.fromkeys([*sure, *perhaps], (0, q)), -p, 0
    if term.budget.per == "human":
        return {**dict.fromkeys(perhaps, (0, q)), **dict.fromkeys(sure, (-p, q + p))}, 0, 0
    return {**dict.fromkeys(perhaps, (0, q - p)), **dict.fromkeys(sure, (-p, q))}, 0, 0
