"""Verdicts: sums under a policy, compared exactly with its limits."""

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
from provenance.policy.aggregates import Key, Tally, Term, counted_by, tally, terms
from provenance.policy.remedy import Needed, limit_of, to_resolve

TOP_SOURCES = 3
"""Sources that a failed budget names."""


def judge(
    connection: Connection,
    members: str,
    policy: Policy,
    *,
    attributes: Collection[str] = (),
    anchors: Mapping[str, str] | None = None,
    repeated: bool = False,
) -> tuple[BudgetResult, ...]:
    """Every budget of a policy on every group: in the policy's order, groups in the order of keys.

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
    judged = terms(policy, attributes)
    row = connection.execute(f"SELECT count(*) FROM {members}").fetchone()
    if row[0] == 0:
        raise MisuseError("the set is empty: there is nothing to judge", hint="select some records")
    summed = [term for term in judged if term.budget.rule != "accumulate"]
    tallies = tally(connection, members, summed, repeated=repeated)
    results: list[BudgetResult] = []
    for term in judged:
        if term.budget.rule == "accumulate":
            results.append(_accumulated(connection, members, term, anchors or {}))
        else:
            counted = counted_by(members, term, repeated=repeated)
            results += _groups(connection, counted, term, tallies[term.budget.name])
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
class Bounds:
    """What a budget compares with its limit; ``None`` is no finite value."""

    numerator_lo: int
    numerator_hi: int
    denominator: int
    lo: Fraction | None
    hi: Fraction | None


def bounds(term: Term, of: Tally) -> Bounds:
    """The least and the most that the group can come to, over everything that is not known."""
    met, may = of.met, of.open
    rule = term.budget.rule
    lo, hi, scope = met.lo, met.hi + may.hi, met.size + may.size
    if rule == "max_share":
        return Bounds(lo, hi, of.total, _ratio(lo, of.total), _ratio(hi, of.total))
    if rule == "min_human":
        least, most = met.size - met.hi, scope - met.lo - may.lo
        return Bounds(least, most, scope, Fraction(least), Fraction(most))
    if rule == "forbid":
        return Bounds(lo, hi, of.total, Fraction(lo), Fraction(hi))
    if term.budget.per == "human":
        least, most = of.most - hi, scope - met.lo - may.lo
        lower = _ratio(lo, most) if most or not met.records else None
        none = None if hi or met.records else Fraction(0)
        return Bounds(lo, hi, scope, lower, Fraction(hi, least) if least else none)
    # A member of which it is not known whether it counts raises the share most when exactly its
    # synthetic part counts, and lowers it most when exactly its human part does.
    lower = _ratio(lo, scope - may.lo)
    return Bounds(lo, hi, scope, lower, _ratio(hi, of.most))


def _ratio(part: int, whole: int) -> Fraction:
    """A share; of nothing it is zero."""
    return Fraction(part, whole) if whole else Fraction(0)


def _verdict(term: Term, of: Tally, found: Bounds) -> Verdict:
    if _is_empty(term, of):
        return Verdict.PASS
    limit = Fraction(limit_of(term))
    if term.budget.rule == "min_human":
        met, missed = _at_most(limit, found.lo), not _at_most(limit, found.hi)
        missed = missed and not (term.budget.by and of.met.records == 0)  # it is perhaps empty
    else:
        met, missed = _at_most(found.hi, limit), not _at_most(found.lo, limit)
    if met:
        return Verdict.PASS
    return Verdict.FAIL if missed else Verdict.INDETERMINATE


def _at_most(value: Fraction | None, limit: Fraction | None) -> bool:
    """Whether value <= limit, by cross-multiplication of integers; ``None`` is infinite."""
    return value is not None and (limit is None or value <= limit)


def _groups(
    connection: Connection, members: str, term: Term, tallies: Mapping[Key, Tally]
) -> list[BudgetResult]:
    keys = sorted(tallies, key=lambda key: [(value is not None, value or "") for value in key])
    found = {key: bounds(term, tallies[key]) for key in keys}
    empty = {key for key in keys if _is_empty(term, tallies[key])}
    verdicts = {key: _verdict(term, tallies[key], found[key]) for key in keys}
    failed = {key for key in keys if verdicts[key] == Verdict.FAIL}
    torn = {key: tallies[key] for key in keys if verdicts[key] == Verdict.INDETERMINATE}
    sources = _top_sources(connection, members, term) if failed else {}
    needed = to_resolve(connection, members, term, torn) if torn else {}
    results = []
    for key in keys:
        reason = "no record is in its scope" if key in empty else _sentence(term, found[key])
        if key in failed:
            reason += _blame(term, found[key], sources.get(key, []))
        if key in torn:
            reason += _remedy(needed[key], settled=tallies[key].open.records == 0)
        results.append(
            BudgetResult(
                name=term.budget.name,
                rule=term.budget.rule,
                per=term.budget.per,
                group=dict(zip(term.budget.by, key, strict=True)) or None,
                verdict=verdicts[key],
                empty=key in empty,
                lo=_float(found[key].lo),
                hi=_float(found[key].hi),
                limit=limit_of(term),
                numerator_lo=found[key].numerator_lo,
                numerator_hi=found[key].numerator_hi,
                denominator=found[key].denominator,
                unit=term.unit,
                reason=reason,
                to_resolve=needed[key].records if key in torn else None,
            )
        )
    return results


def _is_empty(term: Term, of: Tally) -> bool:
    """Whether nothing is in scope; a floor over the whole set is missed by that, not passed."""
    if of.met.records or of.open.records:
        return False
    return bool(term.budget.by) or term.budget.rule == "max_synthetic"


def _top_sources(
    connection: Connection, members: str, term: Term
) -> dict[Key, list[tuple[str, int]]]:
    """The sources that add most to the lower end of each group."""
    keys = [f"k{i}" for i in range(len(term.groups))]
    inner = [f"{sql} AS {key}" for key, sql in zip(keys, term.groups, strict=True)]
    inner += ["coalesce(source, 'no source') AS origin", f"{term.lo} AS lo"]
    partition = f"PARTITION BY {', '.join(keys)} " if keys else ""
    query = (
        f"SELECT * FROM (SELECT {', '.join([*keys, 'origin', 'sum(lo) AS part'])} "
        f"FROM (SELECT {', '.join(inner)} FROM {members} WHERE {term.truth}) GROUP BY ALL) "
        f"WHERE part > 0 "
        f"QUALIFY row_number() OVER ({partition}ORDER BY part DESC, origin) <= {TOP_SOURCES} "
        f"ORDER BY part DESC, origin"
    )
    found: dict[Key, list[tuple[str, int]]] = defaultdict(list)
    for *key, origin, part in connection.execute(query).fetchall():
        found[tuple(key)].append((origin, int(part)))
    return found


def _accumulated(
    connection: Connection, members: str, term: Term, anchors: Mapping[str, str]
) -> BudgetResult:
    release = str(term.budget.accumulate)
    if release not in anchors:
        message = f"budget {term.budget.name!r}: there is no release {release!r} to accumulate"
        raise NotFoundError(message, hint="name a release of this ledger")
    held = anchors[release]
    row = connection.execute(
        f"SELECT count(*) FILTER (WHERE required), count(*) FROM {held}"
    ).fetchone()
    required, excused = int(row[0]), int(row[1] - row[0])
    lost = connection.execute(
        f"SELECT count(*) FROM {held} ANTI JOIN {members} USING (record_id) WHERE required"
    ).fetchone()
    missing = int(lost[0])
    reason = f"{missing:,} of {required:,} human records of {release} are missing"
    if excused:
        reason += f"; {excused:,} are excused: revoked, or not human any more"
    return BudgetResult(
        name=term.budget.name,
        rule=term.budget.rule,
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


def _sentence(term: Term, found: Bounds) -> str:
    budget, limit = term.budget, limit_of(term)
    where = f" where {' '.join(budget.where.split())}" if budget.where else ""
    if budget.rule == "forbid":
        condition = " ".join((budget.forbid or "").split())
        return f"{_counts(found)} records meet {condition}, none may"
    if budget.rule == "min_human":
        each = "" if budget.distinct else ", each repeat counted"
        return f"human {term.unit}{where}{each}: {_counts(found)}, at least {limit:,} wanted"
    subject = "share" if budget.rule == "max_share" and term.lo == term.size else "synthetic share"
    if budget.per == "human":
        subject = "ratio of synthetic to human"
    return f"{subject} of {term.unit}{where} is {_between(found, limit)}, limit {limit:f}"


def _between(found: Bounds, limit: Decimal) -> str:
    if found.lo == found.hi:
        return _written(found.lo, limit, round)
    # Rounded outwards, so that the interval that is said holds the exact one.
    return f"{_written(found.lo, limit, _down)} to {_written(found.hi, limit, _up)}"


def _counts(found: Bounds) -> str:
    lo, hi = found.numerator_lo, found.numerator_hi
    return f"{lo:,}" if lo == hi else f"{lo:,} to {hi:,}"


def _down(value: Fraction, digits: int) -> Fraction:
    return Fraction(floor(value * 10**digits), 10**digits)


def _up(value: Fraction, digits: int) -> Fraction:
    return Fraction(ceil(value * 10**digits), 10**digits)


def _written(
    value: Fraction | None, limit: Decimal, rounded: Callable[[Fraction, int], Fraction]
) -> str:
    """A number with as many digits as it takes not to fall on the wrong side of the limit."""
    if value is None:
        return "infinite (no human part)"
    side = _side(value, limit)
    digits = next((n for n in (3, 6, 9, 12) if _side(rounded(value, n), limit) == side), 15)
    return f"{float(rounded(value, digits)):.{digits}f}"


def _side(value: Fraction, limit: Decimal) -> int:
    return (value > limit) - (value < limit)


def _blame(term: Term, found: Bounds, sources: Iterable[tuple[str, int]]) -> str:
    if term.budget.rule == "min_human":
        short = int(limit_of(term)) - found.numerator_hi
        return f": {short:,} short"
    named = ", ".join(f"{source} ({part:,} {term.unit})" for source, part in sources)
    return f": most of it from {named}" if named else ""


def _remedy(needed: Needed, *, settled: bool) -> str:
    if needed.records is None:
        return ": resolving its unknown records as human would not be enough"
    counted = f": {needed.records:,} of {needed.of:,}"
    if settled:
        return f"{counted} unknown records would have to be resolved as human"
    return f"{counted} uncertain records would have to be resolved as human or out of scope"


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
