"""What follows from a commit: lineage is carried on, revocations are followed."""

from __future__ import annotations

from provenance.store.catalog import Database
from provenance.store.ledger_store import Store
from provenance.views.lineage import has_lineage


def refresh_derived(store: Store) -> None:
    """Bring derived evidence, depths and revocations up to date; one look says whether to."""
    with store.snapshot(views=()) as connection:
        lineage, revoked = needs_refresh(connection)
    # Most ledgers need neither, and a program should not wait for what it does not need.
    if lineage:
        from provenance.operations.derivation.propagate import propagate

        propagate(store)
    if revoked:
        from provenance.operations.takedown import follow

        follow(store)


def needs_refresh(connection: Database) -> tuple[bool, bool]:
    """Whether there is lineage to carry on, and whether there are revocations to follow."""
    revoked = connection.execute("FROM ledger.revocations LIMIT 1").fetchall()
    return has_lineage(connection), bool(revoked)
