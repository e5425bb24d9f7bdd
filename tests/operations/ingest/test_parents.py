"""Which records a reference to a parent may mean, and what follows from each of them."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import pytest
from support.datafiles import cap, ingest, policy, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.takedown import Selector, Takedown

WHOLE = policy(cap("1"))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def labels(ledger: Ledger, source: str) -> list[str]:
    rows = ledger.query(
        "SELECT r.label FROM sightings s JOIN records r USING (record_id) "
        f"WHERE s.source = '{source}' ORDER BY s.uri, s.row"
    )
    return [row["label"] for row in rows.to_pylist()]


def parents(ledger: Ledger, child: str) -> set[str | None]:
    rows = ledger.query(
        "SELECT DISTINCT p.external_id || ' of ' || p.source AS parent FROM lineage l "
        "JOIN sightings c ON c.record_id = l.child "
        "LEFT JOIN sightings p ON p.record_id = l.parent "
        f"WHERE c.external_id = '{child}'"
    )
    return {row["parent"] for row in rows.to_pylist()}


@pytest.mark.slow
def test_two_columns_of_one_file_are_paired_across_its_readings(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [
        {"note": f"A note on ferry number {n}, by hand.", "draft": f"Draft {n} of a machine."}
        for n in range(6)
    ]
    path = write_jsonl(tmp_path / "both.jsonl", rows)
    ingest(ledger, path, "drafts", label="synthetic", content=("draft",))
    notes = ingest(
        ledger,
        path,
        "notes",
        label="human",
        content=("note",),
        parent_file=str(path),
        process="edit",
    )
    assert notes.parents is not None
    assert (notes.parents.named, notes.parents.found, notes.parents.ambiguous) == (6, 6, 0)
    edges = ledger.query("SELECT child, parent FROM lineage").to_pylist()
    assert len({row["child"] for row in edges}) == len(edges) == 6
    assert all(row["child"] != row["parent"] for row in edges)
    assert labels(ledger, "notes") == ["mixed"] * 6


def two_shards(ledger: Ledger, folder: Path) -> Path:
    """Two files with the same ids: by people, and by a machine."""
    people = [{"id": str(n), "text": f"Letter {n}, kept in a drawer."} for n in range(4)]
    machine = [{"id": str(n), "text": f"Letter {n}, made in a hall."} for n in range(4)]
    first = write_jsonl(folder / "people.jsonl", people)
    ingest(ledger, first, "letters", label="human")
    ingest(ledger, write_jsonl(folder / "machine.jsonl", machine), "letters", label="synthetic")
    return first


@pytest.mark.slow
@pytest.mark.parametrize("source", ["letters", "edited"])
def test_an_id_that_two_shards_have_keeps_both_as_possible_parents(
    ledger: Ledger, tmp_path: Path, source: str
) -> None:
    two_shards(ledger, tmp_path)
    rows = [{"id": f"c{n}", "text": f"Letter {n}, edited.", "of": str(n)} for n in range(4)]
    path = write_jsonl(tmp_path / "edited.jsonl", rows)
    summary = ingest(ledger, path, source, label="human", parent_field="of", process="edit")
    assert summary.parents is not None
    counts = (summary.parents.named, summary.parents.found, summary.parents.ambiguous)
    assert counts == (4, 4, 4)
    assert summary.parents.several == ("0", "1", "2", "3")
    found = ledger.query("SELECT external_id, label FROM sightings JOIN records USING (record_id)")
    assert {row["label"] for row in found.to_pylist() if row["external_id"][0] == "c"} == {"mixed"}
    for findings in (
        ledger.audit(WHOLE).findings,
        ledger.assemble("r1", WHOLE, Selection(), dry_run=True).findings,
    ):
        (finding,) = [item for item in findings if item.code == "ambiguous-parent"]
        assert finding.reason.startswith("4 parent references of 4 records")
        assert "0 (2), 1 (2)" in finding.reason


@pytest.mark.slow
def test_trace_and_revocation_reach_through_every_possible_parent(
    ledger: Ledger, tmp_path: Path
) -> None:
    people = two_shards(ledger, tmp_path)
    child = [{"id": "c1", "text": "What the letter says, in short.", "seed": "1"}]
    path = write_jsonl(tmp_path / "short.jsonl", child)
    ingest(ledger, path, "letters", parent_field="seed", process="summarise")
    shown = {(node.hops, node.label) for node in ledger.trace("c1").nodes}
    assert shown == {(0, "synthetic"), (1, "human"), (1, "synthetic")}
    for name in ("people.jsonl", "machine.jsonl"):
        named = Selector(kind="file", values=(str(people.with_name(name)),))
        plan = ledger.plan_revocation(Takedown(selectors=(named,)))
        assert (plan.reach.named.records, plan.reach.derived.records) == (4, 1)


@pytest.mark.slow
def test_the_nearest_scope_that_has_any_counts(ledger: Ledger, tmp_path: Path) -> None:
    def put(name: str, source: str, rows: list[dict[str, object]]) -> None:
        path = write_jsonl(tmp_path / f"{name}.jsonl", rows)
        ingest(ledger, path, source, parent_field="of")

    put("other", "far", [{"id": n, "text": f"far {n}"} for n in ("1", "2", "3")])
    put("same", "near", [{"id": n, "text": f"near {n}"} for n in ("1", "2")])
    rows: list[dict[str, object]] = [
        {"id": "1", "text": "in the file itself"},
        {"id": "a", "text": "names what is in the file", "of": "1"},
        {"id": "b", "text": "names what is in the source", "of": "2"},
        {"id": "c", "text": "names what is in the ledger", "of": "3"},
        {"id": "d", "text": "names nothing", "of": "4"},
        {"id": "2", "text": "names its own id", "of": "2"},
    ]
    put("mine", "near", rows)
    assert parents(ledger, "a") == {"1 of near"}
    assert parents(ledger, "b") == {"2 of near"}
    assert parents(ledger, "c") == {"3 of far"}
    assert parents(ledger, "d") == {None}
    # The one of the file that has the id is the row itself, so that the source's other one counts.
    own = ledger.query(
        "SELECT p.uri FROM lineage l JOIN sightings c ON c.record_id = l.child "
        "JOIN sightings p ON p.record_id = l.parent WHERE c.external_id = '2'"
    ).to_pylist()
    assert [row["uri"].rpartition("/")[2] for row in own] == ["same.jsonl"]


@pytest.mark.slow
def test_a_source_that_is_named_is_the_only_scope(ledger: Ledger, tmp_path: Path) -> None:
    essays = [{"id": "2", "text": "An essay."}]
    ingest(ledger, write_jsonl(tmp_path / "e.jsonl", essays), "essays", label="synthetic")
    rows = [
        {"id": "1", "text": "A text with a parent in its file.", "of": "2"},
        {"id": "2", "text": "The one in its file."},
        {"id": "3", "text": "A text whose parent is elsewhere.", "of": "1"},
    ]
    path = write_jsonl(tmp_path / "c.jsonl", rows)
    options = {"parent_field": "of", "parent_source": "essays", "process": "edit"}
    ingest(ledger, path, "polished", label="human", **options)
    assert parents(ledger, "1") == {"2 of essays"}
    assert parents(ledger, "3") == {None}
    assert labels(ledger, "polished") == ["mixed", "human", "human"]


@pytest.mark.slow
def test_a_second_candidate_that_comes_later_counts(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, write_jsonl(tmp_path / "p.jsonl", [{"id": "1", "text": "By hand."}]), "s")
    rows = [{"id": "c", "text": "Edited by hand.", "of": "1"}]
    path = write_jsonl(tmp_path / "c.jsonl", rows)
    ingest(ledger, path, "s", label="human", parent_field="of", process="edit")
    assert ledger.show("c").origin.label == "human"
    late = write_jsonl(tmp_path / "late.jsonl", [{"id": "1", "text": "Made.", "model": "gpt-4"}])
    ingest(ledger, late, "s")
    assert ledger.show("c").origin.label == "mixed"
    assert len(ledger.trace("c").nodes) == 3


@pytest.mark.slow
@pytest.mark.parametrize("process", ["edit", "rephrase", None])
def test_an_unchanged_copy_of_its_parent_is_its_parent(
    ledger: Ledger, tmp_path: Path, process: str | None
) -> None:
    text = "A recipe that nobody changed on the way."
    first = write_jsonl(tmp_path / "a.jsonl", [{"id": "1", "text": text}])
    ingest(ledger, first, "raw", label="human")
    options = {"label": "human", "process": process}
    for name, asked in {
        "by-row": {"parent_file": str(first)},
        "by-id": {"parent_field": "of"},
        "by-source": {"parent_field": "of", "parent_source": "raw"},
    }.items():
        row = {"id": "1", "text": text, "of": "1"}
        path = write_jsonl(tmp_path / f"{name}.jsonl", [row])
        found = ingest(ledger, path, name, **options, **asked).parents
        assert found is not None
        assert (found.named, found.found, found.missing) == (1, 1, ())
    digest = ledger.query("SELECT digest FROM records").to_pylist()
    assert len(digest) == 1
    with ledger.activity("rephrase") as running:
        running.derive(text, text)
    origin = ledger.show(digest[0]["digest"]).origin
    assert (origin.label, origin.depth, origin.conflict) == ("human", 0, False)
    assert ledger.query("FROM lineage").num_rows == 0
    codes = {item.code for item in ledger.audit(WHOLE).findings}
    assert not codes & {"lineage-loop", "missing-parents", "ambiguous-parent"}


@pytest.mark.slow
def test_all_copies_of_what_is_quoted_are_possible_parents(ledger: Ledger, tmp_path: Path) -> None:
    essay = "I like to cook at home, since it is cheap and brings us all together."
    for name, text, label in (("a", essay, "human"), ("b", essay.upper(), "synthetic")):
        ingest(ledger, write_jsonl(tmp_path / f"{name}.jsonl", [{"text": text}]), name, label=label)
    row = {"id": "c", "text": "Cooking at home is what I like.", "prompt": f"Edit:\n\n{essay}"}
    path = write_jsonl(tmp_path / "c.jsonl", [row])
    found = ingest(ledger, path, "c", label="human", parent_text="prompt", process="edit").parents
    assert found is not None
    assert (found.named, found.found, found.ambiguous) == (1, 1, 1)
    assert labels(ledger, "c") == ["mixed"]


def naive(files: list[dict[str, object]]) -> set[tuple[uuid.UUID, uuid.UUID | None]]:
    """Every edge, worked out a reference at a time."""
    rows = [
        {**row, "source": file["source"], "uri": file["uri"], "place": (file["uri"], row["row"])}
        for file in files
        for row in file["rows"]  # type: ignore[attr-defined]
    ]
    edges: set[tuple[uuid.UUID, uuid.UUID | None]] = set()
    for row in rows:
        for reference, source in row["refs"]:
            others = [r for r in rows if r["id"] == reference and r is not row]
            if source:
                others = [r for r in others if r["source"] == source]
            scopes = [
                [r for r in others if r["uri"] == row["uri"]],
                [r for r in others if r["source"] == row["source"]],
                others,
            ]
            found = next((scope for scope in scopes if scope), [])
            fits: set[uuid.UUID | None] = {r["record"] for r in found} or {None}
            edges |= {(row["record"], parent) for parent in fits if parent != row["record"]}
    return edges


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_any_references_resolve_as_they_would_one_by_one(ledger: Ledger, seed: int) -> None:
    draw = random.Random(seed)
    ids = [uuid.UUID(int=draw.getrandbits(128)) for _ in range(20)]
    files: list[dict[str, object]] = []
    for number in range(draw.randint(2, 6)):
        rows = [
            {
                "row": row,
                "record": draw.choice(ids),
                "id": f"e{draw.randint(0, 6)}",
                "refs": [
                    (f"e{draw.randint(0, 8)}", draw.choice((None, None, "s", "t")))
                    for _ in range(draw.randint(0, 2))
                ],
            }
            for row in range(1, draw.randint(2, 6))
        ]
        files.append({"source": draw.choice("st"), "uri": f"f{number}", "rows": rows})
        put(ledger, files[-1])
    found = ledger.query("SELECT child, parent FROM lineage").to_pylist()
    wanted = {(str(child), parent and str(parent)) for child, parent in naive(files)}
    assert {(row["child"], row["parent"]) for row in found} == wanted


def put(ledger: Ledger, file: dict[str, object]) -> None:
    """Write a file of records and references as an ingest would."""
    reading, commit = uuid.uuid4(), uuid.uuid4()
    tables: dict[str, list[dict[str, object]]] = {"sightings": [], "edges": []}
    for row in file["rows"]:  # type: ignore[attr-defined]
        place = {"reading_id": reading, "row": row["row"]}
        record = {"record_id": row["record"], "digest_rest": row["record"], "kind": "text"}
        tables["sightings"].append({**place, **record, "bytes": 9, "external_id": row["id"]})
        tables["edges"] += [
            {
                **place,
                "child": row["record"],
                "parent_ref": reference,
                "parent_source": source,
                "parent_kind": "record",
                "relation": "derived",
            }
            for reference, source in row["refs"]
        ]
    head = {"reading_id": reading, "source": file["source"], "uri": file["uri"], "kept": 1}
    tables["files"] = [head]
    store = ledger.store
    parts = [store.rows(name, commit, listed) for name, listed in tables.items() if listed]
    store.commit("ingest", f"ingest:{commit}", parts, commit)


@pytest.mark.slow
def test_a_takedown_reaches_what_a_replaced_file_named(ledger: Ledger, tmp_path: Path) -> None:
    two_shards(ledger, tmp_path)
    path = tmp_path / "edited.jsonl"
    options = {"parent_field": "of", "process": "edit"}
    write_jsonl(path, [{"id": "c", "text": "Letter 1, edited for the first time.", "of": "1"}])
    ingest(ledger, path, "edited", **options)
    write_jsonl(path, [{"id": "c", "text": "Letter 1, edited for the second time."}])
    ingest(ledger, path, "edited", **options)
    named = Selector(kind="file", values=(str(tmp_path / "machine.jsonl"),))
    plan = ledger.plan_revocation(Takedown(selectors=(named,)))
    assert (plan.reach.named.records, plan.reach.derived.records) == (4, 1)
