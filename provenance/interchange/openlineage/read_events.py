"""Read OpenLineage events of any tool as a lineage graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from provenance.content.display import visible
from provenance.content.json_reader import read_document
from provenance.content.json_writer import sorted_json
from provenance.errors import InputError
from provenance.interchange.graph import DERIVED, Graph
from provenance.interchange.openlineage.event import (
    Dataset,
    Event,
    FullName,
    Parents,
    RefusedError,
    instant,
    read_event,
)
from provenance.interchange.text import shorten

MAX_PAIRS = 1_000_000
"""Most edges that are made of the inputs and outputs of runs, over a whole file."""

_ENDS = frozenset({"COMPLETE", "FAIL", "ABORT"})


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Counts of a file of events; ``events`` counts all, refused ones included."""

    events: int
    refused: int
    by_type: Mapping[str, int]
    activities: int
    datasets: int


def from_openlineage(text: str) -> tuple[Graph, EventCounts, list[tuple[str, str]]]:
    """Read events as a graph; also count them, and list position and reason of each refused one.

    The text is one event, a list of events, or JSON lines. An event needs the run's id, and the
    namespace and name of the job and of every dataset. A time that cannot be read, such as a
    template's placeholder, is kept as text; a run id that is no UUID names a run of its job.

    Raises:
        InputError: the text holds no events in any of these shapes, or more edges than can be held.
    """
    reading = _EventReader()
    refused = []
    for position, value in _events(text):
        try:
            if isinstance(value, RefusedError):
                raise value
            reading.take(read_event(value))
        except RefusedError as error:
            refused.append((position, str(error)))
    return reading.graph(), reading.counts(len(refused)), refused


def _events(text: str) -> Iterator[tuple[str, Any]]:
    """Yield every event with its position; a line that is not JSON is a refused event."""
    if not text.strip():
        raise InputError("no events: the text is empty")
    try:
        value = read_document(text)
    except ValueError as error:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        parsed = [(f"line {n}", _parse(line)) for n, line in lines]
        if not any(isinstance(value, dict) for _, value in parsed):
            raise InputError(
                f"no events: neither JSON nor JSON lines: {shorten(visible(str(error)), 200)}",
                hint="a file is one event, a list of events, or one event a line",
            ) from error
        yield from parsed
        return
    if isinstance(value, list):
        yield from ((f"event {n}", event) for n, event in enumerate(value, 1))
    else:
        yield "event 1", value


def _parse(line: str) -> Any:
    try:
        return read_document(line)
    except ValueError as error:
        return RefusedError(f"not JSON: {error}")


@dataclass(slots=True)
class _Activity:
    """A run, or a job described without one, merged from all of its events."""

    row: dict[str, Any]
    ours: bool = False
    detail: dict[str, Any] = field(default_factory=dict)
    inputs: dict[FullName, None] = field(default_factory=dict)
    outputs: dict[FullName, None] = field(default_factory=dict)
    stated: dict[FullName, Parents] = field(default_factory=dict)


@dataclass(slots=True)
class _Node:
    """A dataset, merged from all events that name it; the last value of each facet wins."""

    ours: dict[str, Any] = field(default_factory=dict)
    facets: dict[str, Any] = field(default_factory=dict)


