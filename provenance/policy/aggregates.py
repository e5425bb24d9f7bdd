"""Translate each budget of a policy into SQL expressions over the members relation.

The columns of the members relation are listed in docs/architecture.md. The expressions name them
without a prefix and are evaluated once per member.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from provenance.errors import ConditionError
from provenance.model.origin import Unit
from provenance.model.policy import Budget, Policy
from provenance.policy.conditions.grammar import Condition, check, columns, known_column, parse
from provenance.policy.conditions.three_valued import (
    ORIGIN,
    column_sql,
    members_truth,
    unknown_group_sql,
)

CELL_COLUMNS = ORIGIN | {
    *("source", "lang", "split", "licence", "source_kind", "kind", "conflict", "rule", "tier"),
}
"""Columns with so few combinations of values that members can be summed by them first."""

SYNTHETIC_PART = frozenset({"generator", "generator_family"})
"""Columns that turn the numerator of ``max_share`` from whole records to their synthetic part."""


@dataclass(frozen=True, slots=True)
class BudgetAggregate:
    """One budget as SQL expressions that are summed over members; sizes include the weight.

    Attributes:
        budget: the rule and its limit.
        unit: the unit that it is judged in.
        groups: VARCHAR expressions of the ``by`` columns; NULL is a group of its own.
        unknown_group: BOOLEAN expressions, one per group expression: whether the member's key in
            that column is unknown because its origin is, so that it may belong to any group. Such
            a member counts in its own group, and in the upper end of every group that agrees with
            it on the other keys and is not empty without it.
        truth: BOOLEAN expression, TRUE without a condition. Where it is NULL, the condition is
            undecided and the member counts in the upper end only; never NULL for a human record.
        size: the member's size.
        lo: its least contribution to the numerator, when the condition holds.
        hi: its greatest contribution to it. For ``min_human`` the two are synthetic sizes,
            so that the human size lies within ``size - hi`` and ``size - lo``. For ``accumulate``
            both are 0, and for ``forbid`` both are the size.
        reads: the columns and attributes that the groups and the condition use.
    """

    budget: Budget
    unit: Unit
    groups: tuple[str, ...]
    unknown_group: tuple[str, ...]
    truth: str
    size: str
    lo: str
    hi: str
    reads: frozenset[str]

    @property
    def summable_by_cell(self) -> bool:
        """Whether members with equal values can be summed before the budget is evaluated."""
        return self.reads <= CELL_COLUMNS and self.budget.rule != "min_human"


def budget_aggregates(
    policy: Policy, attributes: Collection[str] = ()
) -> tuple[BudgetAggregate, ...]:
    """Translate all budgets of a policy, in its order.

    Args:
        policy: the policy.
        attributes: names of the attributes that members carry beside their columns.

    Raises:
        ConditionError: a condition or a ``by`` of some budget cannot be evaluated; the message
            names the budget.
    """
    return tuple(
        _aggregate(budget, budget.unit or policy.unit, attributes) for budget in policy.budgets
    )


def _aggregate(budget: Budget, unit: Unit, attributes: Collection[str]) -> BudgetAggregate:
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
    return BudgetAggregate(
        budget=budget,
        unit=unit,
        groups=tuple(f"CAST({column_sql(name)} AS VARCHAR)" for name in budget.by),
        unknown_group=tuple(unknown_group_sql(name) for name in budget.by),
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


def isolates_unknown_groups(aggregate: BudgetAggregate) -> bool:
    """Whether members with an unknown group key are judged as if each were a group of its own.

    A synthetic record whose generator is unknown and a human record both have no value. Human
    records are left out of that group: they would dilute the share that the others may have in
    groups of their own; so would records with a smaller synthetic part.
    """
    return aggregate.budget.rule == "max_synthetic"
