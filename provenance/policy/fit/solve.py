"""The largest set that passes: strata, programme, records, and the account of what is left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from provenance.errors import MisuseError, NotFoundError
from provenance.model.base import Connection, quote_identifier
from provenance.model.origin import Unit
from provenance.model.policy import Policy
from provenance.policy.aggregates import terms
from provenance.policy.fit import sampling
from provenance.policy.fit.allocation import TINY, Amounts, Task, amounts, exact_sums, limits
from provenance.policy.fit.constraints import rules
from provenance.policy.fit.explain import LeftOut, left_out, unmet
from provenance.policy.fit.lp_bound import linear_bound
from provenance.policy.fit.rounding import Balance, fill, mend, search
from provenance.policy.fit.sampling import Beside
from provenance.policy.fit.strata import Scheme, stratify

_MARKED = "fit_marked"
"""The temporary table of the members with the numbers of their strata."""

BESIDE = 4_000
"""Records beside the cuts that a repair looks at, all strata together; at least two of each."""

WEIGHED = 4_000_000
"""Effects of such a record on a rule that are held at once."""


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
    left_out: tuple[LeftOut, ...]

    @property
    def gap(self) -> int:
        """What a larger selection could have more, at most."""
        return self.bound - self.size


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Of each stratum the first records, less or more the few that changed sides."""

    sums: Sequence[Sequence[int]]
    counts: Sequence[int]
    first: Sequence[int]
    changed: Sequence[Beside]
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
    held = anchors or {}
    missing = _missing(connection, members, scheme, held)
    strata = stratify(connection, members, scheme, held, _MARKED)
    if not strata:
        raise MisuseError("the set is empty: there is nothing to fit", hint="select some records")
    task = Task(strata, rules(scheme, strata), *limits(scheme, strata), scheme.exact)
    found = None if missing else amounts(task)
    chosen = None
    if found is not None:
        choose = _in_records if scheme.exact else _in_sizes
        chosen = choose(connection, task, found, seed)
    _take(connection, task, chosen, into)
    for made in (_MARKED, f"{_MARKED}_order"):
        connection.execute(f"DROP TABLE IF EXISTS {quote_identifier(made)}")
    if chosen is None:
        why = missing or unmet(scheme, task, divisible=found is not None)
        return Fit(scheme.unit, 0, 0, 0, exact=False, feasible=False, left_out=why)
    return Fit(
        unit=scheme.unit,
        records=sum(chosen.counts),
        size=sum(taken[0] for taken in chosen.sums),
        bound=chosen.bound,
        exact=chosen.proven,
        feasible=any(chosen.counts),
        left_out=left_out(scheme, task, chosen.sums, chosen.counts),
    )


def _scheme(policy: Policy, attributes: Collection[str]) -> Scheme:
    unit = policy.budgets[0].unit or policy.unit
    judged = terms(policy, attributes)
    return Scheme(
        unit=unit,
        worth=f"(weight * {unit})",
        doubt=f"(weight * hi_{unit})",
        terms=judged,
        exact={unit, *(term.unit for term in judged)} == {"records"},
    )


def _missing(
    connection: Connection, members: str, scheme: Scheme, anchors: Mapping[str, str]
) -> tuple[LeftOut, ...]:
    """Records that ``accumulate`` requires and that are not among the members at all."""
    found = []
    for term in scheme.terms:
        release = term.budget.accumulate
        if release is None:
            continue
        if release not in anchors:
            raise NotFoundError(
                f"budget {term.budget.name!r}: there is no release {release!r} to accumulate",
                hint="name a release of this ledger",
            )
        (lost,) = connection.execute(
            f"SELECT count(*) FROM {anchors[release]} ANTI JOIN {members} USING (record_id) "
            "WHERE required"
        ).fetchone()
        if lost:
            reason = f"{lost:,} records that {release} requires are not in the selection"
            found.append(LeftOut(term.budget.name, None, 0, 0, reason))
    return tuple(found)


def _in_records(connection: Connection, task: Task, found: Amounts, seed: int) -> _Chosen:
    """Where all records of a stratum are equal, the amounts are the answer."""
    counts = [round(value) for value in found.records]
    sampling.order(connection, _MARKED, _inside(task, counts), seed, sized=False)
    sums = exact_sums(task.strata, counts)
    size = sum(taken[0] for taken in sums)
    bound = size if found.proven else math.floor(found.bound + 0.5)
    return _Chosen(sums, counts, counts, (), bound, found.proven)


