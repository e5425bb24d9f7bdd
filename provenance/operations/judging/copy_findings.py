"""Findings about texts that are too short to count as copies of a synthetic text."""

from __future__ import annotations

from provenance.content.norm_rules import KNOWN_COPY
from provenance.model.finding import Finding
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database
from provenance.views.copies import short_copies_sql


def copy_findings(
    connection: Database, sightings: str = "ledger.sightings", parts: str = "ledger.parts"
) -> list[Finding]:
    """Count the members of ``set_members`` that are, or contain, a short text known elsewhere.

    Args:
        sightings, parts: SQL text of relations of the members' texts.
    """
    row = connection.execute(f"""
        SELECT count(DISTINCT record_id), count(*) FROM ({short_copies_sql(sightings, parts)})
        SEMI JOIN {MEMBERS} USING (record_id)""").fetchone()
    records, texts = row or (0, 0)
    if not records:
        return []
    return [
        Finding(
            code="short-copies",
            severity="note",
            subject="the set",
            reason=f"{records:,} records are or contain texts of under {KNOWN_COPY} normalised "
            f"characters ({texts:,} texts) that also occur in synthetic records; texts this short "
            "recur by chance, so they are not counted as copies",
        )
    ]
