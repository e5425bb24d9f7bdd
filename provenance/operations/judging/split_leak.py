"""Texts that stand in two splits of one set: what a model learns from is then what it is tested on.

Each function finds them in what it says, and gives a finding for equal texts and one for copies
that differ only in what the normal form of a text leaves out.
"""

from __future__ import annotations

from provenance.model.finding import Finding
from provenance.model.reports.facts import SHORT_TEXT
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database

CODE = "split-leak"

EXAMPLES = 3
"""Texts that a finding names."""

_PLACED, _OTHERS, _LEAKED = "split_placed", "split_others", "split_leaked"


def leaks_of_files(connection: Database) -> list[Finding]:
    """Of files that are audited; for use after ``members.file_members``."""
    return _leaks(
        connection,
        "asked_files",
        """SELECT s.record_id, s.norm_id, coalesce(s.norm_chars, s.chars) AS chars,
            f.split, f.uri, s.row FROM file_sightings s JOIN asked_files f USING (reading_id)
        WHERE f.split IS NOT NULL""",
    )


def leaks_of_ledger(connection: Database) -> list[Finding]:
    """Of everything that the ledger holds now."""
    return _leaks(
        connection,
        "files",
        """SELECT s.record_id, s.norm_id, coalesce(s.norm_chars, s.chars) AS chars,
            f.split, f.uri, s.row FROM ledger.sightings s JOIN files f USING (reading_id)
        WHERE f.split IS NOT NULL""",
    )


def leaks_of_members(connection: Database) -> list[Finding]:
    """Of a release: a record is in one split of it, but copies of it may be in another one."""
    return _leaks(
        connection,
        MEMBERS,
        f"""SELECT m.record_id, s.norm_id, s.chars, m.split, m.uri, m.row
        FROM {MEMBERS} m LEFT JOIN (
            SELECT record_id, min(norm_id) AS norm_id, max(coalesce(norm_chars, chars)) AS chars
            FROM sightings GROUP BY record_id) s USING (record_id)
        WHERE m.split IS NOT NULL""",
    )


def _leaks(connection: Database, told: str, placed: str) -> list[Finding]:
    """The findings.

    Args:
        told: a relation with every split that occurs.
        placed: SQL of the texts, each with the split, file and row that it stands in.
    """
    splits = connection.execute(
        f"SELECT count(DISTINCT split) > 1 FROM {told} WHERE split IS NOT NULL"
    ).fetchone()
    if not (splits and splits[0]):
        return []
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_PLACED} AS {placed}")
    same = _found(connection, "record_id", _PLACED)
    # Equal texts are told by then, and short ones are the same everywhere.
    others = f"""(SELECT * FROM {_PLACED} WHERE chars >= {SHORT_TEXT} AND norm_id IS NOT NULL
        AND record_id NOT IN (SELECT key FROM {_LEAKED}))"""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_OTHERS} AS FROM {others}")
    copies = _found(connection, "norm_id", _OTHERS)
    for table in (_PLACED, _OTHERS, _LEAKED):
        connection.execute(f"DROP TABLE {table}")
    return [
        *_finding(same, "the set", "", "take each out of all splits but one"),
        *_finding(
            copies,
            "the set: copies",
            ", equal but for case, spacing and the like,",
            "assemble with --split-by norm_id, or take the copies out of all splits but one",
        ),
    ]


def _found(connection: Database, key: str, placed: str) -> tuple[int, list[str]]:
    """How many keys stand in several splits, and where the first of them do."""
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
    return int(count[0]) if count else 0, [f"{d[:19]}… in {places}" for d, places in rows]


def _finding(found: tuple[int, list[str]], subject: str, how: str, remedy: str) -> list[Finding]:
    total, examples = found
    if not total:
        return []
    texts = f"1 text{how} stands" if total == 1 else f"{total:,} texts{how} stand"
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
