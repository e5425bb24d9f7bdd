"""Sum the aggregates of all budgets over the members, group by group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from provenance.errors import MisuseError
from provenance.model.base import Connection, quote_identifier
from provenance.policy.aggregates import BudgetAggregate, isolates_unknown_groups
from provenance.policy.conditions.three_valued import OPEN_MIXED

Key: TypeAlias = tuple[str | None, ...]
"""Values of the `by` columns of one group."""

TRUTHS_PER_SCAN = 8
"""Distinct conditions summed in one scan; rows come back for each combination of their truths."""


_CELLS = "tally_cells"


class GroupSums(NamedTuple):
    """Sums over some members of a group."""

    records: int = 0
    size: int = 0
    lo: int = 0
    hi: int = 0

    def plus(self, other: GroupSums, sign: int = 1) -> GroupSums:
        """Add other sums, or subtract them when the sign is -1."""
        return GroupSums(*(mine + sign * theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = GroupSums()


@dataclass(frozen=True, slots=True)
class GroupTally:
    """Sums of one group of a budget: members that meet its condition, and members that may.

    Attributes:
        certain: members of the group that meet the condition.
        maybe: members that may meet it, or that may belong to this group.
        total: size of the whole set.
        may_split: whether the members may in fact belong to several other groups; the worst case is
            then a group of synthetic parts only (``isolates_unknown_groups``).
    """

    certain: GroupSums = NOTHING
    maybe: GroupSums = NOTHING
    total: int = 0
    may_split: bool = False

    @property
    def max_scope(self) -> int:
        """The size of the scope when its synthetic share is greatest."""
        parted = self.certain.hi if self.may_split else self.certain.size
        return parted + self.maybe.hi


def counted_by(members: str, aggregate: BudgetAggregate, *, repeated: bool) -> str:
    """SQL of the members that a budget counts: each once per group if it ignores repeats.

    Args:
        repeated: whether a record may be several members.
    """
    if not (repeated and aggregate.budget.distinct):
        return members
    keys = ", ".join(["record_id", *aggregate.groups, aggregate.truth])
    return (
        f"(SELECT * FROM {members} QUALIFY row_number() OVER "
        f"(PARTITION BY {keys} ORDER BY split, uri, row) = 1)"
    )


def tally_groups(
    connection: Connection,
    members: str,
    summed: Sequence[BudgetAggregate],
    *,
    repeated: bool = False,
) -> dict[str, dict[Key, GroupTally]]:
    """Sum all budgets, by name of the budget and key of the group.

    Members are scanned once for all budgets that can be summed by cells, and once per ``by`` for
    the others.

    Args:
        repeated: whether a record may be several members.
    """
    over_cells = [aggregate for aggregate in summed if aggregate.summable_by_cell]
    if over_cells:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_CELLS} AS {_cells(members, over_cells)}"
        )
    scans = {_CELLS: over_cells}
    for aggregate in summed:
        if not aggregate.summable_by_cell:
            counted = counted_by(members, aggregate, repeated=repeated)
            scans.setdefault(f"(SELECT *, 1 AS members FROM {counted})", []).append(aggregate)
    found: dict[str, dict[Key, GroupTally]] = {}
    for relation, chosen in scans.items():
        for batch in _batches(chosen):
            found.update(_scan(connection, relation, batch))
    connection.execute(f"DROP TABLE IF EXISTS {_CELLS}")
    return found


def _cells(members: str, judged: Sequence[BudgetAggregate]) -> str:
    """SQL of cells: sums over ``members`` with equal values in all columns that the budgets read.

    A cell has the columns of a member that the budgets read; its sizes include the weight.
    """
    keys = sorted({"label"}.union(*(aggregate.reads for aggregate in judged)))
    units = sorted({aggregate.unit for aggregate in judged} | {"bytes"})
    sizes = [f"{end}{unit}" for unit in units for end in ("", "lo_", "hi_")]
    sums = [f"sum(weight * {size}) AS {size}" for size in sizes]
    named = [quote_identifier(key) for key in keys]
    # Members without a size are cells of their own, so that the error can count them.
    unsized = [*(f"{unit} IS NULL" for unit in units), OPEN_MIXED]
    return (
        f"SELECT {', '.join([*named, 'count(*) AS members', '1 AS weight', *sums])} "
        f"FROM {members} GROUP BY {', '.join([*named, *unsized])}"
    )


def _batches(summed: Sequence[BudgetAggregate]) -> list[list[BudgetAggregate]]:
    """Group the budgets that one scan sums: same groups, at most ``TRUTHS_PER_SCAN`` conditions."""
    scans: dict[tuple[str, ...], list[list[BudgetAggregate]]] = defaultdict(lambda: [[]])
    for aggregate in summed:
        batches = scans[aggregate.groups]
        if len({one.truth for one in [*batches[-1], aggregate]} - {"TRUE"}) > TRUTHS_PER_SCAN:
            batches.append([])
        batches[-1].append(aggregate)
    return [batch for batches in scans.values() for batch in batches]


def _scan(
    connection: Connection, members: str, batch: list[BudgetAggregate]
) -> dict[str, dict[Key, GroupTally]]:
    """Sum budgets with the same groups in one scan over members or cells.

    The truth values of the conditions are group keys too: this gives one row per combination that
    occurs, instead of three filtered sums per budget.
    """
    groups, unknown_group = batch[0].groups, batch[0].unknown_group
    truths = _distinct(aggregate.truth for aggregate in batch)
    sizes = _distinct(
        sql for aggregate in batch for sql in (aggregate.size, aggregate.lo, aggregate.hi)
    )
    keys = [*groups, *unknown_group, *truths]
    inner = [f"{sql} AS k{i}" for i, sql in enumerate(keys)]
    inner += [*(f"{sql} AS s{i}" for i, sql in enumerate(sizes)), "members"]
    outer = [f"k{i}" for i in range(len(keys))] + ["sum(members)"]
    outer += [
        f"coalesce(sum(s{i}), 0), coalesce(sum(members) FILTER (s{i} IS NOT NULL), 0)"
        for i in range(len(sizes))
    ]
    query = (
        f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {members}) GROUP BY ALL"
    )
    rows = connection.execute(query).fetchall()
    width = len(groups)
    cells: dict[str, dict[tuple[Key, Key], GroupTally]] = {
        aggregate.budget.name: {} for aggregate in batch
    }
    for row in rows:
        cell_key = (row[:width], row[width : 2 * width])
        count = int(row[len(keys)])
        sums = row[len(keys) + 1 :]
        for aggregate in batch:
            at = [2 * sizes.index(sql) for sql in (aggregate.size, aggregate.lo, aggregate.hi)]
            if any(sums[i + 1] != count for i in at):
                raise _uncounted(aggregate, max(count - sums[i + 1] for i in at))
            part = GroupSums(count, *(int(sums[i]) for i in at))
            own = cells[aggregate.budget.name]
            truth = row[2 * width + truths.index(aggregate.truth)]
            own[cell_key] = _add(own.get(cell_key, GroupTally()), truth, part)
    return {
        aggregate.budget.name: _gather(cells[aggregate.budget.name], aggregate)
        for aggregate in batch
    }


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _uncounted(aggregate: BudgetAggregate, missing: int) -> MisuseError:
    message = (
        f"budget {aggregate.budget.name!r}: {missing:,} members have no size in {aggregate.unit}"
    )
    return MisuseError(message, hint=f"count {aggregate.unit} first, or choose another unit")


def _add(group: GroupTally, truth: bool | None, part: GroupSums) -> GroupTally:
    total = group.total + part.size
    if truth is None:
        return replace(group, maybe=group.maybe.plus(part), total=total)
    return replace(
        group,
        certain=group.certain.plus(part) if truth else group.certain,
        total=total,
    )


def _gather(
    cells: dict[tuple[Key, Key], GroupTally], aggregate: BudgetAggregate
) -> dict[Key, GroupTally]:
    """Make groups from cells of (key, which of its columns are unknown).

    A member with an unknown key counts in its own group, and as a possible member of every other
    group that is not empty and agrees with it on the remaining columns.
    """
    total = sum(cell.total for cell in cells.values())
    may_split: set[Key] = set()
    if isolates_unknown_groups(aggregate):
        filled = {at for at, cell in cells.items() if cell.certain.records or cell.maybe.records}
        may_split = {key for key, unknown_group in filled if any(unknown_group)}
        cells = {at: cell for at, cell in cells.items() if any(at[1]) or at[0] not in may_split}
    groups: dict[Key, GroupTally] = defaultdict(lambda: GroupTally(total=total))
    unassigned: dict[Key, dict[Key, GroupSums]] = defaultdict(lambda: defaultdict(GroupSums))
    for (key, unknown_group), cell in cells.items():
        mine = groups[key]
        groups[key] = replace(
            mine, certain=mine.certain.plus(cell.certain), maybe=mine.maybe.plus(cell.maybe)
        )
        if any(unknown_group):
            kept = _kept(key, unknown_group)
            unassigned[unknown_group][kept] = (
                unassigned[unknown_group][kept].plus(cell.certain).plus(cell.maybe)
            )
    for key, mine in groups.items():
        if not (mine.certain.records or mine.maybe.records):
            continue  # an empty group stays empty
        maybe = mine.maybe
        for unknown_group, parts in unassigned.items():
            maybe = maybe.plus(parts[_kept(key, unknown_group)])
            if (key, unknown_group) in cells:
                cell = cells[key, unknown_group]
                maybe = maybe.plus(cell.certain, -1).plus(cell.maybe, -1)
        groups[key] = replace(mine, maybe=maybe, may_split=key in may_split)
    return dict(groups)


def _kept(key: Key, unknown_group: Key) -> Key:
    return tuple(value for value, free in zip(key, unknown_group, strict=True) if not free)
