"""Bring a ledger of an older version up to date."""

from __future__ import annotations

from provenance.store import migrations
from provenance.store.layout import locate
from provenance.store.ledger_store import open_store
from provenance.views.definitions import VIEWS


def due(url: str) -> list[str]:
    """Names of the migrations that a ledger lacks."""
    return [step.name for step in migrations.due(open_store(locate(url), VIEWS).layout)]


def run(url: str) -> list[str]:
    """Apply them; returns their names."""
    return [step.name for step in migrations.run(open_store(locate(url), VIEWS))]
