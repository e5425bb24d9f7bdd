"""Compare the sums of a policy's budgets with their limits and give a verdict for each group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from provenance.errors import MisuseError, NotFoundError
from provenance.model.base import Connection
from provenance.model.finding import BudgetResult, Verdict, worst
from provenance.model.policy import Policy
from provenance.policy.aggregates import BudgetAggregate, budget_aggregates
from provenance.policy.group_sums import GroupTally, Key, counted_by, tally_groups
from provenance.policy.remedy import RecordsToResolve, limit_of, records_to_resolve

TOP_SOURCES = 3
"""Most sources that the reason of a failed budget names."""


def judge(
    connection: Connection,
    members: str,
    policy: Policy,
    *,
    attributes: Collection[str] = (),
    anchors: Mapping[str, str] | None = None,
    repeated: bool = False,
) -> tuple[BudgetResult, ...]:
    """Evaluate every budget of a policy on every group, in the order of budgets, then of keys.

    Args:
        connection: runs SQL over the relations named below.
        members: the members relation (docs/architecture.md), quoted.
        policy: what the set must satisfy.
        attributes: names of the attributes that members carry.
        anchors: for ``accumulate``, the name of each release to its relation, quoted, with columns
            record_id and required.
        repeated: whether a record may be several members, as in a file with several splits.

    Raises:
        MisuseError: the set has no members, or a unit is not counted for all of them.
        NotFoundError: ``accumulate`` names a release without a relation.
    """
    judged = budget_aggregates(policy, attributes)
    row = connection.execute(f"SELECT count(*) FROM {members}").fetchone()
    if row[0] == 0:
        raise MisuseError("the set is empty: there is nothing to judge", hint="select some records")
    summed = [aggregate for aggregate in judged if aggregate.budget.rule != "accumulate"]
    tallies = tally_groups(connection, members, summed, repeated=repeated)
    results: list[BudgetResult] = []
    for aggregate in judged:
        if aggregate.budget.rule == "accumulate":
            results.append(_accumulated(connection, members, aggregate, anchors or {}))
        else:
            counted = counted_by(members, aggregate, repeated=repeated)
            results += _group_results(
                connection, counted, aggregate, tallies[aggregate.budget.name]
            )
    return tuple(results)


def overall(results: Sequence[BudgetResult]) -> Verdict:
    """The worst of the verdicts."""
    return worst([result.verdict for result in results])


def blocks(verdict: Verdict, policy: Policy) -> bool:
    """Whether a verdict stops a release under this policy."""
    if verdict == Verdict.INDETERMINATE:
        return policy.indeterminate == "block"
    return verdict == Verdict.FAIL


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval that a budget compares with its limit; ``None`` is an infinite value."""

    numerator_lo: int
    numerator_hi: int
    denominator: int
    lo: Fraction | None
    hi: Fraction | None


def bounds(aggregate: BudgetAggregate, of: GroupTally) -> Interval:
    """Compute the least and the greatest value of a group, over all that is unknown."""
    met, may = of.certain, of.maybe
    rule = aggregate.budget.rule
    lo, hi, scope = met.lo, met.hi + may.hi, met.size + may.size
    if rule == "max_share":
        return Interval(lo, hi, of.total, _ratio(lo, of.total), _ratio(hi, of.total))
    if rule == "min_human":
        least, most = met.size - met.hi, scope - met.lo - may.lo
        return Interval(least, most, scope, Fraction(least), Fraction(most))
    if rule == "forbid":
        return Interval(lo, hi, of.total, Fraction(lo), Fraction(hi))
    if aggregate.budget.per == "human":
        least, most = of.max_scope - hi, scope - met.lo - may.lo
        lower = _ratio(lo, most) if most or not met.records else None
        none = None if hi or met.records else Fraction(0)
        return Interval(lo, hi, scope, lower, Fraction(hi, least) if least else none)
    # A possible member raises the share most when only its synthetic part counts, and lowers it
    # most when only its human part counts.
    lower = _ratio(lo, scope - may.lo)
    return Interval(lo, hi, scope, lower, _ratio(hi, of.max_scope))


def _ratio(part: int, whole: int) -> Fraction:
    """A share; of nothing it is zero."""
    return Fraction(part, whole) if whole else Fraction(0)


