"""Find the budgets whose verdict more synthetic evidence can improve.

A verdict is monotone: when a record gets more synthetic evidence, or a synthetic record loses the
name of its generator, no verdict gets better. Conditions on what the ledger knows break that.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal

from provenance.model.origin import Label
from provenance.model.policy import Budget
from provenance.policy.conditions.grammar import And, Condition, Not, Or, Test, parse
from provenance.policy.conditions.three_valued import MADE_BY, holds_of

_KNOWN = frozenset({"tier", "rule", "conflict"})
"""Columns that describe what the ledger knows of an origin, and on which evidence."""

_MOVING = _KNOWN | {"label", "depth"}
"""Columns by which evidence moves a record from one group to another."""


def not_monotone(budget: Budget) -> tuple[str, ...]:
    """Why more synthetic evidence can improve the verdict of a budget; empty where it cannot."""
    found = [f"by: {name} groups by what the ledger knows" for name in budget.by if name in _MOVING]
    if budget.rule == "min_human":
        found += [
            f"by: {name} asks for a floor in groups that a record may leave"
            for name in budget.by
            if name in MADE_BY
        ]
    condition = _condition(budget)
    if condition is not None:
        found += _asking(condition, floor=budget.rule == "min_human")
    return tuple(dict.fromkeys(found))


def judged_on_a_bound(budget: Budget) -> bool:
    """Whether a budget asks for a depth above 1, which is judged on its known lower bound.

    A record of unknown origin may have it and counts in the upper end; once it is known to be
    synthetic its depth is at least 1, and it counts no longer.
    """
    condition = _condition(budget)
    return condition is not None and any(
        test.column == "depth" and _least_depth(test, negated) > 1
        for test, negated in _tests(condition)
    )


def _condition(budget: Budget) -> Condition | None:
    text = budget.forbid if budget.forbid is not None else budget.where
    return parse(text) if text is not None else None


def _tests(condition: Condition, negated: bool = False) -> Iterator[tuple[Test, bool]]:
    """Every test, and whether it is asked for the opposite."""
    if isinstance(condition, Not):
        yield from _tests(condition.operand, not negated)
    elif isinstance(condition, And | Or):
        for operand in condition.operands:
            yield from _tests(operand, negated)
    else:
        yield condition, negated


def _asking(condition: Condition, *, floor: bool) -> Iterator[str]:
    """Reasons why single tests are not monotone.

    Args:
        floor: whether records that meet the condition are wanted, and not limited.
    """
    right = _falls if floor else _rises
    for test, negated in _tests(condition):
        if test.operator == "IS NULL":
            yield f"{test.column} IS {'NOT ' if negated else ''}NULL asks what the ledger knows"
        elif test.column in _KNOWN:
            yield f"{test.column} says what the ledger knows"
        elif test.column in {"label", "depth"} and not right(test, negated):
            yield f"{'NOT ' if negated else ''}{_written(test)} moves with the evidence"


def _rises(test: Test, negated: bool) -> bool:
    """Whether a record that counts for its label or depth counts when it is more synthetic."""
    if test.column == "depth":
        return test.operator in ({"<", "<="} if negated else {">", ">="})
    holds = {label: holds_of(test, label) != negated for label in Label}
    if not holds_of(test, Label.UNKNOWN):
        holds[Label.UNKNOWN] = True  # it is not known, and counts in the upper end
    if holds[Label.SYNTHETIC] and not (negated or holds[Label.HUMAN]):
        holds[Label.MIXED] = True  # as long as it may be all synthetic
    order = [holds[n] for n in (Label.HUMAN, Label.UNKNOWN, Label.MIXED, Label.SYNTHETIC)]
    return order == sorted(order)


def _falls(test: Test, negated: bool) -> bool:
    """Whether the human part of a mixed record counts only where a human record does."""
    if test.column == "depth":
        return test.operator in ({">", ">="} if negated else {"<", "<="})
    human, mixed = (holds_of(test, n) != negated for n in (Label.HUMAN, Label.MIXED))
    return human or not mixed


def _least_depth(test: Test, negated: bool) -> Decimal:
    """The least whole depth that meets a test which asks for great ones; else 0."""
    over, from_ = ("<=", "<") if negated else (">", ">=")
    value = test.values[0] if test.values else 0
    if not isinstance(value, Decimal) or test.operator not in {over, from_}:
        return Decimal(0)
    return value.to_integral_value(ROUND_FLOOR) + 1 if test.operator == over else value


def _written(test: Test) -> str:
    values = ", ".join(str(value) for value in test.values)
    return f"{test.column} {test.operator} {f'({values})' if test.operator == 'IN' else values}"
