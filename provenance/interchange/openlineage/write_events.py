"""Write a lineage graph as OpenLineage events: one run for each activity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pyarrow as pa
import pyarrow.compute as pc

from provenance.interchange.graph import CONTEXT, Graph, rows

SPEC = "https://openlineage.io/spec"
EVENT_SCHEMA = f"{SPEC}/2-0-2/OpenLineage.json#/$defs"
LINEAGE_SCHEMA = f"{SPEC}/facets/1-0-0/LineageFacet.json#/$defs/LineageDatasetFacet"

PRODUCER = "urn:prov-ledger"
ORIGIN_FACET, ORIGIN_SCHEMA = "prov_origin", "urn:prov-ledger:schema:openlineage-origin:1"
ACTIVITY_FACET, ACTIVITY_SCHEMA = "prov_activity", "urn:prov-ledger:schema:openlineage-activity:1"

RUNS = UUID("5f0c2d3e-8f6c-5a7b-9d55-0f3a1f4f7c11")
"""Namespace of the version 5 UUID that an activity's id becomes, its run id."""

DIRECT, INDIRECT = "DIRECT", "INDIRECT"
"""Transformation types of derived edges, and of context edges."""

Edges = dict[str, list[dict[str, Any]]]
"""The edges of each child, in the order of the table."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Values of events that a lineage graph does not hold.

    Attributes:
        job_namespace: namespace of the jobs; a job has its activity's name, else its kind.
        dataset_namespace: namespace of the datasets; a dataset's name is its node id.
        at: the time of events that have none of their own, such as the moment of the export.
    """

    job_namespace: str
    dataset_namespace: str
    at: datetime


def to_openlineage(graph: Graph, setting: Setting) -> Iterator[dict[str, Any]]:
    """Yield the events of every activity, START then COMPLETE, in the order of the activities.

    COMPLETE names the parents of each output in the lineage facet. Edges without an activity, and
    nodes without an edge, become dataset events: no run of them is known.
    """
    return _EventWriter(graph, setting).events()


