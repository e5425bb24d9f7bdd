"""Define edges of the lineage graph and activities."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from provenance.model.base import Contract
from provenance.model.origin import Process

Relation = Literal["derived", "context"]
NodeKind = Literal["record", "source", "release", "model", "entity"]
ActivityKind = Literal["ingest", "generate", "transform", "train", "review", "assemble", "revoke"]

EDGE_PROCESSES = frozenset(process.value for process in Process) | {"assemble", "train"}
"""Processes of edges: those of texts, ``assemble`` for releases, and ``train`` for models."""


class Edge(Contract):
    """Child to parent; ``derived``: the content was made from it, ``context``: it was at hand."""

    child: str
    parent: str
    parent_kind: NodeKind = "record"
    relation: Relation = "derived"
    process: Process | None = None
    activity: str | None = None


class Activity(Contract):
    """Something that happened, once, by one agent."""

    activity: str
    kind: ActivityKind
    name: str | None = None
    agent: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    detail: dict[str, str] = Field(default_factory=dict, description="Parameters, versions, …")
