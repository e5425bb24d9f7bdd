"""Findings about origins: conflicting evidence, unknown origin, drift since sealing."""

from __future__ import annotations

from provenance.model.finding import Finding
from provenance.model.reports.facts import SHORT_TEXT
from provenance.operations.judging.mark_findings import mark_findings
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

LISTED = 100
"""Most findings of one kind that are listed; one more finding counts the rest."""

_CONFLICTS = """
SELECT m.digest, m.label, m.source, string_agg(DISTINCT said.what, '; ' ORDER BY said.what)
FROM (
    SELECT * FROM {members} WHERE conflict AND chars >= {short}
    ORDER BY digest LIMIT {listed}
) m LEFT JOIN (
    SELECT record_id, tier || ' ' || claim || ' (' || basis || ')' AS what FROM {evidence}
    WHERE claim <> 'question'
    UNION ALL
    SELECT s.record_id, 'declared ' || d.label || ' (' || d.basis || ')'
    FROM ledger.sightings s JOIN declared d USING (reading_id)
) said USING (record_id)
GROUP BY ALL ORDER BY m.digest
"""


_BOTH = """(
SELECT record_id, tier, claim, basis FROM evidence
UNION ALL SELECT record_id, tier, claim, basis || ', in the file' FROM {own})"""


def ledger_findings(connection: Database, own: str | None = None) -> list[Finding]:
    """Report conflicts, open questions and unknown origins in ``set_members``.

    Args:
        own: relation of the evidence in the audited files themselves.
    """
    evidence = _BOTH.format(own=own) if own else "evidence"
    return [*_conflicts(connection, evidence), *mark_findings(connection), *_unknown(connection)]


def _conflicts(connection: Database, evidence: str) -> list[Finding]:
    row = connection.execute(f"""
        SELECT count(*) FILTER (chars >= {SHORT_TEXT}), count(*) FILTER (chars < {SHORT_TEXT})
        FROM {MEMBERS} WHERE conflict""").fetchone()
    total, short = row or (0, 0)
    query = _CONFLICTS.format(members=MEMBERS, short=SHORT_TEXT, listed=LISTED, evidence=evidence)
    found = [
        Finding(
            code="conflict",
            severity="warning",
            subject=digest,
            reason=f"conflicting evidence, counted as {label}: {claims}",
            remedy=f"inspect it with `prov show {digest[:23]}`",
        )
        for digest, label, _source, claims in (
            connection.execute(query).fetchall() if total else ()
        )
    ]
    if total > LISTED:
        found.append(
            Finding(
                code="more-conflicts",
                severity="warning",
                subject="the set",
                reason=f"{total - LISTED:,} more records have conflicting evidence",
                remedy="`prov query 'SELECT * FROM records WHERE conflict'` lists them all",
            )
        )
    if short:
        found.append(
            Finding(
                code="short-conflicts",
                severity="note",
                subject="the set",
                reason=f"{short:,} texts under {SHORT_TEXT} characters have conflicting evidence; "
                "texts this short recur by chance",
            )
        )
    return found


def _unknown(connection: Database) -> list[Finding]:
    rows = connection.execute(f"""
        SELECT source, sum(weight), sum(weight * bytes) FROM {MEMBERS}
        WHERE label = 'unknown' AND rule IS DISTINCT FROM 'question'
        GROUP BY source ORDER BY 2 DESC, 1 LIMIT {LISTED}""").fetchall()
    return [
        Finding(
            code="unknown-origin",
            severity="note",
            subject=f"source {source}" if source is not None else "records outside the ledger",
            reason=f"{count:,} records ({size:,} bytes) have no evidence of their origin; "
            "counted as fully synthetic in the upper bound",
            remedy=f"if their origin is known, declare it: `prov source set {source} --label …`"
            if source is not None
            else "ingest them with the origin that is known",
        )
        for source, count, size in rows
    ]


def known_share(connection: Database, own: str) -> list[Finding]:
    """Report the share of the audited records that the ledger knows, and their findings.

    Args:
        own: relation of the evidence in the audited files themselves.
    """
    row = connection.execute(f"""
        SELECT sum(weight), coalesce(sum(weight) FILTER (known), 0), sum(weight * bytes),
            coalesce(sum(weight * bytes) FILTER (known), 0) FROM {MEMBERS}""").fetchone()
    records, known, size, known_size = row or (0, 0, 0, 0)
    percent = f"{100 * known_size / size:.1f} %" if size else "none"
    return [
        Finding(
            code="known-share",
            severity="note",
            subject="the set",
            reason=f"the ledger knows {known:,} of {records:,} records, {percent} of the bytes",
        ),
        *ledger_findings(connection, own),
    ]


def release_drift(connection: Database, release: str) -> list[Finding]:
    """Report the verdict at sealing, and labels that changed since."""
    sealed = connection.execute(
        "SELECT manifest ->> '$.body.verdict' FROM releases WHERE name = ?", [release]
    ).fetchone()
    found = [
        Finding(
            code="sealed-verdict",
            severity="note",
            subject=f"release {release}",
            reason=f"sealed with the verdict {sealed[0] if sealed else 'unknown'}",
        )
    ]
    rows = connection.execute(f"""
        SELECT sealed_label, label, count(*) FROM {MEMBERS} WHERE sealed_label <> label
        GROUP BY ALL ORDER BY ALL""").fetchall()
    found += [
        Finding(
            code="drift",
            severity="warning",
            subject=f"release {release}: {before} to {after}",
            reason=f"{count:,} records were sealed as {before}; current evidence says {after}",
            remedy="assemble a new release",
        )
        for before, after, count in rows
    ]
    return found


def conflict_view(connection: Database) -> str:
    """Create the relation of conflicts for a report: record, sources, rule."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE set_conflicts AS
        SELECT m.record_id, r.sources, r.rule
        FROM {MEMBERS} m JOIN records r USING (record_id) WHERE m.conflict""")
    return "set_conflicts"
