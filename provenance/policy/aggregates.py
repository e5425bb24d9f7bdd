"""What each budget counts: SQL expressions over the members relation, and their sums.

The relation is the members relation of docs/architecture.md; every expression here names its
columns bare and is evaluated once per member.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from provenance.errors import ConditionError, MisuseError
from provenance.model.base import Connection, quote_identifier
from provenance.model.origin import Unit
from provenance.model.policy import Budget, Policy
from provenance.policy.conditions.grammar import Condition, check, columns, known_column, parse
from provenance.policy.conditions.three_valued import (
    OPEN_MIXED,
    ORIGIN,
    column_sql,
    loose_sql,
    members_truth,
)

FEW_VALUES = ORIGIN | {
    *("source", "lang", "split", "licence", "source_kind", "kind", "conflict", "rule", "tier"),
}
"""Columns whose values, and the combinations that occur, are few beside the members."""

SYNTHETIC_PART = frozenset({"generator", "generator_family"})
"""Columns that turn the numerator of ``max_share`` from whole records to their synthetic part."""


@dataclass(frozen=True, slots=True)
class Term:
    """One budget, ready to be summed. Sizes have the weight in them and are BIGINT.

    Attributes:
        budget: the rule and its limit.
        unit: the unit that it is judged in.
        groups: VARCHAR expressions of the ``by`` columns; NULL is a group of its own.
        loose: BOOLEAN expressions, one per group expression: whether the member's key in that
            column is not known because its origin is not, so that it may belong to any group. Such
            a member counts in its own group, and in the upper end of every group that agrees with
            it on the other keys and is not empty without it.
        truth: BOOLEAN expression, TRUE without a condition. NULL where it cannot be told, and then
            the member counts in the upper end only; never NULL for a human record.
        size: the member's size.
        lo: what it adds to the numerator at least, when the condition holds.
        hi: what it adds to the numerator at most. For ``min_human`` the two are synthetic sizes,
            so that the human size lies within ``size - hi`` and ``size - lo``. For ``accumulate``
            both are 0, and for ``forbid`` both are the size.
        reads: the columns and attributes behind the groups and the truth.
    """

    budget: Budget
    unit: Unit
    groups: tuple[str, ...]
    loose: tuple[str, ...]
    truth: str
    size: str
    lo: str
    hi: str
    reads: frozenset[str]

    @property
    def few(self) -> bool:
        """Whether members can be summed before they are judged, those alike as one."""
        return self.reads <= FEW_VALUES and self.budget.rule != "min_human"


def terms(policy: Policy, attributes: Collection[str] = ()) -> tuple[Term, ...]:
    """The terms of a policy, in its order.

    Args:
        policy: the policy.
        attributes: names of the attributes that members carry beside their columns.

    Raises:
        ConditionError: a condition or a ``by`` of some budget cannot be evaluated; the message
            names the budget.
    """
    return tuple(_term(budget, budget.unit or policy.unit, attributes) for budget in policy.budgets)


def _term(budget: Budget, unit: Unit, attributes: Collection[str]) -> Term:
    text = budget.forbid if budget.forbid is not None else budget.where
    try:
        condition = parse(text) if text is not None else None
        if condition is not None:
            check(condition, attributes)
        for name in budget.by:
            known_column(name, attributes)
    except ConditionError as error:
        message = f"budget {budget.name!r}: {error.message}"
        raise type(error)(message, hint=error.hint) from error
    if budget.rule in {"forbid", "accumulate"}:
        unit = "records"
    size, lo, hi = _sizes(budget, unit, condition)
    return Term(
        budget=budget,
        unit=unit,
        groups=tuple(f"CAST({column_sql(name)} AS VARCHAR)" for name in budget.by),
        loose=tuple(loose_sql(name) for name in budget.by),
        truth="TRUE"
        if condition is None
        else members_truth(condition, wanted=budget.rule == "min_human"),
        size=size,
        lo=lo,
        hi=hi,
        reads=frozenset(budget.by) | (columns(condition) if condition else frozenset()),
    )


def _sizes(budget: Budget, unit: Unit, condition: Condition | None) -> tuple[str, str, str]:
    times = "" if budget.distinct else "weight * "
    whole = f"({times}{unit})"
    lo, hi = f"({times}lo_{unit})", f"({times}hi_{unit})"
    if budget.rule == "accumulate":
        return whole, "0", "0"
    if budget.rule == "forbid":
        return whole, whole, whole
    if budget.rule == "max_share":
        named = frozenset(budget.by) | (columns(condition) if condition else frozenset())
        return (whole, lo, hi) if named & SYNTHETIC_PART else (whole, whole, whole)
    if budget.rule == "min_human" and unit == "records":
        # A record that is synthetic in part is no human record, whatever the rest of it is.
        partly = "(lo_records > 0 OR lo_bytes > 0)"
        return whole, f"(CASE WHEN {partly} THEN {times}records ELSE 0 END)", hi
    return whole, lo, hi


Key: TypeAlias = tuple[str | None, ...]
"""Values of the `by` columns of one group."""

TRUTHS_PER_SCAN = 8
"""Distinct conditions summed in one scan; rows come back for each combination of their truths."""


_CELLS = "tally_cells"


class Part(NamedTuple):
    """Some members of a group, summed."""

    records: int = 0
    size: int = 0
    lo: int = 0
    hi: int = 0

    def plus(self, other: Part, sign: int = 1) -> Part:
        """This part and another one; without it when the sign is -1."""
        return Part(*(mine + sign * theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = Part()


@dataclass(frozen=True, slots=True)
class Tally:
    """A group of a budget: members that meet its condition, and those of which it is not known.

    Attributes:
        met: members that meet the condition.
        open: members that may meet it, or that may belong to this group.
        total: size of the whole set.
        apart: whether the members may turn out to be in several groups, and not in this one: at
            most the synthetic parts are then in a group of their own (``undiluted``).
    """

    met: Part = NOTHING
    open: Part = NOTHING
    total: int = 0
    apart: bool = False

    @property
    def most(self) -> int:
        """The size of the scope when its synthetic share is greatest."""
        parted = self.met.hi if self.apart else self.met.size
        return parted + self.open.hi


def counted_by(members: str, term: Term, *, repeated: bool) -> str:
    """The members as a term counts them: each record once in a group, where repeats do not count.

    Args:
        repeated: whether a record may be several members.
    """
    if not (repeated and term.budget.distinct):
        return members
    keys = ", ".join(["record_id", *term.groups, term.truth])
    return (
        f"(SELECT * FROM {members} QUALIFY row_number() OVER "
        f"(PARTITION BY {keys} ORDER BY split, uri, row) = 1)"
    )


def tally(
    connection: Connection, members: str, summed: Sequence[Term], *, repeated: bool = False
) -> dict[str, dict[Key, Tally]]:
    """The sums of every term, by name of the budget and key of the group.

    The members are read once for all terms that can be summed over cells of them, and otherwise
    once for each ``by``.

    Args:
        repeated: whether a record may be several members.
    """
    over_cells = [term for term in summed if term.few]
    if over_cells:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_CELLS} AS {_cells(members, over_cells)}"
        )
    scans = {_CELLS: over_cells}
    for term in summed:
        if not term.few:
            counted = counted_by(members, term, repeated=repeated)
            scans.setdefault(f"(SELECT *, 1 AS held FROM {counted})", []).append(term)
    found: dict[str, dict[Key, Tally]] = {}
    for relation, these in scans.items():
        for batch in _batches(these):
            found.update(_scan(connection, relation, batch))
    connection.execute(f"DROP TABLE IF EXISTS {_CELLS}")
    return found


def _cells(members: str, judged: Sequence[Term]) -> str:
    """SQL of members that are alike in all that some terms tell apart, summed: ``held`` of each.

    A cell has the columns of a member, as far as the terms read them, and its sizes have the
    weight in them.
    """
    keys = sorted({"label"}.union(*(term.reads for term in judged)))
    units = sorted({term.unit for term in judged} | {"bytes"})
    sizes = [f"{end}{unit}" for unit in units for end in ("", "lo_", "hi_")]
    sums = [f"sum(weight * {size}) AS {size}" for size in sizes]
    named = [quote_identifier(key) for key in keys]
    # Those that have no size are cells of their own: they are counted when that is told.
    unsized = [*(f"{unit} IS NULL" for unit in units), OPEN_MIXED]
    return (
        f"SELECT {', '.join([*named, 'count(*) AS held', '1 AS weight', *sums])} "
        f"FROM {members} GROUP BY {', '.join([*named, *unsized])}"
    )


def _batches(summed: Sequence[Term]) -> list[list[Term]]:
    """Terms that are summed in one scan: of the same groups, and of few truths."""
    scans: dict[tuple[str, ...], list[list[Term]]] = defaultdict(lambda: [[]])
    for term in summed:
        batches = scans[term.groups]
        if len({one.truth for one in [*batches[-1], term]} - {"TRUE"}) > TRUTHS_PER_SCAN:
            batches.append([])
        batches[-1].append(term)
    return [batch for batches in scans.values() for batch in batches]


def _scan(connection: Connection, members: str, batch: list[Term]) -> dict[str, dict[Key, Tally]]:
    """One pass for terms with the same groups, over members or cells, with how many each holds.

    The truths of the conditions are group keys beside the groups themselves: a row per combination
    that occurs, instead of three filtered sums per budget.
    """
    groups, loose = batch[0].groups, batch[0].loose
    truths = _distinct(term.truth for term in batch)
    sizes = _distinct(sql for term in batch for sql in (term.size, term.lo, term.hi))
    keys = [*groups, *loose, *truths]
    inner = [f"{sql} AS k{i}" for i, sql in enumerate(keys)]
    inner += [*(f"{sql} AS s{i}" for i, sql in enumerate(sizes)), "held"]
    outer = [f"k{i}" for i in range(len(keys))] + ["sum(held)"]
    outer += [
        f"coalesce(sum(s{i}), 0), coalesce(sum(held) FILTER (s{i} IS NOT NULL), 0)"
        for i in range(len(sizes))
    ]
    query = (
        f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {members}) GROUP BY ALL"
    )
    rows = connection.execute(query).fetchall()
    width = len(groups)
    cells: dict[str, dict[tuple[Key, Key], Tally]] = {term.budget.name: {} for term in batch}
    for row in rows:
        place = (row[:width], row[width : 2 * width])
        count = int(row[len(keys)])
        sums = row[len(keys) + 1 :]
        for term in batch:
            at = [2 * sizes.index(sql) for sql in (term.size, term.lo, term.hi)]
            if any(sums[i + 1] != count for i in at):
                raise _uncounted(term, max(count - sums[i + 1] for i in at))
            part = Part(count, *(int(sums[i]) for i in at))
            own = cells[term.budget.name]
            truth = row[2 * width + truths.index(term.truth)]
            own[place] = _add(own.get(place, Tally()), truth, part)
    return {term.budget.name: _gather(cells[term.budget.name], term) for term in batch}


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _uncounted(term: Term, missing: int) -> MisuseError:
    message = f"budget {term.budget.name!r}: {missing:,} members have no size in {term.unit}"
    return MisuseError(message, hint=f"count {term.unit} first, or choose another unit")


def _add(tally: Tally, truth: bool | None, part: Part) -> Tally:
    total = tally.total + part.size
    if truth is None:
        return replace(tally, open=tally.open.plus(part), total=total)
    return replace(tally, met=tally.met.plus(part) if truth else tally.met, total=total)


def undiluted(term: Term) -> bool:
    """Whether a group of members whose keys are not known is judged as if each were its own.

    Of a synthetic record the generator is missing, a human one has none: both have no value. The
    human ones leave that group, for they would thin out a share that the others may have in groups
    of their own, and so would those of which less is synthetic.
    """
    return term.budget.rule == "max_synthetic"


def _gather(cells: dict[tuple[Key, Key], Tally], term: Term) -> dict[Key, Tally]:
    """Groups from cells of (key, which of its columns are loose).

    A member with a loose column counts in its own group, and as open in every other group that is
    not empty and agrees with it on the remaining columns.
    """
    total = sum(cell.total for cell in cells.values())
    apart: set[Key] = set()
    if undiluted(term):
        held = {at for at, cell in cells.items() if cell.met.records or cell.open.records}
        apart = {key for key, loose in held if any(loose)}
        cells = {at: cell for at, cell in cells.items() if any(at[1]) or at[0] not in apart}
    groups: dict[Key, Tally] = defaultdict(lambda: Tally(total=total))
    adrift: dict[Key, dict[Key, Part]] = defaultdict(lambda: defaultdict(Part))
    for (key, loose), cell in cells.items():
        mine = groups[key]
        groups[key] = replace(mine, met=mine.met.plus(cell.met), open=mine.open.plus(cell.open))
        if any(loose):
            kept = _kept(key, loose)
            adrift[loose][kept] = adrift[loose][kept].plus(cell.met).plus(cell.open)
    for key, mine in groups.items():
        if not (mine.met.records or mine.open.records):
            continue  # an empty group stays empty
        may_join = mine.open
        for loose, parts in adrift.items():
            may_join = may_join.plus(parts[_kept(key, loose)])
            if (key, loose) in cells:
                cell = cells[key, loose]
                may_join = may_join.plus(cell.met, -1).plus(cell.open, -1)
        groups[key] = replace(mine, open=may_join, apart=key in apart)
    return dict(groups)


def _kept(key: Key, loose: Key) -> Key:
    return tuple(value for value, free in zip(key, loose, strict=True) if not free)