class _EventWriter:
    def __init__(self, graph: Graph, setting: Setting) -> None:
        self._graph = graph
        self._setting = setting
        self._rows = {node: row for row, node in enumerate(graph.nodes["id"].to_pylist())}
        self._models = {row.pop("model"): _known(row) for row in graph.models.to_pylist()}
        self._edges = graph.edges.sort_by("activity")
        self._slices = dict(_runs_of_equals(self._edges["activity"]))

    def events(self) -> Iterator[dict[str, Any]]:
        for activity in rows(self._graph.activities):
            yield from self._run(activity, self._made_by(activity["activity"]))
        # An edge may name an activity of which nothing else is known.
        unknown = self._slices.keys() - set(self._graph.activities["activity"].to_pylist())
        for name in sorted(unknown - {None}, key=str):
            yield from self._run({"activity": name}, self._made_by(name))
        yield from self._static()

    def _made_by(self, activity: str | None) -> Edges:
        start, length = self._slices.get(activity, (0, 0))
        children: Edges = {}
        for edge in rows(self._edges.slice(start, length)):
            children.setdefault(edge["child"], []).append(edge)
        return children

    def _run(self, activity: dict[str, Any], children: Edges) -> Iterator[dict[str, Any]]:
        parents = dict.fromkeys(e["parent"] for edges in children.values() for e in edges)
        started = activity.get("started_at") or activity.get("ended_at") or self._setting.at
        yield self._run_event("START", started, activity) | {
            "inputs": [self._name(parent) for parent in parents],
            "outputs": [self._name(child) for child in children],
        }
        yield self._run_event("COMPLETE", activity.get("ended_at") or started, activity) | {
            "inputs": [self._dataset(node, facets) for node, facets in self._origins(parents)],
            "outputs": [
                self._dataset(node, facets | self._lineage(children[node]))
                for node, facets in self._origins(children)
            ],
        }

    def _run_event(self, kind: str, time: datetime, activity: dict[str, Any]) -> dict[str, Any]:
        name = activity.get("name") or activity.get("kind") or activity["activity"]
        facet = _facet(ACTIVITY_SCHEMA, _known(activity))
        return {
            "eventType": kind,
            "eventTime": _instant(time),
            "run": {"runId": run_id(activity["activity"]), "facets": {ACTIVITY_FACET: facet}},
            "job": {"namespace": self._setting.job_namespace, "name": name},
            "producer": PRODUCER,
            "schemaURL": f"{EVENT_SCHEMA}/RunEvent",
        }

    def _static(self) -> Iterator[dict[str, Any]]:
        children = self._made_by(None)
        for node, facets in self._origins(children):
            yield self._dataset_event(node, facets | self._lineage(children[node]))
        # A node that is only the parent of such an edge needs an event of its own.
        edges = self._edges
        run = edges.filter(pc.is_valid(edges["activity"]))
        in_runs = _together(edges["child"], run["parent"])
        everything = _together(self._graph.nodes["id"], edges["parent"])
        for node, facets in self._origins(
            everything.filter(pc.invert(pc.is_in(everything, in_runs))).to_pylist()
        ):
            yield self._dataset_event(node, facets)

    def _dataset_event(self, node: str, facets: dict[str, Any]) -> dict[str, Any]:
        return {
            "eventTime": _instant(self._setting.at),
            "dataset": self._dataset(node, facets),
            "producer": PRODUCER,
            "schemaURL": f"{EVENT_SCHEMA}/DatasetEvent",
        }

    def _name(self, node: str) -> dict[str, Any]:
        return {"namespace": self._setting.dataset_namespace, "name": node}

    def _dataset(self, node: str, facets: dict[str, Any]) -> dict[str, Any]:
        return self._name(node) | {"facets": facets}

    def _origins(self, nodes: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each node with the facet of its columns; at least its id."""
        with_rows = [node for node in nodes if node in self._rows]
        taken = self._graph.nodes.take(pa.array([self._rows[n] for n in with_rows], pa.int64()))
        known_rows = {row["id"]: _known(row) for row in rows(taken)}
        for node in nodes:
            facet = _facet(ORIGIN_SCHEMA, known_rows.get(node, {"id": node}))
            if node in self._models:
                facet["model"] = self._models[node]
            yield node, {ORIGIN_FACET: facet}

    def _lineage(self, edges: list[dict[str, Any]]) -> dict[str, Any]:
        inputs = [self._input(edge) for edge in edges]
        return {"lineage": _facet(LINEAGE_SCHEMA, {"inputs": inputs})}

    def _input(self, edge: dict[str, Any]) -> dict[str, Any]:
        how = {"type": INDIRECT if edge["relation"] == CONTEXT else DIRECT}
        if edge["process"] is not None:
            how["subtype"] = edge["process"].upper()
        return self._name(edge["parent"]) | {"type": "DATASET", "transformations": [how]}


def run_id(activity: str) -> str:
    """Derive the run id of an activity; the same activity has the same run id everywhere."""
    return str(uuid5(RUNS, activity))


def _together(*columns: pa.ChunkedArray) -> pa.Array:
    """Collect the distinct values of several columns."""
    return pc.unique(
        pa.chunked_array([c for column in columns for c in column.chunks], pa.string())
    )


def _runs_of_equals(column: pa.ChunkedArray) -> Iterator[tuple[str | None, tuple[int, int]]]:
    """Yield each value of a sorted column with its first row and its number of rows."""
    encoded = pc.run_end_encode(column.combine_chunks())
    start = 0
    for value, end in zip(encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True):
        yield value, (start, end - start)
        start = end


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """Drop the nulls of a row, and write its times as JSON does."""
    return {
        name: _instant(value) if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None
    }


def _facet(schema: str, members: dict[str, Any]) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": schema} | members


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
