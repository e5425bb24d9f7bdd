"""What an earlier reading of a file said against its records holds until it is replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import MisuseError
from provenance.ledger import Ledger
from provenance.model.finding import Finding, Verdict
from provenance.model.manifest import Selection
from provenance.operations.records import EARLIER

NONE = {"human": 0, "synthetic": 0, "mixed": 0, "unknown": 0}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def marked(count: int = 4, **members: Any) -> list[dict[str, Any]]:
    return [{**row, "generator": "gpt-4", **members} for row in texts("a", count)]


def lost(findings: tuple[Finding, ...]) -> list[Finding]:
    return [found for found in findings if found.code == "evidence-lost"]


@pytest.mark.slow
def test_a_second_version_without_its_marks(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", marked(4))
    ingest(ledger, path, "s", label="human")
    write_jsonl(path, texts("a", 4))
    summary = ingest(ledger, path, "s", label="human")
    assert (summary.kept, summary.evidence_lost) == (4, 4)
    assert summary.files[0].evidence_lost == 4
    assert summary.labels == {**NONE, "synthetic": 4} == ledger.status().labels
    judged = ledger.audit(policy(cap("0.1")))
    assert judged.verdict is Verdict.FAIL
    (found,) = lost(judged.findings)
    assert found.subject == f"{path} of source s"
    assert "4 records" in found.reason
    assert "generator=gpt-4" in found.reason
    assert "--replace" in found.remedy
    assert lost(ledger.assemble("r", policy(cap("0.1")), Selection()).findings) == [found]
    (shown,) = [
        said
        for said in ledger.show("a0").origin.evidence
        if said.observer == "generic-field" and said.claim == "synthetic"
    ]
    assert shown.note == EARLIER


@pytest.mark.slow
def test_it_is_accepted_without_another_version(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", marked(4))
    ingest(ledger, path, "s", label="human")
    write_jsonl(path, texts("a", 4))
    ingest(ledger, path, "s", label="human")
    accepted = ingest(ledger, path, "s", replace=True, declared_by="ann")
    assert accepted.labels == {**NONE, "human": 4} == ledger.status().labels
    assert lost(ledger.audit(policy(cap("0.1"))).findings) == []
    said = ledger.query("SELECT replaced_by FROM files").column(0).to_pylist()
    assert said == ["ann"]
    assert ingest(ledger, path, "s", replace=True).unchanged_files == 1
    # What came before the acceptance does not come back with the next version.
    write_jsonl(path, texts("a", 5))
    assert ingest(ledger, path, "s", label="human").evidence_lost == 0
    assert ledger.status().labels == {**NONE, "human": 5}


def test_it_is_accepted_along_with_the_new_version(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", marked(4))
    ingest(ledger, path, "s")
    write_jsonl(path, texts("a", 4))
    summary = ingest(ledger, path, "s", label="human", replace=True)
    assert (summary.evidence_lost, summary.labels) == (0, {**NONE, "human": 4})
    said = ledger.query("SELECT replaced_by FROM files").column(0).to_pylist()
    assert said == ["the command line"]


@pytest.mark.slow
def test_marks_that_are_still_there_are_not_lost(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", marked(4))
    ingest(ledger, path, "s")
    for count in (5, 6):
        write_jsonl(path, [*marked(4), *texts("a", count)[4:]])
        summary = ingest(ledger, path, "s", label="human")
        assert summary.evidence_lost == 0
        assert summary.labels == {**NONE, "synthetic": 4, "human": count - 4}
    assert ledger.query("SELECT count(*) FROM evidence").column(0)[0].as_py() == 4


@pytest.mark.slow
def test_a_mark_that_is_another_one_now_is_the_new_one(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", marked(2, generator="gpt-4"))
    ingest(ledger, path, "s")
    write_jsonl(path, marked(2, generator="mistral-7b"))
    ingest(ledger, path, "s")
    named = ledger.query("SELECT DISTINCT generator FROM records").column(0).to_pylist()
    assert named == ["mistral-7b"]


@pytest.mark.slow
def test_a_record_that_went_to_another_file_takes_its_mark_along(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", marked(2))
    ingest(ledger, path, "s")
    write_jsonl(path, texts("b", 2))
    assert ingest(ledger, path, "s", label="human").evidence_lost == 0
    assert ledger.status().labels == {**NONE, "human": 2}
    ingest(ledger, write_jsonl(tmp_path / "b.jsonl", texts("a", 2)), "s", label="human")
    assert ledger.status().labels == {**NONE, "human": 2, "synthetic": 2}


@pytest.mark.slow
def test_the_word_of_an_earlier_version_in_its_favour_is_gone(
    ledger: Ledger, tmp_path: Path
) -> None:
    from provenance.model.source import Source

    ledger.source_set(Source(name="s", accepts=("generic-field",)))
    path = write_jsonl(tmp_path / "a.jsonl", [{**row, "synthetic": 0} for row in texts("a", 2)])
    assert ingest(ledger, path, "s").labels == {**NONE, "human": 2}
    write_jsonl(path, texts("a", 2))
    assert ingest(ledger, path, "s").labels == {**NONE, "unknown": 2} == ledger.status().labels


@pytest.mark.slow
def test_what_was_declared_of_an_earlier_version_holds_until_another_label_is_given(
    ledger: Ledger, tmp_path: Path
) -> None:
    from provenance.model.source import Source

    ledger.source_set(Source(name="s", label="human"))
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    ingest(ledger, path, "s", label="synthetic", generator="gpt-4")
    write_jsonl(path, texts("a", 3))
    assert ingest(ledger, path, "s").labels == {**NONE, "synthetic": 3} == ledger.status().labels
    assert ingest(ledger, path, "s", replace=True).labels == {**NONE, "human": 3}
    assert ledger.status().labels == {**NONE, "human": 3}
    write_jsonl(path, texts("a", 4))
    ingest(ledger, path, "s", label="synthetic")
    write_jsonl(path, texts("a", 5))
    assert ingest(ledger, path, "s", label="human").labels == {**NONE, "human": 5}
    assert ledger.status().labels == {**NONE, "human": 5}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"content": ("text",)}, {"content": ("remark",)}),
        ({}, {"content": ("remark",)}),
        ({"content": ("remark",)}, {"content": ("text",)}),
        ({}, {"format": "text"}),
    ],
)
def test_other_records_of_a_file_have_to_be_asked_for(
    ledger: Ledger, tmp_path: Path, first: dict[str, Any], then: dict[str, Any]
) -> None:
    rows = [{"text": f"text {n}", "remark": f"remark {n}"} for n in range(3)]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "s", **first)
    before = ledger.query("SELECT record_id FROM sightings ORDER BY 1")
    with pytest.raises(
        MisuseError, match=r"a\.jsonl was ingested with --(content|format)"
    ) as refused:
        ingest(ledger, path, "s", **then)
    assert "--replace" in refused.value.hint
    assert ledger.query("SELECT record_id FROM sightings ORDER BY 1") == before
    assert ingest(ledger, path, "s", replace=True, **then).kept > 0
    assert ledger.query("SELECT record_id FROM sightings ORDER BY 1") != before
    ingest(ledger, path, "elsewhere", **first)


TOLD: dict[str, tuple[str, str, dict[str, Any]]] = {
    "content": ("a.jsonl", '{"text": "one", "remark": "two"}\n', {"content": ("remark",)}),
    "records": (
        "a.json",
        '{"left": [{"text": "one"}], "right": [{"text": "two"}]}',
        {"records": "right"},
    ),
    "format": ("a.jsonl", '{"text": "one"}\n', {"format": "text"}),
    "header": ("a.csv", "text,n\none,1\n", {"header": False, "content": ("column1",)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TOLD)
def test_what_nobody_speaks_of_again_is_as_it_was(
    ledger: Ledger, tmp_path: Path, name: str
) -> None:
    file, text, said = TOLD[name]
    path = tmp_path / "folder" / file
    write_jsonl(path.parent / "other.jsonl", texts("a", 2))
    path.write_text(text)
    ingest(ledger, path, "s", **said)
    before = ledger.query("SELECT record_id FROM sightings ORDER BY 1")
    assert ingest(ledger, path, "s").unchanged_files == 1
    again = ingest(ledger, path.parent, "s", label="human")
    assert (again.unchanged_files, again.kept) == (1, 2)
    path.write_text(text + "\n")
    changed = ingest(ledger, path.parent, "s")
    assert [f.error for f in changed.files] == [None, None]
    assert (changed.unchanged_files, changed.read > 0) == (1, True)
    held = ledger.query("SELECT record_id FROM sightings JOIN files USING (reading_id) ORDER BY 1")
    assert name == "format" or set(before.column(0).to_pylist()) <= set(held.column(0).to_pylist())
    assert ingest(ledger, path.parent, "s").unchanged_files == 2


@pytest.mark.slow
def test_other_records_within_a_document_have_to_be_asked_for(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"left": [{"text": "one"}], "right": [{"text": "two"}]}')
    ingest(ledger, path, "s", records="left")
    with pytest.raises(MisuseError, match="--records left"):
        ingest(ledger, path, "s", records="right")
    ingest(ledger, path, "s", records="right", replace=True)


def test_to_name_the_field_that_was_found_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 3))
    ingest(ledger, path, "s")
    assert ingest(ledger, path, "s", content=("text",), id_field="id").kept == 3


@pytest.mark.slow
def test_a_question_stays_until_somebody_answers_it(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2, kind="machine"))
    ingest(ledger, path, "s", label="human")
    write_jsonl(path, texts("a", 2))
    ingest(ledger, path, "s", label="human")
    assert ledger.status().labels["unknown"] == 2
    codes = {found.code for found in ledger.audit(policy(cap("0"))).findings}
    assert codes == {"evidence-lost"}
    ingest(ledger, path, "s", label="human", ignore_fields=("kind",))
    assert ledger.status().labels["human"] == 2
