"""Lineage that others wrote down: what comes in, what is refused, and what it is afterwards."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, strategies as st
from prov.model import ProvActivity, ProvAgent, ProvDocument, ProvEntity, ProvRelation
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import InputError, NotFoundError
from provenance.ledger import Ledger
from provenance.lineage import node_id
from provenance.model.manifest import Selection
from provenance.operations.lineage_import.endpoints import parse_endpoints, parse_node_name
from provenance.operations.lineage_import.import_options import ImportOptions
from provenance.operations.lineage_import.import_summary import ImportSummary
from provenance.operations.models import Model

DIGEST = "0f" * 32


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def read(ledger: Ledger, *paths: Path, **options: Any) -> ImportSummary:
    return ledger.lineage_import([str(path) for path in paths], ImportOptions(**options))


def edges(ledger: Ledger) -> set[tuple[str, ...]]:
    """The edges by the names that the files give their ends, where those are known."""
    rows = ledger.query("""
        SELECT coalesce(c.external_id, '(' || child_ref || ')') AS child,
            coalesce(p.external_id, '(' || parent_ref || ')') AS parent, relation, process
        FROM lineage LEFT JOIN sightings c ON c.record_id = child
        LEFT JOIN sightings p ON p.record_id = parent""").to_pylist()
    assert len({tuple(row.values()) for row in rows}) == len(rows)
    return {tuple(row.values()) for row in rows}


ROWS = [
    {"child": "w1", "parent": "w0", "process": "rephrase"},
    {"child": "w2", "parent": "w1", "process": None},
    {"child": "late", "parent": "w1", "process": "clean"},
    {"child": "w2", "parent": "model:ours-7b", "process": None},
    {"child": "w2", "parent": f"sha256:{DIGEST}", "process": None},
]


def endpoint_texts(folder: Path, form: str) -> Path:
    path = folder / f"edges.{form}"
    table = pa.Table.from_pylist(ROWS)
    if form == "parquet":
        pa.parquet.write_table(table, path)
    elif form == "json":
        path.write_text(json.dumps(ROWS))
    elif form == "jsonl":
        write_jsonl(path, ROWS)
    else:
        options = pa.csv.WriteOptions(delimiter="\t" if form == "tsv" else ",")
        pa.csv.write_csv(table, path, options)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_edges_come_in_and_their_ends_may_come_later(
    ledger: Ledger, tmp_path: Path, form: str
) -> None:
    answer = read(ledger, endpoint_texts(tmp_path, form), source="web")
    assert (answer.read, answer.kept, answer.rejected, answer.edges) == (5, 5, 0, 5)
    assert answer.files[0].format == "edges"
    assert (answer.unresolved, answer.examples[:2]) == (9, ("late", f"sha256:{DIGEST}"))
    ingest(ledger, write_jsonl(tmp_path / "w.jsonl", texts("w", 3)), "web", label="human")
    assert edges(ledger) == {
        ("w1", "w0", "derived", "rephrase"),
        ("w2", "w1", "derived", None),
        ("(late)", "w1", "derived", "clean"),
        ("w2", "(model:ours-7b)", "derived", None),
        ("w2", f"(sha256:{DIGEST})", "derived", None),
    }
    assert ledger.show("w1").origin.label == "synthetic"
    assert ledger.show("w1").origin.conflict
    row = {"id": "late", "text": "a text that came after its edge"}
    ingest(ledger, write_jsonl(tmp_path / "l.jsonl", [row]), "web")
    assert ("late", "w1", "derived", "clean") in edges(ledger)
    assert ledger.status().edges == 5
    assert {node.kind for node in ledger.trace("late").nodes} == {"record"}
    assert "w2" in {
        row["external_id"]
        for node in ledger.trace("model:ours-7b", down=True).nodes
        if node.kind == "record"
        for row in ledger.query(
            f"SELECT external_id FROM sightings JOIN records USING (record_id) "
            f"WHERE digest = '{node.id}'"
        ).to_pylist()
    }


@pytest.mark.slow
def test_a_row_that_cannot_be_an_edge_is_refused_with_its_reason(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [
        {"child": "a", "parent": "b", "child_source": "x", "parent_source": "y"},
        {"child": "a", "parent": DIGEST},
        {"child": None, "parent": DIGEST},
        {"child": DIGEST, "parent": ""},
        {"child": DIGEST, "parent": DIGEST, "process": "magic"},
        {"child": DIGEST, "parent": DIGEST, "relation": "aunt"},
        {"child": 7, "parent": DIGEST, "child_source": "x", "relation": "context"},
    ]
    answer = read(ledger, write_jsonl(tmp_path / "e.jsonl", rows))
    assert (answer.read, answer.kept, answer.rejected) == (7, 2, 5)
    said = {reject.row: reject.reason for reject in answer.files[0].rejects}
    assert said == {
        2: "the child a is no record id, and no source says whose id it is",
        3: "no child",
        4: "no parent",
        5: "unknown process: magic",
        6: "unknown relation: aunt",
    }
    kept = pa.parquet.read_table(answer.files[0].quarantine)
    assert kept["row"].to_pylist() == [2, 3, 4, 5, 6]
    stated = {(row[0], row[1], row[2]) for row in edges(ledger)}
    assert stated == {("(a)", "(b)", "derived"), ("(7)", f"(sha256:{DIGEST})", "context")}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"child": "a", "parent": "b"}], "nothing was kept"),
        ([{"kid": "a", "mum": "b"}, {"kid": "c", "mum": "d"}], "neither edges nor events"),
    ],
)
def test_a_file_that_gives_nothing_is_an_error(
    ledger: Ledger, tmp_path: Path, rows: list[dict[str, str]], reason: str
) -> None:
    answer = read(ledger, write_jsonl(tmp_path / "e.jsonl", rows))
    assert [file.exit_code for file in answer.failed] == [10]
    assert reason in str(answer.failed[0].error)
    assert ledger.query("SELECT * FROM commits WHERE verb = 'import'").num_rows == 0


def test_paths_that_are_no_files_are_said_at_once(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"nothing\.csv"):
        read(ledger, tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="not a file"):
        read(ledger, tmp_path)


@pytest.mark.slow
def test_a_repetition_adds_nothing_and_a_correction_replaces(
    ledger: Ledger, tmp_path: Path
) -> None:
    first = {"child": "a", "parent": "b", "process": "clean"}
    path = write_jsonl(tmp_path / "e.jsonl", [first, first])
    assert read(ledger, path, source="web").kept == 2
    copy = write_jsonl(tmp_path / "copy.jsonl", [first])
    read(ledger, copy, source="web")
    before = ledger.query("SELECT max(seq) FROM commits").to_pylist()
    again = read(ledger, path, source="web")
    assert (again.read, again.unchanged_files) == (0, 1)
    assert ledger.query("SELECT max(seq) FROM commits").to_pylist() == before
    assert ledger.query("SELECT * FROM lineage").num_rows == 1
    for target in (copy, path):
        write_jsonl(target, [{"child": "a", "parent": "c"}])
        read(ledger, target, source="web")
    assert edges(ledger) == {("(a)", "(c)", "derived", None)}
    write_jsonl(copy, [first])
    read(ledger, copy, source="web")
    assert len(edges(ledger)) == 2


PROV = {
    "prefix": {"ex": "http://example.org/"},
    "entity": {"ex:report": {"prov:label": "The report"}, "ex:table": {}, "ex:alone": {}},
    "activity": {"ex:plot": {"prov:startTime": "2026-01-01T00:00:00Z"}},
    "wasDerivedFrom": {
        "_:d": {
            "prov:generatedEntity": "ex:report",
            "prov:usedEntity": "ex:table",
            "prov:activity": "ex:plot",
        }
    },
}


@pytest.mark.slow
def test_things_of_a_document_are_nodes(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(PROV))
    answer = read(ledger, path)
    assert answer.files[0].format == "prov-json"
    assert answer.counts == {
        "entities": 3,
        "activities": 1,
        "agents": 0,
        "relations": 1,
        "bundles": 0,
    }
    up = ledger.trace("entity:http://example.org/report")
    assert [node.id for node in up.nodes] == [
        "entity:http://example.org/report",
        "entity:http://example.org/table",
    ]
    assert up.edges[0].activity == "http://example.org/plot"
    down = ledger.trace("http://example.org/table", down=True)
    assert len(down.nodes) == 2
    assert [activity.activity for activity in ledger.activities()] == ["http://example.org/plot"]
    ledger.lineage_export(tmp_path / "out", "parquet")
    nodes = pa.parquet.read_table(tmp_path / "out" / "nodes.parquet").to_pylist()
    said = {node["id"]: node["attributes"] for node in nodes}
    assert "The report" in said["entity:http://example.org/report"]
    assert "entity:http://example.org/alone" in said


def test_a_malformed_document_leaves_nothing_and_keeps_no_other_out(
    ledger: Ledger, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(PROV))
    bad.write_text(json.dumps({"entity": "what"}))
    answer = read(ledger, bad, good)
    assert [file.error is None for file in answer.files] == [False, True]
    assert "must be a JSON object" in str(answer.files[0].error)
    assert ledger.query("SELECT DISTINCT uri FROM lineage").to_pylist() == [{"uri": str(good)}]


def test_events_come_in_line_by_line(ledger: Ledger, tmp_path: Path) -> None:
    def place(name: str) -> dict[str, str]:
        return {"namespace": "s3://b", "name": name}

    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-01T00:00:00Z",
        "run": {"runId": "0b1f3e0c-0000-4000-8000-000000000001"},
        "job": {"namespace": "n", "name": "j"},
        "inputs": [place("in")],
        "outputs": [place("out")],
    }
    bad = {**event, "run": {}}
    answer = read(ledger, write_jsonl(tmp_path / "events.jsonl", [event, bad, event]))
    assert answer.files[0].format == "openlineage"
    assert (answer.read, answer.kept, answer.rejected) == (3, 2, 1)
    assert answer.files[0].rejects[0].row == 2
    found = ledger.trace("entity:dataset:s3%3A%2F%2Fb/out")
    assert len(found.nodes) == 2
    assert len(ledger.activities()) == 1


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with edges of every kind."""
    folder = tmp_path_factory.mktemp("grown")
    ledger = provenance.init(str(folder / "grown"))
    rows = texts("h", 3) + texts("c", 2, origin="h0") + texts("g", 1, origin="gone")
    path = write_jsonl(folder / "h.jsonl", rows)
    ingest(ledger, path, "h", parent_field="origin", process="rephrase")
    assert ledger.assemble("r1", policy(cap("1")), Selection()).sealed
    ledger.model_set(Model(name="ours-7b", trained_on="r1"))
    with ledger.activity("summarise", model="ours-7b") as activity:
        activity.derive("a short text of the model", texts("h", 1)[0]["text"])
    return ledger


