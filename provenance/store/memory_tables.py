"""A snapshot brought near: small tables copied into memory, where queries of them are fast."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import duckdb

from provenance.errors import VersionError
from provenance.model.base import quote_identifier, quote_literal
from provenance.store.layout import Layout
from provenance.store.schema import TABLES, columns_sql

MOST_ROWS, MOST_BYTES, MOST_PARTS = 5_000, 1 << 20, 64
"""A table within all three is small."""

NEAR = "near"
"""Name under which the copies are attached."""

_WORD = re.compile(r"[a-z_]+")

_META = "__ducklake_metadata_lake"

# What DuckLake says of its tables (its specification, "Tables"): the parts that are current, and
# whether rows of a part were deleted or lie within the catalogue, of which we do neither.
_TABLES = f"""
SELECT t.table_name, coalesce(sum(f.record_count), 0), coalesce(sum(f.file_size_bytes), 0),
    list(f.path) FILTER (f.path IS NOT NULL),
    bool_and(coalesce(f.path_is_relative AND t.path_is_relative, true))
        AND NOT EXISTS (FROM {_META}.ducklake_delete_file d
            WHERE d.table_id = t.table_id AND d.end_snapshot IS NULL)
        AND NOT EXISTS (FROM {_META}.ducklake_inlined_data_tables i WHERE i.table_id = t.table_id)
FROM {_META}.ducklake_table t
JOIN {_META}.ducklake_schema s USING (schema_id)
LEFT JOIN {_META}.ducklake_data_file f ON f.table_id = t.table_id AND f.end_snapshot IS NULL
WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL AND s.schema_name = 'ledger'
GROUP BY t.table_id, t.table_name
"""

_COLUMNS = f"""
SELECT t.table_name, c.column_name FROM {_META}.ducklake_column c
JOIN {_META}.ducklake_table t USING (table_id)
WHERE c.end_snapshot IS NULL AND t.end_snapshot IS NULL
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What the catalogue says of one table."""

    rows: int
    bytes: int
    parts: list[str] = field(default_factory=list)
    plain: bool = True

    @property
    def small(self) -> bool:
        """Whether all of it may be copied."""
        few = self.rows <= MOST_ROWS and len(self.parts) <= MOST_PARTS
        return self.plain and few and self.bytes <= MOST_BYTES


Views = Mapping[str, str]
"""Names of views to their SQL, in an order in which they can be made."""


class Late(str):
    """SQL of a view that is made last; until then something empty with its columns stands for it.

    To make a view, DuckDB plans all that it is over, again for every view above: what is long to
    plan would be planned many times, and mostly for nobody.
    """

    __slots__ = ("empty",)

    def __new__(cls, body: str, empty: str) -> Late:
        """The view, and SQL with the same columns."""
        made = super().__new__(cls, body)
        made.empty = empty
        return made

    empty: str


Shortcut = Callable[[duckdb.DuckDBPyConnection, Views], Views]
"""The same views, some of them by a shorter way that the tables of one snapshot allow."""


def bring_near(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    views: Views,
    shortcut: Shortcut | None = None,
) -> None:
    """Make schemas ``ledger`` and ``main`` once more, over copies of what is small.

    What is large is read where it lies. Nothing can be told apart but the time that it takes: each
    table of DuckLake costs a query some milliseconds, however little is in it.
    """
    held = _held(connection)
    connection.execute(f"ATTACH ':memory:' AS {NEAR}")
    connection.execute(f"USE {NEAR}")
    connection.execute("CREATE SCHEMA ledger")
    for table in TABLES:
        _bring(connection, layout, table, held[table])
    if shortcut is not None:
        views = shortcut(connection, views)
    make_views(connection, views)


def make_views(connection: duckdb.DuckDBPyConnection, views: Views) -> None:
    """Make views in their order, and those that are long to plan last of all."""
    late = {name: body for name, body in views.items() if isinstance(body, Late)}
    for name, body in views.items():
        plain = body.empty if isinstance(body, Late) else body
        connection.execute(f"CREATE VIEW {quote_identifier(name)} AS {plain}")
    for name in reversed(late):
        connection.execute(f"CREATE OR REPLACE VIEW {quote_identifier(name)} AS {late[name]}")


def needed(views: Views, names: Collection[str]) -> Views:
    """Those of the views that these rest on, themselves included, in the same order.

    A view rests on every other whose name is a word of its SQL, which is at times one too many.

    Args:
        names: of views.
    """
    wanted = set(names)
    found: list[tuple[str, str]] = []
    for name, body in reversed(list(views.items())):
        if name in wanted:
            found.append((name, body))
            wanted.update(_WORD.findall(body))
    return dict(reversed(found))


def check_tables(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Compare the tables of a ledger with those that this program knows.

    Raises:
        VersionError: one is missing, or lacks a column.
    """
    found = set(connection.execute(_COLUMNS).fetchall())
    wanted = {(table, name) for table, schema in TABLES.items() for name in schema.names}
    if missing := sorted({table for table, _ in wanted - found}):
        raise VersionError(
            f"the ledger at `{layout.name}` was made before its schema was settled: "
            f"it lacks (columns of) {', '.join(missing)}",
            hint="make a new ledger and ingest the files again",
        )


def _held(connection: duckdb.DuckDBPyConnection) -> dict[str, Held]:
    rows = connection.execute(_TABLES).fetchall()
    return {
        table: Held(int(count), int(size), parts or [], bool(plain))
        for table, count, size, parts, plain in rows
    }


def _bring(connection: duckdb.DuckDBPyConnection, layout: Layout, table: str, held: Held) -> None:
    name = quote_identifier(table)
    if not held.small:
        connection.execute(f"CREATE VIEW ledger.{name} AS FROM lake.ledger.{name}")
        return
    connection.execute(f"CREATE TABLE ledger.{name} ({columns_sql(table)})")
    if held.parts:
        paths = (quote_literal(str(layout.table(table) / part)) for part in held.parts)
        connection.execute(
            # Parts of an older schema lack columns that those after them have.
            f"INSERT INTO ledger.{name} BY NAME "
            f"FROM read_parquet([{', '.join(paths)}], union_by_name = true)"
        )
