"""Turn a PROV document of any tool into a lineage graph."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from prov.constants import PROV, PROV_LABEL, PROV_N_MAP
from prov.identifier import QualifiedName
from prov.model import (
    Literal,
    ProvActivity,
    ProvAgent,
    ProvAssociation,
    ProvAttribution,
    ProvBundle,
    ProvCommunication,
    ProvDerivation,
    ProvDocument,
    ProvElement,
    ProvEnd,
    ProvEntity,
    ProvGeneration,
    ProvInfluence,
    ProvMembership,
    ProvRelation,
    ProvStart,
    ProvUsage,
)

from provenance.content.json_reader import read_document
from provenance.content.json_writer import sorted_json
from provenance.errors import InputError
from provenance.interchange.graph import CONTEXT, DERIVED, Graph
from provenance.interchange.prov.qualified_names import (
    TERMS,
    activity_id,
    agent_id,
    bundle_activity,
    is_ours,
    node_id,
)
from provenance.interchange.prov.statement_json import attributes, our_columns, relation

MAX_PAIRS = 1_000_000
"""Most edges that are made by pairing what activities used and generated, per document."""

_KINDS = {None: 0, "entity": 1, "agent": 2, "collection": 3, "model": 4}
"""Rank of the kinds of nodes of other tools; the highest wins, a kind of this tool over all."""

_OF_ACTIVITIES = (ProvUsage, ProvAssociation, ProvCommunication, ProvStart, ProvEnd)
"""Relations whose first end is an activity."""

_EDGES = (ProvDerivation, ProvMembership, ProvInfluence)


@dataclass(frozen=True, slots=True)
class ProvCounts:
    """Counts of the statements of a document, those in its bundles included.

    An entity that is stated twice counts twice here and is one row of ``Graph.nodes``.
    """

    entities: int
    activities: int
    agents: int
    relations: Mapping[str, int]
    bundles: int


def from_prov(document: ProvDocument) -> tuple[Graph, ProvCounts]:
    """Turn a document into a graph, and count the statements of each kind.

    A derivation and a membership are derived edges, an influence between entities is a context
    edge. A child without a stated derivation has everything that its activity used as derived
    parents; with one, the rest becomes context. Every statement that no column holds is kept as
    JSON with its subject.

    Raises:
        InputError: pairing what activities used and generated gives too many edges, or an
            attribute of this tool has a value of the wrong type.
    """
    return _DocumentReader(document).result()


class _DocumentReader:
    def __init__(self, document: ProvDocument) -> None:
        self._bundles: list[ProvBundle] = [document, *document.bundles]
        self._nodes: dict[str, dict[str, Any]] = {}
        self._activities: dict[str, dict[str, Any]] = {}
        self._models: dict[str, dict[str, Any]] = {}
        self._edges: list[dict[str, Any]] = []
        # What no column of a row holds, by the `id()` of the row.
        self._beyond_columns: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        # Ordered sets: what each activity used and generated.
        self._used: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._generated: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._counts: Counter[str] = Counter()

    def result(self) -> tuple[Graph, ProvCounts]:
        for bundle in self._bundles:
            for record in bundle.records:
                if isinstance(record, ProvElement):
                    self._element(record)
        for bundle in self._bundles:
            for record in bundle.records:
                if isinstance(record, ProvRelation):
                    self._relation(record, bundle)
        self._pair()
        for row in self._nodes.values():
            self._write_beyond_columns(row, "attributes")
        for row in self._activities.values():
            self._write_beyond_columns(row, "detail")
        graph = Graph.of_rows(
            list(self._nodes.values()),
            self._edges,
            list(self._activities.values()),
            list(self._models.values()),
        )
        return graph, self._counted()

    def _counted(self) -> ProvCounts:
        elements = {name: self._counts.pop(name, 0) for name in ("entity", "activity", "agent")}
        return ProvCounts(
            entities=elements["entity"],
            activities=elements["activity"],
            agents=elements["agent"],
            relations=dict(sorted(self._counts.items())),
            bundles=len(self._bundles) - 1,
        )

    def _element(self, record: ProvElement) -> None:
        self._counts[PROV_N_MAP[record.get_type()]] += 1
        name = record.identifier
        if name is None:
            raise InputError(f"a {record.get_type().localpart} without an identifier")
        if isinstance(record, ProvEntity):
            collection = PROV["Collection"] in record.get_asserted_types()
            node = self._node(name, "collection" if collection else "entity")
            node.update(our_columns(record, "nodes"))
            self._keep(node, attributes(record, "nodes"))
        elif isinstance(record, ProvActivity):
            self._activity(record, name)
        elif isinstance(record, ProvAgent):
            self._agent(record, name)

    def _agent(self, record: ProvAgent, name: QualifiedName) -> None:
        key = agent_id(name)
        if key != name.uri:
            # Of this tool: a model besides its entity, or an agent named by a column.
            if key == node_id(name):
                self._models.setdefault(key, {"model": key}).update(our_columns(record, "models"))
            return
        software = PROV["SoftwareAgent"] in record.get_asserted_types()
        if software:
            self._models.setdefault(key, {"model": key, "name": _title(record)})
        self._keep(self._node(name, "model" if software else "agent"), attributes(record, "models"))

    def _activity(self, record: ProvActivity, name: QualifiedName) -> None:
        row = self._activity_row(name)
        row.update(our_columns(record, "activities"))
        if not is_ours(name):
            row.setdefault("name", _title(record))
        self._keep(row, attributes(record, "activities"))
        for column, time in (
            ("started_at", record.get_startTime()),
            ("ended_at", record.get_endTime()),
        ):
            if time is None:
                continue
            try:
                if time.tzinfo is None:
                    raise OverflowError
                row[column] = time.astimezone(UTC)
            except OverflowError:
                # A time without a zone is not an instant, and UTC has no year 0 or 10000.
                self._beyond_columns[id(row)][column] = time.isoformat()

    def _node(self, name: QualifiedName, kind: str | None = None) -> dict[str, Any]:
        key = node_id(name)
        outside = str(name) if key == name.uri else None
        node = self._nodes.setdefault(key, {"id": key, "kind": None, "external_id": outside})
        current = node["kind"]
        if current in _KINDS and _KINDS[current] < _KINDS[kind]:
            node["kind"] = kind
        return node

    def _activity_row(self, name: QualifiedName) -> dict[str, Any]:
        key = activity_id(name)
        return self._activities.setdefault(key, {"activity": key})

    def _relation(self, record: ProvRelation, bundle: ProvBundle) -> None:
        self._counts[PROV_N_MAP[record.get_type()]] += 1
        first, second = (value for _, value in record.formal_attributes[:2])
        complete = False
        if first is not None and second is not None:
            complete = self._add(record, bundle, first, second)
        if not complete:
            subject = first or second
            if subject is not None:
                row = self._subject(record, subject)
                self._beyond_columns[id(row)].setdefault("relations", []).append(relation(record))

    def _add(
        self, record: ProvRelation, bundle: ProvBundle, first: QualifiedName, second: QualifiedName
    ) -> bool:
        """Add a statement to the tables, and tell whether they hold all of it."""
        spare = 2
        if isinstance(record, ProvInfluence) and not (
            _is_context(record) or {node_id(first), node_id(second)} <= self._nodes.keys()
        ):
            return False
        if isinstance(record, _EDGES):
            spare = 3 if isinstance(record, ProvDerivation) else 2
            self._edge(record, bundle)
        elif isinstance(record, ProvGeneration):
            if not is_ours(second):
                self._generated[activity_id(second)][node_id(first)] = None
        elif isinstance(record, ProvUsage):
            if not is_ours(first):
                self._used[activity_id(first)][node_id(second)] = None
        elif isinstance(record, ProvAssociation):
            self._associated(first, second)
        elif isinstance(record, ProvAttribution) and node_id(second) in self._models:
            complete = self._node(first).setdefault("generator", node_id(second)) == node_id(second)
            spare = 2 if complete else 0
        else:
            return False
        known = {name for name, _ in record.formal_attributes[:spare]}
        return record.identifier is None and all(
            name in known or name.namespace.uri == TERMS for name, _ in record.attributes
        )

    def _edge(self, record: ProvRelation, bundle: ProvBundle) -> None:
        (_, child), (_, parent), *rest = record.formal_attributes
        through = rest[0][1] if rest else None
        edge = {
            "child": node_id(child),
            "parent": node_id(parent),
            "relation": CONTEXT if isinstance(record, ProvInfluence) else DERIVED,
            "activity": activity_id(through) if through else bundle_activity(bundle.identifier),
        }
        self._edges.append(edge | our_columns(record, "edges"))

    def _associated(self, activity: QualifiedName, agent: QualifiedName) -> None:
        row = self._activity_row(activity)
        if not is_ours(activity):
            row.setdefault("agent", agent_id(agent))

    def _subject(self, record: ProvRelation, name: QualifiedName) -> dict[str, Any]:
        if activity_id(name) in self._activities or isinstance(record, _OF_ACTIVITIES):
            return self._activity_row(name)
        return self._node(name)

    def _pair(self) -> None:
        """Make edges through activities, from what they generated to what they used."""
        pairs = sum(len(made) * len(self._used[a]) for a, made in self._generated.items())
        if pairs > MAX_PAIRS:
            raise InputError(
                f"pairing what activities used and generated gives {pairs:,} edges, "
                f"over the limit of {MAX_PAIRS:,}",
                hint="state what each entity was derived from with `wasDerivedFrom`",
            )
        stated = {(edge["child"], edge["parent"]) for edge in self._edges}
        explained = {edge["child"] for edge in self._edges if edge["relation"] == DERIVED}
        for activity, made in self._generated.items():
            for child in made:
                kind = CONTEXT if child in explained else DERIVED
                self._edges.extend(
                    {"child": child, "parent": parent, "relation": kind, "activity": activity}
                    for parent in self._used[activity]
                    if (child, parent) not in stated
                )

    def _keep(self, row: dict[str, Any], statements: dict[str, Any]) -> None:
        kept = self._beyond_columns[id(row)]
        for name, values in statements.items():
            known = kept.setdefault(name, [])
            known.extend(value for value in values if value not in known)

    def _write_beyond_columns(self, row: dict[str, Any], column: str) -> None:
        beyond = self._beyond_columns[id(row)]
        if not beyond:
            return
        ours = row.get(column)
        row[column] = sorted_json((_members(ours) if ours is not None else {}) | beyond)


def _is_context(record: ProvRelation) -> bool:
    """Whether this tool wrote the influence, as a context edge."""
    return any(
        name.namespace.uri == TERMS and name.localpart == "relation" and value == CONTEXT
        for name, value in record.extra_attributes
    )


def _members(text: str) -> dict[str, Any]:
    """Read JSON of this tool to which another tool added; what is not an object is kept as text."""
    try:
        value = read_document(text)
    except ValueError:
        value = text
    return value if isinstance(value, dict) else {"said": value}


def _title(record: ProvElement) -> str:
    label = next(iter(sorted(map(_words, record.get_attribute(PROV_LABEL)))), None)
    return str(record.identifier) if label is None else label


def _words(label: Any) -> str:
    return label.value if isinstance(label, Literal) else str(label)
