"""OpenLineage: our events keep to the specification, and anybody's are taken or refused by name."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from support.lineage_documents import bags, chain, graphs, told

from provenance.errors import InputError
from provenance.interchange.graph import Graph
from provenance.interchange.openlineage import read_events
from provenance.interchange.openlineage.read_events import from_openlineage
from provenance.interchange.openlineage.write_events import Setting, run_id, to_openlineage

SETTING = Setting("prov", "ledger", datetime(2026, 11, 20, 12, tzinfo=UTC))


def lines(graph: Graph) -> str:
    return "\n".join(json.dumps(event) for event in to_openlineage(graph, SETTING))


def completed(graph: Graph) -> Graph:
    """The graph with a row for each activity that an edge names: events name nothing without."""
    known = graph.activities.to_pylist()
    named = {e["activity"] for e in graph.edges.to_pylist()} - {a["activity"] for a in known}
    rows = [*known, *({"activity": name} for name in named if name is not None)]
    return Graph.of_rows(
        graph.nodes.to_pylist(), graph.edges.to_pylist(), rows, graph.models.to_pylist()
    )


def distinct(graph: Graph) -> Graph:
    """The graph with one edge for each child, parent and activity: a facet names a parent once."""
    first: dict[tuple[str, ...], dict[str, Any]] = {}
    for edge in graph.edges.to_pylist():
        first.setdefault((edge["child"], edge["parent"], edge["activity"]), edge)
    return Graph.of_rows(
        graph.nodes.to_pylist(),
        list(first.values()),
        graph.activities.to_pylist(),
        graph.models.to_pylist(),
    )


@pytest.mark.newest
@given(graph=graphs().map(distinct))
def test_a_graph_survives(graph: Graph) -> None:
    again, counts, refused = from_openlineage(lines(graph))
    assert refused == []
    assert counts.events == len(list(to_openlineage(graph, SETTING)))
    assert bags(again) == bags(completed(graph))


def test_the_same_graph_gives_the_same_events() -> None:
    assert lines(told()) == lines(told())
    assert run_id("a") == run_id("a") != run_id("b")


def test_what_our_events_say() -> None:
    events = list(to_openlineage(told(), SETTING))
    runs = [e for e in events if "run" in e]
    assert [e["eventType"] for e in runs] == ["START", "COMPLETE"] * 5
    assert all(UUID(e["run"]["runId"]).version == 5 for e in runs)
    train = [e for e in runs if e["run"]["runId"] == run_id("train-1")]
    assert [e["eventTime"] for e in train] == ["2026-06-01T12:00:00Z", "2026-06-02T12:00:00Z"]
    generate = next(e for e in reversed(runs) if e["run"]["runId"] == run_id("generate-1"))
    assert generate["job"] == {"namespace": "prov", "name": "replies"}
    assert generate["eventTime"] == "2026-11-20T12:00:00Z"
    (output,) = generate["outputs"]
    assert output["name"] == "record:s"
    assert [(i["name"], i["transformations"]) for i in output["facets"]["lineage"]["inputs"]] == [
        ("model:ours", [{"type": "DIRECT", "subtype": "GENERATE"}]),
        ("record:h", [{"type": "INDIRECT"}]),
    ]
    assert output["facets"]["prov_origin"]["label"] == "synthetic"
    static = [e["dataset"]["name"] for e in events if "dataset" in e]
    # The children of edges that no activity made, then what only such edges name as a parent.
    assert static == ["record:h", "record:s", "source:news", "record:elsewhere"]


@pytest.fixture
def schemas(real_data: Path) -> dict[str, Draft202012Validator]:
    """Validators for what the specification means; its own top level lets broken runs pass."""
    folder = real_data / "openlineage_events" / "spec"
    files = [folder / "OpenLineage.json", *sorted((folder / "facets").glob("*.json"))]
    loaded = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in loaded
    )
    places = {
        "RunEvent": "2-0-2/OpenLineage.json#/$defs/RunEvent",
        "DatasetEvent": "2-0-2/OpenLineage.json#/$defs/DatasetEvent",
        "lineage": "facets/1-0-0/LineageFacet.json#/$defs/LineageDatasetFacet",
    }
    return {
        name: Draft202012Validator(
            {"$ref": f"https://openlineage.io/spec/{place}"},
            registry=registry,
            format_checker=FormatChecker(),
        )
        for name, place in places.items()
    }


@pytest.mark.real_data
def test_our_events_keep_to_the_specification(schemas: dict[str, Draft202012Validator]) -> None:
    seen: Counter[str] = Counter()
    for graph in (told(), chain(200, 3)):
        for event in to_openlineage(graph, SETTING):
            kind = "RunEvent" if "run" in event else "DatasetEvent"
            schemas[kind].validate(event)
            assert event["schemaURL"].endswith(kind)
            datetime.fromisoformat(event["eventTime"])
            seen[kind] += 1
            for dataset in (
                *event.get("outputs", ()),
                *([event["dataset"]] if "dataset" in event else ()),
            ):
                if "lineage" in dataset.get("facets", {}):
                    schemas["lineage"].validate(dataset["facets"]["lineage"])
                    seen["lineage"] += 1
    assert seen["RunEvent"] == 16
    assert seen["DatasetEvent"] > 0
    assert seen["lineage"] > 200


@pytest.mark.real_data
def test_a_broken_event_does_not_pass_the_check(schemas: dict[str, Draft202012Validator]) -> None:
    event = next(to_openlineage(told(), SETTING))
    assert not schemas["RunEvent"].is_valid({k: v for k, v in event.items() if k != "run"})
    assert not schemas["RunEvent"].is_valid(event | {"eventType": "DONE"})
    assert not schemas["RunEvent"].is_valid(event | {"run": {"runId": "not-a-uuid"}})


def published(real_data: Path) -> list[Path]:
    folder = real_data / "openlineage_events"
    found = [*(folder / "integration").rglob("*.json"), *(folder / "client").rglob("*.json")]
    return sorted(found)


def may_stand(event: dict[str, Any]) -> bool:
    """Whether an event names its run, its job and its datasets: counted without our reader."""
    datasets = [*event.get("inputs", []), *event.get("outputs", [])]
    return (
        isinstance(event["run"].get("runId"), str)
        and {"namespace", "name"} <= event["job"].keys()
        and all({"namespace", "name"} <= dataset.keys() for dataset in datasets)
    )


@pytest.mark.real_data
def test_published_events_are_taken_or_refused(real_data: Path) -> None:
    files = published(real_data)
    assert len(files) == 147
    total: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for file in files:
        text = file.read_text(encoding="utf-8")
        value = json.loads(text)
        events = value if isinstance(value, list) else [value]
        graph, counts, refused = from_openlineage(text)
        good = [event for event in events if may_stand(event)]
        assert counts.events == len(events) == len(good) + len(refused), file.name
        assert counts.by_type == Counter(event["eventType"] for event in good), file.name
        named = {
            (dataset["namespace"], dataset["name"])
            for event in good
            for dataset in (*event.get("inputs", []), *event.get("outputs", []))
        }
        assert {
            (said["namespace"], said["name"])
            for said in map(json.loads, graph.nodes["attributes"].to_pylist())
        } == named, file.name
        assert counts.datasets == graph.nodes.num_rows == len(named)
        assert counts.activities == graph.activities.num_rows
        total.update(events=len(events), refused=len(refused), edges=graph.edges.num_rows)
        reasons.update(reason for _, reason in refused)
    assert total == {"events": 615, "refused": 86, "edges": 135}
    assert reasons == {"the run has no runId": 78, "job has no name": 8}


def event(**members: Any) -> dict[str, Any]:
    said = {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-01T00:00:00Z",
        "run": {"runId": "0b1f3e0c-0000-4000-8000-000000000001"},
        "job": {"namespace": "n", "name": "j"},
        "inputs": [dataset("i")],
        "outputs": [dataset("o")],
    }
    return {name: value for name, value in (said | members).items() if value is not None}


def dataset(name: str, **facets: Any) -> dict[str, Any]:
    return {"namespace": "s3://b", "name": name} | ({"facets": facets} if facets else {})


def edges_of(*events: Any) -> set[tuple[str, str, str]]:
    graph, _, refused = from_openlineage(json.dumps(events))
    assert refused == []
    return {
        (e["child"].rpartition("/")[2], e["parent"].rpartition("/")[2], e["relation"])
        for e in graph.edges.to_pylist()
    }


def test_the_events_of_a_run_add_up() -> None:
    start = event(eventType="START", inputs=[dataset("a"), dataset("b")], outputs=[])
    done = event(inputs=[])
    assert edges_of(start, done) == {("o", "a", "derived"), ("o", "b", "derived")}
    (activity,) = from_openlineage(json.dumps([start, done]))[0].activities.to_pylist()
    assert activity["activity"] == "run:0b1f3e0c-0000-4000-8000-000000000001"
    assert activity["name"] == "j"
    assert activity["started_at"] is not None
    assert [e["type"] for e in json.loads(activity["detail"])["events"]] == ["START", "COMPLETE"]


def test_the_lineage_facet_decides() -> None:
    inputs = [
        dataset("a") | {"type": "DATASET"},
        dataset("z") | {"type": "DATASET", "transformations": [{"type": "INDIRECT"}]},
        {"type": "JOB"},
    ]
    stated = event(outputs=[dataset("o", lineage={"inputs": inputs})], inputs=[dataset("b")])
    assert edges_of(stated) == {("o", "a", "derived"), ("o", "z", "context")}
    assert edges_of(event(outputs=[dataset("o", lineage={"inputs": []})])) == set()
    entry = dataset("o") | {"type": "DATASET", "inputs": inputs[:1]}
    job = {"namespace": "n", "name": "j", "facets": {"lineage": {"entries": [entry]}}}
    assert edges_of(event(job=job, inputs=[dataset("b")])) == {("o", "a", "derived")}


def test_column_lineage_adds_what_a_run_does_not_list() -> None:
    fields = {"c": {"inputFields": [dataset("k") | {"field": "x"}]}}
    assert edges_of(event(outputs=[dataset("o", columnLineage={"fields": fields})])) == {
        ("o", "i", "derived"),
        ("o", "k", "derived"),
    }


def test_events_without_a_run() -> None:
    lineage = {"inputs": [dataset("a") | {"type": "DATASET"}]}
    about = {"eventTime": "2026-01-01T00:00:00Z", "dataset": dataset("o", lineage=lineage)}
    assert edges_of(about) == {("o", "a", "derived")}
    assert edges_of(event(run=None, eventType=None)) == {("o", "i", "derived")}
    _, counts, _ = from_openlineage(json.dumps([about, event(run=None, eventType=None)]))
    assert counts.by_type == {"DATASET": 1, "JOB": 1}


def test_placeholders_are_runs_of_their_own_jobs() -> None:
    run = {"runId": "{{ any(result) }}"}
    one = event(run=run, eventTime="${json-unit.any-string}", inputs=[dataset("a")])
    other = event(
        run=run, job={"namespace": "n", "name": "k"}, outputs=[dataset("p")], inputs=[dataset("b")]
    )
    assert edges_of(one, other) == {("o", "a", "derived"), ("p", "b", "derived")}
    graph, _, _ = from_openlineage(json.dumps([one, other]))
    first = graph.activities.to_pylist()[0]
    assert first["ended_at"] is None
    assert json.loads(first["detail"])["events"][0]["time"] == "${json-unit.any-string}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (5, "the event is 5, not an object"),
        (event(run={}), "the run has no runId"),
        (event(run={"runId": 7}), "runId is 7, not a text"),
        (event(run=None), "the event is a 'COMPLETE' and has no run"),
        (event(job=None), "job is missing, not an object"),
        (event(job={"namespace": "n"}), "job has no name"),
        (event(inputs="all"), "inputs is 'all', not a list"),
        (event(inputs=[{"name": "x"}]), "inputs, dataset 1 has no namespace"),
        (event(outputs=[dataset("o", lineage={"inputs": 3})]), "lineage inputs is 3, not a list"),
        (
            event(outputs=[dataset("o", prov_origin={"id": "record:o", "depth": "deep"})]),
            "depth is 'deep', not a whole number",
        ),
    ],
)
def test_a_defect_refuses_its_event_only(value: Any, reason: str) -> None:
    graph, counts, refused = from_openlineage(json.dumps([event(), value, event()]))
    assert refused == [("event 2", reason)]
    assert (counts.events, counts.refused) == (3, 1)
    assert graph.edges.num_rows == 1


def test_json_lines_name_their_lines() -> None:
    text = "\n".join([json.dumps(event()), "", "{broken", '{"a": NaN}', json.dumps(event())])
    _, counts, refused = from_openlineage(text)
    assert [place for place, _ in refused] == ["line 3", "line 4"]
    assert all(reason.startswith("not JSON") for _, reason in refused)
    assert counts.events == 4


@pytest.mark.parametrize("text", ["", " \n", "not json", "[" * 100_000, '"\\ud800"'])
def test_what_holds_no_events(text: str) -> None:
    with pytest.raises(InputError) as caught:
        from_openlineage(text)
    assert "\n" not in caught.value.message


def test_pairs_beyond_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_events, "MAX_PAIRS", 3)
    many = [dataset("a"), dataset("b")]
    with pytest.raises(InputError, match="gives 4 edges, over the limit"):
        from_openlineage(json.dumps(event(inputs=many, outputs=many)))


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150)
def test_a_mutated_event_is_taken_or_refused(data: st.DataObject) -> None:
    events = json.loads(json.dumps(list(to_openlineage(told(), SETTING))))
    place: Any = events
    for _ in range(data.draw(st.integers(0, 8))):
        inside = list(place) if isinstance(place, dict) else range(len(place))
        deeper = [key for key in inside if isinstance(place[key], dict | list) and place[key]]
        if not deeper:
            break
        place = place[data.draw(st.sampled_from(deeper))]
    key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(_junk)
    try:
        text = json.dumps(events, allow_nan=False)
        _, counts, refused = from_openlineage(text)
    except ValueError:
        return  # NaN and Infinity are no JSON
    assert counts.events == len(events)
    assert counts.refused == len(refused) <= 1
