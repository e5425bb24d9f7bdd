"""A model that is fed with what came of itself: depth, the budget, the chain, the way out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.datafiles import ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import ConditionError, MisuseError
from provenance.ledger import Ledger
from provenance.model.finding import Verdict
from provenance.model.manifest import Selection
from provenance.operations.ingest import IngestOptions
from provenance.operations.models import Model

FORBID = policy({"name": "no-own", "forbid": "descends_from('ours-8b')"})


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Release r1 holds human and synthetic texts; ours-8b is trained on it and writes more."""
    tmp_path = tmp_path_factory.mktemp("fed")
    found = provenance.init(str(tmp_path / "ledger"))
    people = write_jsonl(tmp_path / "people.jsonl", texts("a person wrote this", 6))
    machine = write_jsonl(tmp_path / "machine.jsonl", texts("a machine wrote this", 2))
    ingest(found, people, "people", label="human")
    ingest(found, machine, "machine", label="synthetic", generator="theirs-70b")
    everything = policy({"name": "any", "max_synthetic": 1})
    assert found.assemble("r1", everything, Selection()).sealed
    found.model_set(Model(name="theirs-70b"))
    found.model_set(Model(name="ours-8b", trained_on="r1"))
    own = write_jsonl(tmp_path / "own.jsonl", texts("our model wrote this", 3))
    ingest(found, own, "own", label="synthetic", generator="ours-8b")
    return found


@pytest.fixture
def ledger(fed: Ledger, tmp_path: Path) -> Ledger:
    """The same, for a test of its own."""
    return provenance.open(str(shutil.copytree(fed.url, tmp_path / "ledger")))


@pytest.mark.slow
def test_the_output_of_a_model_is_deeper_than_what_it_was_trained_on(ledger: Ledger) -> None:
    rows = ledger.query("SELECT generator, depth, count(*) AS n FROM records GROUP BY ALL")
    found = {(row["generator"], row["depth"]): row["n"] for row in rows.to_pylist()}
    assert found == {(None, 0): 6, ("theirs-70b", 1): 2, ("ours-8b", 2): 3}


def test_the_recursion_budget_refuses(ledger: Ledger) -> None:
    recursion = policy({"name": "recursion", "where": "depth >= 2", "max_share": 0.01})
    plan = ledger.assemble("r2", recursion, Selection())
    assert (plan.verdict, plan.sealed) == (Verdict.FAIL, False)
    assert plan.budgets[0].numerator_lo == 3


def test_the_budget_refuses_and_the_finding_names_the_chain(ledger: Ledger) -> None:
    plan = ledger.assemble("r2", FORBID, Selection())
    assert (plan.verdict, plan.sealed) == (Verdict.FAIL, False)
    finding = next(item for item in plan.findings if item.code == "self-consumption")
    assert finding.subject == "model ours-8b"
    assert finding.reason.startswith("3 records descend from it: model:ours-8b → sha256:")
    audit = ledger.audit(FORBID)
    assert audit.findings[0] == finding
    assert audit.budgets[0].numerator_lo == 3


@pytest.mark.slow
def test_the_chain_goes_through_releases_and_other_models(ledger: Ledger, tmp_path: Path) -> None:
    any_policy = policy({"name": "any", "max_synthetic": 1})
    assert ledger.assemble("r2", any_policy, Selection(sources=("own",))).sealed
    ledger.model_set(Model(name="ours-9b", trained_on="r2"))
    deeper = write_jsonl(tmp_path / "deeper.jsonl", texts("the next model wrote this", 4))
    ingest(ledger, deeper, "deeper", label="synthetic", generator="ours-9b")
    plan = ledger.assemble("r3", FORBID, Selection(sources=("people", "deeper")))
    chain = next(item.reason for item in plan.findings if item.code == "self-consumption")
    assert chain.startswith("4 records descend from it: model:ours-8b → sha256:")
    assert " → release:r2 (assemble) → model:ours-9b (train) → sha256:" in chain
    depth = ledger.query("SELECT max(depth) AS d FROM records").to_pylist()[0]["d"]
    assert depth == 3


