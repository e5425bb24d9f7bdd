"""Findings about revoked records in a set, in the ledger and in its releases."""

from __future__ import annotations

from provenance.model.finding import Finding
from provenance.operations.judging.origin_findings import LISTED
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

CODE = "revoked"


def revoked_members(connection: Database) -> list[Finding]:
    """Report the revoked records in ``set_members``, with the reasons."""
    row = connection.execute(
        f"SELECT count(*) FROM {MEMBERS} SEMI JOIN revoked USING (record_id)"
    ).fetchone()
    total = int(row[0]) if row else 0
    listed = (
        connection.execute(f"""
        SELECT m.digest, min(r.hops), string_agg(r.revocation || ': ' ||
            coalesce(r.reason, 'no reason given'), '; ' ORDER BY r.revocation)
        FROM {MEMBERS} m JOIN revoked r USING (record_id) GROUP BY 1
        ORDER BY 1 LIMIT {LISTED}""").fetchall()
        if total
        else []
    )
    found = [
        Finding(
            code=CODE,
            severity="error",
            subject=digest,
            reason=f"{_revoked_because(hops)} {why}",
            remedy="assemble a new release",
        )
        for digest, hops, why in listed
    ]
    if total > LISTED:
        found.append(
            Finding(
                code=CODE,
                severity="error",
                subject="the set",
                reason=f"{total - LISTED:,} more of its records are revoked",
                remedy="`prov query 'SELECT * FROM revoked'` lists them all",
            )
        )
    return found


def _revoked_because(hops: int) -> str:
    if hops == 0:
        return "revoked:"
    return f"derived in {hops} {'step' if hops == 1 else 'steps'} from a revoked record:"


def revoked_records(connection: Database) -> list[Finding]:
    """Report the revoked records of the ledger, and the releases that contain some."""
    rows = connection.execute("""
        SELECT revocation, any_value(reason), count(*) FROM revoked GROUP BY 1 ORDER BY 1
    """).fetchall()
    found = [
        Finding(
            code=CODE,
            severity="note",
            subject=f"revocation {revocation}",
            reason=f"{count:,} records are left out: {reason or 'no reason given'}",
        )
        for revocation, reason, count in rows
    ]
    releases = (
        connection.execute("""
        SELECT release, count(*) FROM members SEMI JOIN revoked USING (record_id)
        GROUP BY 1 ORDER BY 1""").fetchall()
        if rows
        else []
    )
    found += [
        Finding(
            code=CODE,
            severity="warning",
            subject=f"release {release}",
            reason=f"{count:,} of its records were revoked after sealing",
            remedy="assemble a new release",
        )
        for release, count in releases
    ]
    return found
