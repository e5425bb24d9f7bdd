"""Parse conditions on members, a small closed grammar, into an immutable syntax tree."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from provenance.errors import ConditionError
from provenance.model.base import quote_literal
from provenance.model.origin import NO_TIER, TIERS, Label
from provenance.model.origin_rules import RULES
from provenance.policy.conditions.lexer import Token, tokens

MAX_LENGTH = 4_000
"""Longest text of a condition: keeps the tree within what SQL engines take."""

MAX_DEPTH = 32
"""Deepest nesting of parentheses and NOT."""

NUMERIC = frozenset({"row", "records", "bytes", "chars", "words", "tokens", "depth", "weight"})
BOOLEAN = frozenset({"conflict"})
TEXT = frozenset(
    {
        *("record_id", "digest", "source", "uri", "kind", "label", "process", "generator"),
        *("generator_family", "lang", "split", "licence", "source_kind", "rule", "tier"),
    }
)
COLUMNS = NUMERIC | BOOLEAN | TEXT
"""Columns of the members relation that a condition may name; attributes come on top."""

_WORDS = {"label": tuple(Label), "tier": (*TIERS, NO_TIER), "rule": tuple(RULES)}
"""Columns that have no other values."""

DESCENDS = "descends_from()"
"""Pseudo-column of tests such as ``descends_from('ours-7b')``."""

Value: TypeAlias = str | Decimal | bool


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one column.

    Attributes:
        column: name of a column or attribute.
        operator: ``=``, ``<``, ``<=``, ``>``, ``>=``, ``IN``, ``LIKE``, ``IS NULL``, or ``HOLDS``
            for a list.
        values: what it is compared with: one, or several for ``IN``, or none for ``IS NULL``.
        position: where the column stands in the text, counted from 1.
    """

    column: str
    operator: str
    values: tuple[Value, ...]
    position: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; ``!=``, ``NOT IN``, ``NOT LIKE`` and ``IS NOT NULL`` are written with it."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class And:
    """Every operand."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some operand."""

    operands: tuple[Condition, ...]


Condition: TypeAlias = Test | Not | And | Or


def tests(condition: Condition) -> tuple[Test, ...]:
    """The tests on single columns that a condition is made of, from left to right."""
    if isinstance(condition, Not):
        return tests(condition.operand)
    if isinstance(condition, And | Or):
        return tuple(test for operand in condition.operands for test in tests(operand))
    return (condition,)


def columns(condition: Condition) -> frozenset[str]:
    """Every column and attribute that a condition names."""
    return frozenset(test.column for test in tests(condition))


def models(condition: Condition) -> tuple[str, ...]:
    """The models whose descendants a condition asks about."""
    return tuple(str(test.values[0]) for test in tests(condition) if test.column == DESCENDS)


def check(condition: Condition, attributes: Collection[str] | None = ()) -> None:
    """Refuse columns that do not exist and comparisons of a column with a value of another type.

    Args:
        condition: what `parse` gave.
        attributes: names of attributes beside the columns; ``None`` when they are not known yet,
            so that any name may be one.

    Raises:
        ConditionError: with the position of the column and, for a misspelt one, near matches.
    """
    for test in tests(condition):
        if test.column == DESCENDS:
            continue
        if attributes is not None:
            known_column(test.column, attributes, at=test.position)
        _check_type(test)


def known_column(name: str, attributes: Collection[str], *, at: int | None = None) -> None:
    """Refuse a name that is neither a column of the members relation nor an attribute."""
    if name in COLUMNS or name in attributes:
        return
    matches = difflib.get_close_matches(name, sorted({*COLUMNS, *attributes}), n=3)
    hint = f"did you mean {' or '.join(matches)}?" if matches else _all_columns(attributes)
    where = "" if at is None else f" at position {at}"
    raise ConditionError(f"no column or attribute is called {name!r}{where}", hint=hint)


