"""Changes of the schema: named, in order, each in one transaction, and never run by opening."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provenance.errors import VersionError
from provenance.store.catalogue import Database, held
from provenance.store.layout import Layout
from provenance.store.store import Store
from provenance.store.tables import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a version to the next."""

    version: int
    name: str
    apply: Callable[[Database], None]


MIGRATIONS: tuple[Migration, ...] = ()
"""Steps in order; the first released schema is version 1, so there are none yet."""


def found_version(layout: Layout) -> int:
    """The schema version of a ledger."""
    with held(layout, "migrate") as connection:
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
    """Apply what is due; each step is recorded as it is done."""
    steps = due(store.layout)
    for step in steps:
        with held(store.layout, "migrate") as connection:
            connection.execute("BEGIN")
            step.apply(connection)
            connection.execute("COMMIT")
        row: dict[str, object] = {"version": step.version, "migration": step.name}
        store.record("migrate", f"migrate:{step.version}", {"versions": [row]})
    return steps
