"""Findings about marks of origin: unread fields that look like marks, and lost evidence."""

from __future__ import annotations

import shlex

from provenance.content.display import shown
from provenance.model.finding import Finding
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database
from provenance.views.open_questions import questions_sql

LISTED = 50
"""Most fields, and most files, that are named."""

_ANY = """
SELECT EXISTS (FROM evidence WHERE claim = 'question'),
    EXISTS (FROM spoken_readings WHERE NOT current)
"""

_OF_LEDGER = f"""
SELECT e.*, f.source FROM evidence e JOIN files f USING (reading_id)
SEMI JOIN {MEMBERS} m ON m.record_id = e.record_id WHERE e.claim = 'question'
"""

_LOST = f"""
SELECT e.source, e.uri, count(DISTINCT e.record_id) AS records, min(e.basis)
FROM lost_evidence e SEMI JOIN {MEMBERS} m ON m.record_id = e.record_id
GROUP BY e.source, e.uri ORDER BY records DESC, e.source, e.uri
"""


def mark_findings(connection: Database) -> list[Finding]:
    """Report open questions about ``set_members``, and evidence that only old readings give."""
    # Members may be many, and most ledgers have neither.
    asked, lost = connection.execute(_ANY).fetchall()[0]
    return [*(_asked(connection) if asked else ()), *(_lost(connection) if lost else ())]


def file_questions(connection: Database, evidence: str) -> list[Finding]:
    """Report open questions about audited files.

    Args:
        evidence: relation of the evidence in the files themselves, with a column ``uri``.
    """
    found = connection.execute(questions_sql(f"FROM {evidence}", "uri")).fetchall()
    return [
        _question(
            f"field {field} of {uri}",
            field,
            records,
            samples,
            f"if it is not a mark, use `--ignore-field {_typed(field)}`",
        )
        for uri, field, records, samples in found[:LISTED]
    ]


def _asked(connection: Database) -> list[Finding]:
    found = connection.execute(questions_sql(_OF_LEDGER, "source")).fetchall()
    return [
        _question(
            f"field {field} of source {source}",
            field,
            records,
            samples,
            f"if it is not a mark, use `prov ingest … --source {_typed(source)} --ignore-field "
            f"{_typed(field)}`, or list it under `ignores:` in the source's contract",
        )
        for source, field, records, samples in found[:LISTED]
    ]


def _question(subject: str, field: str, records: int, samples: list[str], remedy: str) -> Finding:
    values = ", ".join(map(shown, samples))
    return Finding(
        code="unread-mark",
        severity="warning",
        subject=subject,
        reason=f"`{shown(field)}` looks like a mark of origin in {records:,} records ({values}), "
        "and no recogniser reads it; these records are not counted as human",
        remedy=remedy,
    )


def _typed(name: str) -> str:
    """Quote a name from data for a shell."""
    return shlex.quote(shown(name))


def _lost(connection: Database) -> list[Finding]:
    return [
        Finding(
            code="evidence-lost",
            severity="warning",
            subject=f"{uri} of source {source}",
            reason=f"an earlier version of the file marks {records:,} records that the current "
            f"one does not ({shown(basis)}); the earlier evidence stays in force",
            remedy=f"if the marks were wrong, drop them with `prov ingest {_typed(uri)} "
            f"--source {_typed(source)} --replace`",
        )
        for source, uri, records, basis in connection.execute(_LOST).fetchall()[:LISTED]
    ]
