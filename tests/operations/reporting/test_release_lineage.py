"""The lineage of a release for others: it survives their readers, and holds the same numbers."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from prov.model import ProvDocument
from referencing import Registry, Resource
from support.evidences import EVIDENCE
from support.prov_references import undeclared
from support.reported import answered

from provenance.interchange.graph import Graph
from provenance.interchange.openlineage.read_events import from_openlineage
from provenance.interchange.prov.check_document import check_prov
from provenance.interchange.prov.read_document import read_prov
from provenance.interchange.prov.to_graph import from_prov
from provenance.model.finding import Verdict
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS

FORMS = ("prov-json", "openlineage")


def printed(form: str, evidence: ReleaseEvidence = EVIDENCE, layout: str | None = None) -> str:
    return str(render_report(compliance.filled(REPORTS[form], evidence), layout))


def graph(form: str, evidence: ReleaseEvidence = EVIDENCE) -> Graph:
    """The graph that somebody reads out of a report."""
    text = printed(form, evidence)
    if form == "openlineage":
        found, counts, refused = from_openlineage(text)
        assert (refused, counts.events) == ([], len(text.splitlines()))
        return found
    document, findings = read_prov(text.encode())
    assert findings == ()
    return from_prov(document)[0]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_release_gives_the_same_bytes(form: str) -> None:
    assert printed(form) == printed(form)


@pytest.mark.parametrize("form", FORMS)
def test_what_came_of_what_is_read_back(form: str) -> None:
    edges = {(one["child"], one["parent"], one["process"]) for one in graph(form).edges.to_pylist()}
    parts = {
        "source:made": "entity:first/made/rephrase/scribe-70b",
        "source:own": "entity:first/own/generate/quill-1b",
    }
    assert edges == {
        *(("release:first", f"source:{one.source}", "assemble") for one in EVIDENCE.sources),
        *((source, part, None) for source, part in parts.items()),
        (parts["source:made"], "model:scribe-70b", "rephrase"),
        (parts["source:own"], "model:quill-1b", "generate"),
        ("source:made", "source:wiki", None),
        ("source:made", "entity:https://example.org/seeds", None),
    }


def attributes(node: dict[str, Any]) -> dict[str, Any]:
    """What we said of a thing; a reader of OpenLineage keeps the facets of others beside it."""
    found = json.loads(node["attributes"])
    return dict(json.loads(found["said"]) if "said" in found else found)


@pytest.mark.parametrize("form", FORMS)
def test_numbers_are_read_back(form: str) -> None:
    nodes = {one["id"]: one for one in graph(form).nodes.to_pylist()}
    release = nodes["release:first"]
    share = EVIDENCE.share("bytes")
    told = attributes(release)
    assert told["prov:records"] == str(EVIDENCE.totals["records"])
    assert told["prov:synthetic:bytes:at-least"] == str(share.lo)
    assert told["prov:synthetic:bytes:at-most"] == str(share.hi)
    assert told["prov:origin:unknown"] == "60"
    assert release["share_lo"] == pytest.approx(share.lo / share.size)
    for source in EVIDENCE.sources:
        node = nodes[f"source:{source.source}"]
        assert attributes(node)["prov:records"] == str(source.records)
        assert node["share_hi"] == pytest.approx(source.hi_bytes / source.bytes)
    assert nodes["source:web"]["label"] == "unknown"
    assert attributes(nodes["source:own"])["made_of_itself"] == 3


@pytest.mark.parametrize("form", FORMS)
def test_a_model_that_descends_from_a_release_says_so(form: str) -> None:
    one, other = EVIDENCE.generators
    trained = EVIDENCE.model_copy(
        update={"generators": (one, other.model_copy(update={"trained_on": "older"}))}
    )
    edges = {(one["child"], one["parent"]) for one in graph(form, trained).edges.to_pylist()}
    assert ("model:quill-1b", "release:older") in edges


@pytest.mark.parametrize("form", FORMS)
def test_what_nobody_names_has_no_model(form: str) -> None:
    nameless = EVIDENCE.generators[0].model_copy(update={"generator": None, "process": None})
    found = graph(form, EVIDENCE.model_copy(update={"generators": (nameless,)}))
    assert not any(one["id"].startswith("model:") for one in found.nodes.to_pylist())
    edges = {(one["child"], one["parent"]) for one in found.edges.to_pylist()}
    assert ("source:made", "entity:first/made/not stated") in edges


def test_the_size_is_that_of_the_sources_and_not_of_the_records() -> None:
    many = EVIDENCE.model_copy(update={"records": 10**9})
    assert len(printed("prov-json", many)) - len(printed("prov-json")) < 100


def test_who_assembled_it_is_asked_and_told() -> None:
    report = REPORTS["prov-json"]
    text = answered(compliance.questionnaire(report, EVIDENCE), "prov-json", prov_agent="Data Team")
    given = parse_answers(text, "a.yaml", report.form.kinds())
    whole = str(render_report(compliance.filled(report, EVIDENCE, given)))
    (found,) = [one for one in graph_of(whole).activities.to_pylist() if one["kind"] == "assemble"]
    assert found["agent"] == "Data Team"
    assert "not_provided" not in found["detail"]
    (bare,) = [
        one for one in graph("prov-json").activities.to_pylist() if one["kind"] == "assemble"
    ]
    assert json.loads(bare["detail"])["not_provided"] == "prov.agent"


def graph_of(text: str) -> Graph:
    return from_prov(read_prov(text.encode())[0])[0]


# PROV.


@pytest.mark.newest
def test_prov_survives_its_library() -> None:
    document = ProvDocument.deserialize(content=printed("prov-json"))
    for form in ("json", "provn", "jsonld"):
        text = document.serialize(format=form)
        assert ProvDocument.deserialize(content=text, format=form) == document
    assert check_prov(document) == ()
    assert undeclared(document) == []


def test_a_name_that_nothing_declares_is_noticed() -> None:
    document = json.loads(printed("prov-json"))
    broken = copy.deepcopy(document)
    del broken["entity"]["node:source:made"]
    read = ProvDocument.deserialize(content=json.dumps(broken))
    assert undeclared(read) == ["node:source:made"]


# OpenLineage.


@pytest.fixture(scope="module")
def specification() -> Registry[Any]:
    from conftest import real_data_folder

    folder = real_data_folder()
    spec = folder / "openlineage_events" / "spec" if folder else Path("nowhere")
    if not spec.is_dir():
        pytest.skip("the schemas of OpenLineage are not here: set PROV_REAL_DATA to their folder")
    paths = [spec / "OpenLineage.json", *(spec / "facets").glob("*.json")]
    schemas = [json.loads(path.read_text("utf-8")) for path in paths]
    return Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in schemas)


def problems(value: Any, reference: str, registry: Registry[Any]) -> list[str]:
    validator = Draft202012Validator(
        {"$ref": reference}, registry=registry, format_checker=FormatChecker()
    )
    return [one.message for one in validator.iter_errors(value)]


def events() -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed("openlineage").splitlines()]


def faults(event: dict[str, Any], registry: Registry[Any]) -> list[str]:
    """What is wrong with an event and with each facet, under the schema that each names."""
    found = problems(event, event["schemaURL"], registry)
    places = [*event.get("inputs", []), *event.get("outputs", []), event.get("dataset", {})]
    for dataset in places:
        for kind in ("facets", "inputFacets", "outputFacets"):
            for facet in dataset.get(kind, {}).values():
                if facet["_schemaURL"].startswith("https:"):
                    found += problems(facet, facet["_schemaURL"], registry)
    return found


def test_every_event_and_facet_keeps_its_schema(specification: Registry[Any]) -> None:
    assert [faults(event, specification) for event in events()] == [[] for _ in events()]
    assert [json.loads(printed("openlineage", layout="json"))] == [events()]


BREAKS: list[Callable[[dict[str, Any]], Any]] = [
    lambda e: e.pop("run"),
    lambda e: e.update(eventType="DONE"),
    lambda e: e["run"].update(runId="7"),
    lambda e: e["outputs"][0]["outputFacets"]["outputStatistics"].update(rowCount="many"),
    lambda e: e["outputs"][0]["facets"]["tags"].update(tags=[{"key": "k"}]),
    lambda e: e["outputs"][0]["facets"]["version"].pop("datasetVersion"),
]


@pytest.mark.parametrize("spoil", BREAKS)
def test_a_broken_event_is_noticed(
    spoil: Callable[[dict[str, Any]], Any], specification: Registry[Any]
) -> None:
    event = assembly()
    assert faults(event, specification) == []
    spoil(event)
    assert faults(event, specification)


def assembly() -> dict[str, Any]:
    """The event that says that the release was made."""
    (found,) = [
        one
        for one in events()
        if one.get("eventType") == "COMPLETE" and one["job"]["name"] == "assemble"
    ]
    return found


def test_the_assembly_says_what_went_in_and_what_came_out() -> None:
    event = assembly()
    (output,) = event["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == EVIDENCE.totals["records"]
    (test,) = output["facets"]["dataQualityAssertions"]["assertions"]
    assert (test["name"], test["success"], test["expected"]) == ("overall", True, "60%")
    read = {one["name"]: one["inputFacets"]["inputStatistics"] for one in event["inputs"]}
    assert {name: one["rowCount"] for name, one in read.items()} == {
        f"source:{one.source}": one.records for one in EVIDENCE.sources
    }


def test_a_budget_that_unknown_records_decide_is_no_success() -> None:
    (budget,) = EVIDENCE.budgets
    open_ = budget.model_copy(update={"verdict": Verdict.INDETERMINATE})
    text = printed("openlineage", EVIDENCE.model_copy(update={"budgets": (open_,)}))
    assert '"success": false' in text
    assert "(indeterminate)" in text
