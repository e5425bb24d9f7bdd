"""Write a lineage graph as W3C PROV: entities at the top, and one bundle for each activity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from prov.constants import PROV
from prov.model import ProvBundle, ProvDocument
from prov.serializers.provjson import encode_json_document
from prov.serializers.provjsonld import encode_jsonld_document

from provenance.interchange.graph import CONTEXT, DERIVED, Graph, rows
from provenance.interchange.prov.qualified_names import Names

ProvFormat = Literal["json", "jsonld", "provn"]

MAKING = frozenset({"generate", "transform", "train", "assemble"})
"""Kinds of activity that make their children; others, such as a review, only record an edge."""

_NODE_TERMS = {
    "kind": "kind",
    "label": "originLabel",
    "share_lo": "shareLo",
    "share_hi": "shareHi",
    "generator": "generator",
    "depth": "depth",
    "digest": "digest",
    "attributes": "attributes",
    "external_id": "externalId",
}
_EDGE_TERMS = {"process": "process"}
_ACTIVITY_TERMS = {"kind": "kind", "name": "name", "agent": "agent", "detail": "detail"}
_MODEL_TERMS = {
    "name": "modelName",
    "family": "family",
    "provider": "provider",
    "version": "version",
    "trained_on": "trainedOn",
}
TERMS: dict[str, Mapping[str, str]] = {
    "nodes": _NODE_TERMS,
    "edges": _EDGE_TERMS,
    "activities": _ACTIVITY_TERMS,
    "models": _MODEL_TERMS,
}
"""Local name of the attribute that holds each column, by table.

The kind of a statement holds the relation of an edge, and its bundle the activity.
"""


def to_prov(graph: Graph) -> ProvDocument:
    """Write the graph as a PROV document, from which ``from_prov`` makes the same graph again."""
    return _DocumentWriter(graph).document()


def write_prov(document: ProvDocument, format: ProvFormat) -> bytes:  # noqa: A002
    """Serialise a document as PROV-JSON, PROV-JSONLD (context embedded) or PROV-N, in UTF-8."""
    if format == "provn":
        return document.get_provn().encode()
    # Faster than the library's own writers, which stream through `json.dump`.
    if format == "json":
        return json.dumps(encode_json_document(document), ensure_ascii=False).encode()
    return json.dumps(encode_jsonld_document(document, "embed"), ensure_ascii=False).encode()


class _DocumentWriter:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._names = Names()
        self._document = ProvDocument(namespaces=self._names.namespaces)
        self._bundles: dict[str | None, ProvBundle] = {None: self._document}
        self._kinds: dict[str, str | None] = dict(
            zip(graph.nodes["id"].to_pylist(), graph.nodes["kind"].to_pylist(), strict=True)
        )
        self._making = {a["activity"] for a in rows(graph.activities) if a["kind"] in MAKING}
        # Statements already written: an activity with many edges repeats none.
        self._written: set[tuple[str, str, str]] = set()

    def document(self) -> ProvDocument:
        for node in rows(self._graph.nodes):
            self._node(node)
        for model in rows(self._graph.models):
            self._document.agent(
                self._names.node(model["model"]),
                {PROV["type"]: PROV["SoftwareAgent"]} | self._attributes("models", model),
            )
        for activity in rows(self._graph.activities):
            self._activity(activity)
        for edge in rows(self._graph.edges):
            self._edge(edge)
        return self._document

    def _node(self, node: dict[str, Any]) -> None:
        attributes = self._attributes("nodes", node)
        if node["external_id"] is not None:
            attributes[PROV["label"]] = node["external_id"]
        if node["kind"] == "release":
            attributes[PROV["type"]] = PROV["Collection"]
        self._document.entity(self._names.node(node["id"]), attributes)

    def _activity(self, activity: dict[str, Any]) -> None:
        name = activity["activity"]
        bundle = self._bundle(name)
        bundle.activity(
            self._names.activity(name),
            activity["started_at"],
            activity["ended_at"],
            self._attributes("activities", activity),
        )
        agent = activity["agent"]
        if agent is None:
            return
        model = next((m for m in (agent, f"model:{agent}") if self._is_model(m)), None)
        if model is not None:
            self._associate(bundle, name, model)
            return
        who = self._names.agent(agent)
        # A review is the work of a person; the agent of another activity may be a program.
        person = {PROV["type"]: PROV["Person"]} if activity["kind"] == "review" else {}
        bundle.agent(who, person)
        bundle.wasAssociatedWith(self._names.activity(name), who)

    def _edge(self, edge: dict[str, Any]) -> None:
        child, parent, activity = edge["child"], edge["parent"], edge["activity"]
        bundle = self._bundle(activity)
        making = activity in self._making
        if making:
            self._made(bundle, edge)
        ends = self._names.node(child), self._names.node(parent)
        if self._is_membership(edge):
            bundle.hadMember(*ends)
        elif edge["relation"] == CONTEXT:
            # The attribute tells this influence from those of other tools.
            relation = {self._names.terms["relation"]: CONTEXT}
            bundle.wasInfluencedBy(
                *ends, other_attributes=relation | self._attributes("edges", edge)
            )
        else:
            bundle.wasDerivedFrom(
                *ends,
                self._names.activity(activity) if making else None,
                other_attributes=self._attributes("edges", edge),
            )

    def _made(self, bundle: ProvBundle, edge: dict[str, Any]) -> None:
        activity = edge["activity"]
        name = self._names.activity(activity)
        if self._first("generated", activity, edge["child"]):
            bundle.wasGeneratedBy(self._names.node(edge["child"]), name)
        if self._is_model(edge["parent"]):
            self._associate(bundle, activity, edge["parent"])
        elif self._first("used", activity, edge["parent"]):
            bundle.used(name, self._names.node(edge["parent"]))

    def _associate(self, bundle: ProvBundle, activity: str, model: str) -> None:
        if self._first("associated", activity, model):
            bundle.wasAssociatedWith(self._names.activity(activity), self._names.node(model))

    def _is_model(self, node: str) -> bool:
        return self._kinds.get(node) == "model"

    def _is_membership(self, edge: dict[str, Any]) -> bool:
        """Whether an edge says only that a release holds a record: a membership."""
        return (
            edge["relation"] == DERIVED
            and edge["process"] is None
            and self._kinds.get(edge["child"]) == "release"
            and self._kinds.get(edge["parent"]) == "record"
        )

    def _first(self, relation: str, activity: str, node: str) -> bool:
        known = len(self._written)
        self._written.add((relation, activity, node))
        return len(self._written) > known

    def _bundle(self, activity: str | None) -> ProvBundle:
        if activity not in self._bundles and activity is not None:
            self._bundles[activity] = self._document.bundle(self._names.bundle(activity))
        return self._bundles[activity]

    def _attributes(self, table: str, row: dict[str, Any]) -> dict[Any, Any]:
        terms = self._names.terms
        return {
            terms[term]: row[column]
            for column, term in TERMS[table].items()
            if row[column] is not None
        }
