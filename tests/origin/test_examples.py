"""The examples of design.md section 4, and the concept page with its own."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from support.claim_relations import answers
from support.origin_oracle import Claim, Size

from provenance.model.origin_rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "origin.md"


def part(tier: str, count: int, *, whole: bool = False) -> Claim:
    """A claim that counts some of the 1,000 bytes."""
    return Claim(tier, "mixed", whole, count, count, count // 10)


HUMAN, SYNTHETIC = Claim("declared", "human"), Claim("declared", "synthetic")

EXAMPLES = {
    "nothing said": ([], "unknown", "no-evidence", (0, 1000), False),
    "unknown said": ([Claim("tool", "unknown")], "unknown", "no-evidence", (0, 1000), False),
    "tool says human": ([Claim("tool", "human")], "human", "tool-human", (0, 0), False),
    "declared synthetic": ([SYNTHETIC], "synthetic", "declared-synthetic", (1000, 1000), False),
    "300 of 1000 counted": (
        [part("tool", 300, whole=True)], "mixed", "tool-mixed", (300, 300), False,
    ),
    "proportion not known": ([Claim("tool", "mixed")], "mixed", "tool-mixed", (0, 1000), False),
    "a part, the rest unknown": ([part("tool", 300)], "mixed", "parts-only", (300, 1000), False),
    "a part raises a declaration": (
        [HUMAN, part("tool", 300)], "mixed", "raised-by-tool-part", (300, 300), True,
    ),
    "a part never lowers": (
        [SYNTHETIC, part("tool", 300)], "synthetic", "declared-synthetic", (1000, 1000), False,
    ),
    "a tool's word on the whole may lower": (
        [SYNTHETIC, Claim("tool", "human")], "human", "tool-human", (0, 0), True,
    ),
    "lineage raises": (
        [HUMAN, Claim("derived", "synthetic")],
        "synthetic", "raised-by-derived", (1000, 1000), True,
    ),
    "lineage never lowers": (
        [SYNTHETIC, Claim("derived", "human")],
        "synthetic", "declared-synthetic", (1000, 1000), True,
    ),
    "lineage stands alone": (
        [Claim("derived", "synthetic")], "synthetic", "derived-synthetic", (1000, 1000), False,
    ),
    "lineage yields to a review": (
        [Claim("reviewed", "human"), Claim("derived", "synthetic")],
        "human", "reviewed-human", (0, 0), True,
    ),
    "the same text from both sides": (
        [HUMAN, SYNTHETIC], "synthetic", "declared-synthetic", (1000, 1000), True,
    ),
    "a detector against a declaration": (
        [HUMAN, Claim("detected", "synthetic")], "human", "declared-human", (0, 0), True,
    ),
    "a phrase in a human record": (
        [HUMAN, part("heuristic", 20)], "human", "declared-human", (0, 0), True,
    ),
    "a count refines mixed": (
        [Claim("declared", "mixed"), part("tool", 300, whole=True)],
        "mixed", "tool-mixed", (300, 300), False,
    ),
    "a part longer than its record": (
        [part("tool", 5000)], "synthetic", "parts-only", (1000, 1000), False,
    ),
    "a count of nothing is not a human": (
        [part("tool", 0, whole=True)], "mixed", "tool-mixed", (0, 0), False,
    ),
}  # fmt: skip


@pytest.mark.newest
@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    said, label, rule, interval, conflict = EXAMPLES[name]
    [row] = answers([(said, Size(bytes=1000, chars=1000, words=100))])
    assert (row["label"], row["rule"]) == (label, rule)
    assert (row["lo_bytes"], row["hi_bytes"]) == interval
    assert row["conflict"] is conflict


def test_the_concept_page_tells_the_truth() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 5
    assert result.failed == 0


def test_the_concept_page_documents_every_rule_in_its_own_words() -> None:
    page = PAGE.read_text("utf-8")
    missing = [name for name, text in RULES.items() if f"| `{name}` | {text} |" not in page]
    assert missing == []