@pytest.mark.slow
@pytest.mark.parametrize("form", ["prov-json", "prov-jsonld", "prov-n", "openlineage", "parquet"])
def test_what_we_write_is_read_as_the_same_edges(
    ledger: Ledger, grown: Ledger, tmp_path: Path, form: str
) -> None:

    def exported(ledger: Ledger, name: str) -> Path:
        target = tmp_path / name
        ledger.lineage_export(target, form)
        return target / "edges.parquet" if form == "parquet" else target

    def graph(ledger: Ledger, name: str) -> list[dict[str, Any]]:
        ledger.lineage_export(tmp_path / name, "parquet")
        rows = pa.parquet.read_table(tmp_path / name / "edges.parquet").to_pylist()
        return sorted(rows, key=str)

    answer = read(ledger, exported(grown, "first"))
    assert (answer.failed, answer.rejected) == ((), 0)
    assert graph(ledger, "b") == graph(grown, "a") != []


_END = st.one_of(
    st.just(DIGEST),
    st.just(f"sha256:{DIGEST}"),
    st.just(f"record:sha256:{DIGEST}"),
    st.just(DIGEST.upper()),
    st.text(min_size=1, max_size=5),
    st.builds(
        "{}:{}".format,
        st.sampled_from(["source", "release", "model", "entity", "sha256", "record"]),
        st.text(max_size=3),
    ),
)


