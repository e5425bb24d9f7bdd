"""The reports of published essays, news and stories, by people and by eight generators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from datafiles import cap, ingest, policy

import provenance
from provenance import compliance
from provenance.compliance import REPORTS
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.release_evidence import ReleaseEvidence
from provenance.reporting import print_report
from provenance.schemas import schemas

pytestmark = pytest.mark.real_data

GENERATORS = ("gpt2-xl", "opt-2.7b", "gpt-neo-2.7B", "gpt-j-6B", "gpt-neox-20b")
"""Of the experiment whose file names end in the model; 1,300 texts each."""


@pytest.fixture
def ledger(tmp_path: Path, real_data: Path) -> Ledger:
    ledger = provenance.init(str(tmp_path / "ledger"))
    news = real_data / "fast_detect_gpt" / "exp_main" / "data"
    everything = sorted(str(path) for path in news.glob("*.raw_data.json"))
    for path in everything:
        ingest(ledger, path, "news", content=("original",), label="human")
    for model in GENERATORS:
        for path in everything:
            if Path(path).name.removesuffix(".raw_data.json").endswith(f"_{model}"):
                how: dict[str, Any] = {"label": "synthetic", "generator": model}
                ingest(ledger, path, "machine", content=("sampled",), process="generate", **how)
    essays = real_data / "chatgpt_detector_bias"
    ingest(ledger, essays / "Human_Data/TOEFL_real_91/data.json", "essays", label="human")
    ingest(ledger, essays / "Human_Data/TOEFL_gpt4polished_91/data.json", "polished", label="mixed")
    ingest(ledger, essays / "GPT_Data/CS224N_gpt3_145/data.json", "open")
    ledger.assemble("r", policy(cap("1")), Selection())
    return ledger


def test_reports_agree_with_each_other_and_with_a_query(ledger: Ledger) -> None:
    evidence = ledger.evidence("r")
    eu, ab = (_printed(evidence, form) for form in ("eu-art53", "ab2013"))
    made = {
        row["generator"]: row["n"]
        for row in ledger.query("""
            SELECT generator, sum(weight)::BIGINT AS n FROM members
            WHERE release = 'r' AND label IN ('synthetic', 'mixed') GROUP BY ALL""").to_pylist()
    }
    assert set(GENERATORS) <= set(made)
    for rows in (
        eu["data_sources"]["synthetic_data"]["generators"],
        ab["synthetic_data_generation"]["generators"],
    ):
        told: dict[str | None, int] = {}
        for row in rows:
            told[row["model"]] = told.get(row["model"], 0) + row["records"]
        assert told == made
    assert eu["shares"] == ab["shares"]
    unknown = {row["source"]: row["records"] for row in ab["synthetic_data_generation"]["unknown"]}
    counted = ledger.query("""
        SELECT source, sum(weight)::BIGINT AS n FROM members
        WHERE release = 'r' AND (label = 'unknown' OR lo_bytes < hi_bytes) GROUP BY ALL""")
    assert unknown == {row["source"]: row["n"] for row in counted.to_pylist()}
    assert set(unknown) == {"open", "polished"}
    assert eu["data_sources"]["synthetic_data"]["used"] is True


def _printed(evidence: ReleaseEvidence, form: str) -> Any:
    printed = print_report(compliance.filled(REPORTS[form], evidence), "json")
    document = json.loads(printed)
    name = {"eu-art53": "eu-art53-summary", "ab2013": "ab2013-statement"}[form]
    jsonschema.Draft202012Validator(schemas()[name]).validate(document)
    return document
