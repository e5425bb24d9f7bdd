"""Merge the results of workers to one per file."""

from __future__ import annotations

import uuid

from provenance.operations.ingest.repeat_counts import merge_repeats
from provenance.operations.ingest.summary import EXAMPLES
from provenance.operations.ingest.worker_contract import FileResult, UnitResult
from provenance.store.quarantine import both


def with_quarantine(unit: UnitResult) -> list[FileResult]:
    """Set the quarantine file on the results of a unit that have rejects."""
    for result in unit.files:
        if result.rejected and not result.failure:
            result.quarantine = unit.quarantine
    return list(unit.files)


def merge_results(results: list[FileResult]) -> list[FileResult]:
    """Merge the results of the ranges of each file."""
    by_reading: dict[uuid.UUID, FileResult] = {}
    for result in results:
        key = result.task.reading_id
        before = by_reading.get(key)
        if before is None:
            by_reading[key] = result
            continue
        before.read += result.read
        before.kept += result.kept
        before.rejected += result.rejected
        before.reasons.update(result.reasons)
        rejects = [*before.rejects, *result.rejects]
        before.rejects = sorted(rejects, key=lambda reject: reject.row or 0)[:EXAMPLES]
        before.recognisers.update(result.recognisers)
        before.add_attributes(result.attributes)
        before.add_texts(result.texts)
        before.late |= result.late
        before.repeats = merge_repeats(before.repeats, result.repeats)
        before.notes = tuple(dict.fromkeys([*before.notes, *result.notes]))
        before.fingerprint = before.fingerprint or result.fingerprint
        before.quarantine = both(before.quarantine, result.quarantine)
        before.failure = before.failure or result.failure
    return list(by_reading.values())
