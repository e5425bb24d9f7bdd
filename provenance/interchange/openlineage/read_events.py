"""OpenLineage events of anybody's making as lineage."""

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
    Parents,
    Place,
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
    """What a file of events holds; ``events`` are all, and those that were refused among them."""

    events: int
    refused: int
    by_type: Mapping[str, int]
    activities: int
    datasets: int


def from_openlineage(text: str) -> tuple[Graph, EventCounts, list[tuple[str, str]]]:
    """The events as lineage, their number, and the place and reason of each that is refused.

    The text is one event, a list of events, or JSON lines. What lineage rests on is required: the
    run's id, and the namespace and name of the job and of every dataset. A time that is none, such
    as a template's placeholder, is kept as text; a run id that is no UUID names a run of its job.

    Raises:
        InputError: the text holds no events in any of these shapes, or more edges than can be held.
    """
    reading = _Import()
    refused = []
    for place, value in _events(text):
        try:
            if isinstance(value, RefusedError):
                raise value
            reading.take(read_event(value))
        except RefusedError as error:
            refused.append((place, str(error)))
    return reading.graph(), reading.counts(len(refused)), refused


def _events(text: str) -> Iterator[tuple[str, Any]]:
    """Every event with its place; in JSON lines, a line that is no JSON is one that is refused."""
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
    """A run, or a job described without one: what all of its events say together."""

    row: dict[str, Any]
    ours: bool = False
    said: dict[str, Any] = field(default_factory=dict)
    inputs: dict[Place, None] = field(default_factory=dict)
    outputs: dict[Place, None] = field(default_factory=dict)
    stated: dict[Place, Parents] = field(default_factory=dict)


@dataclass(slots=True)
class _Node:
    """A dataset: what all the events that name it say together, the latest word on each facet."""

    ours: dict[str, Any] = field(default_factory=dict)
    facets: dict[str, Any] = field(default_factory=dict)


class _Import:
    def __init__(self) -> None:
        self._nodes: dict[Place, _Node] = {}
        self._models: dict[str, dict[str, Any]] = {}
        self._activities: dict[str, _Activity] = {}
        # What is stated of datasets without anything having run.
        self._stated: dict[Place, Parents] = {}
        self._columns: dict[Place, dict[Place, None]] = {}
        self._types: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """One event; what several events say of the same run and dataset adds up."""
        self._types[event.type] += 1
        activity = self._activity(event)
        stated = self._stated if activity is None else activity.stated
        for dataset in (*event.inputs, *event.outputs):
            self._dataset(dataset)
        for dataset in event.outputs:
            if dataset.stated is not None:
                stated[dataset.place] = dataset.stated
            self._columns.setdefault(dataset.place, {}).update(dict.fromkeys(dataset.columns))
        stated.update(event.stated)
        if activity is not None:
            activity.inputs.update((dataset.place, None) for dataset in event.inputs)
            activity.outputs.update((dataset.place, None) for dataset in event.outputs)

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
        for part, said in event.said.items():
            held = activity.said.setdefault(part, {})
            facets = held.get("facets", {}) | said.get("facets", {})
            held.update(said | ({"facets": facets} if facets else {}))
        activity.said.setdefault("events", []).append({"type": event.type, "time": event.time})
        return activity

    def _dataset(self, dataset: Dataset) -> None:
        node = self._nodes.setdefault(dataset.place, _Node())
        node.ours.update(dataset.ours)
        node.facets.update(dataset.facets)
        if dataset.model:
            self._models[dataset.model["model"]] = dataset.model

    def counts(self, refused: int) -> EventCounts:
        """What was taken, and what was not."""
        return EventCounts(
            events=self._types.total() + refused,
            refused=refused,
            by_type=dict(sorted(self._types.items())),
            activities=len(self._activities),
            datasets=len(self._nodes),
        )

    def graph(self) -> Graph:
        """Everything that was taken."""
        nodes = [row for place in self._nodes if (row := self._row(place)) is not None]
        activities = [
            a.row if a.ours else a.row | {"detail": sorted_json(a.said)}
            for a in self._activities.values()
        ]
        return Graph.of_rows(
            _distinct(nodes), list(self._edges()), activities, list(self._models.values())
        )

    def _row(self, place: Place) -> dict[str, Any] | None:
        node = self._nodes[place]
        if node.ours.keys() == {"id"} and not node.facets:
            # We named it and knew nothing of it: the end of an edge, and no more than that.
            return None
        if node.ours and not node.facets:
            return node.ours
        said = {"namespace": place[0], "name": place[1], "facets": node.facets}
        if node.ours:
            both = {"said": node.ours.get("attributes"), "openlineage": said}
            return node.ours | {"attributes": sorted_json(both)}
        return {
            "id": self._id(place),
            "kind": "dataset",
            "external_id": place[1],
            "attributes": sorted_json(said),
        }

    def _id(self, place: Place) -> str:
        node = self._nodes.get(place)
        if node is not None and node.ours:
            return str(node.ours["id"])
        return "dataset:" + "/".join(quote(part, safe="") for part in place)

    def _edges(self) -> Iterator[dict[str, Any]]:
        self._refuse_too_many()
        for name, activity in self._activities.items():
            for child in {**activity.outputs, **activity.stated}:
                yield from self._parents(child, self._parents_of(child, activity), name)
        for child, parents in self._stated.items():
            yield from self._parents(child, parents, None)

    def _parents_of(self, child: Place, activity: _Activity) -> Parents:
        """The parents that a facet states; without one, all that the run read."""
        if child in activity.stated:
            return activity.stated[child]
        return dict.fromkeys({**activity.inputs, **self._columns.get(child, {})}, (DERIVED, None))

    def _parents(
        self, child: Place, parents: Parents, activity: str | None
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
                f"the inputs and outputs of runs make {pairs:,} edges, "
                f"and at most {MAX_PAIRS:,} are made",
                hint="state what each output came of, with the lineage facet",
            )


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each id: two datasets may claim to be the same node of ours."""
    return list({row["id"]: row for row in rows}.values())
