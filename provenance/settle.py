"""What follows from a commit: lineage is carried on, revocations are followed."""

from __future__ import annotations

from provenance.due import has_lineage
from provenance.propagate import propagate
from provenance.store.store import Store
from provenance.takedown import follow


def settle(store: Store) -> None:
    """Bring derived evidence, depths and revocations up to date; one look says whether to."""
    with store.snapshot() as connection:
        lineage = has_lineage(connection)
        revoked = connection.execute("FROM ledger.revocations LIMIT 1").fetchall()
    if lineage:
        propagate(store)
    if revoked:
        follow(store)
