"""Judge a release, the whole ledger, or files that somebody else's pipeline wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from provenance.io.contract.reader import Layout as ReadLayout
from provenance.io.discovery.discover import discover
from provenance.model.finding import Finding, Judgement, Verdict
from provenance.model.manifest import Selection
from provenance.model.policy import Policy
from provenance.model.unread import Unread
from provenance.operations.audit.read_files import (
    judged_of,
    read_files,
    require_some,
    what_is_unread,
)
from provenance.operations.former_rules import knows_former_rules, older_rule_findings
from provenance.operations.ingest.claims_on_files import known_models
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.tasks import FileResult
from provenance.operations.ingest.unread_counts import ledger_folder
from provenance.operations.judging.copy_findings import copy_findings
from provenance.operations.judging.dropped_records import dropped_upstream
from provenance.operations.judging.findings import known_share, ledger_findings, release_drift
from provenance.operations.judging.lineage_findings import lineage_findings
from provenance.operations.judging.mark_findings import file_questions
from provenance.operations.judging.split_leak import (
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
from provenance.operations.members.reader_options import Reading
from provenance.operations.members.relation import (
    FILE_EVIDENCE,
    MEMBERS,
    attribute_names,
    file_members,
    release_members,
)
from provenance.operations.members.selection import select_members
from provenance.operations.members.self_consumption import descent_findings, models_asked
from provenance.operations.members.token_counts import count_tokens
from provenance.operations.releases.assemble import make_anchors
from provenance.policy import evaluate
from provenance.store.catalog import over_nothing
from provenance.store.connection import Database
from provenance.store.layout import Layout
from provenance.store.ledger_store import Store
from provenance.views.definitions import VIEWS


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
    *,
    allow_unread: bool = False,
) -> Judgement:
    """Judge files as they stand, whoever made them.

    Ids are recomputed and looked up in the ledger; what it does not know is unknown, and with no
    ledger everything is. Marks in the files may make a record more synthetic, never human. Every
    row counts, repeated ones each time. A file of a folder or glob that cannot be read does not
    stop the others: it is named in ``unread``.

    Args:
        allow_unread: let a set pass of which something was not read.

    Raises:
        NotFoundError, InputError: a path is not there, or a file that was named cannot be read or
            gives no record; or nothing at all was read.
    """
    own = ledger_folder(store.layout) if store else None
    found = discover(paths, format=options.format, follow=options.follow, ledger=own)
    models, former = _told(store, options)
    with tempfile.TemporaryDirectory(prefix="prov-audit-") as scratch:
        places = Layout(Path(scratch))
        read = read_files(places, found.inputs, options, models, former=former)
        require_some(paths, found, read)
        unread = Unread.of(what_is_unread(found, read), allowed=allow_unread)
        results, judged = read.good, judged_of(read.good)
        with over_nothing(places, VIEWS) if store is None else store.snapshot() as connection:
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


def _told(store: Store | None, options: IngestOptions) -> tuple[tuple[str, ...], bool]:
    """The models that a ledger knows, and whether it knows records by a former rule."""
    if store is None:
        return (), False
    with store.snapshot(threads=1) as connection:
        return known_models(connection, options), knows_former_rules(connection)


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
    return Reading(None, replace(result.task.source, written=options.written), layout)
