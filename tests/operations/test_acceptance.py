"""What a file says in its supplier's favour counts only where the source's contract accepts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.finding import Verdict
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.operations.ingest import IngestOptions
from provenance.operations.records import UNACCEPTED

NONE = {"human": 0, "synthetic": 0, "mixed": 0, "unknown": 0}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def dressed(count: int = 6) -> list[dict[str, Any]]:
    """Texts with the fields of a tree of OASST, each of which says that a person wrote it."""
    rows = texts("a", count)
    return [
        {**row, "message_id": row["id"], "role": "prompter", "synthetic": False} for row in rows
    ]


def logged(count: int = 6) -> list[dict[str, Any]]:
    """Chats with the fields of a log, nearly all of them the user's."""
    return [
        {
            "conversation_id": str(n),
            "model": "gpt-4",
            "conversation": [
                {"role": "user", "content": f"Long talk of number {n}. " * 40},
                {"role": "assistant", "content": "Yes."},
            ],
        }
        for n in range(count)
    ]


def test_three_fields_do_not_make_a_declared_source_human(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", dressed())
    summary = ingest(ledger, path, "s", label="synthetic")
    assert summary.labels == {**NONE, "synthetic": 6}
    assert ledger.status().labels == summary.labels
    assert ledger.status().conflicts == 6


def test_nor_where_nothing_is_declared(ledger: Ledger, tmp_path: Path) -> None:
    summary = ingest(ledger, write_jsonl(tmp_path / "a.jsonl", dressed()), "s")
    assert summary.labels == {**NONE, "unknown": 6} == ledger.status().labels


@pytest.mark.slow
def test_a_copy_in_disguise_lowers_nothing_that_another_source_says(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.source_set(Source(name="trees", accepts=("synthetic", "something-else")))
    ingest(ledger, write_jsonl(tmp_path / "ours.jsonl", texts("a", 6)), "ours", label="synthetic")
    ingest(ledger, write_jsonl(tmp_path / "theirs.jsonl", dressed()), "theirs", label="human")
    assert ledger.status().labels == {**NONE, "synthetic": 6}
    plan = ledger.assemble("r", policy(cap("0.1")), Selection(sources=("theirs",)))
    assert (plan.verdict, plan.sealed) == (Verdict.FAIL, False)
    assert sum(found.code == "conflict" for found in plan.findings) == 6


@pytest.mark.slow
def test_a_log_that_counts_one_side_does_not_lower_what_is_declared_of_both(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", logged())
    assert ingest(ledger, path, "s", label="synthetic").labels == {**NONE, "synthetic": 6}
    assert ledger.status().labels == {**NONE, "synthetic": 6}
    ledger.source_set(Source(name="s", accepts=("chat-log",)))
    assert ledger.status().labels == {**NONE, "mixed": 6}
    most = ledger.query("SELECT max(hi_bytes / bytes) FROM records").column(0)[0].as_py()
    assert most < 0.01


@pytest.mark.slow
def test_what_one_side_wrote_is_counted_where_nothing_else_is_known(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", logged())
    assert ingest(ledger, path, "s").labels == {**NONE, "mixed": 6}
    rows = ledger.query("SELECT DISTINCT rule, hi_bytes = bytes AS open FROM records").to_pylist()
    assert rows == [{"rule": "parts-only", "open": True}]


@pytest.mark.slow
@pytest.mark.parametrize("accepted", ["oasst", "synthetic"])
def test_a_contract_accepts_a_recogniser_or_a_field(
    ledger: Ledger, tmp_path: Path, accepted: str
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", dressed())
    ledger.source_set(Source(name="s", accepts=(accepted,)))
    assert ingest(ledger, path, "s").labels == {**NONE, "human": 6} == ledger.status().labels
    # Another source of the same text does not accept it, and has no say in what this one does.
    ingest(ledger, path, "other")
    assert ledger.status().labels["human"] == 6
    ledger.source_set(Source(name="s"))
    assert ledger.status().labels == {**NONE, "unknown": 6}


@pytest.mark.slow
def test_what_is_not_accepted_is_shown_with_a_note(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", dressed(1)), "s")
    digest = ledger.query("SELECT digest FROM records").column(0)[0].as_py()
    (said,) = ledger.show(digest).origin.evidence
    assert (said.tier, said.claim, said.note) == ("heuristic", "human", UNACCEPTED)
    ledger.source_set(Source(name="s", accepts=("oasst",)))
    (said,) = ledger.show(digest).origin.evidence
    assert (said.tier, said.claim, said.note) == ("tool", "human", None)


def test_to_accept_something_does_not_undo_what_was_said_of_a_file(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 4))
    ledger.source_set(Source(name="s", label="human"))
    ingest(ledger, path, "s", label="synthetic")
    ledger.source_set(Source(name="s", label="human", accepts=("oasst",), ignores=("kind",)))
    assert ledger.status().labels == {**NONE, "synthetic": 4}


def test_a_synthetic_claim_needs_nobody_to_accept_it(ledger: Ledger, tmp_path: Path) -> None:
    ledger.source_set(Source(name="s", label="human"))
    rows = [{**row, "generator": "gpt-4"} for row in texts("a", 4)]
    summary = ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "s")
    assert summary.labels == {**NONE, "synthetic": 4} == ledger.status().labels


@pytest.mark.slow
def test_files_in_disguise_are_judged_by_what_is_known_of_them(
    ledger: Ledger, tmp_path: Path
) -> None:
    ingest(ledger, write_jsonl(tmp_path / "ours.jsonl", texts("a", 6)), "ours", label="synthetic")
    path = write_jsonl(tmp_path / "theirs.jsonl", dressed())
    options = IngestOptions(source="audit")
    judged = ledger.audit_files([str(path)], policy(cap("0.1")), options)
    assert judged.verdict is Verdict.FAIL
    from provenance.operations.audit.run_audit import audit_files

    alone = audit_files(None, [str(path)], policy(cap("0.1")), options)
    assert alone.verdict is Verdict.INDETERMINATE


def test_an_audited_chat_counts_the_part_that_is_known(ledger: Ledger, tmp_path: Path) -> None:
    rows = [{"conversation": row["conversation"]} for row in logged()]
    ingest(ledger, write_jsonl(tmp_path / "known.jsonl", rows), "people", label="human")
    path = write_jsonl(tmp_path / "theirs.jsonl", logged())
    options = IngestOptions(source="audit", content=("conversation",))
    judged = ledger.audit_files([str(path)], policy(cap("0.1"), unit="bytes"), options)
    assert judged.verdict is Verdict.PASS
    assert judged.budgets[0].numerator_lo == judged.budgets[0].numerator_hi == 6 * len("Yes.")
