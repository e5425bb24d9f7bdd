"""Evidence from earlier versions of files that stays in force for their records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from provenance.model.base import Connection
from provenance.origin.declarations import label_sql
from provenance.store.ledger_store import Store
from provenance.views.evidence_in_force import counted_evidence

CLAIMED = "record_id, tier, claim, whole, part_bytes, part_chars, part_words"
"""Columns of a claim that decide a label."""

_FILES = "source = $source AND uri IN (SELECT unnest($uris::VARCHAR[]))"

_CLAIMS = f"""
SELECT * REPLACE (CAST(record_id AS VARCHAR) AS record_id) FROM (
    SELECT {CLAIMED} FROM ({
    counted_evidence(f"SELECT * EXCLUDE (source, uri) FROM lost_evidence WHERE {_FILES}")
}))
"""
_LABELS = f"""
SELECT CAST(reading_id AS VARCHAR) AS reading_id, label FROM declared
SEMI JOIN (FROM files WHERE {_FILES}) USING (reading_id)
"""
_LOST = f"SELECT uri, count(DISTINCT record_id) FROM lost_evidence WHERE {_FILES} GROUP BY uri"


@dataclass(frozen=True, slots=True)
class CarriedEvidence:
    """Evidence that is carried over to the current readings of some files.

    Attributes:
        claims: evidence of earlier readings that is in force, columns ``CLAIMED``.
        labels: (reading_id, label) as declared now.
        lost: number of records by file that only an earlier reading marks as not human.
    """

    claims: pa.Table
    labels: pa.Table
    lost: dict[str, int] = field(default_factory=dict)


def carried_evidence(store: Store, source: str, uris: Sequence[str]) -> CarriedEvidence:
    """Load the evidence in force for files whose new readings were committed."""
    asked = {"source": source, "uris": list(uris)}
    with store.snapshot(threads=1) as connection:
        return CarriedEvidence(
            claims=connection.execute(_CLAIMS, asked).to_arrow_table(),
            labels=connection.execute(_LABELS, asked).to_arrow_table(),
            lost=dict(connection.execute(_LOST, asked).fetchall()),
        )


def files_with_earlier_evidence(connection: Connection, source: str) -> frozenset[str]:
    """List the files of a source that have evidence from an earlier reading in force."""
    rows = connection.execute(
        f"""SELECT uri FROM lost_evidence WHERE source = $source
        UNION
        SELECT uri FROM spoken_readings r JOIN ledger.declarations d USING (reading_id)
        WHERE source = $source AND NOT current AND ({label_sql("d")}) IN ('synthetic', 'mixed')""",
        {"source": source},
    ).fetchall()
    return frozenset(row[0] for row in rows)
