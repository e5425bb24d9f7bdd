"""Translate conditions into SQL with three values: true, false, and NULL for not known."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from provenance.model.base import quote_identifier, quote_literal
from provenance.model.licence import licences_sql
from provenance.model.model_names import clean_name, fold_name
from provenance.model.origin import Label
from provenance.policy.conditions.grammar import COLUMNS, DESCENDS, And, Condition, Not, Or, Test
from provenance.policy.conditions.sql import to_sql

MADE_BY = frozenset({"process", "generator", "generator_family"})
"""Columns that say how a synthetic part was made: human records have no value in them."""

ORIGIN = MADE_BY | {"label", "depth"}
"""Columns whose value is not known where the origin of a record is not."""


def members_truth(condition: Condition, *, wanted: bool = False) -> str:
    """SQL of a condition over the members relation: TRUE, FALSE, or NULL where it is not known.

    Beyond SQL's own three values (docs/concepts/budgets.md tells why):

    - A record of label unknown may be human or synthetic. Tests on ``process``, ``generator``,
      ``generator_family`` and ``depth`` are NULL for it, ``IS NULL`` too; ``label = 'unknown'`` is
      TRUE and every test of its label that fails is NULL.
    - A human record has no generator, so tests on ``process``, ``generator`` and
      ``generator_family`` are FALSE for it and their negations TRUE; ``IS NULL`` is TRUE.
    - ``descends_from`` is judged on the lineage that is known; where that does not say so it is
      NULL for a record of label unknown, and for a synthetic or mixed one whose generator is not
      known or that comes of a record of which that is true.
    - What may be wholly synthetic is not known to be less: a test that ``synthetic`` meets and
      ``mixed`` does not is NULL for a mixed record that may be all synthetic.
    - ``tier``, ``rule``, ``conflict`` and ``IS NULL`` ask what the ledger knows, and are answered.
    - A record is under all licences of its ``licence``. A test of it, and the opposite of one,
      holds where it holds for any of them; of records that are wanted, where it does for all.
    - What is still NULL for a human record counts as FALSE.

    Args:
        condition: a condition that passed `check`.
        wanted: whether records are chosen by it, or asked for, and not limited or forbidden.
    """
    sql = _truth(spelt(condition), wanted=wanted, negated=False)
    return f"coalesce({sql}, CASE WHEN label = 'human' THEN FALSE END)"


def _truth(condition: Condition, *, wanted: bool, negated: bool) -> str:
    """A condition or its opposite, with the opposites of licences taken one by one."""
    if isinstance(condition, Not):
        return _truth(condition.operand, wanted=wanted, negated=not negated)
    if isinstance(condition, And | Or):
        word = " AND " if isinstance(condition, And) != negated else " OR "
        parts = (_truth(part, wanted=wanted, negated=negated) for part in condition.operands)
        return f"({word.join(parts)})"
    if condition.column == "licence" and condition.values:
        return _of_licences(condition, wanted=wanted, negated=negated)
    sql = to_sql(condition, column_sql, _not_known)
    return f"(NOT {sql})" if negated else sql


def _of_licences(test: Test, *, wanted: bool, negated: bool) -> str:
    """A test of each licence of a record, or of all that it is under as it is written."""
    opposite = "NOT " if negated else ""
    each = f"{opposite}{to_sql(test, lambda _: 'one')}"
    of_them = "list_bool_and" if wanted else "list_bool_or"
    found = f"{of_them}(list_transform({licences_sql('licence')}, lambda one: {each}))"
    written = to_sql(test, column_sql)
    return f"({found} AND NOT {written})" if negated else f"({found} OR {written})"


def column_sql(name: str) -> str:
    """SQL for a column of the members relation, or for an attribute of that name."""
    if name == "record_id":
        return "CAST(record_id AS VARCHAR)"
    if name == DESCENDS:
        return "descends_from"
    if name in COLUMNS:
        return quote_identifier(name)
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string(attributes, {quote_literal(pointer)})"


OPEN_MIXED = "(label = 'mixed' AND hi_bytes >= bytes)"
"""SQL of whether a record of which some part is synthetic may be wholly so."""


def _not_known(test: Test, sql: str) -> str:
    if test.column in MADE_BY:
        human = "TRUE" if test.operator == "IS NULL" else "FALSE"
        return f"(CASE label WHEN 'unknown' THEN NULL WHEN 'human' THEN {human} ELSE {sql} END)"
    if test.column == "label":
        holds = {label for label in Label if holds_of(test, label)}
        mixed = f" OR {OPEN_MIXED}" if Label.SYNTHETIC in holds and Label.MIXED not in holds else ""
        return f"nullif({sql}, CASE WHEN label = 'unknown'{mixed} THEN FALSE END)"
    if test.column == DESCENDS:
        # The empty name stands for whatever a parent of unknown origin may come of.
        doubt = f"coalesce(list_contains({column_sql(DESCENDS)}, ''), FALSE)"
        unknown = f"label = 'unknown' OR (label <> 'human' AND (generator IS NULL OR {doubt}))"
        own = f"coalesce(generator = {quote_literal(fold_name(str(test.values[0])))}, FALSE)"
        return f"(CASE WHEN {sql} OR {own} THEN TRUE WHEN {unknown} THEN NULL ELSE FALSE END)"
    if test.column == "depth":
        return f"(CASE WHEN label = 'unknown' THEN NULL ELSE {sql} END)"
    return sql


def unknown_group_sql(name: str) -> str:
    """SQL of whether the group of a member in a column is not known because its origin is not."""
    if name == "label":
        return "(label = 'unknown')"
    if name in ORIGIN:
        return f"({quote_identifier(name)} IS NULL AND label <> 'human')"
    return "FALSE"


def holds_of(test: Test, value: str) -> bool:
    """Whether a test of a column of text holds for a value that is known."""
    if test.operator == "LIKE":
        marks = {"%": ".*", "_": "."}
        pattern = "".join(marks.get(c, re.escape(c)) for c in str(test.values[0]))
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    if test.operator in {"=", "IN"}:
        return value in test.values
    if test.operator == "IS NULL":
        return False
    compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    return bool(compare[test.operator](value, str(test.values[0])))


def spelt(condition: Condition) -> Condition:
    """A condition with the names of generators in their one spelling, as members have them.

    >>> spelt(parse("generator = 'OpenAI/GPT_4'"))
    Test(column='generator', operator='=', values=('gpt-4',), position=1)
    """
    if isinstance(condition, Not):
        return Not(spelt(condition.operand))
    if isinstance(condition, And | Or):
        return type(condition)(tuple(map(spelt, condition.operands)))
    fold = _FOLDED.get(condition.column)
    if fold is None:
        return condition
    if condition.operator not in {"=", "IN"}:
        fold = str.lower  # of a pattern, or an end, nothing else may change
    return replace(condition, values=tuple(fold(str(value)) for value in condition.values))


_FOLDED: Mapping[str, Callable[[str], str]] = {
    "generator": fold_name,
    "generator_family": clean_name,
}
