"""Refresh derived evidence and revocations after a commit, if needed."""

from __future__ import annotations

from provenance.store.connection import Database
from provenance.store.ledger_store import Store
from provenance.views.lineage import has_lineage


def refresh_derived(store: Store) -> None:
    """Update derived evidence, depths and revocations; cheap if the ledger has neither."""
    with store.snapshot() as connection:
        lineage, revoked = needs_refresh(connection)
    # Imported lazily: most ledgers need neither.
    if lineage:
        from provenance.operations.derivation.propagate import propagate

        propagate(store)
    if revoked:
        from provenance.operations.takedown import follow

        follow(store)


def needs_refresh(connection: Database) -> tuple[bool, bool]:
    """Whether the ledger has lineage, and whether it has revocations."""
    revoked = connection.execute("FROM ledger.revocations LIMIT 1").fetchall()
    return has_lineage(connection), bool(revoked)
