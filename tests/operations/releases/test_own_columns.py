"""Columns of our own exports: a release is known by its digests, never by what is written there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.finding import Judgement, Verdict
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.operations.audit.run_audit import audit_files
from provenance.operations.ingest import IngestOptions

OPTIONS = IngestOptions(source="audit", content=("text",))
HALF = policy(cap("0.5"))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    found = provenance.init(str(tmp_path / "ledger"))
    for source, label, count in (("p", "human", 6), ("m", "synthetic", 4)):
        path = write_jsonl(tmp_path / f"{source}.jsonl", texts(source, count))
        ingest(found, path, source, label=label)
    assert found.assemble("r", HALF, Selection()).sealed
    found.export("r", tmp_path / "out", "jsonl")
    return found


def exported(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "out" / "data.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def synthetic(judged: Judgement) -> tuple[int, int]:
    (budget,) = judged.budgets
    return budget.numerator_lo, budget.numerator_hi


@pytest.mark.slow
def test_an_export_of_ours_is_known_by_its_digests(ledger: Ledger, tmp_path: Path) -> None:
    rows = exported(tmp_path)
    assert sorted(row["prov_label"] for row in rows) == ["human"] * 6 + ["synthetic"] * 4
    judged = ledger.audit_files([str(tmp_path / "out" / "data.jsonl")], HALF, OPTIONS)
    assert (judged.verdict, synthetic(judged)) == (Verdict.PASS, (4, 4))


@pytest.mark.slow
def test_a_label_that_was_forged_counts_for_nothing(ledger: Ledger, tmp_path: Path) -> None:
    forged = [{**row, "prov_label": "human", "prov_generator": None} for row in exported(tmp_path)]
    forged += [{**forged[0], **row, "prov_label": "human"} for row in texts("new", 5)]
    path = write_jsonl(tmp_path / "forged.jsonl", forged)
    judged = ledger.audit_files([str(path)], HALF, OPTIONS)
    assert (judged.verdict, synthetic(judged)) == (Verdict.INDETERMINATE, (4, 9))
    alone = audit_files(None, [str(path)], HALF, OPTIONS)
    assert synthetic(alone)[1] == 15


@pytest.mark.slow
@pytest.mark.parametrize("spelling", ["prov_label", "PROV_LABEL", "Prov_Label"])
def test_nor_where_it_is_read_into_the_ledger(
    ledger: Ledger, tmp_path: Path, spelling: str
) -> None:
    rows = texts("new", 3, **{spelling: "human"}) + texts("m", 4, **{spelling: "human"})
    ingest(ledger, write_jsonl(tmp_path / "forged.jsonl", rows), "theirs")
    labels = ledger.status().labels
    assert (labels["human"], labels["synthetic"], labels["unknown"]) == (6, 4, 3)


@pytest.mark.slow
def test_a_contract_may_accept_them(ledger: Ledger, tmp_path: Path) -> None:
    """A source of exports that somebody else sealed, where whoever declares it answers for that."""
    ledger.source_set(Source(name="theirs", accepts=("prov-export",)))
    path = write_jsonl(tmp_path / "theirs.jsonl", texts("new", 3, prov_label="human"))
    summary = ingest(ledger, path, "theirs", content=("text",))
    assert summary.labels["human"] == 3
