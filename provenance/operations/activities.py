"""Record pipeline activities, and the edges between the records that they made and used."""

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
from provenance.lineage.references import parse_reference
from provenance.model.base import Contract
from provenance.model.edge import Activity, ActivityKind, NodeKind, Relation
from provenance.model.origin import Process
from provenance.operations.after_commit import refresh_derived
from provenance.operations.coerce import build_options
from provenance.store.commits import Verb
from provenance.store.data_files import DataFile
from provenance.store.ledger_store import Store

_BUFFERED_EDGES = 50_000
"""Edges that are buffered before they are written."""

Content = str | bytes | Mapping[str, Any]
"""Content of a record: text, bytes of a binary record, or a mapping of content fields."""


class ExternalId(Contract):
    """A record, by its own id in a source."""

    source: str
    id: str = Field(min_length=1)


Endpoint = Content | ExternalId
"""An edge endpoint: content, id as text (``sha256:…``, ``model:…``), or own id in a source."""


def new_activity(
    name: str, *, kind: ActivityKind, agent: str | None, detail: dict[str, str]
) -> Activity:
    """Create an activity that starts now, with a new id.

    Raises:
        MisuseError: a value is refused.
    """
    members = {
        "activity": f"{name}-{uuid.uuid4().hex[:12]}",
        "kind": kind,
        "name": name,
        "agent": agent,
        "started_at": datetime.now(UTC),
        "detail": detail,
    }
    return build_options(Activity, None, members, "activity")


def add_activity(store: Store, activity: Activity) -> str:
    """Record an activity and return its id, which imported edges may name.

    Raises:
        MisuseError: it ends before it starts.
    """
    if activity.started_at and activity.ended_at and activity.ended_at < activity.started_at:
        raise MisuseError(f"activity `{activity.activity}` ends before it starts")
    key = f"activity:{activity.activity}:{digest(activity.canonical()).hex()[:16]}"
    store.record(Verb.ACTIVITY, key, {"activities": [_row(activity)]})
    return activity.activity


def list_activities(store: Store) -> list[Activity]:
    """List all activities in the order of recording."""
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
    """The edges of a running activity, which are committed when it ends without an error."""

    def __init__(
        self, store: Store, activity: str, process: Process | None, model: str | None
    ) -> None:
        self.activity = activity
        self.edges = 0
        self._store = store
        self._commit_id = uuid.uuid4()
        self._writer = store.data_file_writer("edges", self._commit_id)
        self._process = process
        self._model = model
        self._buffer: list[dict[str, object]] = []

    def derive(
        self,
        child: Endpoint,
        parents: Endpoint | Sequence[Endpoint],
        *,
        relation: Relation = "derived",
    ) -> None:
        """Record that ``child`` was derived from ``parents``, or made with them as ``context``.

        If the activity has a model, an edge to it is added. Endpoints need not be ingested yet.

        Raises:
            MisuseError: there is neither a parent nor a model.
        """
        single = isinstance(parents, str | bytes | Mapping | ExternalId)
        listed: list[Endpoint] = [parents] if single else list(parents)  # type: ignore[arg-type, list-item]
        if not listed and self._model is None:
            raise MisuseError("a child needs parents, or its activity a model")
        named = _endpoint_columns(child, "child")
        for parent in listed:
            self._add(named | _endpoint_columns(parent, "parent"), relation)
        if self._model is not None:
            self._add(named | _endpoint_columns(f"model:{self._model}", "parent"), "derived")

    def _add(self, endpoints: dict[str, object], relation: Relation) -> None:
        self._buffer.append(
            {
                **endpoints,
                "relation": relation,
                "process": self._process,
                "activity": self.activity,
            }
        )
        self.edges += 1
        if len(self._buffer) >= _BUFFERED_EDGES:
            self._flush()

    def _flush(self) -> None:
        if self._buffer:
            self._writer.write_rows(self._buffer)
            self._buffer = []

    def finish(self) -> tuple[uuid.UUID, DataFile | None]:
        """Finish the data file of the edges."""
        self._flush()
        return self._commit_id, self._writer.finish()

    def discard(self) -> None:
        """Delete the unfinished data file."""
        self._writer.discard()


@contextmanager
def record_activity(store: Store, activity: Activity, model: str | None) -> Iterator[Recording]:
    """Record an activity and its edges when the block ends; nothing if it raises."""
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
    store.commit(Verb.ACTIVITY, f"activity:{commit_id}", [edges, head], commit_id)
    refresh_derived(store)


def _endpoint_columns(endpoint: Endpoint, role: str) -> dict[str, object]:
    """Make the columns of the table ``edges`` for one endpoint."""
    kind: NodeKind = "record"
    found: uuid.UUID | None = None
    reference: str | None = None
    source: str | None = None
    if isinstance(endpoint, ExternalId):
        reference, source = endpoint.id, endpoint.source
    elif isinstance(endpoint, Mapping):
        found = record_id(digest(canonical_json(endpoint)))
    elif isinstance(endpoint, bytes):
        found = record_id(digest(endpoint))
    else:
        kind, raw = parse_reference(endpoint)
        reference = endpoint if raw else None
        found = uuid.UUID(bytes=raw) if raw else record_id(digest(endpoint.encode()))
    columns: dict[str, object] = {
        role: found,
        f"{role}_ref": reference,
        f"{role}_source": source,
    }
    return columns | {"parent_kind": kind} if role == "parent" else columns
