"""Compute the fewest unknown records that must be resolved for a budget to pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from provenance.model.base import Connection
from provenance.policy.aggregates import BudgetAggregate, isolates_unknown_groups
from provenance.policy.group_sums import GroupTally, Key


def limit_of(aggregate: BudgetAggregate) -> Decimal:
    """The limit of a budget, in the unit of its rule."""
    budget = aggregate.budget
    if budget.max_synthetic is not None:
        return budget.max_synthetic
    if budget.max_share is not None:
        return budget.max_share
    return Decimal(budget.min_human or 0)


@dataclass(frozen=True, slots=True)
class RecordsToResolve:
    """Fewest records that must be resolved (``None`` if that cannot help), and of how many."""

    records: int | None
    of: int


def records_to_resolve(
    connection: Connection,
    members: str,
    aggregate: BudgetAggregate,
    indeterminate: Mapping[Key, GroupTally],
) -> dict[Key, RecordsToResolve]:
    """Compute how many uncertain records must be resolved in the set's favour for it to pass.

    Each resolved record reduces the excess of the upper end by its gain; largest gains go first.
    """
    keys = [f"k{i}" for i in range(len(aggregate.groups))]
    same = " AND ".join(f"k{i} IS NOT DISTINCT FROM g{i}" for i in range(len(keys))) or "TRUE"
    joins = " AND ".join(_join(i, sql) for i, sql in enumerate(aggregate.unknown_group)) or "TRUE"
    wanted = "".join(f", unnest(?::VARCHAR[]) AS g{i}" for i in range(len(keys)))
    query = f"""
        WITH gains AS ({_gains(members, aggregate)}), targets AS (
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
    order = list(indeterminate)
    excess = [str(_excess(aggregate, indeterminate[key])) for key in order]
    columns = [[key[i] for key in order] for i in range(len(keys))]
    rows = connection.execute(query, [list(range(len(order))), excess, *columns]).fetchall()
    answer = {
        order[at]: RecordsToResolve(None if n is None else int(n), int(of)) for at, of, n in rows
    }
    return {key: answer.get(key, RecordsToResolve(None, 0)) for key in order}


def _join(index: int, unknown_group: str) -> str:
    same = f"k{index} IS NOT DISTINCT FROM g{index}"
    return same if unknown_group == "FALSE" else f"({same} OR l{index})"


def _scaled(aggregate: BudgetAggregate) -> tuple[int, int]:
    """The limit as a ratio that keeps products within HUGEINT; rounded down, if at all."""
    return Fraction(floor(Fraction(limit_of(aggregate)) * 10**12), 10**12).as_integer_ratio()


def _gains(members: str, aggregate: BudgetAggregate) -> str:
    """SQL of the gain of each uncertain record: how much resolving it reduces the excess.

    ``own`` is for the record's own group, ``other`` for groups that it may belong to. A record of
    unknown origin is resolved as human, and meets the condition or not as such; of another one the
    least synthetic part counts, and it is out of scope where that is not known and better.
    """
    columns = {f"k{i}": sql for i, sql in enumerate(aggregate.groups)}
    columns |= {f"l{i}": sql for i, sql in enumerate(aggregate.unknown_group)}
    kept = "".join(f"{name}, " for name in columns)
    columns |= {"now_met": aggregate.truth, "now_unknown": "label = 'unknown'"}
    sizes = {"now_size": aggregate.size, "now_lo": aggregate.lo, "now_hi": aggregate.hi}
    none = (
        "now_size" if aggregate.lo == aggregate.size else "0"
    )  # what a human record has in the numerator
    least, most, human = (_adds(aggregate, part) for part in ("now_lo", "now_hi", none))
    may = _may_add(aggregate)
    favour = f"CASE WHEN now_met THEN {least} ELSE least(0, {least}) END"
    settled = f"CASE WHEN as_human THEN {human} ELSE 0 END"
    other = f"{may} - CASE WHEN now_unknown THEN 0 ELSE least(0, {least}) END"
    own = f"CASE WHEN now_met THEN {most} ELSE {may} END - CASE WHEN now_unknown THEN {settled} "
    own += f"ELSE {favour} END"
    # A member that may be a group of its own counts like a possible member of this group.
    unknown_keys = [
        f"l{i}"
        for i, sql in enumerate(aggregate.unknown_group)
        if sql != "FALSE" and isolates_unknown_groups(aggregate)
    ]
    if unknown_keys:
        own = f"CASE WHEN {' OR '.join(unknown_keys)} THEN {other} ELSE {own} END"
    columns |= {name: sql for name, sql in sizes.items() if name in f"{least}{most}{human}{may}"}
    found = ", ".join(f"{sql} AS {name}" for name, sql in {**sizes, **columns}.items())
    # Records of equal sizes are counted first: the wide integers are then worked out once for all.
    return f"""
        SELECT {kept}n, {own} AS own, {other} AS other
        FROM (
            SELECT {", ".join(columns)}, {aggregate.truth} AS as_human, count(*) AS n FROM (
                SELECT * REPLACE ('human' AS label, NULL::VARCHAR AS process, 0::BIGINT AS depth,
                    NULL::VARCHAR AS generator, NULL::VARCHAR AS generator_family), {found}
                FROM {members})
            WHERE now_met IS DISTINCT FROM FALSE AND ({_uncertain(aggregate)}) GROUP BY ALL)"""


def _uncertain(aggregate: BudgetAggregate) -> str:
    """SQL of whether anything about a record can still be resolved."""
    unknown_group = "".join(
        f" OR l{i}" for i, sql in enumerate(aggregate.unknown_group) if sql != "FALSE"
    )
    return f"now_lo < now_hi OR now_met IS NULL OR now_unknown{unknown_group}"


def _adds(aggregate: BudgetAggregate, part: str) -> str:
    """SQL of the contribution of a record in scope with this numerator to the excess."""
    p, q = _scaled(aggregate)
    if aggregate.budget.rule == "min_human":
        return f"({part} - now_size)::HUGEINT"
    if aggregate.budget.rule in {"max_share", "forbid"}:
        return f"({q}::HUGEINT * {part})"
    whole = f"(now_size - {part})" if aggregate.budget.per == "human" else "now_size"
    return f"({q}::HUGEINT * {part} - {p}::HUGEINT * {whole})"


def _may_add(aggregate: BudgetAggregate) -> str:
    """SQL of the contribution of a record that is possibly in scope to the excess."""
    p, q = _scaled(aggregate)
    if aggregate.budget.rule == "min_human":
        return "0::HUGEINT"
    total = aggregate.budget.rule == "max_synthetic" and aggregate.budget.per == "total"
    return f"({q - p if total else q}::HUGEINT * now_hi)"


def _excess(aggregate: BudgetAggregate, of: GroupTally) -> int:
    """By how much the upper end misses the limit: what `_adds` and `_may_add` sum up to."""
    p, q = _scaled(aggregate)
    hi = of.certain.hi + of.maybe.hi
    if aggregate.budget.rule == "min_human":
        return p // q - (of.certain.size - of.certain.hi)
    if aggregate.budget.rule in {"max_share", "forbid"}:
        return q * hi - p * of.total
    if aggregate.budget.per == "human":
        return max(1, q * hi - p * (of.max_scope - hi))
    return q * hi - p * of.max_scope