def _in_sizes(connection: Connection, task: Task, found: Amounts, seed: int) -> _Chosen | None:
    """First records of each stratum up to its amount; then those beside the cuts, singly.

    The strata that are cut are enough for that, but for rules that few combinations of records
    keep: for these records of all strata are looked at, and together.
    """
    targets = _targets(task, found)
    sampling.order(connection, _MARKED, [number for number, _ in targets], seed, sized=True)
    counts, sums = _cut(connection, task, found, targets)
    bound = linear_bound(connection, _MARKED, task, found.multipliers)
    reached = sum(1 for multiplier in found.multipliers if multiplier)
    singly = sampling.largest(connection, _MARKED) * (len(targets) + reached)
    balance = _balance(connection, task, counts, sums, [number for number, _ in targets])
    mend(balance)
    if balance.kept:
        fill(balance)
    if not balance.kept or not any(balance.counts) or bound - balance.size > singly:
        free = [n for n, most in enumerate(task.upper) if task.lower[n] < most]
        sampling.order(connection, _MARKED, free, seed, sized=True)
        balance = _balance(connection, task, counts, sums, free)
        mend(balance)
        search(balance, singly)
        if balance.kept:
            fill(balance)
    if not balance.kept:
        return None
    proven = bound == balance.size
    return _Chosen(balance.sums, balance.counts, counts, balance.changed, bound, proven)


def _take(connection: Connection, task: Task, chosen: _Chosen | None, into: str) -> None:
    """Make the table of the ids that are taken; an empty one when none are."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quote_identifier(into)} (record_id UUID)")
    if chosen is None:
        return
    inside = set(_inside(task, chosen.first))
    whole = [n for n, count in enumerate(chosen.first) if count and n not in inside]
    partly = [(n, chosen.first[n]) for n in sorted(inside)]
    sampling.take(connection, _MARKED, into, partly, whole)
    sampling.turn(connection, into, chosen.changed)


def _inside(task: Task, counts: Sequence[int]) -> list[int]:
    """The strata of which some records are taken and some not."""
    strata = zip(counts, task.strata, strict=True)
    return [number for number, (count, s) in enumerate(strata) if 0 < count < s.records]


def _targets(task: Task, found: Amounts) -> list[tuple[int, int]]:
    """The strata that are cut, and the size up to which; where sizes are zero, in records."""
    targets = []
    for number, (stratum, value) in enumerate(zip(task.strata, found.records, strict=True)):
        if TINY < value < stratum.records - TINY:
            whole = stratum.sums[0] or stratum.records
            targets.append((number, round(Fraction(value) * whole / stratum.records)))
    return targets


def _cut(
    connection: Connection, task: Task, found: Amounts, targets: Sequence[tuple[int, int]]
) -> tuple[list[int], list[Sequence[int]]]:
    """Records by stratum whose size comes to no more than its amount, and their sums."""
    nothing = (0,) * len(task.strata[0].sums)
    cuts = sampling.cut(connection, _MARKED, targets, len(nothing))
    inside = {number for number, _ in targets}
    counts: list[int] = []
    sums: list[Sequence[int]] = []
    for number, (stratum, value) in enumerate(zip(task.strata, found.records, strict=True)):
        whole = (stratum.records, stratum.sums) if value > TINY else (0, nothing)
        count, taken = cuts.get(number, (0, nothing)) if number in inside else whole
        counts.append(count)
        sums.append(taken)
    return counts, sums


def _balance(
    connection: Connection,
    task: Task,
    counts: Sequence[int],
    sums: Sequence[Sequence[int]],
    strata: Sequence[int],
) -> Balance:
    """What is taken, with the records beside the cuts of some strata, as many as can be weighed.

    A group of which nothing is taken is not started if its rule would begin to be missed.
    """
    asleep = zip(task.rules, task.asleep(sums, counts), strict=True)
    barred = {number for rule, sleeps in asleep if sleeps for number in rule.own}
    near = [number for number in strata if number not in barred]
    width = min(BESIDE, WEIGHED // max(1, len(task.rules))) // (2 * max(1, len(near)))
    cuts = [(number, counts[number]) for number in near]
    width = max(1, min(64, width))
    beside = sampling.beside(connection, _MARKED, cuts, len(task.strata[0].sums), width)
    return Balance(task, [list(taken) for taken in sums], list(counts), beside)
