"""What follows from a commit: lineage is carried on, revocations are followed."""

from __future__ import annotations

from provenance.due import is_due
from provenance.propagate import propagate
from provenance.store.store import Store
from provenance.takedown import follow


def settle(store: Store) -> None:
    """Bring derived evidence, depths and revocations up to date; one look says whether to."""
    with store.snapshot() as connection:
        due = is_due(connection)
        revoked = connection.execute("FROM ledger.revocations LIMIT 1").fetchall()
    if due:
        propagate(store)
    if revoked:
        follow(store)
