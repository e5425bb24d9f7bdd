"""Find the largest set that passes a policy, and explain what was left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from provenance.errors import MisuseError, NotFoundError
from provenance.model.base import Connection, quote_identifier
from provenance.model.origin import Unit
from provenance.model.policy import Policy
from provenance.policy.aggregates import budget_aggregates
from provenance.policy.fit import sampling
from provenance.policy.fit.allocation import TINY, Amounts, FitProblem, amounts, exact_sums, limits
from provenance.policy.fit.constraints import linear_rules
from provenance.policy.fit.explain import Excluded, left_out, unmet
from provenance.policy.fit.lp_bound import linear_bound
from provenance.policy.fit.rounding import Selection, add_fitting, repair, search_sides
from provenance.policy.fit.sampling import CutRecord
from provenance.policy.fit.strata import Scheme, stratify

_MARKED = "fit_marked"
"""The temporary table of the members with the numbers of their strata."""

MAX_AT_CUT = 4_000
"""Most records next to the cuts that a repair considers, over all strata; at least two each."""

MAX_EFFECTS = 4_000_000
"""Most pairs of such a record and a rule that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The largest set found that passes every budget.

    Attributes:
        unit: what it is large in.
        records: how many members it has.
        size: their size, repeats counted.
        bound: no selection that passes is larger than this.
        exact: no selection that passes is larger than this one.
        feasible: whether anything is taken; if not, ``left_out`` says what cannot be met.
        left_out: what is left out, by the budget that asked for it.
    """

    unit: Unit
    records: int
    size: int
    bound: int
    exact: bool
    feasible: bool
    left_out: tuple[Excluded, ...]

    @property
    def gap(self) -> int:
        """Upper bound on how much larger another selection could be."""
        return self.bound - self.size


@dataclass(frozen=True, slots=True)
class _FitResult:
    """The first records of each stratum, apart from those that changed sides."""

    sums: Sequence[Sequence[int]]
    counts: Sequence[int]
    first: Sequence[int]
    changed: Sequence[CutRecord]
    bound: int
    proven: bool


def fit(  # noqa: PLR0913 - what to fit, under what, and where to; no two of these are one thing
    connection: Connection,
    members: str,
    policy: Policy,
    *,
    seed: int,
    attributes: Collection[str] = (),
    anchors: Mapping[str, str] | None = None,
    into: str = "fit_taken",
) -> Fit:
    """Find the largest part of the members that passes every budget, and put its ids in a table.

    Large is meant in the unit of the first budget. Where everything is counted in records the
    answer is the optimum; ``exact`` says whether it was proven. In other units it keeps every
    budget, exactly, and ``gap`` is what it may fall short of the optimum: as a rule less than one
    record per budget that is reached, and more only where few combinations of records fit.

    Args:
        connection: runs SQL over the relations named below, and makes temporary tables.
        members: the members relation (docs/architecture.md), quoted.
        policy: what the set must satisfy.
        seed: chooses among members that the budgets treat alike.
        attributes: names of the attributes that members carry.
        anchors: for ``accumulate``, the name of each release to its relation, quoted, with columns
            record_id and required; what is required is taken first.
        into: name of the temporary table to make, with the one column record_id.

    Raises:
        MisuseError: there are no members, or a unit is not counted for all of them.
        NotFoundError: ``accumulate`` names a release without a relation.
    """
    scheme = _scheme(policy, attributes)
    relations = anchors or {}
    missing = _missing(connection, members, scheme, relations)
    strata = stratify(connection, members, scheme, relations, _MARKED)
    if not strata:
        raise MisuseError("the set is empty: there is nothing to fit", hint="select some records")
    problem = FitProblem(
        strata, linear_rules(scheme, strata), *limits(scheme, strata), scheme.exact
    )
    found = None if missing else amounts(problem)
    chosen = None
    if found is not None:
        choose = _choose_equal if scheme.exact else _choose_sized
        chosen = choose(connection, problem, found, seed)
    _take(connection, problem, chosen, into)
    for made in (_MARKED, f"{_MARKED}_order"):
        connection.execute(f"DROP TABLE IF EXISTS {quote_identifier(made)}")
    if chosen is None:
        why = missing or unmet(scheme, problem, divisible=found is not None)
        return Fit(scheme.unit, 0, 0, 0, exact=False, feasible=False, left_out=why)
    return Fit(
        unit=scheme.unit,
        records=sum(chosen.counts),
        size=sum(taken[0] for taken in chosen.sums),
        bound=chosen.bound,
        exact=chosen.proven,
        feasible=any(chosen.counts),
        left_out=left_out(scheme, problem, chosen.sums, chosen.counts),
    )


def _scheme(policy: Policy, attributes: Collection[str]) -> Scheme:
    unit = policy.budgets[0].unit or policy.unit
    judged = budget_aggregates(policy, attributes)
    return Scheme(
        unit=unit,
        worth=f"(weight * {unit})",
        synthetic_worth=f"(weight * hi_{unit})",
        aggregates=judged,
        exact={unit, *(aggregate.unit for aggregate in judged)} == {"records"},
    )


def _missing(
    connection: Connection, members: str, scheme: Scheme, anchors: Mapping[str, str]
) -> tuple[Excluded, ...]:
    """Records that ``accumulate`` requires and that are not among the members at all."""
    found = []
    for aggregate in scheme.aggregates:
        release = aggregate.budget.accumulate
        if release is None:
            continue
        if release not in anchors:
            raise NotFoundError(
                f"budget {aggregate.budget.name!r}: there is no release {release!r} to accumulate",
                hint="name a release of this ledger",
            )
        (lost,) = connection.execute(
            f"SELECT count(*) FROM {anchors[release]} ANTI JOIN {members} USING (record_id) "
            "WHERE required"
        ).fetchone()
        if lost:
            reason = f"{lost:,} records that {release} requires are not in the selection"
            found.append(Excluded(aggregate.budget.name, None, 0, 0, reason))
    return tuple(found)


def _choose_equal(
    connection: Connection, problem: FitProblem, found: Amounts, seed: int
) -> _FitResult:
    """Take the amounts as they are: all records of a stratum are equal."""
    counts = [round(value) for value in found.records]
    sampling.order(connection, _MARKED, _cut_strata(problem, counts), seed, sized=False)
    sums = exact_sums(problem.strata, counts)
    size = sum(taken[0] for taken in sums)
    bound = size if found.proven else math.floor(found.bound + 0.5)
    return _FitResult(sums, counts, counts, (), bound, found.proven)


def _choose_sized(
    connection: Connection, problem: FitProblem, found: Amounts, seed: int
) -> _FitResult | None:
    """Take records per stratum up to its amount, then round at the cuts, record by record.

    As a rule it is enough to round the strata that are cut. For rules that only few combinations
    of records keep, records of all strata are chosen together.
    """
    targets = _targets(problem, found)
    sampling.order(connection, _MARKED, [number for number, _ in targets], seed, sized=True)
    counts, sums = _cut(connection, problem, found, targets)
    bound = linear_bound(connection, _MARKED, problem, found.multipliers)
    reached = sum(1 for multiplier in found.multipliers if multiplier)
    singly = sampling.largest_size(connection, _MARKED) * (len(targets) + reached)
    selection = _selection(connection, problem, counts, sums, [number for number, _ in targets])
    repair(selection)
    if selection.kept:
        add_fitting(selection)
    if not selection.kept or not any(selection.counts) or bound - selection.size > singly:
        free = [n for n, most in enumerate(problem.upper) if problem.lower[n] < most]
        sampling.order(connection, _MARKED, free, seed, sized=True)
        selection = _selection(connection, problem, counts, sums, free)
        repair(selection)
        search_sides(selection, singly)
        if selection.kept:
            add_fitting(selection)
    if not selection.kept:
        return None
    proven = bound == selection.size
    return _FitResult(selection.sums, selection.counts, counts, selection.changed, bound, proven)


def _take(
    connection: Connection, problem: FitProblem, chosen: _FitResult | None, into: str
) -> None:
    """Make the table of the ids that are taken; an empty one when none are."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quote_identifier(into)} (record_id UUID)")
    if chosen is None:
        return
    inside = set(_cut_strata(problem, chosen.first))
    whole = [n for n, count in enumerate(chosen.first) if count and n not in inside]
    partly = [(n, chosen.first[n]) for n in sorted(inside)]
    sampling.take(connection, _MARKED, into, partly, whole)
    sampling.flip(connection, into, chosen.changed)


