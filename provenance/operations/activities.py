"""Record what a pipeline did: an activity, and the records that it made from others."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from provenance.content.identity import canonical_json, digest, record_id
from provenance.errors import MisuseError
from provenance.model.base import Contract
from provenance.model.edge import Activity, ActivityKind, NodeKind, Relation
from provenance.model.origin import Process
from provenance.operations.after_commit import settle
from provenance.operations.ingest.parent_edges import parse_reference
from provenance.store.data_files import Part
from provenance.store.ledger_store import Store

_FLUSHED = 50_000
"""Edges after which they are written out: memory is bounded by this."""

Content = str | bytes | Mapping[str, Any]
"""A record as a pipeline holds it: text, the bytes of a binary record, or the content fields."""


class ExternalId(Contract):
    """A record by the id that its source gave it."""

    source: str
    id: str = Field(min_length=1)


End = Content | ExternalId
"""A child or a parent: its content, its written id (``sha256:…``, ``model:…``), or its own id."""


def new_activity(
    name: str, *, kind: ActivityKind, agent: str | None, detail: dict[str, str]
) -> Activity:
    """An activity that starts now, with an id of its own."""
    return Activity(
        activity=f"{name}-{uuid.uuid4().hex[:12]}",
        kind=kind,
        name=name,
        agent=agent,
        started_at=datetime.now(UTC),
        detail=detail,
    )


def add_activity(store: Store, activity: Activity) -> str:
    """Record something that happened; edges of other tools may name it by its id.

    Raises:
        MisuseError: it ended before it began.
    """
    if activity.started_at and activity.ended_at and activity.ended_at < activity.started_at:
        raise MisuseError(f"activity `{activity.activity}` ends before it starts")
    key = f"activity:{activity.activity}:{digest(activity.canonical()).hex()[:16]}"
    store.record("activity", key, {"activities": [_row(activity)]})
    return activity.activity


def list_activities(store: Store) -> list[Activity]:
    """Every activity, in the order in which they were recorded."""
    names = tuple(name for name in Activity.model_fields if name != "detail")
    with store.snapshot(threads=1) as connection:
        rows = connection.execute(
            f"SELECT {', '.join(names)}, detail FROM activities ORDER BY seq, activity"
        ).fetchall()
    return [
        Activity.model_validate(
            {**dict(zip(names, row, strict=False)), "detail": json.loads(row[-1] or "{}")}
        )
        for row in rows
    ]


def _row(activity: Activity) -> dict[str, object]:
    detail = json.dumps(activity.detail, sort_keys=True) if activity.detail else None
    return {**activity.model_dump(exclude={"detail"}), "detail": detail}


class Recording:
    """The edges of a running activity; nothing of it is in the ledger before it ends well."""

    def __init__(
        self, store: Store, activity: str, process: Process | None, model: str | None
    ) -> None:
        self.activity = activity
        self.edges = 0
        self._store = store
        self._commit_id = uuid.uuid4()
        self._writer = store.part("edges", self._commit_id)
        self._process = process
        self._model = model
        self._held: list[dict[str, object]] = []

    def derive(
        self, child: End, parents: End | Sequence[End], *, relation: Relation = "derived"
    ) -> None:
        """Say that ``child`` was made from ``parents``; with ``context``, that they were at hand.

        Where the activity has a model, the child comes of it as well. Ends may be named before
        they are ingested.

        Raises:
            MisuseError: there is neither a parent nor a model.
        """
        single = isinstance(parents, str | bytes | Mapping | ExternalId)
        listed: list[End] = [parents] if single else list(parents)  # type: ignore[arg-type, list-item]
        if not listed and self._model is None:
            raise MisuseError("a child has parents, or its activity has a model")
        named = _end(child, "child")
        for parent in listed:
            self._add(named | _end(parent, "parent"), relation)
        if self._model is not None:
            self._add(named | _end(f"model:{self._model}", "parent"), "derived")

    def _add(self, ends: dict[str, object], relation: Relation) -> None:
        self._held.append(
            {
                **ends,
                "relation": relation,
                "process": self._process,
                "activity": self.activity,
            }
        )
        self.edges += 1
        if len(self._held) >= _FLUSHED:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_rows(self._held)
            self._held = []

    def finish(self) -> tuple[uuid.UUID, Part | None]:
        """Close the part of the edges."""
        self._flush()
        return self._commit_id, self._writer.finish()

    def discard(self) -> None:
        """Leave nothing behind."""
        self._writer.discard()


@contextmanager
def record_activity(store: Store, activity: Activity, model: str | None) -> Iterator[Recording]:
    """Record an activity and its edges when the block ends; nothing when it fails."""
    process = Process(activity.name) if activity.name in set(Process) else None
    recording = Recording(store, activity.activity, process, model)
    try:
        yield recording
        commit_id, edges = recording.finish()
    except BaseException:
        recording.discard()
        raise
    ended = activity.model_copy(update={"ended_at": activity.ended_at or datetime.now(UTC)})
    head = store.rows("activities", commit_id, [_row(ended)])
    store.commit("activity", f"activity:{commit_id}", [edges, head], commit_id)
    settle(store)


def _end(end: End, role: str) -> dict[str, object]:
    """An end of an edge as columns of the table."""
    kind: NodeKind = "record"
    found: uuid.UUID | None = None
    reference: str | None = None
    source: str | None = None
    if isinstance(end, ExternalId):
        reference, source = end.id, end.source
    elif isinstance(end, Mapping):
        found = record_id(digest(canonical_json(end)))
    elif isinstance(end, bytes):
        found = record_id(digest(end))
    else:
        kind, raw = parse_reference(end)
        reference = end if raw else None
        found = uuid.UUID(bytes=raw) if raw else record_id(digest(end.encode()))
    columns: dict[str, object] = {
        role: found,
        f"{role}_ref": reference,
        f"{role}_source": source,
    }
    return columns | {"parent_kind": kind} if role == "parent" else columns
