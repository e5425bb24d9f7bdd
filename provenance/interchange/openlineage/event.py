"""Read one OpenLineage event, and check the members that lineage is made of."""

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

FullName = tuple[str, str]
"""Namespace and name, which together identify a dataset or a job."""

Parents = dict[FullName, tuple[str, str | None]]
"""Each parent that a facet states, with the relation and the process."""


class RefusedError(ValueError):
    """An event that cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as one event describes it.

    Attributes:
        ours: the columns of its node, where this tool wrote the event.
        model: the columns of its model, where this tool wrote the event.
        facets: facets that other tools wrote.
        stated: its parents by the lineage facet, which then names all of them; else ``None``.
        columns: datasets that its columns were computed from, by the column lineage facet.
    """

    full_name: FullName
    ours: dict[str, Any]
    model: dict[str, Any]
    facets: dict[str, Any]
    stated: Parents | None
    columns: tuple[FullName, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``activity`` is ``None`` in an event about a dataset, where nothing ran.

    Attributes:
        type: ``START``, ``COMPLETE`` and so on; ``JOB`` and ``DATASET`` for events without a run.
        ours: the columns of the activity, where this tool wrote the event.
        detail: job and run as the event has them, for the column ``detail`` of the activity.
        stated: parents of datasets that the job's own lineage facet states.
    """

    type: str
    activity: str | None
    job: str | None
    time: str | None
    ours: dict[str, Any]
    detail: dict[str, Any]
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]
    stated: dict[FullName, Parents]


def read_event(value: Any) -> Event:
    """Read an event from its JSON value.

    Raises:
        RefusedError: a member that lineage is made of is missing or of the wrong type.
    """
    event = _object(value, "the event")
    ran = "run" in event
    if not ran and "job" not in event and "dataset" in event:
        return _dataset_event(event)
    kind = _text(event.get("eventType", "OTHER" if ran else "JOB"), "eventType")
    if not ran and "eventType" in event:
        raise RefusedError(f"the event is a {_short(kind)} and has no run")
    job, run = _object(event.get("job"), "job"), _object(event.get("run", {}), "run")
    full_name, job_facets, run_facets = (
        _full_name(job, "job"),
        _facets(job, "job"),
        _facets(run, "run"),
    )
    ours = _columns(run_facets.pop(ACTIVITY_FACET, {}), ACTIVITIES, "activity")
    return Event(
        type=kind,
        activity=ours.get("activity") or _activity(full_name, run, ran),
        job=full_name[1],
        time=_time(event),
        ours=ours,
        detail={
            "job": {"namespace": full_name[0], "name": full_name[1]} | _given(facets=job_facets),
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
        detail={},
        inputs=(),
        outputs=(_dataset(event["dataset"], "dataset"),),
        stated={},
    )


def _activity(job: FullName, run: dict[str, Any], ran: bool) -> str:
    """Give the activity its id: that of the run where it is a UUID, else one within its job.

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
    full_name = _full_name(dataset, where)
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
        full_name=full_name,
        ours=ours,
        model=model if "model" in origin else {},
        facets=facets,
        stated=None if lineage is None else _stated(lineage),
        columns=tuple(_column_lineage(facets.get("columnLineage"))),
    )


def _stated(lineage: Any) -> Parents:
    """Read the parents that a lineage facet names, for the dataset as a whole or for its fields."""
    facet = _object(lineage, "lineage")
    listed = list(_list(facet.get("inputs"), "lineage inputs"))
    for field in _object(facet.get("fields", {}), "lineage fields").values():
        listed.extend(_list(_object(field, "lineage field").get("inputs"), "lineage inputs"))
    parents: Parents = {}
    for value in listed:
        source = _object(value, "lineage input")
        if source.get("type") == "JOB":
            continue
        full_name = _full_name(source, "lineage input")
        transformations = [
            _object(transformation, "transformation")
            for transformation in _list(source.get("transformations"), "transformations")
        ]
        relation, process = _how(transformations)
        if parents.get(full_name, (CONTEXT, None))[0] == CONTEXT:
            parents[full_name] = relation, process
    return parents


def _how(transformations: list[dict[str, Any]]) -> tuple[str, str | None]:
    """Read relation and process; all transformations indirect, such as a filter, mean context."""
    indirect = bool(transformations) and all(
        transformation.get("type") == INDIRECT for transformation in transformations
    )
    named = [str(transformation.get("subtype", "")).lower() for transformation in transformations]
    process = next((name for name in named if name in EDGE_PROCESSES), None)
    return (CONTEXT if indirect else DERIVED), process


def _job_lineage(facets: dict[str, Any]) -> Iterator[tuple[FullName, Parents]]:
    entries = _object(facets.get("lineage", {}), "lineage").get("entries")
    for value in _list(entries, "lineage entries"):
        entry = _object(value, "lineage entry")
        if entry.get("type") == "DATASET":
            yield _full_name(entry, "lineage entry"), _stated(entry)


def _column_lineage(facet: Any) -> Iterator[FullName]:
    content = _object(facet, "columnLineage") if facet is not None else {}
    listed = list(_list(content.get("dataset"), "columnLineage dataset"))
    for field in _object(content.get("fields", {}), "columnLineage fields").values():
        inputs = _object(field, "columnLineage field").get("inputFields")
        listed.extend(_list(inputs, "columnLineage inputFields"))
    for value in listed:
        yield _full_name(_object(value, "columnLineage input"), "columnLineage input")


def _columns(facet: Any, schema: pa.Schema, key: str) -> dict[str, Any]:
    """Read the columns of a facet that this tool wrote; none where it does not name its subject."""
    content = _object(facet, "facet")
    columns = {name: content[name] for name in schema.names if content.get(name) is not None}
    for name in ("started_at", "ended_at"):
        if name in columns:
            columns[name] = instant(columns[name])
    wrong = misfit(columns, schema)
    if wrong is not None:
        raise RefusedError(wrong)
    return columns if key in columns else {}


def instant(text: Any) -> datetime | None:
    """Read a time with its zone; ``None`` for other values, such as a template's placeholder."""
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


def _full_name(value: dict[str, Any], where: str) -> FullName:
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
