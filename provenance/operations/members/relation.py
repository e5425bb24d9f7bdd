"""The members relation (docs/architecture.md): of a selection, of a release, of somebody's file."""

from __future__ import annotations

import json

from provenance.store.catalog import Database
from provenance.views.generator_names import Spellings

MEMBERS = "set_members"
"""Name of the temporary view that a judgement is made on."""

ROWS, PLAIN = "set_rows", "set_plain"
"""Temporary tables of what cannot be worked out from a member itself; of those that a selection
takes, the plain ones are kept apart, with less of each (``selection``)."""

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
"""Columns that may change while a record stays the same."""


def origin_columns(table: str, names: Spellings) -> str:
    """SQL of the columns of an origin, generators in their one spelling."""
    return ", ".join(f"{names.sql(name, f'{table}.{name}')} AS {name}" for name in ORIGIN_COLUMNS)


DIGEST = """'sha256:' || replace(CAST(record_id AS VARCHAR), '-', '')
    || replace(CAST(digest_rest AS VARCHAR), '-', '')"""
"""SQL for the written digest of a row that has both halves."""

_COMPUTED = {
    "digest": DIGEST,
    "records": "1::BIGINT",
    "lo_records": "(label = 'synthetic')::BIGINT",
    "hi_records": "(label <> 'human')::BIGINT",
}


_TOKENS = dict.fromkeys(("tokens", "lo_tokens", "hi_tokens"), "NULL::BIGINT")


def attribute_names(connection: Database) -> frozenset[str]:
    """Names of all attributes that current files keep."""
    rows = connection.execute(
        "SELECT DISTINCT attributes FROM files WHERE attributes IS NOT NULL"
    ).fetchall()
    return frozenset(name for (text,) in rows for name in json.loads(text))


def create_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Make ``set_members`` of a query, which may be one over ``set_members``.

    Args:
        counted: whether the query gives tokens.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {ROWS} AS {query}")
    create_members_view(connection, f"FROM {ROWS}", counted=counted)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {PLAIN} (record_id UUID)")


def narrow_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Make ``set_members`` anew from a query that gives all of its columns."""
    added = (*_COMPUTED, *(() if counted else _TOKENS))
    create_members(
        connection, f"SELECT * EXCLUDE ({', '.join(added)}) FROM ({query})", counted=counted
    )


def keep_members(connection: Database, taken: str) -> None:
    """Leave out all members that were made of a query, but those whose ids a table has."""
    for table in (PLAIN, ROWS):
        connection.execute(
            f"DELETE FROM {table} WHERE NOT EXISTS "
            f"(FROM {taken} t WHERE t.record_id = {table}.record_id)"
        )


def create_members_view(connection: Database, rows: str, *, counted: bool = False) -> None:
    """Make ``set_members`` of rows, with what is worked out wherever it is asked for."""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {MEMBERS} AS {with_computed_columns(rows, counted=counted)}"
    )


def with_computed_columns(rows: str, *, counted: bool = False) -> str:
    """SQL of members from SQL of what cannot be worked out from a member itself."""
    added = _COMPUTED if counted else _COMPUTED | _TOKENS
    columns = ", ".join(f"{sql} AS {name}" for name, sql in added.items())
    return f"SELECT *, {columns} FROM ({rows})"


def known_names(connection: Database, view: str, noun: str) -> str:
    """The names that a view has, for a hint."""
    rows = connection.execute(f"SELECT name FROM {view} ORDER BY name LIMIT 20").fetchall()
    return (
        f"the {noun} are: " + ", ".join(row[0] for row in rows) if rows else f"there are no {noun}"
    )
