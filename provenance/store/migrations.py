"""Migrate the schema of a ledger: named steps in order, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provenance.errors import VersionError
from provenance.model.base import quote_identifier
from provenance.store.catalog import locked_for_writing
from provenance.store.commits import Verb
from provenance.store.connection import Database
from provenance.store.layout import Layout
from provenance.store.ledger_store import Store
from provenance.store.schema import SCHEMA_VERSION, column_sql, columns_sql
from provenance.store.view_sql import Views, make_views


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a version to the next."""

    version: int
    name: str
    apply: Callable[[Database], None]


_ADDED_IN_2: Mapping[str, tuple[str, ...]] = {
    "sources": ("accepts", "ignores"),
    "files": ("norm", "replaced_by"),
    "declarations": ("generator_family", "ignores"),
    "sightings": ("norm_chars",),
    "evidence": ("field",),
    "tombstones": ("norm_id",),
    "origins": ("tier",),
    "members": ("rule", "tier"),
    "edges_up": ("way", "choice"),
    "edges_down": ("way", "choice"),
    "derived": ("parent_name", "generator", "generator_family"),
}


def _to_2(connection: Database) -> None:
    """Add the parts of records, and the columns that say on which field evidence rests."""
    _add_columns(connection, _ADDED_IN_2)
    connection.execute(f"CREATE TABLE ledger.parts ({columns_sql('parts')})")


def _add_columns(connection: Database, added: Mapping[str, tuple[str, ...]]) -> None:
    for table, columns in added.items():
        for column in columns:
            connection.execute(
                f"ALTER TABLE ledger.{quote_identifier(table)} ADD COLUMN "
                f"{column_sql(table, column)}"
            )


_ADDED_IN_3: Mapping[str, tuple[str, ...]] = {
    "files": ("canon",),
    "sightings": ("former_id", "former_rest"),
}


def _to_3(connection: Database) -> None:
    """Add the rule of the canonical form, and the digests by the first one; nothing is reckoned."""
    _add_columns(connection, _ADDED_IN_3)


MIGRATIONS: tuple[Migration, ...] = (
    Migration(2, "parts-and-fields", _to_2),
    Migration(3, "canonical-rule", _to_3),
)
"""Steps in order; the first released schema is version 1."""


def found_version(layout: Layout) -> int:
    """The schema version of a ledger."""
    with locked_for_writing(layout, "migrate") as connection:
        row = connection.execute("SELECT max(version) FROM ledger.versions").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def due(layout: Layout) -> tuple[Migration, ...]:
    """The steps that a ledger lacks.

    Raises:
        VersionError: it is newer than this program.
    """
    found = found_version(layout)
    if found > SCHEMA_VERSION:
        raise VersionError(
            f"the ledger at `{layout.name}` has schema version {found}, "
            f"this program knows up to {SCHEMA_VERSION}",
            hint="upgrade: pip install --upgrade prov-ledger",
        )
    return tuple(step for step in MIGRATIONS if step.version > found)


def run(store: Store) -> tuple[Migration, ...]:
    """Apply what is due, and bring the views up with it; each step is recorded as it is done."""
    steps = due(store.layout)
    for step in steps:
        with locked_for_writing(store.layout, "migrate") as connection:
            connection.execute("BEGIN")
            step.apply(connection)
            _replace_views(connection, store.views)
            connection.execute("COMMIT")
        row: dict[str, object] = {"version": step.version, "migration": step.name}
        store.record(Verb.MIGRATE, f"migrate:{step.version}", {"versions": [row]})
    return steps


def _replace_views(connection: Database, views: Views) -> None:
    """Make the views of this version in place of all that are there, which no table needs."""
    old = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main' "
        "AND database_name = current_database()"
    ).fetchall()
    for (name,) in old:
        connection.execute(f"DROP VIEW {quote_identifier(name)}")
    make_views(connection, views)
