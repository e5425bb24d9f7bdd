"""Fields that look like marks are named, and keep records from being human until they are told."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.finding import Finding, Verdict
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.operations.ingest import IngestOptions
from provenance.operations.ingest.file_declarations import source_context
from provenance.operations.ingest.label_counts import outcome_counts

NONE = {"human": 0, "synthetic": 0, "mixed": 0, "unknown": 0}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def ask(ledger: Ledger, field: str, *values: str) -> None:
    """As if a recogniser had met a field that it does not understand, in the first records."""
    rows = ledger.query("SELECT reading_id, row, record_id FROM sightings ORDER BY uri, row")
    asked = [
        {
            **{name: uuid.UUID(str(row[name])) for name in ("reading_id", "record_id")},
            "row": row["row"],
            "tier": "tool",
            "claim": "question",
            "whole": True,
            "observer": "unread-field",
            "basis": f"{field}={value}",
            "field": field,
        }
        for row, value in zip(rows.to_pylist(), values, strict=False)
    ]
    ledger.store.record("test", f"ask:{field}", {"evidence": asked})


def marks(findings: tuple[Finding, ...]) -> list[Finding]:
    return [found for found in findings if found.code == "unread-mark"]


@pytest.mark.slow
def test_a_record_with_an_open_question_is_not_human(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 5)), "s", label="human")
    ask(ledger, "kind", "AI", "AI", "human?")
    assert ledger.status().labels == {**NONE, "human": 2, "unknown": 3}
    judged = ledger.audit(policy(cap("0.1")))
    assert judged.verdict is Verdict.INDETERMINATE
    (found,) = marks(judged.findings)
    assert found.subject == "field kind of source s"
    assert "3 records (AI, human?)" in found.reason
    assert "--ignore-field kind" in found.remedy
    assert "`ignores:`" in found.remedy
    assert marks(ledger.assemble("r", policy(cap("0.1")), Selection()).findings) == [found]


@pytest.mark.slow
def test_it_is_named_for_a_release_too(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 5)), "s", label="human")
    assert ledger.assemble("r", policy(cap("0.1")), Selection()).sealed
    ask(ledger, "kind", "AI")
    judged = ledger.audit(policy(cap("0.1")), "r")
    assert judged.verdict is Verdict.INDETERMINATE
    assert [found.subject for found in marks(judged.findings)] == ["field kind of source s"]


@pytest.mark.slow
def test_somebody_says_that_it_is_none_without_reading_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 5))
    ingest(ledger, path, "s", label="human")
    ask(ledger, "kind", "AI", "AI")
    ask(ledger, "metadata.class", "LM")
    for fields, human in ((("other",), 3), (("metadata.class",), 3), (("kind",), 4)):
        said = ingest(ledger, path, "s", ignore_fields=fields)
        assert (said.read, said.relabelled_files) == (0, 1)
        assert ledger.status().labels["human"] == human, "the newest list counts"
    assert ingest(ledger, path, "s", ignore_fields=("kind",)).relabelled_files == 0
    assert ingest(ledger, path, "s", label="human").relabelled_files == 0
    ingest(ledger, path, "s", label="mixed")
    ingest(ledger, path, "s", label="human")
    assert ledger.status().labels["human"] == 4, "another label does not undo it"
    ingest(ledger, path, "s", ignore_fields=("kind", "metadata.class"))
    assert ledger.status().labels == {**NONE, "human": 5}
    assert marks(ledger.audit(policy(cap("0.1"))).findings) == []


@pytest.mark.slow
def test_a_contract_says_so_for_all_files(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 5)), "s", label="human")
    ask(ledger, "kind", "AI", "AI")
    ledger.source_set(Source(name="s", ignores=("kind",)))
    assert ledger.status().labels == {**NONE, "human": 5}
    ledger.source_set(Source(name="s"))
    assert ledger.status().labels["unknown"] == 2


def test_what_is_ignored_for_one_source_is_asked_of_another(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 2)), "s", label="human")
    ask(ledger, "kind", "AI", "AI")
    ledger.source_set(Source(name="t", ignores=("kind",)))
    assert ledger.status().labels["unknown"] == 2


def test_synthetic_stays_synthetic_and_an_ignored_field_lowers_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [{**row, "generator": "gpt-4"} for row in texts("a", 2)]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "s", label="human", ignore_fields=("generator",))
    ask(ledger, "kind", "AI", "AI")
    assert ledger.status().labels == {**NONE, "synthetic": 2}
    (found,) = marks(ledger.audit(policy(cap("0.1"))).findings)
    assert "2 records" in found.reason


@pytest.mark.slow
def test_show_names_the_question(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 1)), "s", label="human")
    ask(ledger, "kind", "AI")
    shown = ledger.show(ledger.query("SELECT digest FROM records").column(0)[0].as_py())
    assert shown.origin.rule == "question"
    assert ("question", "kind") in [(said.claim, said.field) for said in shown.origin.evidence]


def test_values_that_would_move_a_cursor_are_escaped(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 1)), "s", label="human")
    ask(ledger, "ki\x1b[31mnd", "A\x1b[2JI\u202e")
    (found,) = marks(ledger.audit(policy(cap("0.1"))).findings)
    assert "A\\x1b[2JI\\u202e" in found.reason
    assert "\x1b" not in found.reason + found.remedy


@pytest.mark.parametrize(
    ("options", "human"),
    [({}, 1), ({"ignore_fields": ("kind",)}, 3), ({"ignore_fields": ("x",)}, 1)],
)
def test_an_ingest_counts_and_names_what_the_views_do(
    ledger: Ledger, tmp_path: Path, options: dict[str, tuple[str, ...]], human: int
) -> None:
    commit, reading = uuid.uuid4(), uuid.uuid4()
    place = {"reading_id": reading}
    ids = [uuid.uuid4() for _ in range(3)]
    sizes = {"bytes": 9, "chars": 9, "words": 2, "digest_rest": commit, "kind": "text"}
    seen = [{**place, "row": n, "record_id": each, **sizes} for n, each in enumerate(ids)]
    said = {"tier": "tool", "claim": "question", "whole": True, "observer": "o", "field": "kind"}
    asked = [
        {**place, "row": n, "record_id": ids[n], **said, "basis": f"kind={value}"}
        for n, value in enumerate(("AI", "LM"))
    ]
    store = ledger.store
    parts = [store.rows("sightings", commit, seen), store.rows("evidence", commit, asked)]
    given = IngestOptions(source="s", label="human", **options)
    with store.snapshot() as connection:
        stands = source_context(connection, given)
    labels, questions = outcome_counts(store.layout, parts, stands, 3)
    assert labels.get("human", 0) == human
    if human == 3:
        assert questions == []
    else:
        (found,) = questions
        assert (found.field, found.records, found.samples) == ("kind", 2, ("AI", "LM"))
        assert found.files == (str(reading),)


@pytest.mark.slow
def test_files_of_known_records_are_judged_by_what_their_source_ignores(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.source_set([Source(name="s", label="human", ignores=("kind",))])
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 3, kind="machine"))
    ingest(ledger, path, "s")
    judged = ledger.audit_files([str(path)], policy(cap("0")), IngestOptions(source="x"))
    assert judged.verdict is Verdict.PASS
    others = write_jsonl(tmp_path / "b.jsonl", texts("b", 3, kind="machine"))
    judged = ledger.audit_files([str(others)], policy(cap("0")), IngestOptions(source="x"))
    assert judged.verdict is Verdict.INDETERMINATE
    assert len(marks(judged.findings)) == 1


def test_a_question_is_no_lack_of_evidence(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 3, kind="machine"))
    ingest(ledger, path, "s", label="human")
    judged = ledger.audit(policy(cap("0")))
    assert [found.code for found in judged.findings] == ["unread-mark"]