def _cut_strata(problem: FitProblem, counts: Sequence[int]) -> list[int]:
    """The strata of which some records are taken and some are not."""
    strata = zip(counts, problem.strata, strict=True)
    return [number for number, (count, s) in enumerate(strata) if 0 < count < s.records]


def _targets(problem: FitProblem, found: Amounts) -> list[tuple[int, int]]:
    """The strata that are cut, and the size up to which; where sizes are zero, in records."""
    targets = []
    for number, (stratum, value) in enumerate(zip(problem.strata, found.records, strict=True)):
        if TINY < value < stratum.records - TINY:
            whole = stratum.sums[0] or stratum.records
            targets.append((number, round(Fraction(value) * whole / stratum.records)))
    return targets


def _cut(
    connection: Connection, problem: FitProblem, found: Amounts, targets: Sequence[tuple[int, int]]
) -> tuple[list[int], list[Sequence[int]]]:
    """Records by stratum whose size comes to no more than its amount, and their sums."""
    nothing = (0,) * len(problem.strata[0].sums)
    cuts = sampling.cut(connection, _MARKED, targets, len(nothing))
    inside = {number for number, _ in targets}
    counts: list[int] = []
    sums: list[Sequence[int]] = []
    for number, (stratum, value) in enumerate(zip(problem.strata, found.records, strict=True)):
        whole = (stratum.records, stratum.sums) if value > TINY else (0, nothing)
        count, taken = cuts.get(number, (0, nothing)) if number in inside else whole
        counts.append(count)
        sums.append(taken)
    return counts, sums


def _selection(
    connection: Connection,
    problem: FitProblem,
    counts: Sequence[int],
    sums: Sequence[Sequence[int]],
    strata: Sequence[int],
) -> Selection:
    """Load the records next to the cuts of some strata, up to the limits above.

    A group of which nothing is taken stays empty if its rule would then be broken.
    """
    inactive = zip(problem.rules, problem.inactive_rules(sums, counts), strict=True)
    barred = {number for rule, is_inactive in inactive if is_inactive for number in rule.own}
    open_strata = [number for number in strata if number not in barred]
    width = min(MAX_AT_CUT, MAX_EFFECTS // max(1, len(problem.rules))) // (
        2 * max(1, len(open_strata))
    )
    cuts = [(number, counts[number]) for number in open_strata]
    width = max(1, min(64, width))
    at_cut = sampling.records_at_cut(connection, _MARKED, cuts, len(problem.strata[0].sums), width)
    return Selection(problem, [list(taken) for taken in sums], list(counts), at_cut)
