"""Upgrade a ledger that an older version wrote."""

from __future__ import annotations

from provenance.store import migrations
from provenance.store.layout import locate
from provenance.store.ledger_store import open_store
from provenance.views.definitions import VIEWS


def due(url: str) -> list[str]:
    """List the names of pending migrations."""
    return [step.name for step in migrations.due(open_store(locate(url), VIEWS).layout)]


def run(url: str) -> list[str]:
    """Apply all pending migrations and return their names."""
    return [step.name for step in migrations.run(open_store(locate(url), VIEWS))]
