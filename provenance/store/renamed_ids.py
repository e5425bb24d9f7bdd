"""Carry over what is known of a record when a new identity rule gives it another id.

A record that was read under a former rule of the canonical form and is read again, or comes from
another file, gets another id. Evidence and edges of the former id are put down once more under the
newest, and the other way round where the former still stands in a current file; so nothing is lost
by reading again, and nothing is believed of one of two equal texts that is denied of the other.
What was put down belongs to the reading that said it and goes with it.
"""

from __future__ import annotations

import uuid

from provenance.store.commits import Verb
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.store.ledger_store import Store
from provenance.store.schema import TABLES

_PAIRS = "renamed_pairs"

# An id and the one that its content has by another rule, both of them in the ledger.
_PAIRS_SQL = f"""
CREATE OR REPLACE TEMP TABLE {_PAIRS} AS
WITH both_ids AS (
    SELECT DISTINCT s.former_id AS first, s.record_id AS newest FROM ledger.sightings s
    WHERE s.former_id IS NOT NULL AND EXISTS (
        FROM ledger.sightings k WHERE k.record_id = s.former_id AND k.digest_rest = s.former_rest)
), standing AS (SELECT DISTINCT record_id FROM sightings)
SELECT first AS known, newest AS "as" FROM both_ids
UNION ALL
SELECT newest, first FROM both_ids SEMI JOIN standing ON standing.record_id = first
"""

_SAME = "e.tier = h.tier AND e.claim = h.claim AND e.whole = h.whole AND e.observer = h.observer"

_EVIDENCE = f"""
WITH told AS (
    SELECT e.* EXCLUDE (commit_id, record_id), p."as" AS record_id
    FROM ledger.evidence e JOIN {_PAIRS} p ON p.known = e.record_id
    UNION ALL BY NAME
    SELECT s.reading_id, min(s.row) AS row, p."as" AS record_id, 'declared' AS tier,
        'synthetic' AS claim, true AS whole, d.process, d.generator, d.generator_family,
        d.observer, d.basis
    FROM ledger.sightings s JOIN {_PAIRS} p ON p.known = s.record_id
    JOIN declared d ON d.reading_id = s.reading_id AND d.label = 'synthetic'
    GROUP BY ALL
)
SELECT e.* FROM told e WHERE NOT EXISTS (
    FROM ledger.evidence h WHERE h.record_id = e.record_id AND {_SAME}
        AND h.field IS NOT DISTINCT FROM e.field
        AND h.part_bytes IS NOT DISTINCT FROM e.part_bytes)
"""

# An end that stands in a current file still is where it was.
_ENDS = f"""
SELECT p.known, p."as" FROM {_PAIRS} p
SEMI JOIN (SELECT DISTINCT record_id FROM sightings) n ON n.record_id = p."as"
ANTI JOIN (SELECT DISTINCT record_id FROM sightings) s ON s.record_id = p.known
"""

_EDGES = f"""
WITH ends AS ({_ENDS}), told AS (
    SELECT e.* EXCLUDE (commit_id)
        REPLACE (coalesce(c."as", e.child) AS child, coalesce(p."as", e.parent) AS parent)
    FROM ledger.edges e LEFT JOIN ends c ON c.known = e.child
    LEFT JOIN ends p ON p.known = e.parent AND e.parent_kind = 'record'
    WHERE c.known IS NOT NULL OR p.known IS NOT NULL
)
SELECT e.* FROM told e WHERE NOT EXISTS (
    FROM ledger.edges h WHERE h.child IS NOT DISTINCT FROM e.child
        AND h.parent IS NOT DISTINCT FROM e.parent AND h.row IS NOT DISTINCT FROM e.row
        AND h.reading_id IS NOT DISTINCT FROM e.reading_id
        AND h.activity IS NOT DISTINCT FROM e.activity)
"""


FORMER_IDS = """
SELECT DISTINCT s.former_id, s.record_id FROM sightings s
WHERE s.former_id IS NOT NULL AND s.former_id NOT IN (SELECT record_id FROM sightings)
"""
"""SQL of ids that stand in no current file any more, and the id that the content has now."""


def carry_over(store: Store) -> None:
    """Put down what is known of records under the other id that their content has."""
    with store.snapshot() as connection:
        connection.execute(_PAIRS_SQL)
        if not connection.execute(f"FROM {_PAIRS} LIMIT 1").fetchall():
            return
        commit_id = uuid.uuid4()
        parts = [
            _written(store, connection, commit_id, table, query)
            for table, query in (("evidence", _EVIDENCE), ("edges", _EDGES))
        ]
    if any(parts):
        store.commit(Verb.INGEST, f"renamed:{commit_id}", parts, commit_id)


def _written(
    store: Store, connection: Database, commit_id: uuid.UUID, table: str, query: str
) -> DataFile | None:
    names = ", ".join(f'"{name}"' for name in TABLES[table].names if name != "commit_id")
    writer = store.data_file_writer(table, commit_id)
    try:
        for batch in connection.execute(f"SELECT {names} FROM ({query})").to_arrow_reader(100_000):
            writer.write(batch)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise
