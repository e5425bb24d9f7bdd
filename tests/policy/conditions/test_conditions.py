"""Conditions: what is read, what is refused and where, and what the SQL says."""

from __future__ import annotations

import json
from decimal import Decimal

import duckdb
import pytest
from hypothesis import assume, example, given, strategies as st

from provenance.errors import ConditionError
from provenance.model.base import quote_identifier
from provenance.policy.conditions import grammar
from provenance.policy.conditions.grammar import And, Condition, Not, Or, check, columns, parse
from provenance.policy.conditions.sql import to_sql
from provenance.policy.conditions.three_valued import members_truth


def sql(text: str) -> str:
    return to_sql(parse(text), quote_identifier)


def atom(column: str, operator: str, *values: grammar.Value) -> grammar.Test:
    return grammar.Test(column, operator, values, position=0)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("depth >= 2", atom("depth", ">=", Decimal(2))),
        ("depth==2", atom("depth", "=", Decimal(2))),
        ("depth = -0.5", atom("depth", "=", Decimal("-0.5"))),
        ("lang <> 'de'", Not(atom("lang", "=", "de"))),
        ("lang != 'it''s'", Not(atom("lang", "=", "it's"))),
        ("lang IN ('de', 'fr')", atom("lang", "IN", "de", "fr")),
        ("lang not in ('de')", Not(atom("lang", "IN", "de"))),
        ("lang Like 'd%'", atom("lang", "LIKE", "d%")),
        ("lang NOT LIKE 'd%'", Not(atom("lang", "LIKE", "d%"))),
        ("lang IS NULL", atom("lang", "IS NULL")),
        ("lang is not null", Not(atom("lang", "IS NULL"))),
        ("conflict", atom("conflict", "=", True)),
        ("conflict = FALSE", atom("conflict", "=", False)),
        ("LANG = 'de'", atom("lang", "=", "de")),
        ("\"my topic\" = 'x'", atom("my topic", "=", "x")),
        ('"a""b" = \'x\'', atom('a"b', "=", "x")),
        ("größe = 'x'", atom("größe", "=", "x")),
        (
            "bytes BETWEEN 1 AND 2",
            And((atom("bytes", ">=", Decimal(1)), atom("bytes", "<=", Decimal(2)))),
        ),
        (
            "conflict OR conflict AND NOT (conflict)",
            Or(
                (
                    atom("conflict", "=", True),
                    And((atom("conflict", "=", True), Not(atom("conflict", "=", True)))),
                )
            ),
        ),
    ],
)
def test_grammar(text: str, tree: Condition) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("lower(lang) = 'de'", 1),
        ("depth >= 2; DROP TABLE x", 11),
        ("depth >= 2 -- more", 12),
        ("depth >= 2 /* more */", 12),
        ("depth + 1 >= 2", 7),
        ("depth >= 1 + 1", 12),
        ("depth IN (SELECT 1)", 11),
        ("depth >= (SELECT 1)", 10),
        ("depth::text = '1'", 6),
        ("depth = $1", 9),
        ("depth = ?", 9),
        ("lang = 'de", 8),
        ('"lang = 1', 1),
        ('"" = 1', 1),
        ("lang = de", 8),
        ("lang", 5),
        ("lang = ", 8),
        ("(lang = 'de'", 13),
        ("lang = 'de')", 12),
        ("lang = 'de' 'fr'", 13),
        ("lang IN ()", 10),
        ("lang IN ('de',)", 15),
        ("lang LIKE 1", 11),
        ("lang LIKE 'a' ESCAPE 'b'", 15),
        ("lang = NULL", 8),
        ("'de' = lang", 1),
        ("lang = E'x'", 8),
        ("depth = 1e5", 9),
        ("depth = 0x10", 9),
        ("depth === 1", 9),
        ("AND lang = 'de'", 1),
        ("lang IS 'de'", 9),
        ("lang NOT 'de'", 10),
        ("source.lang = 'de'", 7),
        ("[lang] = 'de'", 1),
        ("TRUE", 1),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(ConditionError, match=rf"position {position}\b"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("lnag = 'de'", "did you mean lang?"),
        ("toppic = 'x'", "did you mean topic?"),
        ("zzz = 1", "columns: "),
        ("lo_bytes = 1", ""),
        ("attributes = 'x'", ""),
        ("depth >= '2'", "write a number without quotes"),
        ("depth = TRUE", "write a number"),
        ("bytes IN (1, '2')", "one type"),
        ("lang = 1", "single quotes"),
        ("conflict = 'x'", "write conflict"),
        ("conflict > TRUE", "= or !="),
        ("depth LIKE '2'", "LIKE reads text"),
        ("label = 'humna'", "did you mean 'human'?"),
        ("label IN ('robot')", "labels: human"),
        ("topic > TRUE", "= or !="),
    ],
)
def test_columns_and_types_are_checked(text: str, hint: str) -> None:
    with pytest.raises(ConditionError) as caught:
        check(parse(text), {"topic"})
    assert "position" in caught.value.message
    assert hint in caught.value.hint


