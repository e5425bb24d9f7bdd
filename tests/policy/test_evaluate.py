"""Verdicts of budgets on sets whose numbers are known."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from support.member_rows import Member, human, judged, mixed, policy, relation, synthetic, unknown

from provenance.errors import ConditionError, MisuseError, NotFoundError
from provenance.model.finding import Verdict
from provenance.policy.evaluate import blocks, judge, overall

PASS, FAIL, INDETERMINATE = Verdict.PASS, Verdict.FAIL, Verdict.INDETERMINATE

HUNDRED = [*[synthetic()] * 30, *[human()] * 60, *[unknown()] * 10]
"""30 synthetic, 60 human and 10 unknown records of one size, language and generator."""

CAPS = [("0.35", INDETERMINATE), ("0.40", PASS), ("0.29", FAIL), ("0.30", INDETERMINATE)]


@pytest.mark.newest
@pytest.mark.parametrize(("cap", "verdict"), CAPS)
@pytest.mark.parametrize(
    "budget",
    [
        pytest.param({"max_synthetic": None}, id="overall"),
        pytest.param({"max_synthetic": None, "unit": "records"}, id="records"),
        pytest.param({"max_synthetic": None, "by": ["lang"]}, id="by language"),
        pytest.param({"max_synthetic": None, "by": ["source_kind", "lang"]}, id="by two"),
        pytest.param({"max_share": None, "where": "depth >= 1"}, id="depth"),
        pytest.param({"max_share": None, "by": ["depth"], "where": "depth >= 1"}, id="by depth"),
        pytest.param({"max_share": None, "by": ["generator"]}, id="by generator"),
        pytest.param({"max_share": None, "where": "generator = 'gpt'"}, id="generator"),
        pytest.param({"max_share": None, "where": "generator_family LIKE 'g%'"}, id="family"),
        pytest.param({"max_share": None, "where": "label = 'synthetic'"}, id="label"),
        pytest.param({"max_share": None, "where": "NOT label = 'human'"}, id="not human"),
        pytest.param({"max_share": None, "where": "label IN ('synthetic', 'mixed')"}, id="labels"),
    ],
)
def test_thirty_synthetic_sixty_human_ten_unknown(
    budget: dict[str, object], cap: str, verdict: Verdict
) -> None:
    capped = {key: cap if value is None else value for key, value in budget.items()}
    results = judged(HUNDRED, capped)
    assert overall(results) == verdict
    widest = max(results, key=lambda result: result.hi)
    assert (widest.lo, widest.hi) == (0.30, 0.40)
    factor = 1 if widest.unit == "records" else 100
    assert (widest.numerator_lo, widest.numerator_hi) == (30 * factor, 40 * factor)
    assert widest.denominator == 100 * factor
    assert widest.limit == Decimal(cap)


def test_the_answer_says_how_many_unknown_records_decide() -> None:
    (result,) = judged(HUNDRED, {"max_synthetic": "0.36"})
    assert result.to_resolve == 4
    assert result.reason == (
        "synthetic share of bytes is 0.300 to 0.400, limit 0.36: "
        "4 of 10 unknown records would have to be resolved as human"
    )


def test_the_largest_unknown_records_are_resolved_first() -> None:
    members = [human(size=1000), *[unknown(10)] * 20, unknown(300), unknown(100, weight=2)]
    (result,) = judged(members, {"max_synthetic": "0.20"})
    assert result.to_resolve == 2  # 300 + 200 bytes off 700 of 1,700: 200 are left
    (result,) = judged(members, {"max_synthetic": "0.15"})
    assert result.to_resolve == 2
    (result,) = judged(members, {"max_synthetic": "0.11"})
    assert result.to_resolve == 2 + 2


def test_a_failure_names_the_sources() -> None:
    members = [*HUNDRED, *[synthetic(50, source="other")] * 3]
    (result,) = judged(members, {"max_synthetic": "0.10"})
    assert result.reason.endswith(
        "limit 0.10: most of it from gen (3,000 bytes), other (150 bytes)"
    )


def test_only_three_sources_are_named_and_per_group() -> None:
    members = [synthetic(10 * place, source=f"s{place}", lang="de") for place in range(1, 6)]
    members += [synthetic(7, source="solo", lang="fr"), human(lang="fr", size=1)]
    first, second = judged(members, {"max_synthetic": 0, "by": ["lang"]})
    assert "s5 (50 bytes), s4 (40 bytes), s3 (30 bytes)" in first.reason
    assert "s2" not in first.reason
    assert second.reason.endswith("most of it from solo (7 bytes)")


def test_limits_are_compared_exactly() -> None:
    # 1/3 is above 0.3333333333333333 and no float of it is.
    members = [synthetic(1), human(size=2)]
    (result,) = judged(members, {"max_synthetic": "0.3333333333333333"})
    assert result.verdict == FAIL
    assert result.lo == float("0.3333333333333333")
    assert "0.333333333333333" in result.reason
    big = 10**17
    (result,) = judged([synthetic(big + 1), human(size=9 * big)], {"max_synthetic": "0.1"})
    assert result.verdict == FAIL
    (result,) = judged([synthetic(big), human(size=9 * big)], {"max_synthetic": "0.1"})
    assert result.verdict == PASS


def test_sums_beyond_64_bits_are_exact() -> None:
    members = [synthetic(2**62)] * 3 + [human(size=2**62)] * 9
    (result,) = judged(members, {"max_synthetic": "0.25"})
    assert (result.verdict, result.numerator_hi, result.denominator) == (
        PASS,
        3 * 2**62,
        12 * 2**62,
    )


def test_weight_counts_each_time() -> None:
    (result,) = judged([synthetic(10), human(size=10, weight=9)], {"max_synthetic": "0.10"})
    assert (result.verdict, result.denominator) == (PASS, 100)


def test_a_floor_counts_distinct_records() -> None:
    """Ten texts repeated 5,000 times are ten texts."""
    members = [human(weight=5_000)] * 10
    for unit, found in (("records", 10), ("bytes", 1_000)):
        floor: dict[str, object] = {"min_human": 50_000, "unit": unit}
        for once in (floor, {**floor, "repeats": "once"}):
            (result,) = judged(members, once)
            assert (result.verdict, result.numerator_lo, result.numerator_hi) == (
                FAIL,
                found,
                found,
            )
        (result,) = judged(members, {**floor, "repeats": "count"})
        assert (result.verdict, result.numerator_lo) == (PASS, 5_000 * found)
        assert f"human {unit}, each repeat counted: " in result.reason
    (result,) = judged([human(weight=5), unknown()], {"min_human": 2, "unit": "records"})
    assert (result.verdict, result.to_resolve) == (INDETERMINATE, 1)


def test_a_record_that_is_several_members_counts_once_for_a_floor() -> None:
    rows = relation([human(source="a"), human(source="b"), human(source="b", lang="fr")])
    connection = duckdb.connect()
    connection.register("rows", rows)
    connection.execute(
        "CREATE TABLE twice AS FROM rows UNION ALL SELECT * REPLACE "
        "('test' AS split, 3 AS weight) FROM rows WHERE source = 'b'"
    )
    rules = policy(
        {"min_human": 3},
        {"min_human": 1, "by": ["split"]},
        {"min_human": 3, "repeats": "count"},
        unit="records",
    )
    found = judge(connection, "twice", rules, repeated=True)
    assert [(r.name, r.numerator_lo, r.verdict) for r in found] == [
        ("b0", 3, PASS),
        ("b1", 3, PASS),
        ("b1", 2, PASS),
        ("b2", 9, PASS),
    ]


def test_a_missing_group_is_a_group_of_its_own() -> None:
    members = [synthetic(lang=None), human(lang="de"), human(lang="")]
    results = judged(members, {"max_synthetic": "0.5", "by": ["lang"]})
    assert [result.group for result in results] == [{"lang": None}, {"lang": ""}, {"lang": "de"}]
    assert [result.verdict for result in results] == [FAIL, PASS, PASS]


def test_groups_may_be_attributes() -> None:
    members = [synthetic(topic="law"), human(topic="law"), human(), synthetic(topic="it's")]
    results = judged(members, {"max_synthetic": "0.5", "by": ["topic"]})
    assert [(r.group, r.verdict) for r in results] == [
        ({"topic": None}, PASS),
        ({"topic": "it's"}, FAIL),
        ({"topic": "law"}, PASS),
    ]


def test_unknown_origin_may_belong_to_any_generator() -> None:
    members = [synthetic(30), human(size=60), unknown(10), synthetic(20, generator="llama")]
    results = judged(members, {"max_share": "0.3", "by": ["generator"]})
    assert [(r.group, r.numerator_lo, r.numerator_hi) for r in results] == [
        ({"generator": None}, 0, 10),
        ({"generator": "gpt"}, 30, 40),
        ({"generator": "llama"}, 20, 30),
    ]
    # Nor does it leave the language that is known.
    members = [synthetic(30, lang="de"), synthetic(30, lang="fr"), unknown(40, lang="fr")]
    results = judged(members, {"max_share": "0.5", "by": ["lang", "generator"]})
    assert [r.numerator_hi for r in results] == [30, 40, 70]


def test_a_null_counts_in_the_upper_end_only() -> None:
    members = [human(size=60), synthetic(30, topic=None), synthetic(10, topic="law")]
    (result,) = judged(members, {"max_share": "0.2", "where": "topic = 'law'"})
    assert (result.verdict, result.lo, result.hi) == (INDETERMINATE, 0.1, 0.4)
    (result,) = judged(members, {"max_share": "0.2", "where": "topic != 'law'"})
    assert (result.lo, result.hi) == (0.0, 0.3)


def test_human_records_have_no_generator() -> None:
    (result,) = judged([human()] * 9 + [synthetic()], {"forbid": "generator = 'llama'"})
    assert result.verdict == PASS
    (result,) = judged([human()] * 9, {"max_share": "1", "where": "NOT generator = 'gpt'"})
    # The synthetic part of human records is nothing, but they are met.
    assert (result.verdict, result.hi) == (PASS, 0.0)
    (result,) = judged([human()] * 9, {"min_human": 900, "where": "NOT generator = 'gpt'"})
    assert result.verdict == PASS
    (result,) = judged([human()], {"forbid": "generator IS NULL"})
    assert result.verdict == FAIL


def test_whether_an_unknown_origin_is_null_is_not_known() -> None:
    for condition in ("generator IS NULL", "depth IS NOT NULL", "process IS NOT NULL"):
        (result,) = judged([unknown()], {"forbid": condition})
        assert result.verdict == INDETERMINATE
        # As human it has no process, which is allowed here; but it has no generator, and a depth.
        assert result.to_resolve == (1 if condition == "process IS NOT NULL" else None)


def test_the_label_unknown_is_known() -> None:
    members = [unknown(), human(), synthetic()]
    (result,) = judged(members, {"forbid": "label = 'unknown'"})
    assert (result.verdict, result.lo, result.hi) == (FAIL, 1, 1)
    (result,) = judged(members, {"forbid": "label = 'mixed'"})
    assert (result.verdict, result.lo, result.hi) == (INDETERMINATE, 0, 1)
    (result,) = judged(members, {"forbid": "conflict"})
    assert result.verdict == PASS


def test_floors() -> None:
    members = [human()] * 6 + [unknown()] * 2 + [mixed(100, 30, 30), mixed(100, 0, 100)]
    (result,) = judged(members, {"min_human": 6, "unit": "records"})
    assert (result.verdict, result.numerator_lo, result.numerator_hi) == (PASS, 6, 9)
    (result,) = judged(members, {"min_human": 9, "unit": "records"})
    assert (result.verdict, result.to_resolve) == (INDETERMINATE, 3)
    (result,) = judged(members, {"min_human": 10, "unit": "records"})
    assert result.verdict == FAIL
    assert result.reason == "human records: 6 to 9, at least 10 wanted: 1 short"
    (result,) = judged(members, {"min_human": 670})
    assert (result.verdict, result.numerator_lo, result.numerator_hi) == (PASS, 670, 970)


def test_large_limits_are_exact() -> None:
    members = [human(size=10**17), unknown(10**17)]
    (result,) = judged(members, {"min_human": 10**17 + 1})
    assert (result.verdict, result.to_resolve) == (INDETERMINATE, 1)
    (result,) = judged(members, {"max_synthetic": "0.4999999999999999999999999999999"})
    assert (result.verdict, result.to_resolve) == (INDETERMINATE, 1)
    (result,) = judged(members, {"max_synthetic": "0.5"})
    assert result.verdict == PASS


def test_a_floor_over_nothing_is_missed() -> None:
    (result,) = judged([human()], {"min_human": 1, "where": "lang = 'fr'"})
    assert (result.verdict, result.empty) == (FAIL, False)


def test_synthetic_to_human() -> None:
    (result,) = judged(HUNDRED, {"max_synthetic": "0.5", "per": "human"})
    assert (result.verdict, result.to_resolve) == (INDETERMINATE, 7)
    assert (result.lo, result.hi) == (30 / 70, 40 / 60)
    (result,) = judged(HUNDRED, {"max_synthetic": "2", "per": "human"})
    assert result.verdict == PASS


def test_no_human_at_all_fails() -> None:
    (result,) = judged([synthetic()], {"max_synthetic": "1000", "per": "human"})
    assert result.verdict == FAIL
    assert result.hi is None
    (result,) = judged([unknown()], {"max_synthetic": "1000", "per": "human"})
    assert (result.verdict, result.to_resolve) == (INDETERMINATE, 1)


def test_an_empty_group_passes_as_empty() -> None:
    (result,) = judged([human()], {"max_synthetic": 0, "where": "lang = 'fr'"})
    assert (result.verdict, result.empty) == (PASS, True)
    (result,) = judged([human()], {"min_human": 5, "where": "lang = 'fr'", "by": ["source"]})
    assert (result.verdict, result.empty) == (PASS, True)


def test_records_without_size_have_no_share() -> None:
    (result,) = judged([synthetic(0)], {"max_synthetic": 0})
    assert (result.verdict, result.hi) == (PASS, 0.0)


def test_an_empty_set_is_misuse() -> None:
    with pytest.raises(MisuseError, match="empty"):
        judged([], {"max_synthetic": 1})


def test_tokens_must_have_been_counted() -> None:
    with duckdb.connect() as connection:
        connection.register("members", relation([human()] * 3))
        rules = policy({"max_synthetic": 1}, unit="tokens", tokenizer="t.json")
        with pytest.raises(MisuseError, match="3 members have no size in tokens"):
            judge(connection, "members", rules)


def test_accumulate() -> None:
    with duckdb.connect() as connection:
        connection.register("members", relation([human()] * 3))
        connection.execute(
            "CREATE TABLE old AS SELECT record_id, TRUE AS required FROM members "
            "UNION ALL SELECT uuid(), FALSE UNION ALL SELECT uuid(), NULL"
        )
        rules = policy({"accumulate": "june"}, {"accumulate": "june", "name": "again"})
        first, _ = judge(connection, "members", rules, anchors={"june": "old"})
        assert (first.verdict, first.numerator_hi, first.denominator) == (PASS, 0, 3)
        assert "2 are excused" in first.reason
        connection.execute("INSERT INTO old VALUES (uuid(), TRUE)")
        first, _ = judge(connection, "members", rules, anchors={"june": "old"})
        assert (first.verdict, first.lo) == (FAIL, 1.0)
        assert first.reason.startswith("1 of 4 human records of june are missing")
        with pytest.raises(NotFoundError, match="june"):
            judge(connection, "members", rules)


def test_results_follow_the_policy() -> None:
    members = [synthetic(lang=lang, topic=f"t{lang}") for lang in "cab"]
    budgets: list[dict[str, object]] = [
        {"max_synthetic": 1, "by": ["lang"]},
        {"max_share": 1, "where": "lang = 'a'"},
        *({"max_share": "0.4", "where": f"topic = 't{letter}'"} for letter in "abcdefghijkl"),
        {"max_share": 1, "by": ["lang"]},
    ]
    results = judged(members, *budgets)
    names = [result.name for result in results]
    assert names == ["b0"] * 3 + [f"b{n}" for n in range(1, 14)] + ["b14"] * 3
    assert [r.group for r in results[:3]] == [{"lang": lang} for lang in "abc"]
    assert [r.numerator_hi for r in results[4:16]] == [100] * 3 + [0] * 9


def test_blocking() -> None:
    block, warn = policy({"max_synthetic": 1}), policy({"max_synthetic": 1}, indeterminate="warn")
    answers = {verdict: (blocks(verdict, block), blocks(verdict, warn)) for verdict in Verdict}
    assert answers == {PASS: (False, False), INDETERMINATE: (True, False), FAIL: (True, True)}


@pytest.mark.parametrize(
    "budget",
    [
        {"max_synthetic": 1, "where": "lnag = 'de'"},
        {"max_synthetic": 1, "by": ["lnag"]},
        {"forbid": "similar_to('gpt')"},
    ],
)
def test_a_budget_that_cannot_be_evaluated_is_named(budget: dict[str, object]) -> None:
    with pytest.raises(ConditionError, match="budget 'b0'"):
        judged([Member()], budget)
