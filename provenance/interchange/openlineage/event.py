"""One OpenLineage event, checked for what lineage rests on, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pyarrow as pa

from provenance.content.display import visible
from provenance.interchange.graph import ACTIVITIES, CONTEXT, DERIVED, MODELS, NODES, misfit
from provenance.interchange.openlineage.write_events import ACTIVITY_FACET, INDIRECT, ORIGIN_FACET
from provenance.interchange.text import shorten
from provenance.model.edge import EDGE_PROCESSES

Place = tuple[str, str]
"""Namespace and name: what a dataset or a job is known by."""

Parents = dict[Place, tuple[str, str | None]]
"""Each parent that a facet states, with the relation and the process."""


class RefusedError(ValueError):
    """An event that cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as one event has it.

    Attributes:
        ours: the columns of its node, where we wrote the event.
        model: the columns of its model, in the same way.
        facets: everybody else's facets.
        stated: its parents, where the lineage facet states them: there are no others.
        columns: datasets that its columns were computed from, by the column lineage facet.
    """

    place: Place
    ours: dict[str, Any]
    model: dict[str, Any]
    facets: dict[str, Any]
    stated: Parents | None
    columns: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """An event; ``activity`` is ``None`` where nothing ran, in an event about a dataset.

    Attributes:
        type: ``START``, ``COMPLETE`` and so on; ``JOB`` and ``DATASET`` for events without a run.
        ours: the columns of the activity, where we wrote the event.
        said: job, run and event as they are written, for the detail of the activity.
        stated: parents of datasets that the job's own lineage facet states.
    """

    type: str
    activity: str | None
    job: str | None
    time: str | None
    ours: dict[str, Any]
    said: dict[str, Any]
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]
    stated: dict[Place, Parents]


def read_event(value: Any) -> Event:
    """An event from its JSON.

    Raises:
        RefusedError: something that lineage rests on is missing, or is not what it should be.
    """
    event = _object(value, "the event")
    ran = "run" in event
    if not ran and "job" not in event and "dataset" in event:
        return _dataset_event(event)
    kind = _text(event.get("eventType", "OTHER" if ran else "JOB"), "eventType")
    if not ran and "eventType" in event:
        raise RefusedError(f"the event is a {_short(kind)} and has no run")
    job, run = _object(event.get("job"), "job"), _object(event.get("run", {}), "run")
    place, job_facets, run_facets = _place(job, "job"), _facets(job, "job"), _facets(run, "run")
    ours = _columns(run_facets.pop(ACTIVITY_FACET, {}), ACTIVITIES, "activity")
    return Event(
        type=kind,
        activity=ours.get("activity") or _activity(place, run, ran),
        job=place[1],
        time=_time(event),
        ours=ours,
        said={
            "job": {"namespace": place[0], "name": place[1]} | _given(facets=job_facets),
            "run": _given(id=run.get("runId"), facets=run_facets),
        },
        inputs=tuple(_datasets(event, "inputs")),
        outputs=tuple(_datasets(event, "outputs")),
        stated=dict(_job_lineage(job_facets)),
    )


def _dataset_event(event: dict[str, Any]) -> Event:
    return Event(
        type="DATASET",
        activity=None,
        job=None,
        time=_time(event),
        ours={},
        said={},
        inputs=(),
        outputs=(_dataset(event["dataset"], "dataset"),),
        stated={},
    )


def _activity(job: Place, run: dict[str, Any], ran: bool) -> str:
    """The id of the activity: the run's own where it is a UUID, else one within its job.

    Templates write the same placeholder for every run, and runs of two jobs are never one.
    """
    within = "/".join(quote(part, safe="") for part in job)
    if not ran:
        return f"job:{within}"
    if "runId" not in run:
        raise RefusedError("the run has no runId")
    name = _text(run["runId"], "runId")
    try:
        return f"run:{UUID(name)}"
    except ValueError:
        return f"run:{within}/{quote(name, safe='')}"


def _datasets(event: dict[str, Any], side: str) -> Iterator[Dataset]:
    for number, value in enumerate(_list(event.get(side), side), 1):
        yield _dataset(value, f"{side}, dataset {number}")


def _dataset(value: Any, where: str) -> Dataset:
    dataset = _object(value, where)
    place = _place(dataset, where)
    facets = _facets(dataset, where)
    origin = _object(facets.pop(ORIGIN_FACET, {}), ORIGIN_FACET)
    ours = _columns(origin, NODES, "id")
    model = _columns(
        _object(origin.get("model", {}), "model") | _given(model=ours.get("id")), MODELS, "model"
    )
    lineage = facets.get("lineage")
    if ours:
        facets.pop("lineage", None)
    return Dataset(
        place=place,
        ours=ours,
        model=model if "model" in origin else {},
        facets=facets,
        stated=None if lineage is None else _stated(lineage),
        columns=tuple(_column_lineage(facets.get("columnLineage"))),
    )


def _stated(lineage: Any) -> Parents:
    """The parents that a lineage facet names, for the dataset as a whole or for its fields."""
    facet = _object(lineage, "lineage")
    listed = list(_list(facet.get("inputs"), "lineage inputs"))
    for field in _object(facet.get("fields", {}), "lineage fields").values():
        listed.extend(_list(_object(field, "lineage field").get("inputs"), "lineage inputs"))
    parents: Parents = {}
    for value in listed:
        source = _object(value, "lineage input")
        if source.get("type") == "JOB":
            continue
        place = _place(source, "lineage input")
        ways = [
            _object(way, "transformation")
            for way in _list(source.get("transformations"), "transformations")
        ]
        relation, process = _how(ways)
        if parents.get(place, (CONTEXT, None))[0] == CONTEXT:
            parents[place] = relation, process
    return parents


def _how(ways: list[dict[str, Any]]) -> tuple[str, str | None]:
    """Context where every transformation is indirect: a filter, a join, a sort."""
    indirect = bool(ways) and all(way.get("type") == INDIRECT for way in ways)
    named = [str(way.get("subtype", "")).lower() for way in ways]
    process = next((name for name in named if name in EDGE_PROCESSES), None)
    return (CONTEXT if indirect else DERIVED), process


def _job_lineage(facets: dict[str, Any]) -> Iterator[tuple[Place, Parents]]:
    entries = _object(facets.get("lineage", {}), "lineage").get("entries")
    for value in _list(entries, "lineage entries"):
        entry = _object(value, "lineage entry")
        if entry.get("type") == "DATASET":
            yield _place(entry, "lineage entry"), _stated(entry)


def _column_lineage(facet: Any) -> Iterator[Place]:
    said = _object(facet, "columnLineage") if facet is not None else {}
    listed = list(_list(said.get("dataset"), "columnLineage dataset"))
    for field in _object(said.get("fields", {}), "columnLineage fields").values():
        inputs = _object(field, "columnLineage field").get("inputFields")
        listed.extend(_list(inputs, "columnLineage inputFields"))
    for value in listed:
        yield _place(_object(value, "columnLineage input"), "columnLineage input")


def _columns(facet: Any, schema: pa.Schema, key: str) -> dict[str, Any]:
    """The columns that a facet of ours fills; nothing where it does not name its subject."""
    said = _object(facet, "facet")
    columns = {name: said[name] for name in schema.names if said.get(name) is not None}
    for name in ("started_at", "ended_at"):
        if name in columns:
            columns[name] = instant(columns[name])
    wrong = misfit(columns, schema)
    if wrong is not None:
        raise RefusedError(wrong)
    return columns if key in columns else {}


def instant(text: Any) -> datetime | None:
    """A time with its zone; ``None`` for text that is no instant, such as a placeholder."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
        return None if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _time(event: dict[str, Any]) -> str | None:
    time = event.get("eventTime")
    return time if isinstance(time, str) else None


def _place(value: dict[str, Any], where: str) -> Place:
    for key in ("namespace", "name"):
        if key not in value:
            raise RefusedError(f"{where} has no {key}")
    return _text(value["namespace"], f"{where}: namespace"), _text(value["name"], f"{where}: name")


def _facets(value: dict[str, Any], where: str) -> dict[str, Any]:
    return dict(_object(value.get("facets") or {}, f"{where}: facets"))


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RefusedError(f"{where} is {_short(value)}, not an object")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise RefusedError(f"{where} is {_short(value)}, not a list")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise RefusedError(f"{where} is {_short(value)}, not a text")
    return value


def _short(value: Any) -> str:
    return "missing" if value is None else shorten(visible(repr(value)), 60)


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, {})}
