"""Combine the licences of a record and of its sources: all of them apply."""

from __future__ import annotations

AND = " AND "
"""Separator of licences that apply together, as in SPDX."""


def licences_sql(column: str) -> str:
    """SQL of the list of licences that hold together in an expression; a choice is one of them.

    Where they stand within a choice the whole stands beside them, so that none goes unseen.
    """
    split = f"string_split({column}, '{AND}')"
    trimmed = f"list_transform({split}, lambda t: trim(t, '()'))"
    nested = f"regexp_matches({column}, '\\([^()]*{AND}') OR {column} LIKE '%{AND}% OR %'"
    return (
        f"(CASE WHEN {nested} THEN list_prepend({column}, {trimmed}) "
        f"WHEN contains({column}, '{AND}') THEN {split} ELSE [{column}] END)"
    )


def together_sql(licences: str) -> str:
    """SQL of the expression for a list of distinct expressions, sorted; NULL for none."""
    bracketed = "CASE WHEN contains(e, ' OR ') THEN '(' || e || ')' ELSE e END"
    parts = (
        f"flatten(list_transform({licences}, lambda e: "
        f"CASE WHEN contains(e, ' OR ') OR NOT contains(e, '{AND}') THEN [{bracketed}] "
        f"ELSE string_split(e, '{AND}') END))"
    )
    return (
        f"(CASE WHEN len({licences}) > 1 "
        f"THEN array_to_string(list_sort(list_distinct({parts})), '{AND}') "
        f"ELSE ({licences})[1] END)"
    )


def both_sql(own: str, other: str) -> str:
    """SQL of the expression for two columns, each of which may be NULL.

    Where they agree it is what they say; else both, sorted: ``CC0-1.0 AND MIT``.
    """
    return (
        f"(CASE WHEN {own} IS NULL OR {own} = {other} THEN {other} WHEN {other} IS NULL THEN {own} "
        f"ELSE {together_sql(f'[{own}, {other}]')} END)"
    )
