"""What ``prov status`` counts equals what the views hold, however the labels came about."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.datafiles import ingest, texts, write_jsonl

import provenance


@pytest.mark.slow
def test_labels_are_those_of_the_resolver(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    shared = texts("said by both", 3)
    both = [
        ("people", "human", [*texts("a person", 5), *shared]),
        ("machine", "synthetic", [*texts("a machine", 4), *shared]),
        ("partly", "mixed", [*texts("partly", 2), shared[0]]),
        ("found", None, [*texts("found", 2), shared[1]]),
        ("marked", "human", texts("marked", 2, model_name="gpt-4")),
        ("found", None, texts("marked and found", 3, synthetic=True)),
        ("made", "human", texts("made", 2, origin="gone")),
    ]
    for number, (source, label, rows) in enumerate(both):
        path = write_jsonl(tmp_path / f"{number}.jsonl", rows)
        parent = {"parent_field": "origin", "process": "rephrase"} if source == "made" else {}
        ingest(ledger, path, source, label=label, **parent)
    rows = ledger.query("""
        SELECT label, count(*) AS n, sum(bytes)::BIGINT AS bytes, count(*) FILTER (conflict) AS c
        FROM origins GROUP BY label""").to_pylist()
    status = ledger.status()
    assert {label: n for label, n in status.labels.items() if n} == {
        row["label"]: row["n"] for row in rows
    }
    assert status.records == sum(row["n"] for row in rows)
    assert status.bytes == sum(row["bytes"] for row in rows)
    assert status.conflicts == sum(row["c"] for row in rows) > 3
