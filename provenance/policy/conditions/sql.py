"""Translate a parsed condition into SQL over the members relation."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from provenance.model.base import quote_literal
from provenance.policy.conditions.grammar import (
    BOOLEAN,
    NUMERIC,
    And,
    Condition,
    Not,
    Or,
    Test,
    Value,
)

ColumnSql: TypeAlias = Callable[[str], str]
RewriteTest: TypeAlias = Callable[[Test, str], str]


def to_sql(condition: Condition, column_sql: ColumnSql, rewrite: RewriteTest | None = None) -> str:
    """A condition as a three-valued SQL expression.

    Args:
        condition: a condition that passed `check`.
        column_sql: SQL for a column or attribute; the only way in which a name reaches SQL.
        rewrite: rewrites the SQL of one test on one column, for columns with rules of their own.
    """
    if isinstance(condition, Not):
        return f"(NOT {to_sql(condition.operand, column_sql, rewrite)})"
    if isinstance(condition, And | Or):
        word = " AND " if isinstance(condition, And) else " OR "
        return f"({word.join(to_sql(part, column_sql, rewrite) for part in condition.operands)})"
    sql = _test_sql(condition, column_sql(condition.column))
    return rewrite(condition, sql) if rewrite else sql


def _test_sql(test: Test, column: str) -> str:
    if not test.values:
        return f"({column} {test.operator})"
    if test.operator == "HOLDS":
        return f"coalesce(list_contains({column}, {_value_sql(test.values[0], '')}), FALSE)"
    if isinstance(test.values[0], Decimal) and test.column not in NUMERIC:
        # Attributes are text. What is not a number there has no place in an order: NULL.
        column = f"nullif(TRY_CAST({column} AS DOUBLE), 'nan'::DOUBLE)"
    written = ", ".join(_value_sql(value, test.column) for value in test.values)
    return f"({column} {test.operator} {f'({written})' if test.operator == 'IN' else written})"


def _value_sql(value: Value, column: str) -> str:
    if isinstance(value, bool):
        word = "TRUE" if value else "FALSE"
        return word if column in BOOLEAN else quote_literal(word.lower())
    return quote_literal(value) if isinstance(value, str) else format(value, "f")
