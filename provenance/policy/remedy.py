"""How many records of unknown origin would have to be resolved for a budget to pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from provenance.model.base import Connection
from provenance.policy.aggregates import Key, Tally, Term, undiluted


def limit_of(term: Term) -> Decimal:
    """The limit of a budget, in the terms of its rule."""
    budget = term.budget
    if budget.max_synthetic is not None:
        return budget.max_synthetic
    if budget.max_share is not None:
        return budget.max_share
    return Decimal(budget.min_human or 0)


@dataclass(frozen=True, slots=True)
class Needed:
    """How many records decide: the least that must be resolved (if that helps), of how many."""

    records: int | None
    of: int


def to_resolve(
    connection: Connection, members: str, term: Term, torn: Mapping[Key, Tally]
) -> dict[Key, Needed]:
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
    answer = {order[at]: Needed(None if n is None else int(n), int(of)) for at, of, n in rows}
    return {key: answer.get(key, Needed(None, 0)) for key in order}


def _join(place: int, loose: str) -> str:
    same = f"k{place} IS NOT DISTINCT FROM g{place}"
    return same if loose == "FALSE" else f"({same} OR l{place})"


def _scaled(term: Term) -> tuple[int, int]:
    """The limit as a ratio that keeps products within HUGEINT; rounded down, if at all."""
    return Fraction(floor(Fraction(limit_of(term)) * 10**12), 10**12).as_integer_ratio()


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
    other = f"{may} - CASE WHEN now_unknown THEN 0 ELSE least(0, {least}) END"
    own = f"CASE WHEN now_met THEN {most} ELSE {may} END - CASE WHEN now_unknown THEN {settled} "
    own += f"ELSE {favour} END"
    # Where each may be a group of its own, it counts like one of another group that may be in it.
    apart = [f"l{i}" for i, sql in enumerate(term.loose) if sql != "FALSE" and undiluted(term)]
    if apart:
        own = f"CASE WHEN {' OR '.join(apart)} THEN {other} ELSE {own} END"
    columns |= {name: sql for name, sql in sizes.items() if name in f"{least}{most}{human}{may}"}
    found = ", ".join(f"{sql} AS {name}" for name, sql in {**sizes, **columns}.items())
    # Records of equal sizes are counted first: the wide integers are then worked out once for all.
    return f"""
        SELECT {kept}n, {own} AS own, {other} AS other
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
        return max(1, q * hi - p * (of.most - hi))
    return q * hi - p * of.most
