"""What every part of the class ``Ledger`` rests on: the store that is open."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.store.ledger_store import Store


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """An open ledger; between calls it holds no lock and no connection."""

    store: Store

    def __repr__(self) -> str:
        """Show where it is; without a password."""
        return f"<Ledger {self.url}>"

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        return self.store.layout.name
