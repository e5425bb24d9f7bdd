"""What stands in two splits of one set is a finding, wherever the set is."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.finding import Judgement
from provenance.model.manifest import Selection
from provenance.operations.audit.run_audit import audit_files
from provenance.operations.ingest import IngestOptions

OPEN = policy(cap("1"))


def letters(*numbers: int, ending: str = "") -> list[dict[str, str]]:
    """Texts of which each number has one."""
    return [
        {"text": f"Letter number {n}, written on the coast and kept in a drawer.{ending}"}
        for n in numbers
    ]


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    """Ten letters in three splits: the fifth and the eighth stand in two of them."""
    folder = tmp_path / "data"
    write_jsonl(folder / "train-00000-of-00002.jsonl", letters(0, 1, 2, 3, 4))
    write_jsonl(folder / "train-00001-of-00002.jsonl", letters(5, 6, 7, 7))
    write_jsonl(folder / "validation-00000-of-00001.jsonl", letters(7, 8))
    write_jsonl(folder / "test-00000-of-00001.jsonl", letters(4, 9))
    return folder


def leaks(judgement: Judgement) -> list[str]:
    return [item.reason for item in judgement.findings if item.code == "split-leak"]


def of_files(folder: Path) -> list[str]:
    return leaks(audit_files(None, [str(folder)], OPEN, IngestOptions(source="audit")))


def test_a_text_in_two_splits_of_audited_files_is_found(leaking: Path) -> None:
    (reason,) = of_files(leaking)
    assert reason.startswith("2 texts are in more than one split: sha256:")
    assert reason.count("train (") == 2
    assert "train-00000-of-00002.jsonl, row 5)" in reason
    assert "test-00000-of-00001.jsonl, row 1) and train (" in reason
    assert "validation-00000-of-00001.jsonl, row 1)" in reason


def test_the_ledger_is_asked_too(leaking: Path, tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, leaking, "s")
    (reason,) = leaks(ledger.audit(OPEN))
    assert reason.startswith("2 texts are")


@pytest.mark.slow
def test_only_a_few_are_named(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", letters(*range(20)))
    write_jsonl(tmp_path / "test.jsonl", letters(*range(20)))
    (reason,) = of_files(tmp_path)
    assert reason.startswith("20 texts are")
    assert reason.count("sha256:") == 3
    assert reason.endswith("; …")


@pytest.mark.slow
@pytest.mark.parametrize("names", [("train.jsonl", "more-train.jsonl"), ("a.jsonl", "b.jsonl")])
def test_a_repeated_text_in_one_split_or_in_none_is_no_leak(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    for name in names:
        write_jsonl(tmp_path / name, letters(1, 2))
    assert of_files(tmp_path) == []


def test_copies_of_a_text_leak_as_well(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", letters(1, 2, 3))
    write_jsonl(
        tmp_path / "test.jsonl",
        [*letters(2), *({"text": row["text"].upper() + "  "} for row in letters(1, 2))],
    )
    write_jsonl(tmp_path / "dev.jsonl", [{"text": "Yes."}])
    same, copies = of_files(tmp_path)
    assert same.startswith("1 text is")
    assert copies.startswith("1 text, equal after normalisation, is")


@pytest.mark.slow
def test_copies_in_two_splits_of_a_release(tmp_path: Path) -> None:
    ledger: Ledger = provenance.init(str(tmp_path / "ledger"))
    rows = [{"text": f"{row['text']} It goes on for a while."} for row in texts("t", 40)]
    again = [{"text": row["text"].upper()} for row in rows]
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", [*rows, *again]), "a")
    splits = {"train": "0.5", "test": "0.5"}
    for name, by, found in (("r1", "record", 1), ("r2", "norm_id", 0)):
        asked = Selection(splits=splits, split_by=by)
        assert ledger.assemble(name, policy(cap("1"), indeterminate="warn"), asked).sealed
        assert len(leaks(ledger.audit(OPEN, name))) == found
