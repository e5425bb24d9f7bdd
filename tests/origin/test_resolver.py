"""The SQL resolver against the plain Python one, on every small case and on random ones."""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import pytest
from hypothesis import given
from support.claim_relations import Record, answers, load
from support.origin_oracle import RANKS, Claim, Size, resolve
from support.random_claims import RECORDS, SIZE

from provenance.model.origin import TIER_RANK
from provenance.model.origin_rules import RULES
from provenance.origin.resolver import origin_sql


def check(records: list[Record]) -> list[dict[str, object]]:
    """The SQL's answers, each held against the oracle's."""
    found = answers(records)
    for (claims, size), row in zip(records, found, strict=True):
        assert row == resolve(claims, size), (claims, size)
    return found


def test_the_ranks_of_the_oracle_are_those_of_the_model() -> None:
    assert {tier.value: rank for tier, rank in TIER_RANK.items()} == RANKS


@given(RECORDS)
def test_random_claims_come_out_as_the_oracle_says(records: list[Record]) -> None:
    check(records)


SHAPES = (
    {"claim": "human"},
    {"claim": "synthetic"},
    {"claim": "mixed"},
    {"claim": "mixed", "part_bytes": 300, "part_chars": 280, "part_words": 40},
    {"claim": "synthetic", "whole": False, "part_bytes": 400, "part_chars": 390, "part_words": 60},
    {"claim": "mixed", "whole": False, "part_bytes": 0, "part_chars": 0, "part_words": 0},
    {"claim": "synthetic", "whole": False, "part_chars": 50},
    {"claim": "question"},
)


def every_small_case() -> list[Record]:
    """Every record with up to three claims, of every tier and shape."""
    claims = [Claim(tier=tier, **shape) for tier, shape in product(RANKS, SHAPES)]
    return [
        (said, SIZE)
        for number in range(4)
        for said in combinations_with_replacement(claims, number)
    ]


@pytest.mark.slow
def test_every_small_case_comes_out_as_the_oracle_says_and_every_rule_is_reached() -> None:
    found = check(every_small_case())
    assert {row["rule"] for row in found} == set(RULES)


def test_a_record_of_no_bytes_takes_the_label_of_its_claims() -> None:
    cases = [(said, Size(0, 0, 0)) for said, _ in every_small_case() if len(said) < 3]
    found = check(cases)
    assert {row["label"] for row in found} == {"human", "synthetic", "mixed", "unknown"}
    assert all(row[f"hi_{unit}"] == 0 for row in found for unit in ("bytes", "chars", "words"))


def test_the_names_are_those_of_the_strongest_claim_and_then_the_least() -> None:
    said = [
        Claim("declared", "synthetic", process="generate", generator="a", generator_family="f"),
        Claim("tool", "synthetic", generator="c", generator_family="z"),
        Claim("tool", "mixed", generator="b", generator_family=None),
        Claim("tool", "mixed", generator="b", generator_family="y"),
        Claim("detected", "synthetic", process="distil", generator="0"),
        Claim("reviewed", "human", generator="not a generator", process="edit"),
    ]
    [human] = check([(said, SIZE)])
    assert human["label"] == "human"
    assert human["generator"] is human["generator_family"] is human["process"] is None
    [row] = check([(said[:-1], SIZE)])
    names = (row["process"], row["generator"], row["generator_family"])
    assert names == ("generate", "b", "y")


def test_relations_may_be_any_quoted_sql() -> None:
    connection = load([([Claim("tool", "human")], SIZE)])
    connection.execute('ALTER TABLE claims RENAME TO "the ""claims"""')
    sizes = "(SELECT *, 'more' AS lang, 7 AS mask, 2 AS rank FROM sizes)"
    rows = connection.execute(origin_sql('"the ""claims"""', sizes)).fetchall()
    assert [row[4] for row in rows] == ["human"]


def test_the_answer_is_the_body_of_a_view_with_the_documented_columns() -> None:
    connection = load([([], SIZE)])
    connection.execute(f"CREATE VIEW origins AS {origin_sql('claims', 'sizes')}")
    columns = connection.execute("DESCRIBE origins").fetchall()
    bounds = [f"{end}_{u}" for u in ("records", "bytes", "chars", "words") for end in ("lo", "hi")]
    assert {name: kind for name, kind, *_ in columns} == (
        {"record_id": "UUID", "bytes": "BIGINT", "chars": "BIGINT", "words": "BIGINT"}
        | {"label": "VARCHAR", "rule": "VARCHAR"}
        | dict.fromkeys(bounds, "BIGINT")
        | {"process": "VARCHAR", "generator": "VARCHAR", "generator_family": "VARCHAR"}
        | {"conflict": "BOOLEAN", "tier": "VARCHAR"}
    )


@pytest.mark.parametrize("order", ["NULLS FIRST", "NULLS LAST"])
def test_settings_of_the_connection_do_not_matter(order: str) -> None:
    said = [
        Claim("tool", "mixed", generator="b", generator_family=None),
        Claim("tool", "mixed", generator="b", generator_family="y"),
    ]
    connection = load([(said, SIZE)])
    connection.execute(f"SET default_null_order = '{order.replace(' ', '_')}'")
    family = f"SELECT generator_family FROM ({origin_sql('claims', 'sizes')})"
    assert connection.execute(family).fetchall() == [("y",)]


def test_claims_about_records_that_are_not_there_are_left_out() -> None:
    connection = load([([Claim("tool", "human")], SIZE)])
    connection.execute("DELETE FROM sizes")
    assert connection.execute(origin_sql("claims", "sizes")).fetchall() == []
