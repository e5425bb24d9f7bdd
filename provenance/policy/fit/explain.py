"""Explain which budget caused members to be left out, or which budget cannot be met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from provenance.policy.fit.allocation import FitProblem, amounts, applies, limits
from provenance.policy.fit.constraints import LinearRule, sortable
from provenance.policy.fit.strata import Scheme
from provenance.policy.group_sums import Key


@dataclass(frozen=True, slots=True)
class Excluded:
    """Members that one budget, in one group, asked to be left out; or why nothing can be taken."""

    budget: str
    group: Mapping[str, str | None] | None
    records: int
    size: int
    reason: str


def left_out(
    scheme: Scheme, problem: FitProblem, sums: Sequence[Sequence[int]], counts: Sequence[int]
) -> tuple[Excluded, ...]:
    """The members left out, by the first budget of the policy that has no room for one more."""
    slack = [
        rule.at_most - left if applies(rule, counts) else None
        for rule, left in zip(problem.rules, problem.left_sides(sums), strict=True)
    ]
    # A rule about other strata is only eased by taking more: those of the stratum's own matter.
    about: dict[int, list[tuple[LinearRule, int | None]]] = defaultdict(list)
    for rule, room in zip(problem.rules, slack, strict=True):
        for number in rule.parts:
            about[number].append((rule, room))
    found: dict[tuple[int, Key | None], list[int]] = defaultdict(lambda: [0, 0])
    for number, stratum in enumerate(problem.strata):
        records = stratum.records - counts[number]
        if not records:
            continue
        rest = [total - taken for total, taken in zip(stratum.sums, sums[number], strict=True)]
        each = [Fraction(amount, records) for amount in rest]
        index = _asking(scheme, problem, number, each, about[number])
        entry = found[index]
        entry[0] += records
        entry[1] += rest[0]
    # -1, for no budget, comes last.
    order = sorted(
        found, key=lambda at: (at[0] % (len(scheme.aggregates) + 1), sortable(at[1] or ()))
    )
    return tuple(_explained(scheme, index, *found[index]) for index in order)


def _asking(
    scheme: Scheme,
    problem: FitProblem,
    number: int,
    each: Sequence[Fraction],
    about: Sequence[tuple[LinearRule, int | None]],
) -> tuple[int, Key | None]:
    """The budget and group that stop one more record of a stratum, of its average size."""
    stratum = problem.strata[number]
    stops: list[tuple[int, Key | None]] = [
        (index, None)
        for index, aggregate in enumerate(scheme.aggregates)
        if aggregate.budget.rule == "forbid" and stratum.truths[index] is not False
    ]
    tight: list[tuple[Fraction, int, Key | None]] = []
    for rule, room in about:
        if room is None:
            # The group is empty, for it cannot be as the budget wants it.
            if number in rule.own:
                stops.append((rule.aggregate, rule.group))
            continue
        a, b = rule.parts[number]
        adds = (a + rule.whole) * each[rule.size] + b * each[rule.hi]
        if adds > room:
            stops.append((rule.aggregate, rule.group))
        elif adds > 0:
            tight.append((room / adds, rule.aggregate, rule.group))
    if stops:
        return min(stops, key=lambda stop: stop[0])
    if tight:
        _, aggregate, group = min(tight, key=lambda entry: entry[:2])
        return aggregate, group
    return -1, None


def _explained(scheme: Scheme, index: tuple[int, Key | None], records: int, size: int) -> Excluded:
    aggregate, key = index
    if aggregate < 0:
        name = scheme.aggregates[0].budget.name
        return Excluded(name, None, records, size, "a remainder that was not tried singly")
    budget = scheme.aggregates[aggregate].budget
    group = None if key is None else dict(zip(budget.by, key, strict=True))
    of = "" if group is None else f" of {', '.join(f'{k} {v}' for k, v in group.items())}"
    if budget.rule == "forbid":
        reason = f"they meet, or may meet, {budget.forbid}"
    elif budget.rule == "min_human":
        unit = scheme.aggregates[aggregate].unit
        reason = f"fewer than {budget.min_human:,} human {unit}{of} can be had"
    else:
        limit = budget.max_share if budget.max_share is not None else budget.max_synthetic
        reason = f"one more would put the share{of} over {limit:f}"
        if budget.per == "human":
            reason = f"one more would put synthetic to human{of} over {limit:f}"
    return Excluded(budget.name, group, records, size, reason)


def unmet(scheme: Scheme, problem: FitProblem, *, divisible: bool) -> tuple[Excluded, ...]:
    """The budgets without which some selection would pass; all that ask for records, if none.

    ``divisible`` says that parts of records would pass, and only no whole records were found.
    """
    named = []
    for index, aggregate in enumerate(scheme.aggregates):
        lower, upper = limits(scheme, problem.strata, relaxed=index)
        kept = [rule for rule in problem.rules if rule.aggregate != index]
        if amounts(FitProblem(problem.strata, kept, lower, upper, problem.exact)) is not None:
            named.append((index, f"without budget {aggregate.budget.name} a selection would pass"))
    if divisible:
        why = "it can be met with parts of records; no set of whole ones was found that meets it"
        named = [(index, why) for index in sorted({rule.aggregate for rule in problem.rules})]
    elif not named:
        named = [
            (index, "it cannot be met together with the other budgets")
            for index, aggregate in enumerate(scheme.aggregates)
            if aggregate.budget.rule in {"min_human", "accumulate"}
        ]
    return tuple(Excluded(scheme.aggregates[at].budget.name, None, 0, 0, why) for at, why in named)
