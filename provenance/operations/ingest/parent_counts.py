"""Count the parents that an ingest names, and those that are in the ledger."""

from __future__ import annotations

from provenance.operations.ingest.summary import EXAMPLES, IngestSummary, Parents
from provenance.store.ledger_store import Store


def count_parents(store: Store, summary: IngestSummary) -> Parents:
    """Count the parents named by the files of a summary, and those in the ledger now."""
    read = [file.uri for file in summary.files if file.kept]
    with store.snapshot() as connection:
        connection.execute("CREATE TEMP TABLE just_read AS SELECT unnest(?) AS uri", [read])
        given = connection.execute(
            """SELECT parent_ref, CASE e.parent_kind
                WHEN 'record' THEN e.parent IN (SELECT record_id FROM sightings)
                WHEN 'source' THEN e.parent_ref[8:] IN (SELECT name FROM sources)
                WHEN 'release' THEN e.parent_ref[9:] IN (SELECT name FROM releases)
                ELSE true END AS found, count(*)
            FROM ledger.edges e JOIN files f USING (reading_id)
            SEMI JOIN just_read j ON j.uri = f.uri
            WHERE f.source = ? AND e.parent IS NOT NULL GROUP BY ALL ORDER BY parent_ref""",
            [summary.source],
        ).fetchall()
        connection.execute(
            """CREATE TEMP TABLE just_named AS
            SELECT reference, parent_ref, bool_or(parent IS NOT NULL) AS found,
                max(candidates) AS candidates
            FROM resolved_edges SEMI JOIN just_read USING (uri)
            WHERE source = ? GROUP BY reference, parent_ref""",
            [summary.source],
        )
        named, found, ambiguous = connection.execute(
            "SELECT count(*), count(*) FILTER (found), count(*) FILTER (candidates > 1) "
            "FROM just_named"
        ).fetchone() or (0, 0, 0)
        missing = connection.execute(
            "SELECT DISTINCT parent_ref FROM just_named WHERE NOT found ORDER BY 1 LIMIT ?",
            [EXAMPLES],
        ).fetchall()
        several = connection.execute(
            "SELECT DISTINCT parent_ref FROM just_named WHERE candidates > 1 ORDER BY 1 LIMIT ?",
            [EXAMPLES],
        ).fetchall()
    absent = [ref for ref, there, _ in given if not there]
    return Parents(
        named=named + sum(count for _, _, count in given),
        found=found + sum(count for _, there, count in given if there),
        missing=tuple([*(row[0] for row in missing), *absent][:EXAMPLES]),
        ambiguous=ambiguous,
        several=tuple(row[0] for row in several),
    )