@pytest.mark.slow
def test_what_descends_can_be_left_out(ledger: Ledger) -> None:
    without = Selection(where="NOT descends_from('ours-8b')")
    plan = ledger.assemble("r2", FORBID, without)
    assert plan.sealed
    assert plan.records == 8
    assert not [item for item in plan.findings if item.code == "self-consumption"]
    fitted = ledger.assemble("r4", FORBID, Selection(fit=True))
    assert (fitted.sealed, fitted.records) == (True, 8)


@pytest.mark.slow
def test_an_unknown_record_may_descend(ledger: Ledger, tmp_path: Path) -> None:
    found = write_jsonl(tmp_path / "found.jsonl", texts("nobody knows who wrote this", 1))
    ingest(ledger, found, "found")
    without = Selection(sources=("people", "found"))
    plan = ledger.assemble("r2", FORBID, without)
    assert plan.verdict is Verdict.INDETERMINATE
    assert (plan.budgets[0].numerator_lo, plan.budgets[0].numerator_hi) == (0, 1)


@pytest.mark.slow
def test_a_release_that_its_own_model_is_trained_on_is_found_without_being_asked(
    ledger: Ledger,
) -> None:
    any_policy = policy({"name": "any", "max_synthetic": 1})
    assert ledger.assemble("r2", any_policy, Selection()).sealed
    ledger.model_set(Model(name="ours-8b", trained_on="r2"))
    codes = [item.code for item in ledger.audit(any_policy, "r2").findings]
    assert "self-consumption" in codes


def test_files_are_judged_by_what_the_ledger_knows(ledger: Ledger, tmp_path: Path) -> None:
    rows = [*texts("a person wrote this", 6), *texts("our model wrote this", 2)]
    made = write_jsonl(tmp_path / "theirs.jsonl", rows)
    result = ledger.audit_files([str(made)], FORBID, IngestOptions(source="theirs"))
    assert result.verdict is Verdict.FAIL
    assert result.budgets[0].numerator_lo == 2


def test_accumulate_needs_the_human_records_of_the_release_before(ledger: Ledger) -> None:
    keep = policy({"name": "anchor", "accumulate": "r1"})
    assert ledger.assemble("r2", keep, Selection()).sealed
    plan = ledger.assemble("r3", keep, Selection(sources=("own",)))
    assert (plan.verdict, plan.sealed) == (Verdict.FAIL, False)
    assert "6" in plan.budgets[0].reason


def test_a_model_that_nobody_registered_is_misuse(ledger: Ledger) -> None:
    with pytest.raises(MisuseError, match="there is no model `ours-9b`"):
        ledger.audit(policy({"name": "no-own", "forbid": "descends_from('ours-9b')"}))
    with pytest.raises(ConditionError):
        ledger.audit(policy({"name": "no-own", "forbid": "descends_from(12)"}))


@pytest.mark.slow
def test_a_trace_says_why_a_release_or_a_model_was_reached(ledger: Ledger) -> None:
    person = ledger.query("SELECT digest FROM records WHERE label = 'human' ORDER BY 1").to_pylist()
    found = ledger.trace(person[0]["digest"], down=True)
    said = {reason.node: reason.text for reason in found.because}
    short = f"{person[0]['digest'][:23]}…"
    assert said["release:r1"] == f"{short} → release:r1 (assemble)"
    assert said["model:ours-8b"] == f"{short} → release:r1 (assemble) → model:ours-8b (train)"
    paths = {reason.node: reason.path for reason in found.because}
    assert [edge.child for edge in paths["model:ours-8b"]] == ["release:r1", "model:ours-8b"]


@pytest.mark.slow
def test_a_trace_upwards_says_which_model_and_release_a_record_comes_of(ledger: Ledger) -> None:
    own = ledger.query("SELECT digest FROM records WHERE generator = 'ours-8b'").to_pylist()
    found = ledger.trace(own[0]["digest"])
    said = {reason.node: reason.text for reason in found.because}
    short = f"{own[0]['digest'][:23]}…"
    assert said["release:r1"] == f"release:r1 → model:ours-8b (train) → {short} (derived)"
