"""A text that is, normalised, a known machine's text is evidence, in a record and in its parts."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from support.datafiles import cap, ingest, policy, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.origin import Tier
from provenance.operations.ingest import IngestOptions

KNOWN = "The harbour was silent, and nobody came out of the boats that lay along the quay."
OTHER = "Of all the roads that lead into the mountains the steepest is the one we had to take."
SHORT = "As an AI I cannot say."

DRESSES = {
    "newline": KNOWN + "\n",
    "case": KNOWN.upper(),
    "zero width": "\u200b".join(KNOWN),
    "full width": KNOWN.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


class Files:
    """Rows as files of a folder, read one after another."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger, self.folder = ledger, folder

    def read(self, name: str, *rows: dict[str, Any], source: str | None = None, **how: Any) -> None:
        """One file of this name, and of a source that is called like it."""
        ingest(self.ledger, self.write(name, *rows), source or name, **how)

    def write(self, name: str, *rows: dict[str, Any]) -> Path:
        """The file alone."""
        numbered = [{"id": f"{name}-{n}", **row} for n, row in enumerate(rows)]
        return write_jsonl(self.folder / f"{name}.jsonl", numbered)

    def origin(self, name: str) -> dict[str, Any]:
        """The origin of the record with this id of its own."""
        rows = self.ledger.query(
            "SELECT DISTINCT r.* FROM records r JOIN sightings s USING (record_id) "
            f"WHERE s.external_id = '{name}'"
        ).to_pylist()
        assert len(rows) == 1
        return dict(rows[0])


@pytest.fixture
def files(ledger: Ledger, tmp_path: Path) -> Files:
    return Files(ledger, tmp_path)


def chat(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


@pytest.mark.slow
def test_synthetic_texts_do_not_come_back_as_human_ones(files: Files) -> None:
    known = [
        f"Text number {n} is about the {n}th of many things that were made up." for n in range(50)
    ]
    files.read("known", *({"text": text} for text in known), label="synthetic", generator="gpt-4")
    for dress, text in DRESSES.items():
        change = {
            "newline": lambda t: t + "\n",
            "case": str.upper,
            "zero width": "\u200b".join,
            "full width": lambda t: t.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}),
        }[dress]
        assert change(KNOWN) == text
        rows = ({"text": change(line)} for line in known)
        files.read(f"again {dress}", *rows, label="human")
    status = files.ledger.status()
    assert status.labels == {"human": 0, "synthetic": 250, "mixed": 0, "unknown": 0}
    assert status.conflicts == 200
    origin = files.origin("again case-7")
    assert (origin["rule"], origin["generator"], origin["depth"]) == (
        "raised-by-derived",
        "gpt-4",
        1,
    )


def test_the_evidence_of_a_copy_says_of_what(files: Files) -> None:
    files.read("machine", {"text": KNOWN}, label="synthetic")
    files.read("human", {"text": DRESSES["case"]}, label="human")
    shown, of = files.ledger.show("human-0"), files.ledger.show("machine-0")
    said = [e for e in shown.origin.evidence if e.observer == "copies"]
    assert [(e.tier, e.claim, e.whole) for e in said] == [(Tier.DERIVED, "synthetic", True)]
    assert said[0].basis == f"same normalised text as {of.digest[:39]}"
    assert not [e for e in of.origin.evidence if e.observer == "copies"]


@pytest.mark.slow
def test_a_pair_whose_answer_is_known_is_a_machines_in_part(files: Files) -> None:
    files.read("machine", {"text": KNOWN}, label="synthetic")
    pair = {"instruction": "Write the first sentence of a novel about the sea.", "output": KNOWN}
    files.read("pair", pair, label="human")
    origin = files.origin("pair-0")
    assert (origin["label"], origin["conflict"]) == ("mixed", True)
    assert (origin["lo_chars"], origin["hi_chars"]) == (len(KNOWN), len(KNOWN))
    parts = files.ledger.query("SELECT record_id, part FROM copies").to_pylist()
    assert [row["part"] for row in parts] == ["output"]


def test_parts_are_written_with_their_roles_and_sides(files: Files) -> None:
    turns = chat(("system", "Be brief."), ("user", "Ho?"), ("assistant", KNOWN), ("user", ""))
    files.read("chat", turns)
    rows = files.ledger.query(
        "SELECT part, role, model_side, bytes, chars FROM ledger.parts ORDER BY part"
    ).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("messages[0]", "system", False, 9, 9),
        ("messages[1]", "user", False, 3, 3),
        ("messages[2]", "assistant", True, len(KNOWN), len(KNOWN)),
    ]
    assert sum(row["chars"] for row in rows) == files.origin("chat-0")["chars"]


