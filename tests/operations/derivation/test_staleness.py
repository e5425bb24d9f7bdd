"""Lineage that is carried on only where something bears on it: the answer is always the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.origin import Label
from provenance.model.source import Source
from provenance.operations.derivation.propagate import propagate
from provenance.operations.derivation.staleness import needs_propagation
from provenance.operations.lineage_import.import_options import ImportOptions
from provenance.operations.models import Model

POLICY = policy(cap("1"))


def grown(folder: Path) -> Ledger:
    """Records with parents known and not, a release, a model trained on it and one that is not."""
    ledger = provenance.init(str(folder / "ledger"))
    rows = [
        {"id": "p", "text": "the parent of a child, nobody said by whom"},
        {"id": "c", "text": "the child of a parent, edited by somebody", "of": "p"},
        {"id": "w", "text": "a child that waits for its parent", "of": "gone"},
    ]
    path = write_jsonl(folder / "a.jsonl", rows)
    ingest(ledger, path, "web", parent_field="of", process="edit")
    ingest(ledger, write_jsonl(folder / "m.jsonl", texts("m", 3)), "loose")
    assert ledger.assemble("r1", POLICY, Selection()).sealed
    ledger.model_set(Model(name="ours-7b", trained_on="r1"))
    return ledger


def late_parent(ledger: Ledger, folder: Path) -> None:
    row = {"id": "gone", "text": "a parent that came late", "model": "gpt-4"}
    ingest(ledger, write_jsonl(folder / "late.jsonl", [row]), "web")


def parent_seen_again(ledger: Ledger, folder: Path) -> None:
    row = {"text": "the parent of a child, nobody said by whom"}
    path = write_jsonl(folder / "again.jsonl", [row])
    ingest(ledger, path, "bot", label="synthetic")


def member_seen_again(ledger: Ledger, folder: Path) -> None:
    path = write_jsonl(folder / "again.jsonl", texts("m", 1))
    ingest(ledger, path, "bot", label="synthetic")


def file_corrected(ledger: Ledger, folder: Path) -> None:
    rows = [{"id": "c", "text": "the child of a parent, edited by somebody"}]
    ingest(ledger, write_jsonl(folder / "a.jsonl", rows), "web", parent_field="of")


def declared_otherwise(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, folder / "a.jsonl", "web", parent_field="of", process="edit", label="mixed")


def source_corrected(ledger: Ledger, folder: Path) -> None:
    ledger.source_set(Source(name="web", label=Label.SYNTHETIC))
    propagate(ledger.store)


def edge_imported(ledger: Ledger, folder: Path) -> None:
    path = write_jsonl(folder / "e.jsonl", [{"child": "w", "parent": "c", "process": "translate"}])
    ledger.lineage_import([str(path)], ImportOptions(source="web"))


def written_by_the_model(ledger: Ledger, folder: Path) -> None:
    path = write_jsonl(folder / "o.jsonl", texts("o", 2))
    ingest(ledger, path, "out", label="synthetic", generator="ours-7b")


def nothing_to_do_with_it(ledger: Ledger, folder: Path) -> None:
    path = write_jsonl(folder / "n.jsonl", texts("n", 2))
    ingest(ledger, path, "bot", label="synthetic", generator="gpt-4")


def a_release_of_no_model(ledger: Ledger, folder: Path) -> None:
    assert ledger.assemble("r2", POLICY, Selection()).sealed
    propagate(ledger.store)


IDLE = (nothing_to_do_with_it, a_release_of_no_model)
EVENTS = (
    late_parent,
    parent_seen_again,
    member_seen_again,
    file_corrected,
    declared_otherwise,
    source_corrected,
    edge_imported,
    written_by_the_model,
    *IDLE,
)


@pytest.mark.slow
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_what_is_passed_over_would_have_changed_nothing(
    tmp_path: Path, event: Callable[[Ledger, Path], None]
) -> None:
    ledger = grown(tmp_path)
    runs = "SELECT count(*) AS n FROM commits WHERE verb = 'propagate'"
    before = ledger.query(runs).to_pylist()
    event(ledger, tmp_path)
    assert (ledger.query(runs).to_pylist() == before) == (event in IDLE)
    kept = ledger.query("SELECT * FROM derived ORDER BY record_id").drop_columns(
        ["seq", "recorded_at"]
    )
    # Forget that anything was ever carried on, so that all of it is worked out again.
    with ledger.snapshot() as connection:
        assert not needs_propagation(connection)
    ledger.store.record("test", "test", {"models": [{"name": "another"}]})
    propagate(ledger.store)
    again = ledger.query("SELECT * FROM derived ORDER BY record_id").drop_columns(
        ["seq", "recorded_at"]
    )
    assert again.to_pylist() == kept.to_pylist()