def test_limits() -> None:
    deep = "(" * (grammar.MAX_DEPTH - 1) + "conflict" + ")" * (grammar.MAX_DEPTH - 1)
    assert parse(deep) == parse("conflict")
    for text in (f"({deep})", "NOT " * 100_000 + "conflict", "x" * 5_000, "", "  ", "a = '\x00'"):
        with pytest.raises(ConditionError):
            parse(text)
    with pytest.raises(ConditionError, match="18 digits"):
        parse("bytes > 1234567890123456789")


def test_columns() -> None:
    assert columns(parse("a = 'x' OR NOT (b IN ('y') AND conflict)")) == {"a", "b", "conflict"}


def test_names_reach_sql_through_the_callback_only() -> None:
    text = """"a"";--" = 'x' AND b LIKE 'y' OR c IS NULL AND d IN ('z') AND e < 5"""
    written = to_sql(parse(text), lambda name: "@")
    assert written.count("@") == 5
    assert not {'"', ";"} & set(written)


def evaluate(text: str, **values: object) -> bool | None:
    """The truth of a condition on one member, by SQL alone."""
    row = {"label": "human", "depth": 0, "conflict": False, "attributes": "{}", **values}
    condition = parse(text)
    check(condition, json.loads(str(row["attributes"])).keys())
    names = ["label", "depth", "conflict", "attributes", "generator", "generator_family"]
    names += ["process", "lang", "bytes"]
    types = {"depth": "BIGINT", "bytes": "BIGINT", "conflict": "BOOLEAN"}
    select = ", ".join(f"?::{types.get(name, 'VARCHAR')} AS {name}" for name in names)
    found = duckdb.execute(
        f"SELECT {members_truth(condition)} FROM (SELECT {select})",
        [row.get(name) for name in names],
    ).fetchone()
    assert found is not None
    return found[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "human", "unknown", "unnamed"),
    [
        # human: no generator; unknown: nothing known; unnamed: synthetic, generator not known
        ("generator = 'gpt'", False, None, None),
        ("NOT generator = 'gpt'", True, None, None),
        ("generator != 'gpt'", True, None, None),
        ("generator NOT IN ('gpt')", True, None, None),
        ("generator LIKE '%'", False, None, None),
        ("generator IS NULL", True, None, True),
        ("generator IS NOT NULL", False, None, False),
        ("process = 'generate' OR generator_family = 'x'", False, None, None),
        ("depth >= 1", False, None, True),
        ("depth IS NULL", False, None, False),
        ("depth IS NOT NULL", True, None, True),
        ("label = 'human'", True, None, False),
        ("label != 'human'", False, None, True),
        ("label = 'unknown'", False, True, False),
        ("label <> 'unknown'", True, False, True),
        ("label IN ('unknown', 'human')", True, True, False),
        ("label NOT IN ('unknown', 'human')", False, False, True),
        ("label IN ('synthetic', 'mixed')", False, None, True),
        ("label IS NULL", False, None, False),
        ("lang = 'de'", False, None, None),
        ("NOT lang = 'de'", False, None, None),
        ("lang = 'de' OR conflict = FALSE", True, True, True),
        ("lang IS NULL", True, True, True),
        ("NOT conflict", True, True, True),
        ("bytes > 5", False, None, None),
    ],
)
def test_three_values(text: str, human: bool, unknown: bool | None, unnamed: bool | None) -> None:
    assert evaluate(text) is human
    assert evaluate(text, label="unknown", depth=None) is unknown
    # A marker of its origin does not make an unknown record known.
    marked = evaluate(text, label="unknown", depth=1, generator="gpt", process="generate")
    assert marked is unknown
    assert evaluate(text, label="synthetic", depth=1) is unnamed


