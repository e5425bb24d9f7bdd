"""Judge a release, the whole ledger, or any data files against a policy."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from provenance.io.contract.reader import ReadLayout
from provenance.io.discovery.discover import discover
from provenance.model.finding import Finding, Judgement, Verdict
from provenance.model.manifest import Selection
from provenance.model.policy import Policy
from provenance.model.unread import Unread
from provenance.operations.audit.read_files import (
    find_unread,
    judged_fields,
    read_files,
    require_some,
)
from provenance.operations.ingest.file_declarations import known_models
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.unread_files import ledger_folder
from provenance.operations.ingest.worker_contract import FileResult
from provenance.operations.judging.anchors import make_anchors
from provenance.operations.judging.copy_findings import copy_findings
from provenance.operations.judging.dropped_file_findings import dropped_upstream
from provenance.operations.judging.lineage_findings import lineage_findings
from provenance.operations.judging.mark_findings import file_questions
from provenance.operations.judging.older_rule_findings import older_rule_findings
from provenance.operations.judging.origin_findings import (
    known_share,
    ledger_findings,
    release_drift,
)
from provenance.operations.judging.split_leak_findings import (
    leaks_of_files,
    leaks_of_ledger,
    leaks_of_members,
)
from provenance.operations.judging.takedown_findings import revoked_members, revoked_records
from provenance.operations.judging.unread_findings import (
    rejects_findings,
    unjudged_findings,
    unread_findings,
)
from provenance.operations.members.of_files import FILE_EVIDENCE, file_members
from provenance.operations.members.of_release import release_members
from provenance.operations.members.readings import Reading
from provenance.operations.members.relation import MEMBERS, attribute_names
from provenance.operations.members.selection import select_members
from provenance.operations.members.self_consumption import descent_findings, models_asked
from provenance.operations.members.token_counts import count_tokens
from provenance.operations.older_rules import has_older_readings
from provenance.policy import evaluate
from provenance.store.catalog import over_nothing
from provenance.store.connection import Database
from provenance.store.layout import Layout
from provenance.store.ledger_store import Store
from provenance.views.definitions import VIEWS


def audit_ledger(store: Store, policy: Policy, folder: Path | None = None) -> Judgement:
    """Judge all current records of the ledger."""
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
    """Judge a release with current origins, and report drift since it was sealed.

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
    *,
    allow_unread: bool = False,
) -> Judgement:
    """Judge data files without ingesting them.

    Record ids are computed and looked up in the ledger; records that it does not have, or all
    without a ledger, have unknown origin. Marks in the files may make a record more synthetic,
    never human. Every row counts, also repeated ones. A file of a folder or glob that cannot be
    read does not stop the others; it is listed in ``unread``.

    Args:
        allow_unread: pass even if some data was not read.

    Raises:
        NotFoundError, InputError: a path does not exist, a named file cannot be read or holds no
            record, or nothing was read.
    """
    own = ledger_folder(store.layout) if store else None
    found = discover(paths, format=options.format, follow=options.follow, ledger=own)
    models, former = _ledger_context(store, options)
    with tempfile.TemporaryDirectory(prefix="prov-audit-") as scratch:
        scratch_layout = Layout(Path(scratch))
        read = read_files(scratch_layout, found.inputs, options, models, former=former)
        require_some(paths, found, read)
        unread = Unread.of(find_unread(found, read), allowed=allow_unread)
        results, judged = read.good, judged_fields(read.good)
        with (
            over_nothing(scratch_layout, VIEWS) if store is None else store.snapshot() as connection
        ):
            file_members(
                connection, read.parts, results, models_asked(policy), options.ignore_fields
            )
            count_tokens(connection, policy, folder, [_reading(r, options) for r in results])
            findings = [
                *revoked_members(connection),
                *leaks_of_files(connection),
                *known_share(connection, FILE_EVIDENCE),
                *older_rule_findings(connection),
                *file_questions(connection, FILE_EVIDENCE),
                *copy_findings(connection, "file_sightings", "file_parts"),
                *rejects_findings(results),
                *unread_findings(unread),
                *unjudged_findings(judged),
            ]
            judgement = _judge(connection, policy, findings, repeated=True)
    verdict = judgement.verdict
    if unread.files and not allow_unread and verdict is Verdict.PASS:
        verdict = Verdict.INDETERMINATE
    return judgement.model_copy(update={"verdict": verdict, "unread": unread, "judged": judged})


def _ledger_context(store: Store | None, options: IngestOptions) -> tuple[tuple[str, ...], bool]:
    """Load the known models, and whether the ledger has readings under an older rule."""
    if store is None:
        return (), False
    with store.snapshot(threads=1) as connection:
        return known_models(connection, options), has_older_readings(connection)


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
    results = evaluate.judge(
        connection, MEMBERS, policy, attributes=names, anchors=anchors, repeated=repeated
    )
    fed = descent_findings(connection, MEMBERS, models_asked(policy), release)
    return Judgement(
        verdict=evaluate.overall(results),
        budgets=results,
        findings=(*fed, *findings, *lineage_findings(connection, MEMBERS)),
    )


def _reading(result: FileResult, options: IngestOptions) -> Reading:
    layout = ReadLayout(
        kind=result.kind,
        content=result.content,
        records=options.records,
        max_record=options.max_record,
        turns=True,
    )
    return Reading(None, replace(result.task.source, table_style=options.table_style), layout)
