"""What a judgement has to say beside its budgets: conflicts, gaps, drift."""

from __future__ import annotations

import json
from collections.abc import Collection

from provenance.model.finding import Finding, Judgement
from provenance.model.reports.facts import SHORT_TEXT
from provenance.operations.judging.mark_findings import mark_findings
from provenance.operations.members.relation import MEMBERS
from provenance.store.catalog import Database

LISTED = 100
"""Most findings of one kind that are listed; one more says how many there are."""

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
    """Conflicts, open questions and records of unknown origin among those in ``set_members``.

    Args:
        own: relation of what files that are judged as they stand say of their own records.
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
            reason=f"evidence contradicts itself; it counts as {label}: {said}",
            remedy=f"look at it with `prov show {digest[:23]}`",
        )
        for digest, label, _source, said in (connection.execute(query).fetchall() if total else ())
    ]
    if total > LISTED:
        found.append(
            Finding(
                code="more-conflicts",
                severity="warning",
                subject="the set",
                reason=f"{total - LISTED:,} more records have evidence that contradicts itself",
                remedy="`prov query 'SELECT * FROM records WHERE conflict'` lists them all",
            )
        )
    if short:
        found.append(
            Finding(
                code="short-conflicts",
                severity="note",
                subject="the set",
                reason=f"{short:,} texts under {SHORT_TEXT} characters are claimed both ways; "
                "so short a text is the same everywhere",
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
            "they count as synthetic at most",
            remedy=f"`prov source set {source} --label …`, where somebody vouches for it"
            if source is not None
            else "ingest them with what is known of them",
        )
        for source, count, size in rows
    ]


def known_share(connection: Database, own: str) -> list[Finding]:
    """How much of some files the ledger knows, and what it has to say of them.

    Args:
        own: relation of what the files say of their own records.
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
    """What moved since a release was sealed: its verdict then, and labels that are others now."""
    sealed = connection.execute(
        "SELECT manifest ->> '$.body.verdict' FROM releases WHERE name = ?", [release]
    ).fetchone()
    found = [
        Finding(
            code="sealed-verdict",
            severity="note",
            subject=f"release {release}",
            reason=f"it was sealed with the verdict {sealed[0] if sealed else 'unknown'}",
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
            reason=f"{count:,} records were sealed as {before} and are {after} by today's evidence",
            remedy="assemble a new release",
        )
        for before, after, count in rows
    ]
    return found


def conflict_view(connection: Database) -> str:
    """Make the relation of conflicts that a report lists: record, its sources, the rule."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE set_conflicts AS
        SELECT m.record_id, r.sources, r.rule
        FROM {MEMBERS} m JOIN records r USING (record_id) WHERE m.conflict""")
    return "set_conflicts"


def apply_baseline(judgement: Judgement, accepted: Collection[str]) -> tuple[Judgement, int]:
    """Leave out the findings that a baseline accepts.

    Args:
        accepted: fingerprints of findings, as ``load_baseline`` reads them.

    Returns:
        The judgement without these findings, and how many they were.
    """
    kept = tuple(item for item in judgement.findings if item.fingerprint not in accepted)
    return judgement.model_copy(update={"findings": kept}), len(judgement.findings) - len(kept)


def baseline_text(judgement: Judgement) -> str:
    """Write a baseline, as JSON text, that accepts all findings of a judgement."""
    accepted = sorted({item.fingerprint for item in judgement.findings})
    return json.dumps({"accepted": accepted}, indent=2, ensure_ascii=False) + "\n"
