"""Edges that are kept sorted, and lineage carried on from what is new alone: the same answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.worlds import World, derived, run_anew

from provenance.operations.derivation.propagate import propagate
from provenance.views.edge_index import make_paths


def traces(world: World) -> list[object]:
    """All that can be asked of where records come from and lead to."""
    found = world.ledger.query("SELECT DISTINCT record_id FROM sightings ORDER BY 1 LIMIT 4")
    records = (str(record) for record in found.column(0).to_pylist())
    return [world.ledger.trace(record, down=down) for record in records for down in (False, True)]


SEEDS = range(int(os.environ.get("PROV_SEEDS", "1")))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_carrying_on_from_what_is_new_equals_a_full_run(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    world.ingest()
    world.model()
    for _ in range(8):
        world.step()
        propagate(world.ledger.store)
    kept = derived(world.ledger)
    run_anew(world.ledger)
    assert derived(world.ledger) == kept
    world.ingest()
    propagate(world.ledger.store)
    world.release()
    answers = traces(world)
    with world.ledger.snapshot() as connection:
        assert make_paths(connection).kept
    world.ledger.store.record("test", "test", {"models": [{"name": "one more"}]})
    with world.ledger.snapshot() as connection:
        assert not make_paths(connection).kept
    assert traces(world) == answers
