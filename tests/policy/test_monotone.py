"""More synthetic evidence never makes a verdict better, unless `prov policy check` says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings, strategies as st
from support import completions
from support.completions import Where
from support.member_rows import Member, human, judged, mixed, policy, synthetic, unknown

from provenance.model.finding import Verdict
from provenance.model.policy import Budget
from provenance.policy.evaluate import overall
from provenance.policy.monotone import judged_on_a_bound, not_monotone

PASS, FAIL, INDETERMINATE = Verdict.PASS, Verdict.FAIL, Verdict.INDETERMINATE


@st.composite
def worsened(draw: st.DrawFn, member: Member) -> Member:
    """The member once there is more evidence that it is synthetic, or less that names its maker."""
    made = member.label in {"synthetic", "mixed"}
    generator = draw(st.sampled_from([member.generator, None])) if made else None
    if member.label == "synthetic":
        return replace(member, generator=generator)
    depth = max(1, member.depth or 0)
    steps = ["synthetic", "parts"] if member.label != "human" else ["synthetic", "parts", "unknown"]
    step = draw(st.sampled_from(steps))
    if step == "unknown":
        return replace(member, label="unknown", hi=member.size, depth=None)
    if step == "synthetic":
        ends = {"label": "synthetic", "lo": member.size, "hi": member.size}
    else:  # a part of it is a machine's: of an unknown record the rest is as unknown as before
        lo = draw(st.integers(member.lo, member.size))
        ends = {"label": "mixed", "lo": lo, "hi": max(member.hi, lo)}
        assume(ends["hi"])
        if lo == member.size:
            ends["label"] = "synthetic"
    return replace(member, generator=generator, depth=depth, **ends)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(completions.members(), min_size=1, max_size=5), completions.budgets(), st.data())
def test_no_verdict_turns_into_a_pass(
    members: list[Member], drawn: tuple[dict[str, object], Where | None], data: st.DataObject
) -> None:
    budget, _ = drawn
    rule = Budget.model_validate({"name": "b", **budget})
    assume(not not_monotone(rule) and not judged_on_a_bound(rule))
    assume(overall(judged(members, budget)) != PASS)
    now = list(members)
    for place in data.draw(st.sets(st.sampled_from(range(len(members))), min_size=1)):
        now[place] = data.draw(worsened(members[place]))
    assert overall(judged(now, budget)) != PASS


def test_what_is_not_known_to_descend_is_undecided() -> None:
    """A synthetic record whose maker nobody names may be our own model's."""
    forbid: dict[str, object] = {"forbid": "descends_from('ours')"}
    cases = [
        ([synthetic(generator=None)], INDETERMINATE),
        ([mixed(100, 30, 30, generator=None)], INDETERMINATE),
        ([unknown()], INDETERMINATE),
        ([synthetic(generator="gpt")], PASS),
        ([synthetic(generator="gpt", descends=("",))], INDETERMINATE),
        ([human(), human(descends=("",))], PASS),
        ([synthetic(generator=None, descends=("ours",))], FAIL),
        ([synthetic(generator="gpt", descends=("ours", "other"))], FAIL),
    ]
    for members, verdict in cases:
        (result,) = judged(members, forbid)
        assert result.verdict == verdict, members


def test_human_records_do_not_thin_out_a_generator_that_is_not_named() -> None:
    budget: dict[str, object] = {"max_synthetic": "0.5", "by": ["generator"]}
    crowd = [human()] * 6
    named = judged([*crowd, *[synthetic()] * 3], budget)
    assert [(r.group, r.verdict) for r in named] == [
        ({"generator": None}, PASS),
        ({"generator": "gpt"}, FAIL),
    ]
    (result,) = judged([*crowd, *[synthetic(generator=None)] * 3], budget)
    assert (result.verdict, result.denominator) == (FAIL, 300)
    (result,) = judged([*crowd, unknown()], budget)
    assert (result.verdict, result.to_resolve) == (INDETERMINATE, 1)


def test_what_may_be_wholly_synthetic_is_not_known_to_be_less() -> None:
    forbid: dict[str, object] = {"forbid": "label = 'synthetic'"}
    for member, verdict in (
        (mixed(100, 30, 100), INDETERMINATE),
        (mixed(100, 30, 99), PASS),
        (synthetic(), FAIL),
    ):
        (result,) = judged([human(), member], forbid)
        assert result.verdict == verdict
    share: dict[str, object] = {"max_share": "0.5", "where": "label IN ('synthetic')"}
    members = [human(), mixed(100, 30, 100), mixed(100, 30, 40), mixed(100, 10, 100)]
    (result,) = judged(members, share)
    assert (result.numerator_lo, result.numerator_hi) == (0, 200)


@pytest.mark.parametrize(
    "budget",
    [
        {"where": "label = 'unknown'", "max_share": "0.1"},
        {"where": "label != 'unknown'", "max_share": "0.1"},
        {"where": "label IN ('human', 'synthetic')", "max_share": "0.1"},
        {"forbid": "label = 'human'"},
        {"forbid": "NOT label = 'synthetic'"},
        {"forbid": "generator IS NULL"},
        {"forbid": "lang IS NOT NULL"},
        {"where": "tier = 'declared'", "max_synthetic": "0.1"},
        {"where": "lang = 'de' OR NOT rule LIKE 'tool%'", "max_synthetic": "0.1"},
        {"forbid": "conflict"},
        {"forbid": "depth = 1"},
        {"forbid": "depth <= 3"},
        {"forbid": "NOT depth >= 2"},
        {"min_human": 3, "where": "label = 'mixed'"},
        {"min_human": 3, "where": "depth > 0"},
        {"min_human": 3, "by": ["generator"]},
        {"max_synthetic": "0.1", "by": ["lang", "tier"]},
        {"max_share": "0.1", "by": ["label"]},
    ],
)
def test_budgets_that_ask_what_the_ledger_knows_are_named(budget: dict[str, object]) -> None:
    assert not_monotone(policy(budget).budgets[0])


@pytest.mark.parametrize(
    "budget",
    [
        {"max_synthetic": "0.1"},
        {"max_synthetic": "1", "per": "human", "by": ["lang", "generator"]},
        {"max_share": "0.1", "by": ["generator", "process"]},
        {"where": "depth >= 2 AND NOT depth < 1", "max_share": "0.1"},
        {"where": "label != 'human'", "max_share": "0.1"},
        {"where": "label IN ('mixed', 'unknown', 'synthetic')", "max_share": "0.1"},
        {"forbid": "label = 'synthetic' OR descends_from('ours') AND generator != 'x'"},
        {"forbid": "licence = 'CC0-1.0' AND source = 'web'"},
        {"min_human": 3, "where": "label IN ('human', 'mixed') AND depth < 1"},
        {"accumulate": "r1"},
    ],
)
def test_the_others_are_not(budget: dict[str, object]) -> None:
    assert not_monotone(policy(budget).budgets[0]) == ()


@pytest.mark.parametrize(
    ("where", "bound"),
    [
        *(("depth >= 2", True), ("depth > 1", True), ("NOT depth < 2", True)),
        *(("NOT depth <= 1", True), ("depth >= 1", False), ("depth > 0", False)),
        *(("NOT depth >= 2", False), ("lang = 'de'", False), ("depth IS NULL", False)),
    ],
)
def test_a_depth_above_one_is_judged_on_a_bound(where: str, *, bound: bool) -> None:
    assert judged_on_a_bound(policy({"max_share": "0.1", "where": where}).budgets[0]) == bound
