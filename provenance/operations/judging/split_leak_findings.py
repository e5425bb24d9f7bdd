"""Findings about texts that are in two splits of one set, so that test data leaks into training.

Each function gives one finding for equal texts, and one for copies that are equal only after
normalisation.
"""

from __future__ import annotations

from provenance.model.finding import Finding
from provenance.model.reports.facts import SHORT_TEXT
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

CODE = "split-leak"

EXAMPLES = 3
"""Texts that a finding names."""

_TEXTS, _OTHERS, _LEAKED = "split_placed", "split_others", "split_leaked"


def leaks_of_files(connection: Database) -> list[Finding]:
    """Report leaks in audited files. Call ``file_members`` first."""
    return _leaks(
        connection,
        "asked_files",
        """SELECT s.record_id, s.norm_id, coalesce(s.norm_chars, s.chars) AS chars,
            f.split, f.uri, s.row FROM file_sightings s JOIN asked_files f USING (reading_id)
        WHERE f.split IS NOT NULL""",
    )


def leaks_of_ledger(connection: Database) -> list[Finding]:
    """Report leaks in the current files of the ledger."""
    return _leaks(
        connection,
        "files",
        """SELECT s.record_id, s.norm_id, coalesce(s.norm_chars, s.chars) AS chars,
            f.split, f.uri, s.row FROM ledger.sightings s JOIN files f USING (reading_id)
        WHERE f.split IS NOT NULL""",
    )


def leaks_of_members(connection: Database) -> list[Finding]:
    """Report leaks in a release: a record is in one split, but copies of it may be in another."""
    return _leaks(
        connection,
        MEMBERS,
        f"""SELECT m.record_id, s.norm_id, s.chars, m.split, m.uri, m.row
        FROM {MEMBERS} m LEFT JOIN (
            SELECT record_id, min(norm_id) AS norm_id, max(coalesce(norm_chars, chars)) AS chars
            FROM sightings GROUP BY record_id) s USING (record_id)
        WHERE m.split IS NOT NULL""",
    )


def _leaks(connection: Database, splits: str, placed: str) -> list[Finding]:
    """Find leaks and describe them.

    Args:
        splits: a relation with a column ``split``: every split that occurs.
        placed: SQL of the texts, each with the split, file and row that it stands in.
    """
    several = connection.execute(
        f"SELECT count(DISTINCT split) > 1 FROM {splits} WHERE split IS NOT NULL"
    ).fetchone()
    if not (several and several[0]):
        return []
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_TEXTS} AS {placed}")
    same = _found(connection, "record_id", _TEXTS)
    # Equal texts are reported already, and short ones recur by chance.
    others = f"""(SELECT * FROM {_TEXTS} WHERE chars >= {SHORT_TEXT} AND norm_id IS NOT NULL
        AND record_id NOT IN (SELECT key FROM {_LEAKED}))"""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_OTHERS} AS FROM {others}")
    copies = _found(connection, "norm_id", _OTHERS)
    for table in (_TEXTS, _OTHERS, _LEAKED):
        connection.execute(f"DROP TABLE {table}")
    return [
        *_finding(same, "the set", "", "keep each in one split only"),
        *_finding(
            copies,
            "the set: copies",
            ", equal after normalisation,",
            "assemble with --split-by norm_id, or keep the copies in one split only",
        ),
    ]


def _found(connection: Database, key: str, placed: str) -> tuple[int, list[str]]:
    """Count the keys that are in several splits, and locate the first of them."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_LEAKED} AS SELECT {key} AS key FROM {placed}
        GROUP BY key HAVING count(DISTINCT split) > 1""")
    count = connection.execute(f"SELECT count(*) FROM {_LEAKED}").fetchone()
    rows = connection.execute(f"""
        SELECT min(digest), string_agg(
            split || ' (' || regexp_extract(first.uri, '[^/]*$') || ', row ' || first.row || ')',
            ' and ' ORDER BY split)
        FROM (
            SELECT {key} AS key, split, min({{'uri': uri, 'row': row}}) AS first,
                min('sha256:' || replace(CAST(record_id AS VARCHAR), '-', '')) AS digest
            FROM {placed} WHERE {key} IN (SELECT key FROM {_LEAKED}) GROUP BY ALL
        ) GROUP BY key ORDER BY 1 LIMIT {EXAMPLES}""").fetchall()
    return int(count[0]) if count else 0, [f"{d[:19]}… in {texts}" for d, texts in rows]


def _finding(found: tuple[int, list[str]], subject: str, how: str, remedy: str) -> list[Finding]:
    total, examples = found
    if not total:
        return []
    texts = f"1 text{how} is" if total == 1 else f"{total:,} texts{how} are"
    more = "; …" if total > len(examples) else ""
    return [
        Finding(
            code=CODE,
            severity="warning",
            subject=subject,
            reason=f"{texts} in more than one split: {'; '.join(examples)}{more}",
            remedy=remedy,
        )
    ]
