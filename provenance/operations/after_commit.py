"""What follows from a commit: lineage is carried on, revocations are followed."""

from __future__ import annotations

from provenance.store.connection import Database
from provenance.store.ledger_store import Store
from provenance.views.lineage import has_lineage


def settle(store: Store) -> None:
    """Bring derived evidence, depths and revocations up to date; one look says whether to."""
    with store.snapshot() as connection:
        lineage, revoked = to_settle(connection)
    # Most ledgers need neither, and a program should not wait for what it does not need.
    if lineage:
        from provenance.operations.derivation.propagate import propagate

        propagate(store)
    if revoked:
        from provenance.operations.takedown import follow

        follow(store)


def to_settle(connection: Database) -> tuple[bool, bool]:
    """Whether there is lineage to carry on, and whether there are revocations to follow."""
    revoked = connection.execute("FROM ledger.revocations LIMIT 1").fetchall()
    return has_lineage(connection), bool(revoked)
