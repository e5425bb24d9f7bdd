"""Findings about records whose files were deleted from a folder that was ingested again later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from provenance.io.objects import is_url
from provenance.model.finding import Finding
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

_NAMED = 5


def dropped_upstream(connection: Database) -> list[Finding]:
    """Report members whose files are gone from folders that were ingested again later, by source.

    Nothing is reported for a folder that does not exist on this machine, or for objects in a store.
    """
    rows = connection.execute("SELECT source, uri, seq FROM files").fetchall()
    gone = _gone_files(rows)
    if not gone:
        return []
    connection.register(
        "gone_files", pa.table({"source": [s for s, _ in gone], "uri": [u for _, u in gone]})
    )
    found = connection.execute(f"""
        WITH members AS (
            SELECT DISTINCT record_id, digest FROM {MEMBERS} ANTI JOIN revoked USING (record_id)
        ),
        seen AS (
            SELECT m.digest, min(s.source) AS source,
                min(s.uri) FILTER (g.uri IS NOT NULL) AS uri,
                bool_and(g.uri IS NOT NULL) AS dropped
            FROM members m JOIN sightings s USING (record_id)
            LEFT JOIN gone_files g ON g.source = s.source AND g.uri = s.uri
            GROUP BY m.digest
        )
        SELECT source, count(*), count(DISTINCT uri), min(uri), min(digest, {_NAMED})
        FROM seen WHERE dropped GROUP BY source ORDER BY source""").fetchall()
    connection.unregister("gone_files")
    return [_finding(*row) for row in found]


def _gone_files(rows: Sequence[tuple[str, str, int]]) -> list[tuple[str, str]]:
    """List missing files of folders in which a file that was read later still exists."""
    folders: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for source, uri, sequence in rows:
        if not is_url(uri):
            folders[source, uri.rpartition("/")[0]].append((sequence, uri))
    gone = []
    for (source, _), files in folders.items():
        newest = max(sequence for sequence, _ in files)
        older = [(sequence, uri) for sequence, uri in files if sequence < newest]
        missing = [(sequence, uri) for sequence, uri in older if not Path(uri).exists()]
        if missing:
            there = max((sequence for sequence, uri in files if Path(uri).exists()), default=-1)
            gone += [(source, uri) for sequence, uri in missing if sequence < there]
    return gone


def _finding(source: str, records: int, files: int, uri: str, digests: Sequence[str]) -> Finding:
    more = f" and {records - len(digests):,} more" if records > len(digests) else ""
    others = f" and {files - 1:,} other files" if files > 1 else ""
    return Finding(
        code="dropped-upstream",
        severity="warning",
        subject=source,
        reason=f"{records:,} records are only in files that were deleted from a folder that was "
        f"ingested again later ({uri}{others}), and still count: {', '.join(digests)}{more}",
        remedy="`prov revoke --record ID --reason TEXT` leaves them out from now on; to keep the "
        "records, restore the files, which an export reads again",
    )