@pytest.mark.parametrize(
    ("text", "value", "truth"),
    [
        ("topic >= 3", "3.0", True),
        ("topic >= 3", "12", True),
        ("topic >= 3", "-1", False),
        ("topic >= 3", "high", None),
        ("topic >= 3", "nan", None),
        ("topic IN (1, 2)", "2.00", True),
        ("topic = TRUE", "true", True),
        ("topic = FALSE", "true", False),
        ("topic >= 'a'", "b", True),
        ("topic LIKE 'a_c'", "abc", True),
        ("topic BETWEEN 1 AND 3", "2", True),
        ("topic NOT BETWEEN 1 AND 3", "2", False),
    ],
)
def test_attributes_are_text_and_compare_as_what_they_are_compared_with(
    text: str, value: str, truth: bool | None
) -> None:
    assert evaluate(text, label="synthetic", attributes=json.dumps({"topic": value})) is truth


NAMES = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12
)


@given(NAMES, NAMES)
@example('a"b', "it's")
@example("a/b~1~0", "%")
@example("$.x", "'; DROP TABLE members; --")
@example("*", "\\")
def test_any_attribute_name_finds_its_value(name: str, value: str) -> None:
    assume(name not in grammar.COLUMNS)
    held = json.dumps({"": "x", name: value})
    quoted = '"' + name.replace('"', '""') + '"'
    literal = "'" + value.replace("'", "''") + "'"
    assert evaluate(f"{quoted} = {literal}", attributes=held) is True
    assert evaluate(f"{quoted} != {literal}", attributes=held) is False


WORDS = st.sampled_from(
    [
        *("lang", "depth", "conflict", "label", "generator", "topic", '"topic"', "=", "!=", "<"),
        *("'x'", "'human'", "1", "-2.5", "AND", "OR", "NOT", "IN", "LIKE", "IS", "NULL", "(", ")"),
        *(",", "BETWEEN", "TRUE", "FALSE", "''", ";", "--", "nope", "'"),
    ]
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=30))
@example("lang = 'x' AND NOT ( depth < 1 OR conflict )")
def test_any_text_is_refused_or_runs(text: str) -> None:
    try:
        condition = parse(text)
        check(condition, {"topic"})
    except ConditionError as error:
        assert error.message  # noqa: PT017 - most texts are refused, the others have to run
        return
    assert evaluate_types(condition) == "BOOLEAN"


def evaluate_types(condition: Condition) -> str:
    found = duckdb.sql(
        f"SELECT typeof({members_truth(condition)}) FROM (SELECT 'human' AS label, 0 AS depth, "
        "false AS conflict, NULL::VARCHAR AS lang, NULL::VARCHAR AS generator, "
        "'{}' AS attributes)"
    ).fetchone()
    assert found is not None
    return str(found[0])


def test_the_longest_conditions_run() -> None:
    many = " OR ".join(["depth=1"] * 360)
    assert grammar.MAX_LENGTH - 100 < len(many) <= grammar.MAX_LENGTH
    assert evaluate(many) is False
    assert evaluate(f"lang IN ({','.join(['1'] * 3)})".replace("1", "'a'"), lang="a") is True


def test_numbers_stay_exact() -> None:
    big = 9_007_199_254_740_993
    assert evaluate(f"bytes = {big}", bytes=big) is True
    assert evaluate(f"bytes = {big - 1}", bytes=big) is False
    assert evaluate("bytes > 0.000000000000000001", bytes=1) is True
    assert evaluate("bytes < 999999999999999999.5", bytes=2**63 - 1) is False
