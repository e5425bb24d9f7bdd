"""Parents that are no records: models that nobody registered, sources and releases."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import MisuseError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.origin import Label
from provenance.model.source import Source
from provenance.model.takedown import Selector, Takedown
from provenance.operations.lineage_import.import_options import ImportOptions
from provenance.operations.models import Model


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def origins(ledger: Ledger) -> dict[str, tuple[str, int | None]]:
    rows = ledger.query(
        "SELECT s.external_id, r.label, r.depth FROM sightings s JOIN records r USING (record_id)"
    ).to_pylist()
    return {row["external_id"]: (row["label"], row["depth"]) for row in rows}


def child(ledger: Ledger, folder: Path, parent: object, **options: object) -> None:
    row = {"id": "d", "text": "A text whose parent is no record.", "of": parent}
    path = write_jsonl(folder / "d.jsonl", [row])
    ingest(ledger, path, "d", parent_field="of", **{"label": "human", **options})


@pytest.mark.slow
@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize(("process", "label"), [(None, "synthetic"), ("edit", "mixed")])
def test_a_model_is_one_whether_it_was_registered_or_not(
    ledger: Ledger, tmp_path: Path, registered: bool, process: str | None, label: str
) -> None:
    if registered:
        ledger.model_set(Model(name="loom-7b", family="loom"))
    child(ledger, tmp_path, "model:loom-7b", process=process)
    origin = ledger.show("d").origin
    assert (origin.label, origin.generator, origin.conflict) == (label, "loom-7b", True)
    assert origin.depth == 1
    assert "model loom-7b" in next(e.basis for e in origin.evidence if e.tier == "derived")
    found = ledger.query("SELECT generator_family FROM records").to_pylist()
    assert found == [{"generator_family": "loom" if registered else None}]


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["loom-7b", "LOOM-7B", "acme/loom-7b", " Acme/Loom-7B"])
@pytest.mark.parametrize("named", ["loom-7b", "acme/Loom-7B"])
def test_descent_is_asked_by_any_spelling(
    ledger: Ledger, tmp_path: Path, asked: str, named: str
) -> None:
    child(ledger, tmp_path, f"model:{named}")
    declared = {"label": "synthetic", "generator": named}
    ingest(ledger, write_jsonl(tmp_path / "w.jsonl", texts("w", 1)), "w", **declared)
    (budget,) = ledger.audit(policy({"forbid": f"descends_from('{asked}')"})).budgets
    assert (budget.verdict, budget.numerator_lo) == ("fail", 2)
    other = policy({"forbid": "descends_from('other/loom-7b')"})
    if "/" in named:
        with pytest.raises(MisuseError, match="no model `other/loom-7b`"):
            ledger.audit(other)


@pytest.mark.slow
def test_depth_comes_through_another_spelling_of_a_model(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "s.jsonl", texts("s", 2)), "s", label="synthetic")
    assert ledger.assemble("r1", policy(cap("1")), Selection()).sealed
    ledger.model_set(Model(name="loom-7b", trained_on="r1"))
    declared = {"label": "synthetic", "generator": "LOOM-7b"}
    ingest(ledger, write_jsonl(tmp_path / "p.jsonl", texts("p", 1)), "p", **declared)
    child(ledger, tmp_path, "model:acme/loom-7b")
    found = origins(ledger)
    assert found["p0"] == found["d"] == ("synthetic", 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("process", "label"), [(None, "mixed"), ("edit", "mixed"), ("translate", "synthetic")]
)
def test_what_comes_of_a_synthetic_release_or_source(
    ledger: Ledger, tmp_path: Path, process: str | None, label: str
) -> None:
    ingest(ledger, write_jsonl(tmp_path / "h.jsonl", texts("h", 1)), "h", label="human")
    assert ledger.assemble("plain", policy(cap("1")), Selection()).sealed
    ingest(ledger, write_jsonl(tmp_path / "s.jsonl", texts("s", 1)), "s", label="synthetic")
    assert ledger.assemble("both", policy(cap("1")), Selection()).sealed
    # Nothing is known of the last two but that a machine process made something of them.
    expected = {
        "release:both": label,
        "source:s": label,
        "release:plain": "synthetic" if process == "translate" else "human",
        "source:h": "synthetic" if process == "translate" else "human",
        "release:none": "synthetic" if process == "translate" else "human",
    }
    rows = [
        {"id": parent, "text": f"A text that came of {parent}.", "of": parent}
        for parent in expected
    ]
    path = write_jsonl(tmp_path / "c.jsonl", rows)
    ingest(ledger, path, "c", label="human", parent_field="of", process=process)
    found = origins(ledger)
    assert {parent: found[parent][0] for parent in expected} == expected
    assert found["source:s"][1] == (2 if process != "edit" else 1)
    findings = ledger.audit(policy(cap("1"))).findings
    (missing,) = [item.reason for item in findings if item.code == "missing-parents"]
    assert missing == "1 parents of 1 records are not in the ledger: release:none"


def edge(ledger: Ledger, folder: Path, line: str) -> None:
    path = folder / "edges.csv"
    path.write_text(f"child,parent,process,child_source\n{line}\n", "utf-8")
    ledger.lineage_import([str(path)], ImportOptions())


def source_a(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, write_jsonl(folder / "a.jsonl", texts("a", 2)), "A", label="synthetic")


def source_b(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, write_jsonl(folder / "b.jsonl", texts("b", 2)), "B", label="human")


def rephrased(ledger: Ledger, folder: Path) -> None:
    edge(ledger, folder, "source:B,source:A,rephrase,")


def edited(ledger: Ledger, folder: Path) -> None:
    edge(ledger, folder, "source:B,source:A,edit,")


def one_edited(ledger: Ledger, folder: Path) -> None:
    edge(ledger, folder, "b1,source:A,edit,B")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (rephrased, ["synthetic", "synthetic"]),
        (edited, ["mixed", "mixed"]),
        (one_edited, ["human", "mixed"]),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_what_is_said_of_a_source_counts_for_its_records_in_any_order(
    ledger: Ledger, tmp_path: Path, stated: object, expected: list[str], order: tuple[int, ...]
) -> None:
    steps = (source_a, source_b, stated)
    for place in order:
        steps[place](ledger, tmp_path)  # type: ignore[operator]
    found = origins(ledger)
    assert [found[name][0] for name in ("b0", "b1")] == expected
    assert found["a0"] == ("synthetic", 1)


@pytest.mark.slow
def test_sources_of_sources_carry_origin_and_takedowns(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    path.write_text("child,parent,process\nsource:C,source:B,edit\nsource:B,source:A,edit\n")
    ledger.lineage_import([str(path)], ImportOptions())
    source_b(ledger, tmp_path)
    ingest(ledger, write_jsonl(tmp_path / "c.jsonl", texts("c", 1)), "C", label="human")
    assert origins(ledger)["c0"] == ("human", 0)
    # A contract says so where there is no record yet.
    ledger.source_set(Source(name="A", label=Label.SYNTHETIC))
    assert {row[0] for row in origins(ledger).values()} == {"mixed"}
    source_a(ledger, tmp_path)
    assert origins(ledger)["c0"][0] == "mixed"
    named = Selector(kind="source", values=("A",))
    plan = ledger.plan_revocation(Takedown(selectors=(named,)))
    assert (plan.reach.named.records, plan.reach.derived.records) == (2, 3)
    assert "source:A" in {edge.parent for edge in ledger.trace("b0").edges}
    assert len(ledger.trace("b0").nodes) == 2


@pytest.mark.slow
def test_parents_that_are_not_there_are_not_counted_as_found(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    refs = ("source:nowhere", "release:nowhere", "sha256:" + "0" * 64, " Model: zorp-7b")
    rows = [
        {"id": f"c{n}", "text": f"A text made of something, number {n}.", "parent": ref}
        for n, ref in enumerate(refs)
    ]
    path = write_jsonl(tmp_path / "c.jsonl", rows)
    summary = ingest(ledger, path, "s", parent_field="parent", label="human")
    assert summary.parents is not None
    assert (summary.parents.named, summary.parents.found) == (4, 1)
    assert set(summary.parents.missing) == set(refs[:3])
    assert ledger.show("c3").origin.label == "synthetic"


@pytest.mark.slow
def test_a_parent_that_comes_later_takes_the_place_of_an_unknown_one(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    said = "A machine wrote this about the harbour, and somebody put it into a prompt."
    rows = [{"text": "Something else entirely, about boats.", "prompt": f"Rewrite: {said}"}]
    options = {"label": "synthetic", "parent_text": "prompt", "process": "rephrase"}
    ingest(ledger, write_jsonl(tmp_path / "made.jsonl", rows), "made", **options)
    quoted = write_jsonl(tmp_path / "quoted.jsonl", [{"text": said}])
    ingest(ledger, quoted, "quoted", label="synthetic")
    found = ledger.query(
        "SELECT depth FROM records JOIN sightings USING (record_id) WHERE source = 'made'"
    )
    assert found.to_pylist() == [{"depth": 2}]
