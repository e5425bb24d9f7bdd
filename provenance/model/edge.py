"""Lineage: what was made from what, and by which activity."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from provenance.model.base import Contract
from provenance.model.origin import Process

Relation = Literal["derived", "context"]
NodeKind = Literal["record", "source", "release", "model"]


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
    kind: Literal["ingest", "generate", "transform", "train", "review", "assemble", "revoke"]
    name: str | None = None
    agent: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
