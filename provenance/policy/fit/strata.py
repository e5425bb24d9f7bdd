"""Group members that every budget treats alike into strata, with the sums that budgets need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.errors import MisuseError
from provenance.model.base import Connection, quote_identifier
from provenance.model.origin import Unit
from provenance.policy.aggregates import BudgetAggregate
from provenance.policy.group_sums import Key

SHARES = (64, 8, 1)
"""Classes of share between none and all; the coarser ones are for sets of very many groups."""

SUMMED = frozenset({"max_synthetic", "max_share", "min_human"})
"""Rules about sums; the others are about single records."""

MOST = 50_000
"""Strata above which a coarser classing is tried."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Members that no budget tells apart.

    Attributes:
        records: how many there are.
        truths: per budget, whether they are in its scope (None: possibly); of ``accumulate``,
            whether they are required.
        groups: per budget, the group that they are in.
        unknown_group: per budget and key, whether the key is unknown, so that it may be any.
        sums: per measure, over all of them; the first is what the fit makes large, the second its
            synthetic part at most.
    """

    records: int
    truths: tuple[bool | None, ...]
    groups: tuple[Key, ...]
    unknown_group: tuple[tuple[bool, ...], ...]
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """Which integers are summed, and how the members fall into strata.

    Attributes:
        unit: the unit that is made large.
        worth: SQL of a member's size in that unit.
        synthetic_worth: SQL of the synthetic part of it, at most.
        aggregates: what the budgets look at.
        exact: everything is counted in records, so that all members of a stratum are equal.
    """

    unit: Unit
    worth: str
    synthetic_worth: str
    aggregates: tuple[BudgetAggregate, ...]
    exact: bool

    @property
    def measures(self) -> tuple[str, ...]:
        """The distinct sizes that the rules sum; the worth first, then its synthetic part."""
        summed = (m for t in self.aggregates if t.budget.rule in SUMMED for m in (t.size, t.hi))
        return tuple(dict.fromkeys([self.worth, self.synthetic_worth, *summed]))

    def marks(self, anchors: Mapping[str, str]) -> dict[str, str]:
        """SQL of whether a member is in the scope of each budget, and in which group of it."""
        marks = {}
        for at, aggregate in enumerate(self.aggregates):
            if aggregate.budget.accumulate is not None:
                required = (
                    f"SELECT record_id FROM {anchors[aggregate.budget.accumulate]} WHERE required"
                )
                marks[f"t{at}"] = f"(record_id IN ({required}))"
                continue
            marks[f"t{at}"] = aggregate.truth
            for index, (group, unknown_group) in enumerate(
                zip(aggregate.groups, aggregate.unknown_group, strict=True)
            ):
                marks[f"g{at}_{index}"], marks[f"l{at}_{index}"] = group, unknown_group
                if aggregate.truth != "TRUE":
                    # Outside the scope the group does not matter: fewer strata.
                    inside = f"({aggregate.truth}) IS DISTINCT FROM FALSE"
                    marks[f"g{at}_{index}"] = f"CASE WHEN {inside} THEN {group} END"
                    marks[f"l{at}_{index}"] = f"({inside} AND coalesce({unknown_group}, FALSE))"
        return marks

    def classes(self, shares: int) -> list[str]:
        """SQL of the further keys that separate strata, over the columns of the measures."""
        column = {measure: f"m{at}" for at, measure in enumerate(self.measures)}
        summed = [aggregate for aggregate in self.aggregates if aggregate.budget.rule in SUMMED]
        pairs = dict.fromkeys([("m0", "m1"), *((column[t.size], column[t.hi]) for t in summed)])
        classes = ["m0 > 0"]
        classes += [_share_class(size, hi, shares) for size, hi in pairs if size != hi]
        if self.exact:
            return [*classes, "m0"]
        sizes = dict.fromkeys(column[t.size] for t in summed if column[t.size] != "m0")
        return classes + [_ratio_class(size, shares) for size in sizes]


def _share_class(size: str, hi: str, shares: int) -> str:
    return (
        f"CASE WHEN {hi} <= 0 THEN 0 WHEN {hi} >= {size} THEN {shares + 1} "
        f"ELSE 1 + ({hi} * {shares}) // {size} END"
    )


def _ratio_class(size: str, shares: int) -> str:
    """Members of one class differ in worth per size by less than a factor of 2 (coarse: of 64)."""
    step = 1 if shares > 1 else 6
    return (
        f"CASE WHEN {size} > 0 AND m0 > 0 THEN "
        f"CAST(floor(log2(CAST(m0 AS DOUBLE) / {size}) / {step}) AS INTEGER) END"
    )


@dataclass(frozen=True, slots=True)
class _Marks:
    """The marks of members by name, those that are the same SQL once.

    Attributes:
        same: of each mark the one that stands for it.
        distinct: SQL by name of those that stand for others, what is always the same left out.
    """

    same: Mapping[str, str]
    distinct: Mapping[str, str]

    def of(self, row: Mapping[str, Any], name: str) -> Any:
        """The value of a mark in a row of the distinct ones."""
        found = self.same[name]
        return found == "TRUE" if found in _ALWAYS else row[found]


_ALWAYS = ("TRUE", "FALSE")


def _marked(scheme: Scheme, anchors: Mapping[str, str]) -> _Marks:
    marks = scheme.marks(anchors)
    first = {sql: sql for sql in _ALWAYS}
    for name, sql in marks.items():
        first.setdefault(sql, name)
    distinct = {name: sql for sql, name in first.items() if sql not in _ALWAYS}
    return _Marks({name: first[sql] for name, sql in marks.items()}, distinct)


def stratify(
    connection: Connection, members: str, scheme: Scheme, anchors: Mapping[str, str], into: str
) -> tuple[Stratum, ...]:
    """Group the members, and put ``(stratum, record_id, measures)`` into the temporary ``into``."""
    marks = _marked(scheme, anchors)
    columns = [f"{sql} AS {name}" for name, sql in marks.distinct.items()]
    columns += [f"CAST({m} AS BIGINT) AS m{at}" for at, m in enumerate(scheme.measures)]
    rows = f"SELECT {', '.join(['record_id', *columns])} FROM {members}"
    grouped, marked = quote_identifier(f"{into}_groups"), quote_identifier(into)
    for shares in SHARES:
        keys = [*marks.distinct, *scheme.classes(shares)]
        named = ", ".join(f"{key} AS k{at}" for at, key in enumerate(keys))
        names = [f"k{at}" for at in range(len(keys))]
        _group(connection, f"SELECT *, {named} FROM ({rows})", names, scheme, grouped)
        count, counted = connection.execute(
            f"SELECT count(*), coalesce(bool_and(counted), TRUE) FROM {grouped}"
        ).fetchone()
        if not counted:
            raise MisuseError(
                "some members have no size in a unit of the policy",
                hint="count that unit first, or choose another",
            )
        if count <= MOST or scheme.exact:
            break
    same = " AND ".join(f"r.{name} IS NOT DISTINCT FROM g.{name}" for name in names)
    # In records all members of a stratum are equal: what is summed is known without them.
    kept = "" if scheme.exact else "".join(f", r.m{at}" for at in range(len(scheme.measures)))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {marked} AS SELECT g.stratum, r.record_id{kept} "
        f"FROM (SELECT *, {named} FROM ({rows})) r JOIN {grouped} g ON {same}"
    )
    found = _read(connection, grouped, scheme, marks)
    connection.execute(f"DROP TABLE {grouped}")
    return found


def _group(
    connection: Connection, rows: str, names: Sequence[str], scheme: Scheme, grouped: str
) -> None:
    """The strata with their counts and sums, numbered by key, so that the numbers repeat."""
    order = ", ".join(f"{name} NULLS LAST" for name in names)
    sums = ", ".join(f"coalesce(sum(m{at}), 0) AS s{at}" for at in range(len(scheme.measures)))
    counted = " AND ".join(f"count(m{at}) = count(*)" for at in range(len(scheme.measures)))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {grouped} AS "
        f"SELECT CAST(row_number() OVER (ORDER BY {order}) - 1 AS INTEGER) AS stratum, * FROM "
        f"(SELECT {', '.join(names)}, {counted} AS counted, count(*) AS records, {sums} "
        f"FROM ({rows}) GROUP BY {', '.join(names)})"
    )


def _read(
    connection: Connection, grouped: str, scheme: Scheme, marks: _Marks
) -> tuple[Stratum, ...]:
    """The strata by number; their keys begin with the distinct marks."""
    rows = connection.execute(f"SELECT * EXCLUDE (stratum) FROM {grouped} ORDER BY stratum")
    width = len(scheme.measures)
    strata = []
    for row in rows.fetchall():
        values = dict(zip(marks.distinct, row, strict=False))
        truths, groups, unknown_group = [], [], []
        for at, aggregate in enumerate(scheme.aggregates):
            indices = range(len(aggregate.groups))
            truths.append(marks.of(values, f"t{at}"))
            groups.append(tuple(marks.of(values, f"g{at}_{index}") for index in indices))
            unknown_group.append(tuple(marks.of(values, f"l{at}_{index}") for index in indices))
        records, sums = row[-width - 1], tuple(map(int, row[-width:]))
        strata.append(Stratum(records, tuple(truths), tuple(groups), tuple(unknown_group), sums))
    return tuple(strata)
