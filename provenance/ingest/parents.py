"""How many of the parents that were named an ingest has found."""

from __future__ import annotations

from provenance.ingest.summary import EXAMPLES, IngestSummary, Parents
from provenance.store.store import Store


def count_parents(store: Store, summary: IngestSummary) -> Parents:
    """The parents that the files of a summary name, and those that the ledger has by now."""
    read = [file.uri for file in summary.files if file.kept]
    with store.snapshot() as connection:
        connection.execute("CREATE TEMP TABLE just_read AS SELECT unnest(?) AS uri", [read])
        connection.execute(
            """CREATE TEMP TABLE just_named AS
            SELECT parent, parent_ref FROM lineage SEMI JOIN just_read USING (uri)
            WHERE source = ?""",
            [summary.source],
        )
        named, found = connection.execute(
            "SELECT count(*), count(parent) FROM just_named"
        ).fetchone() or (0, 0)
        missing = connection.execute(
            "SELECT DISTINCT parent_ref FROM just_named WHERE parent IS NULL ORDER BY 1 LIMIT ?",
            [EXAMPLES],
        ).fetchall()
    return Parents(named=named, found=found, missing=tuple(row[0] for row in missing))
