"""What ``prov`` says of marks: those that were lost, those that nobody accepted, conflicts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.terminal import Terminal

POLICY = "policy: p\nunit: records\nbudgets:\n  - name: overall\n    max_synthetic: 0.1\n"


def lines(count: int, **members: Any) -> str:
    rows = (
        {"text": f"A letter of number {n}, long enough to count.", **members} for n in range(count)
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def letters(terminal: Terminal) -> Terminal:
    """A folder with a policy, and a file with marks that its second version lacks."""
    terminal.write("p.yaml", POLICY)
    terminal.write("a.jsonl", lines(7, generator="gpt-4"))
    assert terminal.prov("ingest", "a.jsonl", "--source", "s", "--label", "human").code == 0
    terminal.write("a.jsonl", lines(7))
    return terminal


def test_marks_that_a_new_version_lacks_are_told(letters: Terminal) -> None:
    again = letters.prov("ingest", "a.jsonl", "--source", "s", "--label", "human")
    assert "evidence lost: an earlier version of a.jsonl marks 7 records" in again.out
    assert "--replace" in again.out
    audit = letters.prov("audit", "--policy", "p.yaml")
    assert (audit.code, "evidence-lost" in audit.out) == (1, True)
    accepted = letters.prov(
        "ingest", "a.jsonl", "--source", "s", "--replace", "--by", "ann", "--json"
    )
    assert (accepted.json["labels"]["human"], accepted.json["evidence_lost"]) == (7, 0)
    audit = letters.prov("audit", "--policy", "p.yaml")
    assert (audit.code, "evidence-lost" in audit.out) == (0, False)


def test_assemble_prints_conflicts(letters: Terminal) -> None:
    letters.prov("ingest", "a.jsonl", "--source", "s", "--label", "human", "-q")
    plan = letters.prov("assemble", "r", "--policy", "p.yaml")
    assert plan.code == 1
    assert plan.out.count("warning  conflict  sha256:") == 5
    assert "2 more findings of this kind" in plan.out
    found = letters.prov("assemble", "r", "--policy", "p.yaml", "--json").json["findings"]
    assert sum(one["code"] == "conflict" for one in found) == 7


def test_other_content_has_to_be_asked_for(letters: Terminal) -> None:
    letters.write("b.jsonl", lines(2, remark="nothing"))
    assert letters.prov("ingest", "b.jsonl", "--source", "s").code == 0
    refused = letters.prov("ingest", "b.jsonl", "--source", "s", "--content", "remark")
    assert refused.code == 2
    assert "ingested with --content text" in refused.err
    assert "--replace" in refused.err
    asked = ("ingest", "b.jsonl", "--source", "s", "--content", "remark", "--replace")
    assert letters.prov(*asked).code == 0


@pytest.mark.slow
def test_fields_that_may_be_marks_are_named_until_somebody_answers(terminal: Terminal) -> None:
    terminal.write("p.yaml", POLICY)
    terminal.write("a.jsonl", lines(4, kind="AI") + lines(6, kind="noun").replace("of", "by"))
    asked = terminal.prov("ingest", "a.jsonl", "--source", "s", "--label", "human")
    assert "labels: 6 human, 4 unknown" in asked.out
    assert "`kind` looks like a mark of origin in 4 records (AI)" in asked.out
    assert "--ignore-field kind" in asked.out
    again = terminal.prov("ingest", "a.jsonl", "--source", "t", "--label", "human", "--json")
    (found,) = again.json["questions"]
    assert (found["field"], found["records"], found["samples"]) == ("kind", 4, ["AI"])
    assert found["files"] == [str(terminal.folder / "a.jsonl")]
    for targets in ([], ["a.jsonl"]):
        audit = terminal.prov("audit", *targets, "--policy", "p.yaml")
        assert (audit.code, "unread-mark" in audit.out) == (3, True)
    for source in ("s", "t"):
        said = terminal.prov("ingest", "a.jsonl", "--source", source, "--ignore-field", "kind")
        assert "1 file unchanged, 1 with a new declaration" in said.out
    assert terminal.prov("audit", "--policy", "p.yaml").code == 0
    # What is said of a field holds for its records wherever they are met, and for no others.
    assert terminal.prov("audit", "a.jsonl", "--policy", "p.yaml").code == 0
    terminal.write("b.jsonl", lines(3, kind="AI").replace("of", "near"))
    assert terminal.prov("audit", "b.jsonl", "--policy", "p.yaml").code == 3
    ignoring = ("audit", "a.jsonl", "--policy", "p.yaml", "--ignore-field", "kind")
    assert terminal.prov(*ignoring).code == 0


def test_what_nobody_accepted_is_shown_so(terminal: Terminal) -> None:
    terminal.write("a.jsonl", lines(1, id="a", synthetic=False))
    said = terminal.prov("ingest", "a.jsonl", "--source", "s")
    assert "labels: 1 unknown" in said.out
    assert "nobody accepted that" in " ".join(terminal.prov("show", "a").out.split())
    set_ = ("source", "set", "s", "--accept", "generic-field", "--accept", "synthetic")
    assert terminal.prov(*set_, "--ignore", "kind").code == 0
    shown = terminal.prov("show", "a", "--json").json["origin"]
    assert (shown["label"], shown["evidence"][0]["note"]) == ("human", None)
    contract = terminal.prov("source", "show", "s", "--json").json
    assert (contract["accepts"], contract["ignores"]) == (["generic-field", "synthetic"], ["kind"])


def test_a_folder_of_nothing_but_rejects(terminal: Terminal) -> None:
    terminal.write("d/a.jsonl", '{"text": null}\n')
    assert terminal.prov("ingest", "d", "--source", "s").code == 10


def test_a_generator_has_a_family(terminal: Terminal) -> None:
    terminal.write("p.yaml", POLICY + "  - name: none\n    forbid: generator_family = 'ours'\n")
    terminal.write("a.jsonl", lines(1))
    named = ("--generator", "someone-7b", "--family", "ours")
    assert terminal.prov("ingest", "a.jsonl", "--source", "s", *named).code == 0
    audit = terminal.prov("audit", "--policy", "p.yaml", "--json").json
    assert [budget["verdict"] for budget in audit["budgets"]] == ["fail", "fail"]


@pytest.mark.parametrize("licence", ["free", "MIT OR"])
def test_a_licence_that_is_none(terminal: Terminal, licence: str) -> None:
    refused = terminal.prov("source", "set", "s", "--licence", licence)
    assert refused.code == 2
    assert "SPDX" in refused.err
