"""The members relation ``set_members``, on which budgets are judged: columns and creation."""

from __future__ import annotations

import json

from provenance.store.connection import Database
from provenance.views.generator_names import Spellings

MEMBERS = "set_members"
"""Name of the temporary view of the records to judge, one row per record."""

ROWS, PLAIN = "set_rows", "set_plain"
"""Temporary tables of the stored columns of members; ``PLAIN`` holds fewer columns, for records
whose origin follows from their reading (``selection``)."""

ORIGIN_COLUMNS = (
    *(f"{end}_{unit}" for unit in ("bytes", "chars", "words") for end in ("lo", "hi")),
    "label",
    "process",
    "generator",
    "generator_family",
    "depth",
    "conflict",
    "rule",
    "tier",
)
"""Columns of the origin, which may change while a record stays the same."""


def origin_columns(table: str, names: Spellings) -> str:
    """SQL of the origin columns, with generators in their canonical spelling."""
    return ", ".join(f"{names.sql(name, f'{table}.{name}')} AS {name}" for name in ORIGIN_COLUMNS)


DIGEST = """'sha256:' || replace(CAST(record_id AS VARCHAR), '-', '')
    || replace(CAST(digest_rest AS VARCHAR), '-', '')"""
"""SQL of the digest as text, from the two halves in a row."""

_COMPUTED = {
    "digest": DIGEST,
    "records": "1::BIGINT",
    "lo_records": "(label = 'synthetic')::BIGINT",
    "hi_records": "(label <> 'human')::BIGINT",
}


_TOKENS = dict.fromkeys(("tokens", "lo_tokens", "hi_tokens"), "NULL::BIGINT")


def attribute_names(connection: Database) -> frozenset[str]:
    """List the names of all attributes in current files."""
    rows = connection.execute(
        "SELECT DISTINCT attributes FROM files WHERE attributes IS NOT NULL"
    ).fetchall()
    return frozenset(name for (text,) in rows for name in json.loads(text))


def create_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Create ``set_members`` from a query, which may read ``set_members``.

    Args:
        counted: whether the query has token columns.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {ROWS} AS {query}")
    create_members_view(connection, f"FROM {ROWS}", counted=counted)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {PLAIN} (record_id UUID)")


def narrow_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Replace ``set_members`` by a query that gives all of its columns."""
    added = (*_COMPUTED, *(() if counted else _TOKENS))
    create_members(
        connection, f"SELECT * EXCLUDE ({', '.join(added)}) FROM ({query})", counted=counted
    )


def keep_members(connection: Database, taken: str) -> None:
    """Delete all members but those whose ids are in a table."""
    for table in (PLAIN, ROWS):
        connection.execute(
            f"DELETE FROM {table} WHERE NOT EXISTS "
            f"(FROM {taken} t WHERE t.record_id = {table}.record_id)"
        )


def create_members_view(connection: Database, rows: str, *, counted: bool = False) -> None:
    """Create the view ``set_members`` over rows, adding the computed columns."""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {MEMBERS} AS {with_computed_columns(rows, counted=counted)}"
    )


def with_computed_columns(rows: str, *, counted: bool = False) -> str:
    """SQL that adds the columns digest, records, lo_records, hi_records, and null tokens."""
    added = _COMPUTED if counted else _COMPUTED | _TOKENS
    columns = ", ".join(f"{sql} AS {name}" for name, sql in added.items())
    return f"SELECT *, {columns} FROM ({rows})"


def known_names(connection: Database, view: str, noun: str) -> str:
    """Format the names in a view for a hint."""
    rows = connection.execute(f"SELECT name FROM {view} ORDER BY name LIMIT 20").fetchall()
    return (
        f"the {noun} are: " + ", ".join(row[0] for row in rows) if rows else f"there are no {noun}"
    )
