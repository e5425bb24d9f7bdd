"""Judge a release, the whole ledger, or files that somebody else's pipeline wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from provenance import budget
from provenance.assembly import make_anchors
from provenance.copy_findings import copy_findings
from provenance.descent import descent_findings, models_asked
from provenance.dropped import dropped_upstream
from provenance.engine.local import LocalEngine
from provenance.errors import InputError, ProvError
from provenance.findings import known_share, ledger_findings, release_drift
from provenance.graph_findings import lineage_findings
from provenance.ingest.options import IngestOptions
from provenance.ingest.plan import cut, file_task
from provenance.ingest.standing import known_models
from provenance.ingest.unit import FileResult, run_unit
from provenance.mark_findings import file_questions
from provenance.members import (
    FILE_EVIDENCE,
    MEMBERS,
    attribute_names,
    file_members,
    release_members,
)
from provenance.model.finding import Finding, Judgement
from provenance.model.manifest import Selection
from provenance.model.policy import Policy
from provenance.readers.base import Input
from provenance.readers.base import Layout as ReadLayout
from provenance.readers.discover import discover
from provenance.readings import Reading
from provenance.selection import select_members
from provenance.split_leak import leaks_of_files, leaks_of_ledger, leaks_of_members
from provenance.store.catalogue import Database, over_nothing
from provenance.store.layout import Layout
from provenance.store.parts import Part
from provenance.store.store import Store
from provenance.takedown.findings import revoked_members, revoked_records
from provenance.tokens import count_tokens
from provenance.views import VIEWS


def audit_ledger(store: Store, policy: Policy, folder: Path | None = None) -> Judgement:
    """Judge everything that the ledger holds now."""
    with store.snapshot() as connection:
        select_members(connection, Selection(), models_asked(policy))
        count_tokens(connection, policy, folder)
        findings = [
            *revoked_records(connection),
            *leaks_of_ledger(connection),
            *ledger_findings(connection),
        ]
        findings += dropped_upstream(connection)
        findings += copy_findings(connection)
        return _judge(connection, policy, findings)


def audit_release(
    store: Store, release: str, policy: Policy, folder: Path | None = None
) -> Judgement:
    """Judge a release with today's origins, beside what moved since it was sealed.

    Raises:
        NotFoundError: there is no such release.
    """
    with store.snapshot() as connection:
        release_members(connection, release, today=True, models=models_asked(policy))
        count_tokens(connection, policy, folder)
        drift = release_drift(connection, release)
        findings = [
            *revoked_members(connection),
            *drift,
            *leaks_of_members(connection),
            *ledger_findings(connection),
        ]
        findings += dropped_upstream(connection)
        findings += copy_findings(connection)
        return _judge(connection, policy, findings, release)


def audit_files(
    store: Store | None,
    paths: Sequence[str],
    policy: Policy,
    options: IngestOptions,
    folder: Path | None = None,
) -> Judgement:
    """Judge files as they stand, whoever made them.

    Ids are recomputed and looked up in the ledger; what it does not know is unknown, and with no
    ledger everything is. Marks in the files may make a record more synthetic, never human. Every
    row counts, repeated ones each time.

    Raises:
        NotFoundError, InputError: a path is not there, is no data, or cannot be read.
    """
    found = discover(paths, format=options.format)
    if found.refused:
        raise found.refused[0].error
    models = _models(store, options)
    with tempfile.TemporaryDirectory(prefix="prov-audit-") as scratch:
        places = Layout(Path(scratch))
        results, parts = _read(places, found.inputs, options, models)
        if not sum(result.kept for result in results):
            raise InputError(f"{paths[0]}: there is no record to judge")
        with over_nothing(places, VIEWS) if store is None else store.snapshot() as connection:
            file_members(connection, parts, results, models_asked(policy), options.ignore_fields)
            count_tokens(connection, policy, folder, [_reading(r, options) for r in results])
            findings = [
                *revoked_members(connection),
                *leaks_of_files(connection),
                *known_share(connection, FILE_EVIDENCE),
                *file_questions(connection, FILE_EVIDENCE),
                *copy_findings(connection, "file_sightings", "file_parts"),
                *_rejects(results),
            ]
            return _judge(connection, policy, findings, repeated=True)


def _models(store: Store | None, options: IngestOptions) -> tuple[str, ...]:
    if store is None:
        return ()
    with store.snapshot(threads=1) as connection:
        return known_models(connection, options)


def _judge(
    connection: Database,
    policy: Policy,
    findings: Sequence[Finding],
    release: str | None = None,
    *,
    repeated: bool = False,
) -> Judgement:
    names = attribute_names(connection)
    anchors = make_anchors(connection, policy)
    results = budget.judge(
        connection, MEMBERS, policy, attributes=names, anchors=anchors, repeated=repeated
    )
    fed = descent_findings(connection, MEMBERS, models_asked(policy), release)
    return Judgement(
        verdict=budget.overall(results),
        budgets=results,
        findings=(*fed, *findings, *lineage_findings(connection, MEMBERS)),
    )


def _read(
    places: Layout, inputs: Sequence[Input], options: IngestOptions, models: tuple[str, ...]
) -> tuple[list[FileResult], list[Part]]:
    """Read files as an ingest does, into parts that are thrown away afterwards."""
    tasks = [file_task(item) for item in inputs]
    results: list[FileResult] = []
    parts: list[Part] = []
    with LocalEngine() as engine:
        for group in cut(tasks, places, options, models=models):
            for outcome in engine.map(run_unit, group.units):
                failure: ProvError | None = outcome.failure
                for result in outcome.result.files if outcome.result else ():
                    failure = failure or result.failure
                    results.append(result)
                if failure is not None:
                    raise failure
                parts += outcome.result.parts if outcome.result else ()
    return results, parts


def _reading(result: FileResult, options: IngestOptions) -> Reading:
    layout = ReadLayout(
        kind=result.kind,
        content=result.content,
        records=options.records,
        max_record=options.max_record,
    )
    return Reading(None, replace(result.task.source, written=options.written), layout)


def _rejects(results: Sequence[FileResult]) -> list[Finding]:
    """A row that cannot be read is not judged: say how many there are."""
    return [
        Finding(
            code="unreadable-rows",
            severity="warning",
            subject=result.task.source.uri,
            reason=f"{result.rejected:,} of {result.read:,} rows cannot be read and are not judged",
            remedy="; ".join(f"{why}: {n}" for why, n in result.reasons.most_common(3)),
        )
        for result in results
        if result.rejected
    ]
