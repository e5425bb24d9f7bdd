"""Lineage in the ledger: edges that come early or late, depth through models, and what is shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import MisuseError, NotFoundError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.operations.lineage_export import FORMATS, GraphCounts
from provenance.operations.models import Model


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def labels(ledger: Ledger) -> dict[str, tuple[str, int]]:
    rows = ledger.query(
        "SELECT s.external_id, r.label, r.depth FROM sightings s JOIN records r USING (record_id)"
    ).to_pylist()
    return {row["external_id"]: (row["label"], row["depth"]) for row in rows}


@pytest.mark.slow
def test_children_that_come_before_their_parents(ledger: Ledger, tmp_path: Path) -> None:
    children = [
        {"id": "c1", "text": "a child, rephrased by a machine", "from": "p1"},
        {"id": "c2", "text": "a grandchild, rephrased again", "from": "c1"},
        {"id": "c3", "text": "a child of nobody known here", "from": ["p1", "gone"]},
    ]
    path = write_jsonl(tmp_path / "c.jsonl", children)
    ingest(ledger, path, "web", parent_field="from", process="rephrase")
    assert labels(ledger) == {
        "c1": ("synthetic", 1),
        "c2": ("synthetic", 2),
        "c3": ("synthetic", 1),
    }
    parent = write_jsonl(tmp_path / "p.jsonl", [{"id": "p1", "text": "a parent, by a person"}])
    ingest(ledger, parent, "web", label="human")
    assert labels(ledger)["p1"] == ("human", 0)
    found = ledger.trace("c2")
    assert [(node.hops, node.label) for node in found.nodes] == [
        (0, "synthetic"),
        (1, "synthetic"),
        (2, "human"),
    ]
    assert ledger.trace("c3").dangling == ("gone",)
    assert {node.hops for node in ledger.trace("p1", down=True).nodes} == {0, 1, 2}
    assert len(ledger.trace("p1", down=True, hops=1).nodes) == 3


def test_a_declared_human_record_that_a_machine_made_is_a_conflict(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [
        {"id": "p", "text": "the essay as it was written"},
        {"id": "c", "text": "the essay as it was polished", "from": "p"},
    ]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "essays", label="human", parent_field="from", process="rephrase")
    shown = ledger.show("c")
    assert shown.origin.label == "synthetic"
    assert shown.origin.conflict
    assert [item.tier for item in shown.origin.evidence] == ["derived", "declared"]
    assert ledger.show("p").origin.label == "human"


@pytest.mark.slow
def test_context_never_makes_a_human_reply_synthetic(ledger: Ledger, tmp_path: Path) -> None:
    rows = [
        {"id": "q", "text": "a question from a machine", "model": "gpt-4"},
        {"id": "a", "text": "an answer from a person", "to": "q", "synthetic": False},
        {"id": "m", "text": "an answer from a machine", "to": "q", "model": "gpt-4"},
    ]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ledger.source_set(Source(name="chat", accepts=("generic-field", "synthetic")))
    ingest(ledger, path, "chat", parent_field="to", relation="context")
    assert labels(ledger) == {"q": ("synthetic", 1), "a": ("human", 0), "m": ("synthetic", 2)}


@pytest.mark.slow
def test_depth_grows_through_a_model_that_was_trained_on_a_release(
    ledger: Ledger, tmp_path: Path
) -> None:
    ingest(ledger, write_jsonl(tmp_path / "h.jsonl", texts("h", 8)), "h", label="human")
    first = write_jsonl(tmp_path / "s.jsonl", texts("s", 2, model="gpt-4"))
    ingest(ledger, first, "s")
    recursion = policy(cap("0.5"), {"where": "depth >= 2", "max_share": Decimal("0.01")})
    assert ledger.assemble("r1", recursion, Selection()).sealed
    with pytest.raises(NotFoundError, match="no release `r9`"):
        ledger.model_set(Model(name="ours-7b", trained_on="r9"))
    assert ledger.model_set(Model(name="ours-7b", family="ours", trained_on="r1"))
    assert not ledger.model_set(Model(name="ours-7b", family="ours", trained_on="r1"))
    outputs = write_jsonl(tmp_path / "o.jsonl", texts("o", 3))
    ingest(ledger, outputs, "o", label="synthetic", generator="ours-7b", process="generate")
    assert labels(ledger)["o1"] == ("synthetic", 2)
    plan = ledger.assemble("r2", recursion, Selection())
    assert (plan.verdict, plan.sealed) == ("fail", False)
    assert plan.budgets[1].numerator_lo == 3
    chain = [node.kind for node in ledger.trace("o1").nodes]
    assert chain[:3] == ["record", "model", "release"]
    assert [model.name for model in ledger.models()] == ["ours-7b"]


@pytest.mark.slow
def test_a_loop_of_parents_ends(ledger: Ledger, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": "the first text of a loop", "from": "b"},
        {"id": "b", "text": "the second text of a loop", "from": "a"},
    ]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "web", parent_field="from", process="rephrase")
    assert {label for label, _ in labels(ledger).values()} == {"synthetic"}
    assert len(ledger.trace("a").nodes) == 2


@pytest.mark.parametrize("form", FORMATS)
def test_lineage_is_written_in_every_format(ledger: Ledger, tmp_path: Path, form: str) -> None:
    rows = [{"id": "p", "text": "a parent"}, {"id": "c", "text": "a child", "from": "p"}]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "web", parent_field="from", process="translate")
    target = tmp_path / "out"
    assert ledger.lineage_export(target, form) == GraphCounts(nodes=3, edges=1)
    assert target.exists()
    with pytest.raises(MisuseError, match="already exists"):
        ledger.lineage_export(target, form)
    if form == "duckdb":
        with duckdb.connect(str(target), read_only=True) as connection:
            edge = connection.execute("SELECT relation, process FROM edges").fetchone()
        assert edge == ("derived", "translate")


def test_nothing_half_written_is_left(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="no format"):
        ledger.lineage_export(tmp_path / "x", "png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger"]


def test_the_summary_counts_the_parents_that_were_found(ledger: Ledger, tmp_path: Path) -> None:
    rows = [
        {"id": "p", "text": "a parent"},
        {"id": "c", "text": "a child", "from": "p"},
        {"id": "d", "text": "another child", "from": "gone"},
    ]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    parents = ingest(ledger, path, "web", parent_field="from").parents
    assert parents is not None
    assert (parents.named, parents.found, parents.missing) == (2, 1, ("gone",))


@pytest.mark.slow
def test_parents_of_another_source(ledger: Ledger, tmp_path: Path) -> None:
    parents = write_jsonl(tmp_path / "p.jsonl", [{"id": "1", "text": "the parent meant"}])
    ingest(ledger, parents, "essays", label="human")
    rows = [
        {"id": "1", "text": "not the parent of itself", "from": "1"},
        {"id": "2", "text": "comes of the source as a whole", "from": "source:essays"},
    ]
    children = write_jsonl(tmp_path / "c.jsonl", rows)
    ingest(
        ledger,
        children,
        "polished",
        parent_field="from",
        parent_source="essays",
        process="rephrase",
    )
    parent = ledger.query("SELECT digest FROM records WHERE label = 'human'").to_pylist()
    found = ledger.trace(parent[0]["digest"], down=True)
    assert [node.label for node in found.nodes] == ["human", "synthetic"]
    assert ledger.trace("2").edges[0].parent == "source:essays"


@pytest.mark.slow
def test_a_quoted_parent_is_found_whenever_it_comes(ledger: Ledger, tmp_path: Path) -> None:
    essay = "I prefer to cook at home. It is cheaper, and it brings the family together."
    rows = [
        {"id": "c", "text": "Home cooking is my preference.", "prompt": f"Polish this:\n\n{essay}"},
        {"id": "d", "text": "Something else.", "prompt": "Write something else, of your own."},
    ]
    children = write_jsonl(tmp_path / "c.jsonl", rows)
    summary = ingest(ledger, children, "polished", parent_text="prompt", process="rephrase")
    assert summary.parents is not None
    assert (summary.parents.named, summary.parents.found) == (2, 0)
    assert ledger.trace("c").dangling == ("the text quoted in row 1",)
    # Re-wrapped and re-cased, as copies of a text are.
    parents = write_jsonl(tmp_path / "p.jsonl", [{"id": "p", "text": essay.upper() + "\n"}])
    ingest(ledger, parents, "essays", label="human")
    assert [node.label for node in ledger.trace("c").nodes] == ["synthetic", "human"]
    assert ledger.trace("d").dangling == ("the text quoted in row 2",)
    assert ledger.status().edges == 2


def test_files_that_are_paired_row_by_row(ledger: Ledger, tmp_path: Path) -> None:
    originals = write_jsonl(tmp_path / "p.jsonl", texts("original", 3))
    made = write_jsonl(tmp_path / "c.jsonl", texts("made", 4))
    options = {"parent_file": str(originals), "process": "translate"}
    summary = ingest(ledger, made, "made", **options)
    assert summary.parents is not None
    assert (summary.parents.named, summary.parents.found) == (4, 0)
    ingest(ledger, originals, "originals", label="human")
    pairs = ledger.query(
        "SELECT c.external_id AS child, p.external_id AS parent FROM lineage l "
        "JOIN sightings c ON c.record_id = l.child JOIN sightings p ON p.record_id = l.parent "
        "ORDER BY 1"
    ).to_pylist()
    assert pairs == [{"child": f"made{n}", "parent": f"original{n}"} for n in range(3)]
    with pytest.raises(NotFoundError, match="there is no file"):
        ingest(ledger, made, "made", parent_file=str(tmp_path / "gone.jsonl"))


def test_an_audit_names_missing_parents_and_loops(ledger: Ledger, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": "the first text of a loop", "from": ["b", "gone"]},
        {"id": "b", "text": "the second text of a loop", "from": "a"},
        {"id": "s", "text": "a text that names itself", "from": "s"},
    ]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "web", parent_field="from", process="rephrase")
    findings = ledger.audit(policy(cap("1"))).findings
    missing = next(item for item in findings if item.code == "missing-parents")
    # A row is never its own parent: what it names is another record of that id, or missing.
    assert missing.reason == "2 parents of 2 records are not in the ledger: gone, s"
    (loop,) = [item.reason for item in findings if item.code == "lineage-loop"]
    assert loop.startswith("2 records")
    assert loop.count("(rephrase)") == 2


def test_edges_are_looked_up_and_not_compared_with_every_record(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [{"id": str(n), "text": f"record {n}", "of": str(n // 2)} for n in range(1, 50)]
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "web", parent_field="of")
    with ledger.store.connection() as connection:
        plan = str(connection.execute("EXPLAIN (FORMAT json) FROM late_edges").fetchall())
    assert "HASH_JOIN" in plan
    assert "NL_JOIN" not in plan


@pytest.mark.slow
def test_a_full_run_over_the_records_with_edges_alone_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived = []
    for sparse in (1, 1000):
        monkeypatch.setattr("provenance.operations.derivation.changed_rows.SPARSE", sparse)
        folder = tmp_path / str(sparse)
        folder.mkdir()
        ledger = provenance.init(str(folder / "ledger"))
        ingest(ledger, write_jsonl(folder / "others.jsonl", texts("other", 60)), "web")
        rows = [
            {"id": str(n), "text": f"record {n}, made of another", "of": str(n // 2)}
            for n in range(1, 8)
        ]
        made = {"parent_field": "of", "process": "rephrase", "id_field": "id"}
        path = write_jsonl(folder / "chain.jsonl", rows)
        ingest(ledger, path, "chain", **made)
        # One lost its parent since, and its depth with it.
        write_jsonl(path, [row | {"of": None} if row["id"] == "6" else row for row in rows])
        ingest(ledger, path, "chain", **made)
        found = ledger.query("SELECT * EXCLUDE (seq, recorded_at) FROM derived ORDER BY record_id")
        derived.append(found.to_pylist())
    assert derived[0] == derived[1]
    assert len(derived[0]) >= 5
