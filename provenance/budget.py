"""Verdicts: sums under a policy, compared exactly with its limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from provenance.errors import MisuseError, NotFoundError
from provenance.model.base import Connection
from provenance.model.finding import BudgetResult, Verdict, worst
from provenance.model.policy import Policy
from provenance.terms import Key, Tally, Term, tally, terms

TOP_SOURCES = 3
"""Sources that a failed budget names."""


def judge(
    connection: Connection,
    members: str,
    policy: Policy,
    *,
    attributes: Collection[str] = (),
    anchors: Mapping[str, str] | None = None,
) -> tuple[BudgetResult, ...]:
    """Every budget of a policy on every group: in the policy's order, groups in the order of keys.

    Args:
        connection: runs SQL over the relations named below.
        members: the members relation (docs/architecture.md), quoted.
        policy: what the set must satisfy.
        attributes: names of the attributes that members carry.
        anchors: for ``accumulate``, the name of each release to its relation, quoted, with columns
            record_id and required.

    Raises:
        MisuseError: the set has no members, or a unit is not counted for all of them.
        NotFoundError: ``accumulate`` names a release without a relation.
    """
    judged = terms(policy, attributes)
    row = connection.execute(f"SELECT count(*) FROM {members}").fetchone()
    if row[0] == 0:
        raise MisuseError("the set is empty: there is nothing to judge", hint="select some records")
    summed = [term for term in judged if term.budget.rule != "accumulate"]
    tallies = tally(connection, members, summed)
    results: list[BudgetResult] = []
    for term in judged:
        if term.budget.rule == "accumulate":
            results.append(_accumulated(connection, members, term, anchors or {}))
        else:
            results += _groups(connection, members, term, tallies[term.budget.name])
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
        least, most = met.size - met.hi, scope - met.lo - may.lo
        lower = _ratio(lo, most) if most or not met.records else None
        return Bounds(lo, hi, scope, lower, Fraction(hi, least) if least else None)
    # A member of which it is not known whether it counts raises the share most when exactly its
    # synthetic part counts, and lowers it most when exactly its human part does.
    lower = _ratio(lo, scope - may.lo)
    return Bounds(lo, hi, scope, lower, _ratio(hi, met.size + may.hi))


def _ratio(part: int, whole: int) -> Fraction:
    """A share; of nothing it is zero."""
    return Fraction(part, whole) if whole else Fraction(0)


def _limit(term: Term) -> Decimal:
    budget = term.budget
    if budget.max_synthetic is not None:
        return budget.max_synthetic
    if budget.max_share is not None:
        return budget.max_share
    return Decimal(budget.min_human or 0)


def _verdict(term: Term, of: Tally, found: Bounds) -> Verdict:
    if _is_empty(term, of):
        return Verdict.PASS
    limit = Fraction(_limit(term))
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
    needed = _to_resolve(connection, members, term, torn) if torn else {}
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
                limit=_limit(term),
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


@dataclass(frozen=True, slots=True)
class _Needed:
    """How many records decide: the least that must be resolved (if that helps), of how many."""

    records: int | None
    of: int


def _to_resolve(
    connection: Connection, members: str, term: Term, torn: Mapping[Key, Tally]
) -> dict[Key, _Needed]:
    """The least number of uncertain records that have to turn out in the set's favour to pass.

    Each such record takes its gain off what the upper end has too much; the largest gains go first.
    """
    keys = [f"k{i}" for i in range(len(term.groups))]
    same = " AND ".join(f"k{i} IS NOT DISTINCT FROM g{i}" for i in range(len(keys))) or "TRUE"
    joins = " AND ".join(_join(i, sql) for i, sql in enumerate(term.loose)) or "TRUE"
    wanted = "".join(f", unnest(?::VARCHAR[]) AS g{i}" for i in range(len(keys)))
    query = f"""
        WITH gains AS ({_gains(members, term)}), targets AS (
            SELECT unnest(?::INTEGER[]) AS target, unnest(?::HUGEINT[]) AS excess{wanted}
        ), chosen AS (
            SELECT target, excess, CASE WHEN {same} THEN own ELSE other END AS gain,
                sum(n)::HUGEINT AS n
            FROM gains JOIN targets ON {joins} GROUP BY ALL
        ), ranked AS (
            SELECT target, gain, n, sum(n) OVER w AS records,
                excess - (sum(gain * n) OVER w - gain * n) AS missing
            FROM chosen WHERE gain > 0
            WINDOW w AS (PARTITION BY target ORDER BY gain DESC ROWS UNBOUNDED PRECEDING)
        )
        SELECT target, sum(n),
            arg_min(records - n + (missing + gain - 1) // gain, records)
                FILTER (WHERE gain * n >= missing)
        FROM ranked GROUP BY target"""
    order = list(torn)
    excess = [str(_excess(term, torn[key])) for key in order]
    columns = [[key[i] for key in order] for i in range(len(keys))]
    rows = connection.execute(query, [list(range(len(order))), excess, *columns]).fetchall()
    answer = {order[at]: _Needed(None if n is None else int(n), int(of)) for at, of, n in rows}
    return {key: answer.get(key, _Needed(None, 0)) for key in order}


def _join(place: int, loose: str) -> str:
    same = f"k{place} IS NOT DISTINCT FROM g{place}"
    return same if loose == "FALSE" else f"({same} OR l{place})"


def _scaled(term: Term) -> tuple[int, int]:
    """The limit as a ratio that keeps products within HUGEINT; rounded down, if at all."""
    return Fraction(floor(Fraction(_limit(term)) * 10**12), 10**12).as_integer_ratio()


def _gains(members: str, term: Term) -> str:
    """SQL of how much less each uncertain record adds to the excess once it is resolved.

    ``own`` is for the record's own group, ``other`` for groups that it may belong to. A record of
    unknown origin is resolved as human, and meets the condition or not as such; of another one the
    least synthetic part counts, and it is out of scope where that is not known and better.
    """
    columns = {f"k{i}": sql for i, sql in enumerate(term.groups)}
    columns |= {f"l{i}": sql for i, sql in enumerate(term.loose)}
    kept = "".join(f"{name}, " for name in columns)
    columns |= {"now_met": term.truth, "now_unknown": "label = 'unknown'"}
    sizes = {"now_size": term.size, "now_lo": term.lo, "now_hi": term.hi}
    none = "now_size" if term.lo == term.size else "0"  # what a human record has in the numerator
    least, most, human = (_adds(term, part) for part in ("now_lo", "now_hi", none))
    may = _may_add(term)
    favour = f"CASE WHEN now_met THEN {least} ELSE least(0, {least}) END"
    settled = f"CASE WHEN as_human THEN {human} ELSE 0 END"
    columns |= {name: sql for name, sql in sizes.items() if name in f"{least}{most}{human}{may}"}
    found = ", ".join(f"{sql} AS {name}" for name, sql in {**sizes, **columns}.items())
    # Records of equal sizes are counted first: the wide integers are then worked out once for all.
    return f"""
        SELECT {kept}n, CASE WHEN now_met THEN {most} ELSE {may} END
                - CASE WHEN now_unknown THEN {settled} ELSE {favour} END AS own,
            {may} - CASE WHEN now_unknown THEN 0 ELSE least(0, {least}) END AS other
        FROM (
            SELECT {", ".join(columns)}, {term.truth} AS as_human, count(*) AS n FROM (
                SELECT * REPLACE ('human' AS label, NULL::VARCHAR AS process, 0::BIGINT AS depth,
                    NULL::VARCHAR AS generator, NULL::VARCHAR AS generator_family), {found}
                FROM {members})
            WHERE now_met IS DISTINCT FROM FALSE AND ({_uncertain(term)}) GROUP BY ALL)"""


def _uncertain(term: Term) -> str:
    """SQL of whether anything about a record can still be resolved."""
    loose = "".join(f" OR l{i}" for i, sql in enumerate(term.loose) if sql != "FALSE")
    return f"now_lo < now_hi OR now_met IS NULL OR now_unknown{loose}"


def _adds(term: Term, part: str) -> str:
    """What a record in scope with this numerator adds to the excess."""
    p, q = _scaled(term)
    if term.budget.rule == "min_human":
        return f"({part} - now_size)::HUGEINT"
    if term.budget.rule in {"max_share", "forbid"}:
        return f"({q}::HUGEINT * {part})"
    whole = f"(now_size - {part})" if term.budget.per == "human" else "now_size"
    return f"({q}::HUGEINT * {part} - {p}::HUGEINT * {whole})"


def _may_add(term: Term) -> str:
    """What a record that is perhaps in scope adds to the excess."""
    p, q = _scaled(term)
    if term.budget.rule == "min_human":
        return "0::HUGEINT"
    total = term.budget.rule == "max_synthetic" and term.budget.per == "total"
    return f"({q - p if total else q}::HUGEINT * now_hi)"


def _excess(term: Term, of: Tally) -> int:
    """By how much the upper end misses the limit: what `_adds` and `_may_add` sum up to."""
    p, q = _scaled(term)
    hi = of.met.hi + of.open.hi
    if term.budget.rule == "min_human":
        return p // q - (of.met.size - of.met.hi)
    if term.budget.rule in {"max_share", "forbid"}:
        return q * hi - p * of.total
    if term.budget.per == "human":
        return max(1, q * hi - p * (of.met.size - of.met.hi))
    return q * hi - p * (of.met.size + of.open.hi)


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
    budget, limit = term.budget, _limit(term)
    where = f" where {' '.join(budget.where.split())}" if budget.where else ""
    if budget.rule == "forbid":
        condition = " ".join((budget.forbid or "").split())
        return f"{_counts(found)} records meet {condition}, none may"
    if budget.rule == "min_human":
        return f"human {term.unit}{where}: {_counts(found)}, at least {limit:,} wanted"
    subject = "share" if budget.rule == "max_share" and term.lo == term.size else "synthetic share"
    if budget.per == "human":
        subject = "ratio of synthetic to human"
    return f"{subject} of {term.unit}{where} is {_between(found, limit)}, limit {limit:f}"


def _between(found: Bounds, limit: Decimal) -> str:
    lo, hi = _written(found.lo, limit), _written(found.hi, limit)
    return lo if lo == hi else f"{lo} to {hi}"


def _counts(found: Bounds) -> str:
    lo, hi = found.numerator_lo, found.numerator_hi
    return f"{lo:,}" if lo == hi else f"{lo:,} to {hi:,}"


def _written(value: Fraction | None, limit: Decimal) -> str:
    """A number with as many digits as it takes not to fall on the wrong side of the limit."""
    if value is None:
        return "infinite (no human part)"
    side = _side(value, limit)
    digits = next((n for n in (3, 6, 9, 12) if _side(round(value, n), limit) == side), 15)
    return f"{float(value):.{digits}f}"


def _side(value: Fraction, limit: Decimal) -> int:
    return (value > limit) - (value < limit)


def _blame(term: Term, found: Bounds, sources: Iterable[tuple[str, int]]) -> str:
    if term.budget.rule == "min_human":
        short = int(_limit(term)) - found.numerator_hi
        return f": {short:,} short"
    named = ", ".join(f"{source} ({part:,} {term.unit})" for source, part in sources)
    return f": most of it from {named}" if named else ""


def _remedy(needed: _Needed, *, settled: bool) -> str:
    if needed.records is None:
        return ": resolving its unknown records as human would not be enough"
    counted = f": {needed.records:,} of {needed.of:,}"
    if settled:
        return f"{counted} unknown records would have to be resolved as human"
    return f"{counted} uncertain records would have to be resolved as human or out of scope"


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
