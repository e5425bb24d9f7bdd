"""Policies on ledgers, releases and files: what evidence and names do to verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from datafiles import ingest, policy, texts, write_jsonl

import provenance
from provenance.audit import audit_files
from provenance.ingest import IngestOptions
from provenance.ledger import Ledger
from provenance.model.manifest import Selection


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


@pytest.mark.parametrize("unit", ["records", "bytes"])
def test_repeats_do_not_meet_a_floor(ledger: Ledger, tmp_path: Path, unit: str) -> None:
    rows = texts("h", 10)
    path = write_jsonl(tmp_path / "train.jsonl", rows * 50)
    write_jsonl(tmp_path / "test.jsonl", rows[:5])
    ingest(ledger, path, "h", label="human")
    size = sum(len(row["text"]) for row in rows) if unit == "bytes" else 10
    at = {"min_human": size, "unit": unit}
    over = {"min_human": size + 1, "unit": unit}
    each = {"min_human": size + 1, "unit": unit, "repeats": "count"}
    rules = policy(at, over, each)
    plan = ledger.assemble("r", rules, Selection(weights={"h": 5000}), dry_run=True)
    assert [result.verdict for result in plan.budgets] == ["pass", "fail", "pass"]
    files = [str(path), str(tmp_path / "test.jsonl")]
    found = audit_files(ledger.store, files, rules, IngestOptions(source="audit"))
    assert [result.verdict for result in found.budgets] == ["pass", "fail", "pass"]