@given(st.lists(st.tuples(_END, st.none() | st.just("s")), max_size=6), st.none() | st.just("d"))
def test_an_end_is_one_thing(ends: list[tuple[str, str | None]], default: str | None) -> None:
    values = pa.array([value for value, _ in ends], pa.string())
    found = parse_endpoints(values, pa.array([source for _, source in ends], pa.string()), default)
    for place, (value, source) in enumerate(ends):
        raw, ref = found.id[place].as_py(), found.ref[place].as_py()
        bare = value.removeprefix("record:").removeprefix("sha256:")
        if source is None and bare == DIGEST:
            assert (raw, ref) == (bytes.fromhex(DIGEST[:32]), f"sha256:{DIGEST}")
            continue
        kind, name = parse_node_name(value)
        if source is None and value == f"{kind}:{name}":
            assert (raw, ref) == (node_id(kind, name).bytes, value)
            assert found.kind[place].as_py() == kind
            continue
        assert (raw, ref) == (None, value)
        assert found.source[place].as_py() == (source or default)
        assert found.unidentified[place].as_py() == (source is None and default is None)


@pytest.mark.slow
@pytest.mark.real_data
def test_published_documents_count_as_the_prov_library_reads_them(
    ledger: Ledger, real_data: Path
) -> None:
    files = sorted((real_data / "prov_json" / "json").glob("*.json"))
    answer = read(ledger, *files)
    assert (len(answer.files), answer.failed) == (398, ())
    for file in answer.files:
        document = ProvDocument.deserialize(file.uri)
        bundles = [document, *document.bundles]
        records = [record for bundle in bundles for record in bundle.records]
        assert file.counts == {
            "entities": sum(isinstance(record, ProvEntity) for record in records),
            "activities": sum(isinstance(record, ProvActivity) for record in records),
            "agents": sum(isinstance(record, ProvAgent) for record in records),
            "relations": sum(isinstance(record, ProvRelation) for record in records),
            "bundles": len(bundles) - 1,
        }, file.uri
    assert answer.counts["entities"] == 223
    assert answer.counts["relations"] == 223
    broken = sorted((real_data / "prov_json" / "malformed").iterdir())
    refused = read(ledger, *broken)
    assert len(refused.failed) == 17
    assert all(file.error and file.read == 0 for file in refused.files)


@pytest.mark.slow
@pytest.mark.real_data
def test_published_events_come_in_or_are_refused(ledger: Ledger, real_data: Path) -> None:
    folder = real_data / "openlineage_events"
    files = [*(folder / "integration").rglob("*.json"), *(folder / "client").rglob("*.json")]
    answer = read(ledger, *files)
    assert Counter(file.format for file in answer.files) == {"openlineage": 147}
    assert (answer.read, answer.kept, answer.rejected) == (615, 529, 86)
    reasons: Counter[str] = Counter()
    for file in answer.files:
        reasons.update(file.reasons)
    assert reasons == {"the run has no runId": 78, "job has no name": 8}
