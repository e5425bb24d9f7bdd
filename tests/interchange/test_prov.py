"""PROV: our lineage survives three serialisations, and anybody's document is counted in full."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from prov.model import (
    ProvActivity,
    ProvAgent,
    ProvDerivation,
    ProvDocument,
    ProvEntity,
    ProvGeneration,
    ProvMembership,
    ProvRelation,
    ProvUsage,
)
from support.lineage_documents import bags, chain, edge, graphs, text, told
from support.prov_references import undeclared

from provenance.errors import InputError
from provenance.interchange.graph import Graph
from provenance.interchange.prov import to_graph
from provenance.interchange.prov.check_document import check_prov
from provenance.interchange.prov.qualified_names import Names, activity_id, agent_id, node_id
from provenance.interchange.prov.read_document import read_prov
from provenance.interchange.prov.to_graph import from_prov
from provenance.interchange.prov.write_document import ProvFormat, to_prov, write_prov

FORMATS: tuple[ProvFormat, ...] = ("json", "jsonld", "provn")


@pytest.mark.newest
@pytest.mark.parametrize("format_", FORMATS)
@given(graph=graphs())
@settings(max_examples=40)
def test_a_graph_survives(format_: ProvFormat, graph: Graph) -> None:
    document = to_prov(graph)
    again, findings = read_prov(write_prov(document, format_))
    assert again == document
    assert findings == ()
    assert bags(from_prov(again)[0]) == bags(graph)


@given(text)
def test_any_id_is_a_name(said: str) -> None:
    names = Names()
    assert node_id(names.node(said)) == said
    assert node_id(names.node(said)).isascii() == said.isascii()
    assert activity_id(names.activity(said)) == said
    assert agent_id(names.agent(said)) == said


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_graph_gives_the_same_bytes(format_: ProvFormat) -> None:
    assert write_prov(to_prov(told()), format_) == write_prov(to_prov(told()), format_)


def test_what_our_document_says() -> None:
    document = to_prov(told())
    said = json.loads(write_prov(document, "json"))
    assert said["entity"]["node:release:r1"]["prov:type"] == {
        "$": "prov:Collection",
        "type": "xsd:QName",
    }
    assert set(said["bundle"]) == {
        "bun:assemble-1", "bun:train-1", "bun:generate-1", "bun:review-1", "bun:assemble-2"
    }  # fmt: skip
    generate = said["bundle"]["bun:generate-1"]
    assert list(generate["wasGeneratedBy"].values()) == [
        {"prov:entity": "node:record:s", "prov:activity": "act:generate-1"}
    ]
    assert list(generate["used"].values()) == [
        {"prov:activity": "act:generate-1", "prov:entity": "node:record:h"}
    ]
    assert list(generate["wasAssociatedWith"].values()) == [
        {"prov:activity": "act:generate-1", "prov:agent": "node:model:ours"}
    ]
    assert [i["our:relation"] for i in generate["wasInfluencedBy"].values()] == ["context"]
    members = said["bundle"]["bun:assemble-2"]["hadMember"]
    assert list(members.values()) == [
        {"prov:collection": "node:release:r2", "prov:entity": "node:record:s"}
    ]
    reviewer = said["bundle"]["bun:review-1"]["agent"]["who:Zo%C3%AB"]
    assert reviewer["prov:type"]["$"] == "prov:Person"
    assert "prov:type" not in said["bundle"]["bun:assemble-1"]["agent"]["who:ci"]


def counted(document: ProvDocument) -> tuple[int, int, int, Counter[type]]:
    """Statements by what the library itself says that they are."""
    records = [r for bundle in (document, *document.bundles) for r in bundle.get_records()]
    return (
        sum(isinstance(r, ProvEntity) for r in records),
        sum(isinstance(r, ProvActivity) for r in records),
        sum(isinstance(r, ProvAgent) for r in records),
        Counter(type(r) for r in records if isinstance(r, ProvRelation)),
    )


@pytest.mark.real_data
def test_published_documents_are_counted_in_full(real_data: Path) -> None:
    files = sorted((real_data / "prov_json" / "json").glob("*.json"))
    assert len(files) == 398
    totals: Counter[str] = Counter()
    for file in files:
        document, _ = read_prov(file.read_bytes())
        graph, counts = from_prov(document)
        entities, activities, agents, relations = counted(document)
        assert (counts.entities, counts.activities, counts.agents) == (
            entities,
            activities,
            agents,
        ), file.name
        assert Counter(counts.relations.values()) == Counter(relations.values()), file.name
        assert counts.bundles == len(list(document.bundles))
        stated = relations[ProvDerivation] + relations[ProvMembership]
        assert graph.edges.num_rows >= stated - missing_ends(document), file.name
        assert set(graph.activities["activity"].to_pylist()) >= {
            record.identifier.uri
            for bundle in (document, *document.bundles)
            for record in bundle.get_records(ProvActivity)
        }
        totals.update(entities=entities, activities=activities, relations=relations.total())
    assert totals == {"entities": 223, "activities": 42, "relations": 223}


def missing_ends(document: ProvDocument) -> int:
    return sum(
        None in record.args[:2]
        for bundle in (document, *document.bundles)
        for kind in (ProvDerivation, ProvMembership)
        for record in bundle.get_records(kind)
    )


@pytest.mark.real_data
def test_published_documents_lose_nothing(real_data: Path) -> None:
    """Each attribute value of each statement is found in the tables."""
    for file in sorted((real_data / "prov_json" / "json").glob("*.json")):
        document, _ = read_prov(file.read_bytes())
        graph, _ = from_prov(document)
        held = json.dumps(
            [graph.nodes.to_pylist(), graph.activities.to_pylist()], default=str, ensure_ascii=False
        )
        for record in document.get_records():
            for name, value in record.extra_attributes:
                local = name.localpart
                assert local in held, (file.name, local)
                if isinstance(value, str) and value.isalnum():
                    assert value in held, (file.name, value)


MALFORMED = {
    "bad_bundle_shape.json": 'The "bundle" value must be a JSON object',
    "bad_prefix_map.json": 'The "prefix" value must be a JSON object',
    "bad_record_content.json": "must be a JSON object (single instance)",
    "bad_record_shape.json": "The 'entity' value must be a JSON object",
    "bad_typed_literal.json": 'missing its required "$" (value) key',
    "empty.json": "the document is empty",
    "empty.rdf": "the document is empty",
    "empty.xml": "the document is empty",
    "empty_root.xml": "XML",
    "foreign_vocabulary.ttl": "Turtle",
    "not_json.json": "neither JSON nor PROV-N",
    "not_turtle.ttl": "neither JSON nor PROV-N",
    "not_well_formed.xml": "XML",
    "top_level_list.json": "must be a JSON object; found list",
    "top_level_scalar.json": "must be a JSON object; found int",
    "unknown_record_type.json": "'notarealtype' is not a recognised",
    "wrong_root.xml": "XML",
}


@pytest.mark.real_data
def test_published_malformed_documents_are_refused(real_data: Path) -> None:
    files = {file.name: file for file in (real_data / "prov_json" / "malformed").iterdir()}
    assert files.keys() == MALFORMED.keys()
    for name, file in files.items():
        with pytest.raises(InputError) as caught:
            read_prov(file.read_bytes())
        assert MALFORMED[name] in caught.value.message, name
        assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff", "not UTF-8: byte 0xff at offset 0"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"entity": {"e": {"p": NaN}}}', "NaN is not JSON"),
        (b'{"prefix": {"x": {"y": 1}}, "entity": {}}', "wrong shape"),
        (b'{"prefix": {"x": ""}, "entity": {}}', "Not a valid URI"),
        (rb'{"prefix": {"x": "http://x/"}, "entity": {"x:\ud800": {}}}', "lone surrogate"),
        (b"document\n  entity(", "line 2"),
        (b"@prefix x: <http://x/> .", "Turtle"),
    ],
)
def test_a_defect_is_one_line(data: bytes, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read_prov(data)
    assert reason in caught.value.message
    assert "\n" not in caught.value.message


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["$", "type", "lang", "prov:type", "prov:time", "", "a:b", "_:x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def paths(value: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where anything stands in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        yield (*above, key)
        if isinstance(item, dict | list):
            yield from paths(item, *above, key)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150)
def test_a_mutated_document_is_read_or_refused(data: st.DataObject) -> None:
    format_ = data.draw(st.sampled_from(FORMATS[:2]))
    document = json.loads(write_prov(to_prov(told()), format_))
    *above, key = data.draw(st.sampled_from(list(paths(document))))
    place = document
    for step in above:
        place = place[step]
    place[key] = data.draw(_junk)
    try:
        read, _ = read_prov(json.dumps(document).encode())
        _, counts = from_prov(read)
    except InputError as error:
        refused = error.message
    else:
        refused = ""
        check_prov(read)
        entities, activities, agents, relations = counted(read)
        assert (counts.entities, counts.activities, counts.agents) == (entities, activities, agents)
        assert sum(counts.relations.values()) == relations.total()
    assert "\n" not in refused


def document_of(make: Callable[[ProvDocument], None]) -> ProvDocument:
    document = ProvDocument()
    document.add_namespace("ex", "http://example.org/")
    make(document)
    return document


def edges_of(document: ProvDocument) -> set[tuple[str, str, str]]:
    return {
        (e["child"][-1], e["parent"][-1], e["relation"])
        for e in from_prov(document)[0].edges.to_pylist()
    }


def test_an_activity_without_derivations_derives_all_from_all() -> None:
    def make(document: ProvDocument) -> None:
        document.used("ex:A", "ex:p")
        document.used("ex:A", "ex:q")
        document.wasGeneratedBy("ex:c", "ex:A")

    assert edges_of(document_of(make)) == {("c", "p", "derived"), ("c", "q", "derived")}


def test_a_stated_derivation_makes_the_rest_context() -> None:
    def make(document: ProvDocument) -> None:
        document.used("ex:A", "ex:p")
        document.used("ex:A", "ex:q")
        document.wasGeneratedBy("ex:c", "ex:A")
        document.wasDerivedFrom("ex:c", "ex:p", "ex:A")

    assert edges_of(document_of(make)) == {("c", "p", "derived"), ("c", "q", "context")}


def test_pairs_beyond_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(document: ProvDocument) -> None:
        for number in range(3):
            document.used("ex:A", f"ex:p{number}")
            document.wasGeneratedBy(f"ex:c{number}", "ex:A")

    monkeypatch.setattr(to_graph, "MAX_PAIRS", 8)
    with pytest.raises(InputError, match="gives 9 edges, over the limit"):
        from_prov(document_of(make))


def test_agents_times_and_attributes_of_others() -> None:
    def make(document: ProvDocument) -> None:
        document.agent("ex:gpt", {"prov:type": document.valid_qualified_name("prov:SoftwareAgent")})
        document.agent("ex:ann")
        document.entity("ex:e", {"ex:words": 7, "prov:label": "an essay"})
        document.activity("ex:a", "2026-01-01T10:00:00", "2026-01-02T10:00:00+02:00")
        document.wasAttributedTo("ex:e", "ex:gpt")
        document.wasAssociatedWith("ex:a", "ex:ann", None, None, {"prov:role": "editor"})

    graph, counts = from_prov(document_of(make))
    nodes = {row["external_id"]: row for row in graph.nodes.to_pylist()}
    assert {name: row["kind"] for name, row in nodes.items()} == {
        "ex:gpt": "model",
        "ex:ann": "agent",
        "ex:e": "entity",
    }
    assert nodes["ex:e"]["generator"] == "http://example.org/gpt"
    assert json.loads(nodes["ex:e"]["attributes"]) == {
        "http://example.org/words": [7],
        "prov:label": ["an essay"],
    }
    assert graph.models.to_pylist()[0]["model"] == "http://example.org/gpt"
    (activity,) = graph.activities.to_pylist()
    assert activity["agent"] == "http://example.org/ann"
    assert activity["started_at"] is None  # no zone, no instant
    assert activity["ended_at"].isoformat() == "2026-01-02T08:00:00+00:00"
    detail = json.loads(activity["detail"])
    assert detail["started_at"] == "2026-01-01T10:00:00"
    assert detail["relations"][0]["prov:role"] == ["editor"]
    assert counts.relations == {"wasAssociatedWith": 1, "wasAttributedTo": 1}


def test_our_terms_with_the_wrong_type_are_refused() -> None:
    said = json.loads(write_prov(to_prov(told()), "json"))
    said["entity"]["node:record:h"]["our:depth"] = "deep"
    document, _ = read_prov(json.dumps(said).encode())
    with pytest.raises(InputError, match="depth is 'deep', not a whole number"):
        from_prov(document)


def test_what_others_add_to_our_node_is_kept() -> None:
    graph = Graph.of_rows(
        [{"id": "record:h", "kind": "record", "attributes": '{"a":1}'}], [], [], []
    )
    said = json.loads(write_prov(to_prov(graph), "json"))
    said["prefix"]["ex"] = "http://example.org/"
    said["entity"]["node:record:h"]["ex:seen"] = True
    document, _ = read_prov(json.dumps(said).encode())
    (node,) = from_prov(document)[0].nodes.to_pylist()
    assert json.loads(node["attributes"]) == {"a": 1, "http://example.org/seen": [True]}


def test_findings() -> None:
    def make(document: ProvDocument) -> None:
        document.entity("ex:e")
        document.entity("ex:both")
        document.activity("ex:both")
        document.activity("ex:late", "2026-01-02T00:00:00", "2026-01-01T00:00:00")
        document.wasDerivedFrom("ex:e", "ex:nowhere")
        document.wasDerivedFrom("ex:nowhere", "ex:e")
        document.wasGeneratedBy("ex:e", "ex:late", "2026-01-05T00:00:00")
        document.used("ex:late", "ex:e", "2026-01-04T00:00:00")

    document = document_of(make)
    assert undeclared(document) == ["ex:nowhere"]
    assert {(f.code, f.subject) for f in check_prov(document)} == {
        ("prov-entity-activity-disjoint", "ex:both"),
        ("prov-start-precedes-end", "ex:late"),
        ("prov-generation-precedes-usage", "ex:e"),
        ("prov-generation-within-activity", "ex:late"),
        ("prov-usage-within-activity", "ex:late"),
        ("prov-derivation-generation-generation-ordering", "ex:nowhere"),
    }


def test_our_document_keeps_the_constraints_and_names_what_it_declares() -> None:
    document = to_prov(told())
    assert check_prov(document) == ()
    assert undeclared(document) == ["node:record:elsewhere"]


def test_the_reading_says_what_it_changed() -> None:
    _, findings = read_prov(b'{"prefix": {"x": "http://x/"}, "entity": {"x:e": {}, "x:e": {}}}')
    assert [f.code for f in findings] == ["prov-reading"]
    assert "repeated" in findings[0].reason
    assert "3.3.0" not in findings[0].reason


def test_a_content_made_twice_is_generated_once_in_each_bundle() -> None:
    graph = Graph.of_rows(
        [{"id": n, "kind": "record"} for n in ("c", "p", "q")],
        [edge("c", "p", activity="1"), edge("c", "q", activity="1"), edge("c", "q", activity="2")],
        [{"activity": "1", "kind": "transform"}, {"activity": "2", "kind": "transform"}],
        [],
    )
    made = [len(list(bundle.get_records(ProvGeneration))) for bundle in to_prov(graph).bundles]
    assert made == [1, 1]
    assert sum(len(list(b.get_records(ProvUsage))) for b in to_prov(graph).bundles) == 3


@pytest.mark.slow
def test_twenty_thousand_nodes_take_seconds() -> None:
    graph = chain(20_000)
    start = time.process_time()
    data = write_prov(to_prov(graph), "json")
    assert time.process_time() - start < 20
    assert len(json.loads(data)["entity"]) == 20_000
