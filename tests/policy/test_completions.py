"""What is not known never helps a set to pass: verdicts hold for every way it may turn out."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from support import completions
from support.completions import Where, sets
from support.member_rows import Member, human, judged, synthetic, unknown

from provenance.model.finding import Verdict
from provenance.policy.evaluate import overall

SMALL = st.lists(completions.members(), min_size=1, max_size=3)


@pytest.mark.slow
@settings(max_examples=300)
@given(SMALL, completions.budgets())
def test_a_verdict_holds_for_every_completion(
    members: list[Member], drawn: tuple[dict[str, object], Where | None]
) -> None:
    budget, where = drawn
    results = judged(members, budget)
    for result in results:
        key = result.group or {}
        if None in {value for name, value in key.items() if name != "lang"}:
            continue  # nobody turns out to be of no generator or depth
        if key and result.empty:
            continue  # a group that others may turn out to make is not judged before
        answers = {
            completions.holds(budget, where, key, list(zip(members, found, strict=True)))
            for found in sets(members)
        }
        if result.verdict == Verdict.PASS:
            assert answers == {True}
        if result.verdict == Verdict.FAIL:
            assert answers == {False}


@pytest.mark.slow
@settings(max_examples=150)
@given(SMALL, st.sampled_from(["max_synthetic", "per human", "min_human"]), st.integers(0, 12))
def test_an_interval_without_a_condition_is_attained(
    members: list[Member], rule: str, limit: int
) -> None:
    """Indeterminate means that some completion keeps the budget and another one breaks it."""
    budget: dict[str, object] = {"min_human": limit, "repeats": "count"}
    if rule != "min_human":
        budget = {"max_synthetic": str(limit / 12 if rule == "max_synthetic" else limit / 4)}
    if rule == "per human":
        budget["per"] = "human"
    (result,) = judged(members, budget)
    answers = {
        completions.holds(budget, None, {}, list(zip(members, found, strict=True)))
        for found in sets(members)
    }
    expected = {True: Verdict.PASS, False: Verdict.FAIL}
    verdict = Verdict.INDETERMINATE if len(answers) == 2 else expected[answers.pop()]
    assert result.verdict == verdict


ORIGINS = [human, synthetic, unknown]


# Few of the drawn sets are undecided.
@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.lists(
        st.tuples(st.sampled_from(ORIGINS), st.sampled_from([1, 2, 5, 9])), min_size=1, max_size=6
    ),
    completions.budgets(),
)
def test_to_resolve_is_the_least_number(
    made: list[tuple[object, int]], drawn: tuple[dict[str, object], Where | None]
) -> None:
    members = [build(size=size) for build, size in made]  # type: ignore[operator]
    budget = {name: value for name, value in drawn[0].items() if name != "by"}
    assume("max_share" not in budget or "where" in budget)
    assume("topic" not in str(budget))  # another origin does not tell the topic
    (result,) = judged(members, budget)
    assume(result.verdict == Verdict.INDETERMINATE and result.to_resolve is not None)
    places = [place for place, member in enumerate(members) if member.label == "unknown"]
    for count in range(len(places) + 1):
        tried = itertools.combinations(places, count)
        if any(_passes(members, chosen, budget) for chosen in tried):
            assert result.to_resolve == count
            return
    raise AssertionError("resolving all of them is not enough")


def _passes(members: list[Member], chosen: tuple[int, ...], budget: dict[str, object]) -> bool:
    now = list(members)
    for place in chosen:
        now[place] = replace(now[place], label="human", lo=0, hi=0, depth=0)
    return overall(judged(now, budget)) == Verdict.PASS


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(completions.members(), min_size=1, max_size=8), completions.budgets(), st.randoms())
def test_order_does_not_matter(
    members: list[Member], drawn: tuple[dict[str, object], Where | None], random: object
) -> None:
    budget, _ = drawn
    first = judged(members, budget)
    random.shuffle(members)  # type: ignore[attr-defined]
    assert judged(members, budget) == first


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(completions.members(), min_size=1, max_size=5), completions.budgets(), st.data())
def test_less_human_is_never_better(
    members: list[Member], drawn: tuple[dict[str, object], Where | None], data: st.DataObject
) -> None:
    """Without a condition, making a record more synthetic never improves a verdict."""
    budget = {name: value for name, value in drawn[0].items() if name not in {"where", "by"}}
    assume("forbid" not in budget and "max_share" not in budget)
    before = overall(judged(members, budget))
    place = data.draw(st.integers(0, len(members) - 1))
    one = members[place]
    members[place] = replace(one, label="synthetic", lo=one.size, hi=one.size, depth=1)
    order = [Verdict.PASS, Verdict.INDETERMINATE, Verdict.FAIL]
    assert order.index(overall(judged(members, budget))) >= order.index(before)
