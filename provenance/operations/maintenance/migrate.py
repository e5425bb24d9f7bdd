"""Upgrade a ledger that an older version wrote."""

from __future__ import annotations

import os

from provenance.store import migrations
from provenance.store.layout import locate
from provenance.store.ledger_store import open_store
from provenance.views.definitions import VIEWS


def pending_migrations(url: str | os.PathLike[str] = ".prov") -> list[str]:
    """List the names of the migrations that a ledger lacks, in the order in which they run.

    Raises:
        NotFoundError: there is no ledger.
    """
    store = open_store(locate(os.fspath(url)), VIEWS)
    return [step.name for step in migrations.due(store.layout)]


def migrate(url: str | os.PathLike[str] = ".prov") -> list[str]:
    """Bring a ledger of an older version up to date; returns the names of what was applied.

    Raises:
        NotFoundError: there is no ledger.
        BusyError, ReadOnlyError, StorageError: it cannot be written.
    """
    store = open_store(locate(os.fspath(url)), VIEWS)
    return [step.name for step in migrations.run(store)]
