"""Fill questionnaire reports (laws, venues, hubs) from the evidence about a release."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from provenance.errors import MisuseError
from provenance.model.base import Contract, quote_literal
from provenance.model.reports.answers import Answers
from provenance.model.reports.comparison import Comparison
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.operations.members.of_release import release_members
from provenance.operations.members.relation import MEMBERS
from provenance.operations.models import list_models
from provenance.operations.releases.inspect import release_manifest
from provenance.operations.releases.inspect_export import exported_files
from provenance.operations.reporting.lineage_documents import LINEAGE_REPORTS
from provenance.operations.sources import list_sources
from provenance.reports import compliance
from provenance.reports.compliance.domains import domain_rows
from provenance.reports.compliance.fill import Filled
from provenance.reports.facts import facts
from provenance.reports.render import DISCLOSURE_FORMATS, json_lines, json_text
from provenance.store.connection import Database
from provenance.store.ledger_store import Store

REPORTED = "reported_members"
"""Temporary view of the members of a release with the tokens counted at sealing."""

_PAGE = 10_000


def release_evidence(
    store: Store, release: str, files: Path | None = None, beside: Path | None = None
) -> ReleaseEvidence:
    """Collect the evidence for reports: the sealed release, and the current source contracts.

    Args:
        files: folder of an export of the release, whose files to describe.
        beside: folder that paths of these files are relative to; default: ``files``.

    Raises:
        NotFoundError: there is no such release, or no such folder.
        IntegrityError: a digest of the release differs, or the folder is incomplete.
        MisuseError, InputError: the folder is not an export of the release.
    """
    with _evidence(store, release) as (found, _):
        if files is None:
            return found
        return found.model_copy(update={"files": exported_files(files, found, beside)})


@contextmanager
def _evidence(store: Store, release: str) -> Iterator[tuple[ReleaseEvidence, Database]]:
    contracts = list_sources(store)
    models = {
        model.name: compliance.Registered(model.provider, model.version, model.trained_on)
        for model in list_models(store)
    }
    with store.snapshot() as connection:
        manifest = release_manifest(connection, release)
        release_members(connection, release, today=False)
        connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW {REPORTED} AS
            SELECT m.* EXCLUDE (tokens), s.tokens FROM {MEMBERS} m
            LEFT JOIN members s ON s.release = {quote_literal(release)}
                AND s.record_id = m.record_id""")
        sums = facts(connection, MEMBERS, manifest=manifest, sources=contracts)
        yield (
            compliance.release_evidence(connection, REPORTED, sums, contracts, models),
            connection,
        )


def questionnaire(store: Store, release: str, form: str) -> str:
    """Write the questions of a report that the ledger cannot answer, as YAML."""
    report = compliance.report_of(form)
    return compliance.questionnaire(report, release_evidence(store, release))


def fill_report(
    store: Store,
    release: str,
    form: str,
    answers: Answers | None = None,
    files: Path | None = None,
    beside: Path | None = None,
) -> Filled:
    """Fill a report as far as the ledger and the answers allow.

    Raises:
        MisuseError: no such report, or answers for another report or release.
        NotFoundError, IntegrityError: as the release is.
    """
    report = compliance.report_of(form)
    return compliance.filled(report, release_evidence(store, release, files, beside), answers)


def render_report(filled: Filled, layout: str | None = None) -> str | bytes:
    """Render a filled report as text, or as the bytes of a document.

    Raises:
        MisuseError: the report does not have this layout.
    """
    report = compliance.report_of(filled.form.report)
    layout = layout or report.layouts[0]
    if layout not in report.layouts:
        raise MisuseError(
            f"{report.name} has no layout {layout}",
            hint=f"one of: {', '.join(report.layouts)}",
        )
    if layout == "json":
        return json_text(_members(report, filled))
    if layout == "jsonl":
        return json_lines(_members(report, filled))
    page = DISCLOSURE_FORMATS[layout](compliance.disclosure(filled))
    return report.front(filled) + page if layout == "markdown" and isinstance(page, str) else page


def _members(report: compliance.Report, filled: Filled) -> Any:
    found = report.finish(filled)
    if isinstance(found, Contract):
        return found.model_dump(mode="json")
    write = LINEAGE_REPORTS.get(report.name)
    return write(found) if write else found


def compare_releases(store: Store, before: str, after: str, form: str | None = None) -> Comparison:
    """Compare two releases, and optionally the fields of one report.

    Raises:
        MisuseError: there is no such report.
        NotFoundError: there is no such release.
    """
    report = compliance.report_of(form) if form else None
    one, other = (release_evidence(store, name) for name in (before, after))
    with store.snapshot() as connection:
        row = connection.execute(
            """
            WITH one AS (SELECT record_id FROM members WHERE release = ?),
                other AS (SELECT record_id FROM members WHERE release = ?)
            SELECT count(*) FILTER (a.record_id = b.record_id),
                count(*) FILTER (b.record_id IS NULL), count(*) FILTER (a.record_id IS NULL)
            FROM one a FULL JOIN other b ON a.record_id = b.record_id""",
            [before, after],
        ).fetchone()
    kept, gone, new = row or (0, 0, 0)
    reports = None
    if report:
        first, second = (_members(report, compliance.filled(report, one_)) for one_ in (one, other))
        reports = (first, second)
    return compliance.compare(one, other, (kept, gone, new), reports)


def write_domains(store: Store, release: str, out: BinaryIO) -> int:
    """Write all crawled registrable domains as CSV, largest first; return their number."""
    with _evidence(store, release) as (found, connection):
        text = io.TextIOWrapper(out, "utf-8", write_through=True)
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["domain", "records", "bytes"])
        total = found.crawled_domains.domains
        for first in range(0, total, _PAGE):
            page = domain_rows(connection, crawled=True, first=first, most=_PAGE)
            rows.writerows((one.domain, one.records, one.bytes) for one in page)
        text.detach()
    return total
