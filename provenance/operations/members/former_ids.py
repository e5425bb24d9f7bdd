"""Match rows of audited files to records that the ledger holds under ids of an older rule.

A ledger may hold a record under the digest of an older rule of the canonical form. A row with the
same content is judged as that record, so that its evidence counts. If the ledger has both ids, the
row keeps the newest one and also gets the claims about the older one.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.model.base import quote_literal
from provenance.store.connection import Database
from provenance.store.data_files import DataFile

_TABLES = ("sightings", "evidence", "parts")
_FORMER = "file_former"
_RENAMED = "coalesce(n.known_id, t.record_id) AS record_id"

_FIND = f"""
CREATE OR REPLACE TEMP TABLE {_FORMER} AS
SELECT s.reading_id, s.row, s.record_id AS own_id, s.former_id AS known_id,
    s.former_rest AS known_rest,
    s.former_id IN (SELECT record_id FROM revoked)
        OR NOT EXISTS (FROM ledger.sightings k WHERE k.record_id = s.record_id) AS instead
FROM file_sightings s WHERE s.former_id IS NOT NULL AND EXISTS (
    FROM ledger.sightings k WHERE k.record_id = s.former_id AND k.digest_rest = s.former_rest)
"""

_ALSO_KNOWN = f"""
SELECT n.own_id, c.* EXCLUDE (record_id) FROM claims c
JOIN (SELECT DISTINCT own_id, known_id FROM {_FORMER} WHERE NOT instead) n
    ON n.known_id = c.record_id
"""


def make_file_rows(connection: Database, parts: Sequence[DataFile]) -> str:
    """Create the views ``file_sightings``, ``file_evidence`` and ``file_parts``.

    Returns:
        SQL to append to a query of claims: the claims about records under older ids; empty if there
        are none.
    """
    read = {table: _read(table, parts) for table in _TABLES}
    for table, rows in read.items():
        connection.execute(f"CREATE OR REPLACE TEMP VIEW file_{table} AS {rows}")
    if not _any(connection, "file_sightings WHERE former_id IS NOT NULL"):
        return ""
    connection.execute(_FIND)
    if _any(connection, f"{_FORMER} WHERE instead"):
        for table, rows in read.items():
            rest = ", coalesce(n.known_rest, t.digest_rest) AS digest_rest"
            renamed = _RENAMED + (rest if table == "sightings" else "")
            connection.execute(f"""
                CREATE OR REPLACE TEMP VIEW file_{table} AS
                SELECT t.* REPLACE ({renamed}) FROM ({rows}) t
                LEFT JOIN (FROM {_FORMER} WHERE instead) n USING (reading_id, row)""")
    also = _any(connection, f"{_FORMER} WHERE NOT instead")
    return f"UNION ALL {_ALSO_KNOWN}" if also else ""


def _read(table: str, parts: Sequence[DataFile]) -> str:
    listed = ", ".join(quote_literal(part.path) for part in parts if part.table == table)
    return f"FROM read_parquet([{listed}])" if listed else f"FROM ledger.{table} LIMIT 0"


def _any(connection: Database, relation: str) -> bool:
    return bool(connection.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchall())