class _EventReader:
    def __init__(self) -> None:
        self._nodes: dict[FullName, _Node] = {}
        self._models: dict[str, dict[str, Any]] = {}
        self._activities: dict[str, _Activity] = {}
        # Parents of datasets that are stated outside any run.
        self._stated: dict[FullName, Parents] = {}
        self._columns: dict[FullName, dict[FullName, None]] = {}
        self._types: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """Merge one event into the runs and datasets read so far."""
        self._types[event.type] += 1
        activity = self._activity(event)
        stated = self._stated if activity is None else activity.stated
        for dataset in (*event.inputs, *event.outputs):
            self._dataset(dataset)
        for dataset in event.outputs:
            if dataset.stated is not None:
                stated[dataset.full_name] = dataset.stated
            self._columns.setdefault(dataset.full_name, {}).update(dict.fromkeys(dataset.columns))
        stated.update(event.stated)
        if activity is not None:
            activity.inputs.update((dataset.full_name, None) for dataset in event.inputs)
            activity.outputs.update((dataset.full_name, None) for dataset in event.outputs)

    def _activity(self, event: Event) -> _Activity | None:
        if event.activity is None:
            return None
        name = event.activity
        activity = self._activities.setdefault(
            name, _Activity({"activity": name, "name": event.job})
        )
        if event.ours:
            activity.ours = True
            activity.row = dict(event.ours)
            return activity
        time = instant(event.time)
        if time is not None and event.type == "START":
            activity.row.setdefault("started_at", time)
        elif time is not None and event.type in _ENDS:
            activity.row["ended_at"] = time
        for part, stated in event.detail.items():
            known = activity.detail.setdefault(part, {})
            facets = known.get("facets", {}) | stated.get("facets", {})
            known.update(stated | ({"facets": facets} if facets else {}))
        activity.detail.setdefault("events", []).append({"type": event.type, "time": event.time})
        return activity

    def _dataset(self, dataset: Dataset) -> None:
        node = self._nodes.setdefault(dataset.full_name, _Node())
        node.ours.update(dataset.ours)
        node.facets.update(dataset.facets)
        if dataset.model:
            self._models[dataset.model["model"]] = dataset.model

    def counts(self, refused: int) -> EventCounts:
        """Count what was read and what was refused."""
        return EventCounts(
            events=self._types.total() + refused,
            refused=refused,
            by_type=dict(sorted(self._types.items())),
            activities=len(self._activities),
            datasets=len(self._nodes),
        )

    def graph(self) -> Graph:
        """Make the graph of everything read."""
        nodes = [row for full_name in self._nodes if (row := self._row(full_name)) is not None]
        activities = [
            a.row if a.ours else a.row | {"detail": sorted_json(a.detail)}
            for a in self._activities.values()
        ]
        return Graph.of_rows(
            _distinct(nodes), list(self._edges()), activities, list(self._models.values())
        )

    def _row(self, full_name: FullName) -> dict[str, Any] | None:
        node = self._nodes[full_name]
        if node.ours.keys() == {"id"} and not node.facets:
            # This tool wrote only its id: it is the end of an edge and has no row.
            return None
        if node.ours and not node.facets:
            return node.ours
        stated = {"namespace": full_name[0], "name": full_name[1], "facets": node.facets}
        if node.ours:
            both = {"said": node.ours.get("attributes"), "openlineage": stated}
            return node.ours | {"attributes": sorted_json(both)}
        return {
            "id": self._id(full_name),
            "kind": "dataset",
            "external_id": full_name[1],
            "attributes": sorted_json(stated),
        }

    def _id(self, full_name: FullName) -> str:
        node = self._nodes.get(full_name)
        if node is not None and node.ours:
            return str(node.ours["id"])
        return "dataset:" + "/".join(quote(part, safe="") for part in full_name)

    def _edges(self) -> Iterator[dict[str, Any]]:
        self._refuse_too_many()
        for name, activity in self._activities.items():
            for child in {**activity.outputs, **activity.stated}:
                yield from self._parents(child, self._parents_of(child, activity), name)
        for child, parents in self._stated.items():
            yield from self._parents(child, parents, None)

    def _parents_of(self, child: FullName, activity: _Activity) -> Parents:
        """List the parents that a facet states; without one, all inputs of the run."""
        if child in activity.stated:
            return activity.stated[child]
        return dict.fromkeys({**activity.inputs, **self._columns.get(child, {})}, (DERIVED, None))

    def _parents(
        self, child: FullName, parents: Parents, activity: str | None
    ) -> Iterator[dict[str, Any]]:
        for parent, (relation, process) in parents.items():
            yield {
                "child": self._id(child),
                "parent": self._id(parent),
                "relation": relation,
                "process": process,
                "activity": activity,
            }

    def _refuse_too_many(self) -> None:
        pairs = sum(
            len(a.inputs) * len(a.outputs.keys() - a.stated.keys())
            for a in self._activities.values()
        )
        if pairs > MAX_PAIRS:
            raise InputError(
                f"pairing the inputs and outputs of runs gives {pairs:,} edges, "
                f"over the limit of {MAX_PAIRS:,}",
                hint="name the inputs of each output with the lineage facet",
            )


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep one row for each id: two datasets may carry the same node id."""
    return list({row["id"]: row for row in rows}.values())