def _all_columns(attributes: Collection[str]) -> str:
    named = f"; attributes: {', '.join(sorted(attributes))}" if attributes else "; no attributes"
    return f"columns: {', '.join(sorted(COLUMNS))}{named}"


def _check_type(test: Test) -> None:
    """Refuse a test that the type of its column has no answer to."""
    name, where = test.column, f"at position {test.position}"
    if test.operator == "IS NULL":
        return
    if test.operator == "LIKE" and name in NUMERIC | BOOLEAN:
        raise ConditionError(f"column {name} {where} is not text", hint="LIKE reads text")
    if len({type(value) for value in test.values}) > 1:
        message = f"IN {where} mixes text with numbers or truth values"
        raise ConditionError(message, hint="give values of one type")
    if test.operator[0] in "<>" and isinstance(test.values[0], bool):
        message = f"{_show(test.values[0])} {where} has no order"
        raise ConditionError(message, hint="compare truth values with = or !=")
    wanted, kind, hint = _wanted(name)
    for value in test.values:
        if not isinstance(value, wanted):
            message = f"column {name} {where} is {kind} and cannot be compared with {_show(value)}"
            raise ConditionError(message, hint=hint)
        words = _WORDS.get(name, ())
        if words and test.operator in {"=", "IN"} and value not in words:
            matches = difflib.get_close_matches(str(value), words, n=1)
            hint = f"did you mean '{matches[0]}'?" if matches else f"{name}s: {', '.join(words)}"
            raise ConditionError(f"{_show(value)} {where} is not a {name}", hint=hint)


def _wanted(name: str) -> tuple[tuple[type, ...], str, str]:
    """The types that a column compares with, what it is, and how to write a value of it."""
    if name in NUMERIC:
        return (Decimal,), "a number", f"write a number without quotes, as in {name} >= 1"
    if name in BOOLEAN:
        return (bool,), "true or false", f"write {name} or NOT {name}"
    if name in TEXT:
        return (str,), "text", f"write the value in single quotes, as in {name} = 'x'"
    return (str, Decimal, bool), "an attribute", ""