@pytest.mark.slow
def test_what_is_said_of_a_whole_chat_does_not_make_its_users_part_known(files: Files) -> None:
    files.read("chat", chat(("user", OTHER), ("assistant", KNOWN)), label="synthetic")
    files.read("plain", {"text": OTHER}, {"text": KNOWN}, label="human")
    assert files.origin("plain-0")["label"] == "human"
    assert files.origin("plain-1")["label"] == "synthetic"


def test_the_own_side_of_a_chat_is_added_to_what_is_known_of_the_others(files: Files) -> None:
    files.read("machine", {"text": OTHER}, label="synthetic")
    marked = {**chat(("user", OTHER + "!"), ("assistant", KNOWN)), "generator": "gpt-4"}
    files.read("chat", marked, label="human")
    assert files.origin("chat-0")["lo_chars"] == len(OTHER) + 1 + len(KNOWN)


@pytest.mark.slow
def test_a_copy_makes_nothing_known(files: Files) -> None:
    """The copy of a copy is a copy of the first; what is inferred alone is no ground."""
    files.read("machine", {"text": KNOWN, "parent": None}, label="synthetic")
    files.read("pair", {"instruction": OTHER, "output": KNOWN.upper()}, label="human")
    files.read("plain", {"text": OTHER.upper()}, label="human")
    assert files.origin("pair-0")["label"] == "mixed"
    assert files.origin("plain-0")["label"] == "human"


def test_hints_make_nothing_known(files: Files) -> None:
    """That a turn is an assistant's is a hint, and no claim of the record's own."""
    files.read("chat", chat(("user", OTHER), ("assistant", KNOWN)))
    files.read("plain", {"text": KNOWN.upper()}, label="human")
    assert files.origin("plain-0")["label"] == "human"


@pytest.mark.slow
def test_a_text_that_a_person_found_human_is_no_longer_known(files: Files) -> None:
    files.read("machine", {"text": KNOWN}, label="synthetic")
    files.read("human", {"text": KNOWN.upper()}, label="human")
    record = uuid.UUID(str(files.origin("machine-0")["record_id"]))
    said = {"tier": "reviewed", "claim": "human", "whole": True, "observer": "p", "basis": "read"}
    files.ledger.store.record("review", "review:1", {"evidence": [{"record_id": record, **said}]})
    assert files.origin("human-0")["label"] == "human"


@pytest.mark.slow
def test_short_texts_are_listed_and_raise_nothing(files: Files) -> None:
    files.read("machine", {"text": SHORT}, label="synthetic")
    files.read("human", {"text": SHORT.upper()}, {"text": KNOWN}, label="human")
    assert files.origin("human-0")["label"] == "human"
    found = files.ledger.audit(policy(cap("1")))
    (short,) = [item for item in found.findings if item.code == "short-copies"]
    assert (short.severity, short.reason.split()[0]) == ("note", "1")


def audited(files: Files, *rows: dict[str, Any]) -> tuple[int, int, int]:
    path = str(files.write("audited", *rows))
    options = IngestOptions(source="audit")
    (found,) = files.ledger.audit_files([path], policy(cap("0.1")), options).budgets
    return found.numerator_lo, found.numerator_hi, found.denominator


def test_an_audit_of_files_sees_copies_of_what_the_ledger_knows(files: Files) -> None:
    files.read("machine", {"text": KNOWN}, label="synthetic")
    assert audited(files, {"text": KNOWN.upper()}, {"text": OTHER}) == (1, 2, 2)
    files.read("human", {"text": KNOWN.lower()}, {"text": OTHER}, label="human")
    assert audited(files, {"text": KNOWN.lower()}, {"text": OTHER}) == (1, 1, 2)


def test_an_audit_of_files_sees_copies_of_what_the_files_mark(files: Files) -> None:
    rows = [{"text": KNOWN.upper()}, {"text": KNOWN, "generator": "gpt-4"}, {"text": OTHER}]
    assert audited(files, *rows) == (2, 3, 3)
    assert audited(files, *reversed(rows)) == (2, 3, 3)


def test_an_audit_of_a_release_sees_what_was_known_since(files: Files) -> None:
    files.read("human", {"text": KNOWN.upper()}, {"text": OTHER}, label="human")
    files.ledger.assemble("r", policy(cap("0.1")), Selection())
    assert files.ledger.audit(policy(cap("0.1")), "r").verdict == "pass"
    files.read("machine", {"text": KNOWN}, label="synthetic")
    assert files.ledger.audit(policy(cap("0.1")), "r").verdict == "fail"
    plan = files.ledger.assemble("s", policy(cap("0.1")), Selection(), dry_run=True)
    assert json.loads(plan.model_dump_json())["verdict"] == "fail"


def test_ids_of_former_rules_never_match(files: Files) -> None:
    files.read("machine", {"text": KNOWN}, label="synthetic")
    files.read("human", {"text": KNOWN.upper()}, label="human")
    norms = files.ledger.query("SELECT DISTINCT norm FROM files").column(0).to_pylist()
    assert norms == ["norm-2"]