def _verdict(aggregate: BudgetAggregate, of: GroupTally, found: Interval) -> Verdict:
    if _is_empty(aggregate, of):
        return Verdict.PASS
    limit = Fraction(limit_of(aggregate))
    if aggregate.budget.rule == "min_human":
        met, missed = _at_most(limit, found.lo), not _at_most(limit, found.hi)
        missed = missed and not (
            aggregate.budget.by and of.certain.records == 0
        )  # it is perhaps empty
    else:
        met, missed = _at_most(found.hi, limit), not _at_most(found.lo, limit)
    if met:
        return Verdict.PASS
    return Verdict.FAIL if missed else Verdict.INDETERMINATE


def _at_most(value: Fraction | None, limit: Fraction | None) -> bool:
    """Whether value <= limit, by cross-multiplication of integers; ``None`` is infinite."""
    return value is not None and (limit is None or value <= limit)


def _group_results(
    connection: Connection,
    members: str,
    aggregate: BudgetAggregate,
    tallies: Mapping[Key, GroupTally],
) -> list[BudgetResult]:
    keys = sorted(tallies, key=lambda key: [(value is not None, value or "") for value in key])
    found = {key: bounds(aggregate, tallies[key]) for key in keys}
    empty = {key for key in keys if _is_empty(aggregate, tallies[key])}
    verdicts = {key: _verdict(aggregate, tallies[key], found[key]) for key in keys}
    failed = {key for key in keys if verdicts[key] == Verdict.FAIL}
    indeterminate = {key: tallies[key] for key in keys if verdicts[key] == Verdict.INDETERMINATE}
    sources = _top_sources(connection, members, aggregate) if failed else {}
    needed = (
        records_to_resolve(connection, members, aggregate, indeterminate) if indeterminate else {}
    )
    results = []
    for key in keys:
        reason = "no record is in its scope" if key in empty else _sentence(aggregate, found[key])
        if key in failed:
            reason += _blame(aggregate, found[key], sources.get(key, []))
        if key in indeterminate:
            reason += _resolution(needed[key], settled=tallies[key].maybe.records == 0)
        results.append(
            BudgetResult(
                name=aggregate.budget.name,
                rule=aggregate.budget.rule,
                per=aggregate.budget.per,
                group=dict(zip(aggregate.budget.by, key, strict=True)) or None,
                verdict=verdicts[key],
                empty=key in empty,
                lo=_float(found[key].lo),
                hi=_float(found[key].hi),
                limit=limit_of(aggregate),
                numerator_lo=found[key].numerator_lo,
                numerator_hi=found[key].numerator_hi,
                denominator=found[key].denominator,
                unit=aggregate.unit,
                reason=reason,
                to_resolve=needed[key].records if key in indeterminate else None,
            )
        )
    return results


def _is_empty(aggregate: BudgetAggregate, of: GroupTally) -> bool:
    """Whether no member is in scope; a floor over the whole set then fails instead of passing."""
    if of.certain.records or of.maybe.records:
        return False
    return bool(aggregate.budget.by) or aggregate.budget.rule == "max_synthetic"


def _top_sources(
    connection: Connection, members: str, aggregate: BudgetAggregate
) -> dict[Key, list[tuple[str, int]]]:
    """Find the sources that contribute most to the lower end of each group."""
    keys = [f"k{i}" for i in range(len(aggregate.groups))]
    inner = [f"{sql} AS {key}" for key, sql in zip(keys, aggregate.groups, strict=True)]
    inner += ["coalesce(source, 'no source') AS origin", f"{aggregate.lo} AS lo"]
    partition = f"PARTITION BY {', '.join(keys)} " if keys else ""
    query = (
        f"SELECT * FROM (SELECT {', '.join([*keys, 'origin', 'sum(lo) AS part'])} "
        f"FROM (SELECT {', '.join(inner)} FROM {members} WHERE {aggregate.truth}) GROUP BY ALL) "
        f"WHERE part > 0 "
        f"QUALIFY row_number() OVER ({partition}ORDER BY part DESC, origin) <= {TOP_SOURCES} "
        f"ORDER BY part DESC, origin"
    )
    found: dict[Key, list[tuple[str, int]]] = defaultdict(list)
    for *key, origin, part in connection.execute(query).fetchall():
        found[tuple(key)].append((origin, int(part)))
    return found


