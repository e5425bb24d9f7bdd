"""What must hold of origins whatever is claimed, checked on the SQL itself."""

from __future__ import annotations

import random
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given
from support.claim_relations import answers
from support.origin_oracle import Claim, Size
from support.random_claims import CLAIMS, SIZE, SIZES

UNITS = ("bytes", "chars", "words")
SAID = st.lists(CLAIMS, max_size=6)

WHOLE_SYNTHETIC = CLAIMS.map(lambda c: replace(c, claim="synthetic", whole=True))
PARTIAL = CLAIMS.map(lambda c: replace(c, whole=False))
DERIVED = CLAIMS.map(lambda c: replace(c, tier="derived"))
"""Lineage only ever raises, whatever it says; but see the test about unknown records."""

SILENT = CLAIMS.map(lambda c: replace(c, claim="unknown"))
CONTRADICTING = st.builds(
    lambda c, tier: replace(c, tier=tier), CLAIMS, st.sampled_from(["detected", "heuristic"])
)


@given(SAID, SIZES, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(
    said: list[Claim], size: Size, random_: random.Random
) -> None:
    shuffled = [*said, *said[: len(said) // 2]]
    random_.shuffle(shuffled)
    first, second = answers([(said, size), (shuffled, size)])
    assert first == second


@pytest.mark.slow
@given(SAID, SIZES, WHOLE_SYNTHETIC | PARTIAL)
def test_synthetic_evidence_never_makes_a_record_more_human(
    said: list[Claim], size: Size, more: Claim
) -> None:
    before, after = answers([(said, size), ([*said, more], size)])
    for unit in (*UNITS, "records"):
        assert after[f"lo_{unit}"] >= before[f"lo_{unit}"]
        assert after[f"hi_{unit}"] >= before[f"hi_{unit}"]
    assert before["label"] == "human" or after["label"] != "human"


@pytest.mark.slow
@given(SAID, SIZES, DERIVED)
def test_lineage_never_lowers_what_was_said_of_the_whole(
    said: list[Claim], size: Size, more: Claim
) -> None:
    before, after = answers([(said, size), ([*said, more], size)])
    assume(before["rule"] not in {"no-evidence", "parts-only"})
    for unit in UNITS:
        assert after[f"lo_{unit}"] >= before[f"lo_{unit}"]
        assert after[f"hi_{unit}"] >= before[f"hi_{unit}"]


@pytest.mark.slow
@given(SAID, SIZES)
def test_human_rests_on_somebody_who_said_that_the_whole_is_human(
    said: list[Claim], size: Size
) -> None:
    [row] = answers([(said, size)])
    if row["label"] == "human":
        assert any(c.claim == "human" and c.whole and c.rank >= 2 for c in said)


@pytest.mark.slow
@given(SAID, SIZES, st.lists(SILENT, min_size=1, max_size=3))
def test_a_claim_of_unknown_is_no_claim(said: list[Claim], size: Size, more: list[Claim]) -> None:
    before, after = answers([(said, size), (said + more, size)])
    assert before == after


@pytest.mark.slow
@given(SAID, SIZES, CONTRADICTING)
def test_detectors_and_hints_only_ever_add_a_conflict(
    said: list[Claim], size: Size, more: Claim
) -> None:
    before, after = answers([(said, size), ([*said, more], size)])
    assert after["conflict"] or not before["conflict"]
    assert before | {"conflict": after["conflict"]} == after


@pytest.mark.slow
@given(st.lists(CONTRADICTING, min_size=1, max_size=5), SIZES)
def test_detectors_and_hints_alone_leave_a_record_unknown(said: list[Claim], size: Size) -> None:
    [row] = answers([(said, size)])
    assert (row["label"], row["rule"]) == ("unknown", "no-evidence")
    for unit in UNITS:
        assert (row[f"lo_{unit}"], row[f"hi_{unit}"]) == (0, getattr(size, unit))
    assert row["process"] is row["generator"] is row["generator_family"] is None


@given(SAID, SIZES)
def test_intervals_lie_within_the_record_and_agree_with_the_label(
    said: list[Claim], size: Size
) -> None:
    [row] = answers([(said, size)])
    for unit in UNITS:
        lo, hi, whole = row[f"lo_{unit}"], row[f"hi_{unit}"], getattr(size, unit)
        assert 0 <= lo <= hi <= whole
        if row["label"] in {"human", "synthetic"}:
            assert lo == hi == (0 if row["label"] == "human" else whole)
    assert row["lo_records"] == int(row["label"] == "synthetic")
    assert row["hi_records"] == int(row["label"] != "human")
    if row["label"] in {"human", "unknown"}:
        assert row["process"] is row["generator"] is row["generator_family"] is None


def test_a_record_without_claims_is_unknown_and_not_human() -> None:
    [row] = answers([([], SIZE)])
    assert (row["label"], row["rule"], row["conflict"]) == ("unknown", "no-evidence", False)
    assert (row["lo_bytes"], row["hi_bytes"]) == (0, SIZE.bytes)
