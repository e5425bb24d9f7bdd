"""Origins that were written down answer as those that are concluded each time."""

from __future__ import annotations

import json
import os
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.datafiles import ingest, texts, write_jsonl
from support.worlds import FIELDS, OBSERVERS, World

import provenance
from provenance.ledger import Ledger
from provenance.operations import records
from provenance.operations.derivation.propagate import propagate
from provenance.operations.derivation.staleness import needs_propagation
from provenance.store.ledger_store import Store
from provenance.store.user_query import user_query
from provenance.views import materialized_origins
from provenance.views.materialized_origins import kept_origins

SEEDS = range(int(os.environ.get("PROV_SEEDS", "1")))


@pytest.fixture(autouse=True)
def _of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialized_origins, "FROM_RECORDS", 1)


def plain(ledger: Ledger) -> Store:
    """The ledger as somebody reads it who knows of no table of origins."""
    return Store(ledger.store.layout, ledger.store.views)


def origins(store: Store) -> list[Any]:
    with store.snapshot() as connection:
        return connection.execute("FROM origins ORDER BY ALL").fetchall()


def state(ledger: Ledger) -> bool | None:
    """Whether the origins that were written down may have moved; ``None`` without any."""
    with ledger.snapshot() as connection:
        kept = kept_origins(connection)
        return None if kept is None else kept.stale


def some(world: World, *names: str) -> str | None:
    """A list of some of these names as the ledger keeps it, or nothing at all."""
    chosen = [name for name in names if world.draw.random() < 0.4]
    return json.dumps(chosen) if chosen else None


def contract(world: World) -> None:
    """What the source says of all its files, from now on, and what it accepts and ignores."""
    label = world.draw.choice(("human", "synthetic", "unknown", None))
    row = {
        "name": "s",
        "label": label,
        "generator": world.draw.choice((None, "m")),
        "accepts": some(world, *OBSERVERS, *FIELDS),
        "ignores": some(world, *FIELDS),
    }
    world.number += 1
    world.ledger.store.record("source", f"source:{world.number}", {"sources": [row]})


def declaration(world: World) -> None:
    """What is said of one file on its own, be it current or not."""
    readings = world.ledger.query("SELECT reading_id FROM ledger.files ORDER BY uri, 1")
    reading = uuid.UUID(str(world.draw.choice(readings.column(0).to_pylist())))
    label = world.draw.choice(("human", "synthetic", "mixed", None))
    row = {"reading_id": reading, "label": label, "ignores": some(world, *FIELDS)}
    world.number += 1
    world.ledger.store.record("declare", f"declare:{world.number}", {"declarations": [row]})


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_kept_answers_as_what_is_concluded(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    world.ingest()
    world.model()
    for round_ in range(7):
        if round_ in {1, 4}:
            world.ledger.maintain()
            assert state(world.ledger) is False
            with world.ledger.snapshot() as connection:
                assert not needs_propagation(connection), "lineage has nothing to carry on"
            assert origins(world.ledger.store) == origins(plain(world.ledger))
        again = partial(world.ingest, uri="f1")
        steps = (world.step, again, partial(contract, world), partial(declaration, world))
        world.draw.choice(steps)()
        propagate(world.ledger.store)
        assert origins(world.ledger.store) == origins(plain(world.ledger))
        assert records.status(world.ledger.store) == records.status(plain(world.ledger))


@pytest.mark.slow
def test_a_new_version_of_a_file_takes_its_records_away(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 4))
    ingest(ledger, path, "web", label="human")
    assert ledger.maintain().origins == 4
    assert ledger.maintain().origins == 0, "nothing moved since"
    write_jsonl(path, texts("b", 3))
    ingest(ledger, path, "web", label="synthetic")
    assert state(ledger) is True
    assert origins(ledger.store) == origins(plain(ledger))
    assert ledger.status().labels["synthetic"] == 3
    with user_query(plain(ledger), "FROM records ORDER BY ALL") as relation:
        assert ledger.query("FROM records ORDER BY ALL") == relation.to_arrow_table()
    assert ledger.maintain().origins == 3
    rows = ledger.query("SELECT count(*) FROM ledger.origins").column(0)[0].as_py()
    assert rows == 3, "what nobody needs any more is dropped"


@pytest.mark.slow
def test_a_text_that_becomes_known_moves_its_copies(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    text = "This text is long enough to be known by what is left of it, dressed or not."
    pair = {"id": "b", "instruction": "Write a long text.", "output": text.lower()}
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", [{"text": text.upper()}]), "a", label="human")
    ingest(ledger, write_jsonl(tmp_path / "b.jsonl", [pair]), "b", label="human")
    ledger.maintain()
    path = write_jsonl(tmp_path / "c.jsonl", [{"text": text}])
    for label, human, mixed in (("synthetic", 0, 1), ("human", 3, 0), ("synthetic", 0, 1)):
        ingest(ledger, path, "c", label=label)
        assert state(ledger) is True
        assert origins(ledger.store) == origins(plain(ledger))
        labels = ledger.status().labels
        assert (labels["human"], labels["mixed"]) == (human, mixed)
        ledger.maintain()
    write_jsonl(path, texts("c", 1))
    ingest(ledger, path, "c", label="synthetic")
    assert origins(ledger.store) == origins(plain(ledger))
    assert ledger.status().labels["human"] == 2, "nobody says any more what they are copies of"


@pytest.mark.slow
def test_a_release_moves_nothing_and_a_purge_moves_everything(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 4)), "web")
    ledger.maintain()
    ledger.store.record("assemble", "release:r", {"members": [{"release": "r"}]})
    assert state(ledger) is False
    ledger.store.record("purge", "purge:p", {"models": [{"name": "m"}]})
    assert state(ledger) is None
    assert origins(ledger.store) == origins(plain(ledger))
    assert ledger.maintain().origins == 4


def test_a_small_ledger_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialized_origins, "FROM_RECORDS", 5)
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 4)), "web")
    assert ledger.maintain().origins == 0
    assert state(ledger) is None