def _show(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return quote_literal(value) if isinstance(value, str) else str(value)


def parse(text: str) -> Condition:
    """Read a condition.

    The grammar: column names (quoted ``"like this"`` where needed), ``= == != <> < <= > >=``,
    ``IN``, ``LIKE``, ``BETWEEN`` and ``IS NULL``, each with ``NOT``, and ``AND``, ``OR``, ``NOT``
    and parentheses around them; text in single quotes, numbers, ``TRUE`` and ``FALSE``; and
    ``descends_from('MODEL')``.

    Raises:
        ConditionError: anything else, with its position counted from 1 and a hint.

    >>> parse("depth >= 2")
    Test(column='depth', operator='>=', values=(Decimal('2'),), position=1)
    """
    if len(text) > MAX_LENGTH:
        message = f"a condition has at most {MAX_LENGTH} characters; this one has {len(text)}"
        raise ConditionError(message, hint="use IN (...) for long lists, or an attribute")
    return _Parser(tokens(text)).whole()


class _Parser:
    """Recursive descent; a method per precedence level, from OR down to a single test."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        if self._here.kind == "end":
            raise ConditionError("the condition is empty", hint="write one, as in depth >= 2")
        condition = self._or()
        if self._here.kind != "end":
            raise self._unexpected("AND, OR or the end of the condition")
        return condition

    @property
    def _here(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *values: str) -> bool:
        """Step over the next token when it is a keyword or a mark among these."""
        if self._here.kind in {"word", "punctuation"} and self._here.value in values:
            self._next += 1
            return True
        return False

    def _expect(self, value: str) -> None:
        if not self._take(value):
            raise self._unexpected(value)

    def _unexpected(self, wanted: str) -> ConditionError:
        token = self._here
        found = "the end" if token.kind == "end" else repr(token.value)
        message = f"expected {wanted} at position {token.position} of a condition, found {found}"
        hint = "text is written in 'single quotes'" if token.kind in {"name", "quoted"} else ""
        return ConditionError(message, hint=hint)

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._take("OR"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Condition:
        parts = [self._not()]
        while self._take("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"a condition nests at most {MAX_DEPTH} deep"
            raise ConditionError(message, hint="simplify it, or compute an attribute beforehand")
        if self._take("NOT"):
            condition: Condition = Not(self._not())
        elif self._take("("):
            condition = self._or()
            self._expect(")")
        else:
            condition = self._test()
        self._depth -= 1
        return condition

    def _test(self) -> Condition:
        if self._here.kind in {"text", "number"}:
            raise self._unexpected("a column name (the column stands on the left)")
        where = self._here.position
        column = self._column()
        if self._here.kind == "operator":
            return self._comparison(column, where)
        if self._take("IS"):
            negated = self._take("NOT")
            self._expect("NULL")
            return _negate(Test(column, "IS NULL", (), where), negated)
        negated = self._take("NOT")
        if self._here.value in {"IN", "LIKE", "BETWEEN"}:
            return _negate(self._matching(column, where), negated)
        if not negated and column in BOOLEAN:
            return Test(column, "=", (True,), where)
        if self._here.value == "(":
            return self._call(column, where)
        raise self._unexpected("a comparison")

    def _matching(self, column: str, where: int) -> Condition:
        if self._take("IN"):
            return Test(column, "IN", self._list(), where)
        if self._take("LIKE"):
            return Test(column, "LIKE", (self._text(),), where)
        self._expect("BETWEEN")
        low = Test(column, ">=", (self._value(),), where)
        self._expect("AND")
        high = Test(column, "<=", (self._value(),), where)
        return And((low, high))

    def _call(self, name: str, where: int) -> Condition:
        """The one function there is; its model is text, or bare where it is one word."""
        if name.lower() != "descends_from":
            message = f"{name!r} at position {where}: function calls are not part of a condition"
            raise ConditionError(message, hint="compare a column with a value")
        self._expect("(")
        if self._here.kind == "name":
            model = self._here.value
            self._next += 1
        else:
            model = self._text()
        self._expect(")")
        return Test(DESCENDS, "HOLDS", (model,), where)

    def _comparison(self, column: str, where: int) -> Condition:
        operator = self._here.value
        self._next += 1
        if operator in {"!=", "<>"}:
            return Not(Test(column, "=", (self._value(),), where))
        return Test(column, "=" if operator == "==" else operator, (self._value(),), where)

    def _column(self) -> str:
        token = self._here
        if token.kind == "quoted":
            self._next += 1
            return token.value[1:-1].replace('""', '"')
        if token.kind != "name":
            raise self._unexpected("a column name")
        self._next += 1
        return token.value.lower() if token.value.lower() in COLUMNS else token.value

    def _list(self) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def _text(self) -> str:
        value = self._value()
        if not isinstance(value, str):
            self._next -= 1
            raise self._unexpected("text in single quotes")
        return value

    def _value(self) -> Value:
        token = self._here
        if token.kind == "word" and token.value == "NULL":
            message = f"NULL at position {token.position} compares with nothing"
            raise ConditionError(message, hint="write IS NULL or IS NOT NULL")
        if token.kind == "text":
            self._next += 1
            return token.value[1:-1].replace("''", "'")
        if token.kind == "number":
            self._next += 1
            return _number(token)
        if self._take("TRUE", "FALSE"):
            return token.value == "TRUE"
        raise self._unexpected("a value")


def _negate(condition: Condition, negated: bool) -> Condition:
    return Not(condition) if negated else condition


def _number(token: Token) -> Decimal:
    whole, _, fraction = token.value.lstrip("-").partition(".")
    if len(whole) > 18 or len(fraction) > 18:
        # More digits would push the comparison out of exact decimals.
        message = f"the number at position {token.position} has more than 18 digits"
        raise ConditionError(message, hint="write numbers with at most 18 digits on each side")
    return Decimal(token.value)
