"""What is declared of a generator: its family, and that there is one at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.datafiles import ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.finding import Verdict
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.operations.ingest import IngestOptions
from provenance.operations.models import Model

NO_GPT = policy({"forbid": "generator_family = 'gpt'"})
PER_FAMILY = policy(
    {"where": "generator_family = 'gpt'", "max_share": "0.5"},
    {"by": ["generator_family"], "max_share": "0.5"},
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def origins(ledger: Ledger) -> dict[str, Any]:
    """The one origin that all records have."""
    (found,) = ledger.query(
        "SELECT DISTINCT label, generator, generator_family, lo_records, hi_records FROM origins"
    ).to_pylist()
    return found


def origin(label: str, lo: int, family: str | None = "gpt") -> dict[str, Any]:
    named = {"generator": "gpt-4", "generator_family": family}
    return {"label": label, **named, "lo_records": lo, "hi_records": 1}


@pytest.mark.slow
@pytest.mark.parametrize("said", [{"label": "synthetic"}, {}, {"label": "unknown"}])
def test_a_generator_on_the_command_line_has_its_family(
    ledger: Ledger, tmp_path: Path, said: dict[str, str]
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    summary = ingest(ledger, path, "s", generator=" gpt-4 ", **said)
    assert summary.labels["synthetic"] == 2
    assert origins(ledger) == origin("synthetic", 1)
    assert ledger.audit(NO_GPT).verdict is Verdict.FAIL
    assert [found.verdict for found in ledger.audit(PER_FAMILY).budgets] == [Verdict.FAIL] * 2


@pytest.mark.slow
def test_so_has_one_of_a_contract_and_of_a_record(ledger: Ledger, tmp_path: Path) -> None:
    ledger.source_set(Source(name="s", generator="gpt-4"))
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 2)), "s")
    assert origins(ledger) == origin("synthetic", 1)
    ingest(ledger, write_jsonl(tmp_path / "b.jsonl", texts("b", 2, generator="gpt-4")), "t")
    assert origins(ledger) == origin("synthetic", 1)


@pytest.mark.slow
def test_a_family_that_is_given_is_the_one(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    ingest(ledger, path, "s", label="synthetic", generator="gpt-4", generator_family="ours")
    assert origins(ledger) == origin("synthetic", 1, "ours")
    corrected = ingest(ledger, path, "s", label="synthetic", generator="gpt-4")
    assert (corrected.unchanged_files, corrected.relabelled_files) == (1, 1)
    assert origins(ledger) == origin("synthetic", 1)
    assert ingest(ledger, path, "s", label="synthetic", generator="gpt-4").relabelled_files == 0


@pytest.mark.slow
def test_a_registered_model_has_the_family_that_it_was_registered_with(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.model_set(Model(name="gpt-4", family="ours"))
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    ingest(ledger, path, "s", generator="gpt-4")
    assert origins(ledger) == origin("synthetic", 1, "ours")
    assert ingest(ledger, path, "s", generator="gpt-4").relabelled_files == 0
    ledger.source_set(Source(name="t", generator="gpt-4"))
    ingest(ledger, write_jsonl(tmp_path / "b.jsonl", texts("b", 2)), "t")
    assert origins(ledger) == origin("synthetic", 1, "ours")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["contract", "ingest"])
def test_mixed_with_a_generator_is_mixed(ledger: Ledger, tmp_path: Path, where: str) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    if where == "contract":
        ledger.source_set(Source(name="s", label="mixed", generator="gpt-4"))
        summary = ingest(ledger, path, "s")
    else:
        summary = ingest(ledger, path, "s", label="mixed", generator="gpt-4")
    assert summary.labels["mixed"] == 2
    assert origins(ledger) == origin("mixed", 0)
    plan = ledger.assemble("r", policy({"max_synthetic": "0.1"}), Selection())
    assert plan.verdict is Verdict.INDETERMINATE


def test_a_model_that_wrote_only_notes_wrote_no_text(ledger: Ledger, tmp_path: Path) -> None:
    ledger.source_set(Source(name="s", generator="gpt-4", process="annotate"))
    summary = ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 2)), "s")
    assert summary.labels["unknown"] == 2 == ledger.status().labels["unknown"]


def test_what_people_wrote_has_no_generator() -> None:
    with pytest.raises(ValidationError, match="human records have no generator"):
        IngestOptions(source="s", label="human", generator="gpt-4")


def test_unknown_is_no_claim_and_leaves_the_contract_its_word(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.source_set(Source(name="s", label="human"))
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    summary = ingest(ledger, path, "s", label="unknown")
    assert summary.labels["human"] == 2 == ledger.status().labels["human"]


@pytest.mark.slow
def test_a_corrected_family_is_a_new_claim_and_a_licence_is_none(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.source_set(Source(name="s", label="synthetic", generator="gpt-4"))
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    ingest(ledger, path, "s", label="mixed", generator="gpt-4")
    ledger.source_set(Source(name="s", label="synthetic", generator="gpt-4", licence="MIT"))
    assert origins(ledger)["label"] == "mixed"
    ledger.source_set(Source(name="s", label="synthetic", generator="gpt-4", generator_family="x"))
    assert origins(ledger) == origin("synthetic", 1, "x")
