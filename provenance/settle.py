"""What follows from a commit: lineage is carried on, revocations are followed."""

from __future__ import annotations

from provenance.lineage_views import has_lineage
from provenance.store.catalogue import Database
from provenance.store.store import Store


def settle(store: Store) -> None:
    """Bring derived evidence, depths and revocations up to date; one look says whether to."""
    with store.snapshot(views=()) as connection:
        lineage, revoked = to_settle(connection)
    # Most ledgers need neither, and a program should not wait for what it does not need.
    if lineage:
        from provenance.propagate import propagate

        propagate(store)
    if revoked:
        from provenance.takedown import follow

        follow(store)


def to_settle(connection: Database) -> tuple[bool, bool]:
    """Whether there is lineage to carry on, and whether there are revocations to follow."""
    revoked = connection.execute("FROM ledger.revocations LIMIT 1").fetchall()
    return has_lineage(connection), bool(revoked)
