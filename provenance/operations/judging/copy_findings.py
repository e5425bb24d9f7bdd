"""What a judgement has to say of copies: those that are too short to count."""

from __future__ import annotations

from provenance.content.norm_rules import KNOWN_COPY
from provenance.model.finding import Finding
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database
from provenance.views.copies import short_copies_sql


def copy_findings(
    connection: Database, sightings: str = "ledger.sightings", parts: str = "ledger.parts"
) -> list[Finding]:
    """How many members of ``set_members`` are, or hold, a short text that is known elsewhere.

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
            reason=f"{records:,} records are or hold texts of under {KNOWN_COPY} normalised "
            f"characters ({texts:,} of them) that stand in synthetic records as well; so short a "
            "text is the same everywhere, and nothing follows from it",
        )
    ]