def _accumulated(
    connection: Connection, members: str, aggregate: BudgetAggregate, anchors: Mapping[str, str]
) -> BudgetResult:
    release = str(aggregate.budget.accumulate)
    if release not in anchors:
        message = f"budget {aggregate.budget.name!r}: there is no release {release!r} to accumulate"
        raise NotFoundError(message, hint="name a release of this ledger")
    relation = anchors[release]
    row = connection.execute(
        f"SELECT count(*) FILTER (WHERE required), count(*) FROM {relation}"
    ).fetchone()
    required, excused = int(row[0]), int(row[1] - row[0])
    lost = connection.execute(
        f"SELECT count(*) FROM {relation} ANTI JOIN {members} USING (record_id) WHERE required"
    ).fetchone()
    missing = int(lost[0])
    reason = f"{missing:,} of {required:,} human records of {release} are missing"
    if excused:
        reason += f"; {excused:,} are excused: revoked, or not human any more"
    return BudgetResult(
        name=aggregate.budget.name,
        rule=aggregate.budget.rule,
        verdict=Verdict.FAIL if missing else Verdict.PASS,
        empty=required == 0,
        lo=missing,
        hi=missing,
        limit=Decimal(0),
        numerator_lo=missing,
        numerator_hi=missing,
        denominator=required,
        unit="records",
        reason=reason,
    )


def _sentence(aggregate: BudgetAggregate, found: Interval) -> str:
    budget, limit = aggregate.budget, limit_of(aggregate)
    where = f" where {' '.join(budget.where.split())}" if budget.where else ""
    if budget.rule == "forbid":
        condition = " ".join((budget.forbid or "").split())
        return f"{_counts(found)} records meet {condition}, none may"
    if budget.rule == "min_human":
        each = "" if budget.distinct else ", each repeat counted"
        return f"human {aggregate.unit}{where}{each}: {_counts(found)}, at least {limit:,} wanted"
    subject = (
        "share"
        if budget.rule == "max_share" and aggregate.lo == aggregate.size
        else "synthetic share"
    )
    if budget.per == "human":
        subject = "ratio of synthetic to human"
    return f"{subject} of {aggregate.unit}{where} is {_between(found, limit)}, limit {limit:f}"


def _between(found: Interval, limit: Decimal) -> str:
    if found.lo == found.hi:
        return _written(found.lo, limit, round)
    # Rounded outwards, so that the printed interval contains the exact one.
    return f"{_written(found.lo, limit, _down)} to {_written(found.hi, limit, _up)}"


def _counts(found: Interval) -> str:
    lo, hi = found.numerator_lo, found.numerator_hi
    return f"{lo:,}" if lo == hi else f"{lo:,} to {hi:,}"


def _down(value: Fraction, digits: int) -> Fraction:
    return Fraction(floor(value * 10**digits), 10**digits)


def _up(value: Fraction, digits: int) -> Fraction:
    return Fraction(ceil(value * 10**digits), 10**digits)


def _written(
    value: Fraction | None, limit: Decimal, rounded: Callable[[Fraction, int], Fraction]
) -> str:
    """Format a number with enough digits to stay on its side of the limit."""
    if value is None:
        return "infinite (no human part)"
    side = _side(value, limit)
    digits = next((n for n in (3, 6, 9, 12) if _side(rounded(value, n), limit) == side), 15)
    return f"{float(rounded(value, digits)):.{digits}f}"


def _side(value: Fraction, limit: Decimal) -> int:
    return (value > limit) - (value < limit)


def _blame(aggregate: BudgetAggregate, found: Interval, sources: Iterable[tuple[str, int]]) -> str:
    if aggregate.budget.rule == "min_human":
        short = int(limit_of(aggregate)) - found.numerator_hi
        return f": {short:,} short"
    named = ", ".join(f"{source} ({part:,} {aggregate.unit})" for source, part in sources)
    return f": most of it from {named}" if named else ""


def _resolution(needed: RecordsToResolve, *, settled: bool) -> str:
    if needed.records is None:
        return ": resolving its unknown records as human would not be enough"
    counted = f": {needed.records:,} of {needed.of:,}"
    if settled:
        return f"{counted} unknown records would have to be resolved as human"
    return f"{counted} uncertain records would have to be resolved as human or out of scope"


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
