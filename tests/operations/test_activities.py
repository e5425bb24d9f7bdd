"""What a pipeline says of itself: activities, and what was made of what in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.datafiles import ingest, write_jsonl

import provenance
from provenance.errors import MisuseError
from provenance.ledger import Ledger
from provenance.model.edge import Activity
from provenance.operations.activities import ExternalId
from provenance.operations.models import Model

ESSAY = "The cat sat on the mat, and nobody minded."
POLISHED = "The feline reclined upon the rug, to universal indifference."


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def labels(ledger: Ledger) -> dict[str, tuple[str, int, bool]]:
    rows = ledger.query(
        "SELECT s.external_id, r.label, r.depth, r.conflict "
        "FROM sightings s JOIN records r USING (record_id)"
    ).to_pylist()
    return {row["external_id"]: (row["label"], row["depth"], row["conflict"]) for row in rows}


def essays(ledger: Ledger, folder: Path) -> None:
    rows = [{"id": "a", "text": ESSAY}, {"id": "b", "text": POLISHED}]
    ingest(ledger, write_jsonl(folder / "essays.jsonl", rows), "essays", label="human")


@pytest.mark.slow
def test_what_a_block_derives_is_lineage_when_it_ends(ledger: Ledger, tmp_path: Path) -> None:
    essays(ledger, tmp_path)
    ledger.model_set(Model(name="gpt-4"))
    with ledger.activity("rephrase", model="gpt-4", prompt="polish") as recording:
        recording.derive(POLISHED, ESSAY)
        assert ledger.query("FROM lineage").num_rows == 0
    assert labels(ledger) == {"a": ("human", 0, False), "b": ("synthetic", 1, True)}
    found = ledger.trace("b")
    assert {(edge.parent.split(":")[0], edge.process) for edge in found.edges} == {
        ("sha256", "rephrase"),
        ("model", "rephrase"),
    }
    (activity,) = ledger.activities()
    assert found.edges[0].activity == activity.activity
    assert (activity.name, activity.agent, activity.detail) == (
        "rephrase",
        "gpt-4",
        {"prompt": "polish"},
    )
    assert activity.started_at is not None
    assert activity.ended_at is not None
    assert activity.started_at <= activity.ended_at


@pytest.mark.slow
def test_a_block_that_fails_leaves_nothing(ledger: Ledger, tmp_path: Path) -> None:
    essays(ledger, tmp_path)
    before = sorted(path for path in ledger.store.layout.data.rglob("*") if path.is_file())
    with pytest.raises(MisuseError), ledger.activity("rephrase") as recording:  # noqa: PT012
        recording.derive(POLISHED, ESSAY)
        raise MisuseError("the pipeline gives up")
    assert sorted(p for p in ledger.store.layout.data.rglob("*") if p.is_file()) == before
    assert labels(ledger)["b"] == ("human", 0, False)
    assert ledger.activities() == []


@pytest.mark.slow
def test_ends_may_come_later_and_be_named_in_any_way(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.activity("translate") as recording:
        recording.derive(ExternalId(source="essays", id="b"), [ExternalId(source="essays", id="a")])
        recording.derive({"prompt": "hi", "answer": "hello"}, b"\x00\x01")
        recording.derive("sha256:" + "0" * 64, "model:gpt-4")
    assert ledger.status().edges == 3
    essays(ledger, tmp_path)
    assert labels(ledger) == {"a": ("human", 0, False), "b": ("synthetic", 1, True)}


@pytest.mark.slow
def test_context_makes_no_record_synthetic(ledger: Ledger, tmp_path: Path) -> None:
    essays(ledger, tmp_path)
    with ledger.activity("reply") as recording:
        recording.derive(POLISHED, ESSAY, relation="context")
    assert labels(ledger)["b"] == ("human", 0, False)
    assert [edge.relation for edge in ledger.trace("b").edges] == ["context"]


def test_a_child_of_nothing_is_misuse(ledger: Ledger) -> None:
    with (
        pytest.raises(MisuseError, match="a child needs parents"),
        ledger.activity("rephrase") as recording,
    ):
        recording.derive(POLISHED, [])


def test_what_ends_before_it_starts_is_misuse(ledger: Ledger) -> None:
    late, early = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(MisuseError, match="ends before it starts"):
        ledger.activity_add(Activity(activity="x", kind="train", started_at=late, ended_at=early))
