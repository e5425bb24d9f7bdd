"""Defects of a PROV document that its syntax allows: what the library reads without a word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prov.constants import PROV_N_MAP
from prov.identifier import QualifiedName
from prov.model import (
    ProvActivity,
    ProvBundle,
    ProvDocument,
    ProvEntity,
    ProvGeneration,
    ProvInvalidation,
    ProvRecord,
    ProvRelation,
    ProvUsage,
)

from provenance.interchange.text import shorten
from provenance.model.finding import Finding, Severity
from provenance.visible import visible


def check_prov(document: ProvDocument) -> tuple[Finding, ...]:
    """References to nothing, times in the wrong order, and names used for two kinds of thing.

    Cycles are not looked for: they are a matter of the graph.
    """
    bundles: list[ProvBundle] = [document, *document.bundles]
    records = [record for bundle in bundles for record in bundle.records]
    return (
        *_dangling(records, {bundle.identifier for bundle in document.bundles}),
        *_incomplete(records),
        *_two_kinds(records),
        *_backwards(records),
        *_out_of_order(records),
    )


def _dangling(records: list[ProvRecord], bundles: set[Any]) -> Iterator[Finding]:
    declared = {r.identifier for r in records if r.identifier is not None} | bundles
    mentions: defaultdict[QualifiedName, list[str]] = defaultdict(list)
    for record in records:
        if isinstance(record, ProvRelation):
            for name, value in record.formal_attributes:
                if isinstance(value, QualifiedName) and value not in declared:
                    mentions[value].append(f"{PROV_N_MAP[record.get_type()]} ({name.localpart})")
    for name, places in mentions.items():
        more = f" and {len(places) - 1:,} more" if len(places) > 1 else ""
        yield _finding(
            "prov-dangling",
            "warning",
            name,
            f"named by {places[0]}{more}, and never declared",
            "Declare it, or take the edge as one whose end is not known.",
        )


def _incomplete(records: list[ProvRecord]) -> Iterator[Finding]:
    missing = [
        PROV_N_MAP[record.get_type()]
        for record in records
        if isinstance(record, ProvRelation)
        and all(value is None for _, value in record.formal_attributes[:2])
    ]
    if missing:
        yield Finding(
            code="prov-incomplete",
            severity="warning",
            subject="document",
            reason=f"{len(missing):,} relations name neither end, first a {missing[0]}",
            remedy="They are counted and add nothing to the lineage; name what they relate.",
        )


def _two_kinds(records: list[ProvRecord]) -> Iterator[Finding]:
    entities = {r.identifier for r in records if isinstance(r, ProvEntity)}
    activities = {r.identifier: None for r in records if isinstance(r, ProvActivity)}
    for name in activities:
        if name in entities:
            yield _finding(
                "prov-kind",
                "error",
                name,
                "declared as an entity and as an activity, which nothing can be",
                "Give the two things two names.",
            )


def _backwards(records: list[ProvRecord]) -> Iterator[Finding]:
    for record in records:
        if isinstance(record, ProvActivity) and _before(
            record.get_endTime(), record.get_startTime()
        ):
            yield _finding(
                "prov-time",
                "error",
                record.identifier,
                f"ended at {record.get_endTime()}, before it started at {record.get_startTime()}",
                "Correct the times.",
            )


def _out_of_order(records: list[ProvRecord]) -> Iterator[Finding]:
    """Use before generation, and use after invalidation."""
    made: dict[QualifiedName, datetime] = {}
    ended: dict[QualifiedName, datetime] = {}
    for record in records:
        if isinstance(record, ProvGeneration | ProvInvalidation):
            (_, entity), _, (_, time) = record.formal_attributes[:3]
            if entity is not None and time is not None:
                (made if isinstance(record, ProvGeneration) else ended).setdefault(entity, time)
    for record in records:
        if not isinstance(record, ProvUsage):
            continue
        _, (_, entity), (_, time) = record.formal_attributes[:3]
        if _before(time, made.get(entity)):
            reason = f"used at {time}, before it was generated at {made[entity]}"
        elif _before(ended.get(entity), time):
            reason = f"used at {time}, after it was invalidated at {ended[entity]}"
        else:
            continue
        yield _finding("prov-time", "error", entity, reason, "Correct the times.")


def _before(one: datetime | None, other: datetime | None) -> bool:
    """Whether one time is before another; times with and without a zone cannot be told."""
    if one is None or other is None or (one.tzinfo is None) != (other.tzinfo is None):
        return False
    return one < other


def _finding(code: str, severity: Severity, subject: Any, reason: str, remedy: str) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        subject=shorten(visible(str(subject)), 200),
        reason=reason,
        remedy=remedy,
    )
