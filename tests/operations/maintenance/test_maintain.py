"""Maintenance: every answer stays, nothing is lost when it is killed, and the disk is tidied up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.datafiles import ingest, texts, write_jsonl
from support.takedowns import BY_JO, JO, library, readable
from support.worlds import World, derived, run_anew

import provenance
from provenance.errors import IntegrityError
from provenance.ledger import Ledger
from provenance.operations.derivation.propagate import propagate
from provenance.store.data_files import check_data_file
from provenance.store.maintenance import compaction
from provenance.store.maintenance.compaction import (
    current_files,
    maintaining,
    merge,
    publish_staged,
)
from provenance.store.replacements import standing
from provenance.views.definitions import VIEWS

NOW = timedelta(0)

_IDS = "SELECT DISTINCT record_id AS id FROM sightings ORDER BY 1 LIMIT 3"


def answers(ledger: Ledger) -> dict[str, list[Any]]:
    """All rows of all views, but for the commits of maintenance itself."""
    asked = {view: f"FROM {view} ORDER BY ALL" for view in VIEWS}
    # References are numbered as they lie: only which of them are the same means anything.
    for view in ("resolved_edges", "late_edges"):
        asked[view] = f"SELECT * EXCLUDE (reference) FROM {view} ORDER BY ALL"
    asked["commits"] = "FROM commits WHERE verb <> 'maintain' ORDER BY ALL"
    with ledger.snapshot() as connection:
        return {view: connection.execute(sql).fetchall() for view, sql in asked.items()}


def damaged(ledger: Ledger) -> list[str]:
    """What `prov verify` says of parts; the releases of such a world have no manifests."""
    with ledger.store.snapshot(cache_small_tables=False) as connection:
        listed = connection.execute("SELECT parts FROM ledger.commits").fetchall()
    found = []
    for part in standing([json.loads(text) for (text,) in listed]):
        path = ledger.store.layout.data_file(part["table"], part["sha256"])
        try:
            check_data_file(path, rows=part["rows"], size=part["bytes"], sha256=part["sha256"])
        except IntegrityError as error:
            found.append(error.message)
    return found


def on_disk(ledger: Ledger) -> set[str]:
    return {str(path) for path in ledger.store.layout.data.rglob("*") if path.is_file()}


def registered(ledger: Ledger) -> set[str]:
    with ledger.store.snapshot(cache_small_tables=False) as connection:
        return {part.path for part in current_files(ledger.store, connection)}


SEEDS = range(int(os.environ.get("PROV_SEEDS", "1")))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_every_view_answers_the_same(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    world.ingest()
    world.model()
    for _ in range(7):
        world.step()
        propagate(world.ledger.store)
    before = answers(world.ledger)
    known = [uuid.UUID(str(row["id"])) for row in world.ledger.query(_IDS).to_pylist()]
    traced = [world.ledger.trace(str(record)) for record in known]
    done = world.ledger.maintain(keep=NOW)
    assert done.parts_after < done.parts_before
    assert answers(world.ledger) == before
    assert [world.ledger.trace(str(record)) for record in known] == traced
    assert damaged(world.ledger) == []
    assert on_disk(world.ledger) == registered(world.ledger)
    assert world.ledger.maintain(keep=NOW).tables == ()
    for _ in range(2):
        world.step()
        propagate(world.ledger.store)
    kept = derived(world.ledger)
    run_anew(world.ledger)
    assert derived(world.ledger) == kept


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger in which an author is revoked."""
    ledger = library(tmp_path_factory.mktemp("library"))
    ledger.revoke(BY_JO, "asked for", JO)
    return ledger


@pytest.fixture
def ledger(shelf: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """The same, for a test of its own, in which two parts are enough for a merge."""
    monkeypatch.setattr(compaction, "FEWEST", 2)
    return provenance.open(str(shutil.copytree(shelf.url, tmp_path / "ledger")))


@pytest.mark.slow
def test_who_reads_meanwhile_is_not_disturbed(ledger: Ledger) -> None:
    before = answers(ledger)["sightings"]
    with ledger.store.snapshot(cache_small_tables=False) as connection:
        first = ledger.maintain()
        assert first.kept_parts > 10
        assert connection.execute("FROM sightings ORDER BY ALL").fetchall() == before
    again = ledger.maintain()
    assert (again.tables, again.kept_parts, again.removed_parts) == ((), first.kept_parts, 0)
    last = ledger.maintain(keep=NOW)
    assert (last.removed_parts, last.removed_bytes) == (first.kept_parts, first.kept_bytes)
    assert on_disk(ledger) == registered(ledger)
    assert answers(ledger)["sightings"] == before


@pytest.mark.slow
def test_a_dry_run_foresees_it(ledger: Ledger) -> None:
    before = on_disk(ledger)
    planned = ledger.maintain(dry_run=True)
    assert on_disk(ledger) == before
    done = {item.table: item for item in ledger.maintain().tables}
    foreseen = {item.table: item for item in planned.tables}
    assert set(done) == set(foreseen) > {"sightings", "edges", "commits", "files"}
    assert all(done[name] == foreseen[name] for name in done if name != "commits")


@pytest.mark.slow
def test_edges_of_earlier_runs_are_dropped(ledger: Ledger) -> None:
    traced = ledger.trace("m2")
    ledger.store.record("test", "test", {"models": [{"name": "another"}]})
    propagate(ledger.store)
    dropped = {item.table: item.dropped for item in ledger.maintain(keep=NOW).tables}
    assert dropped["edges_up"] > 0
    assert dropped["edges_down"] > 0
    assert ledger.trace("m2") == traced
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_what_is_purged_stays_purged(ledger: Ledger) -> None:
    ledger.maintain()
    names = ("files", "origins", "derived", "records")
    before = [answers(ledger)[name] for name in names]
    ledger.purge(BY_JO.revocation)
    assert JO not in readable(Path(ledger.url))
    ledger.maintain(keep=NOW)
    left = readable(Path(ledger.url))
    assert JO not in left
    assert "jo-no-3" not in left
    after = answers(ledger)
    assert [after[name] for name in names] == before
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_a_purge_removes_what_a_killed_run_had_placed(ledger: Ledger) -> None:
    with maintaining(ledger.store, "test") as staged:
        with ledger.store.snapshot(cache_small_tables=False) as connection:
            parts = [
                part
                for part in current_files(ledger.store, connection)
                if part.table == "sightings"
            ]
            made = merge(staged, connection, parts)
        publish_staged(ledger.store, staged, [made])
        kept = shutil.copytree(staged.root, staged.root.with_name("as-killed"))
    shutil.copytree(kept, ledger.store.layout.merging, dirs_exist_ok=True)
    shutil.rmtree(kept)
    for part in made.new:
        lost = ledger.store.layout.data_file("sightings", part.sha256)
        if not lost.exists():
            shutil.copyfile(parts[0].path, lost)
    ledger.purge(BY_JO.revocation)
    assert JO not in readable(Path(ledger.url))
    assert on_disk(ledger) == registered(ledger)


KILLED = """
import fcntl, os, sys
from datetime import timedelta
import provenance
from provenance.store.maintenance import compaction

compaction.FEWEST = 2
left = int(sys.argv[2])
def counted(real):
    def call(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        return real(*arguments, **named)
    return call

for module, name in ((os, "fsync"), (os, "rename"), (os, "unlink"), (fcntl, "flock")):
    setattr(module, name, counted(getattr(module, name)))
provenance.open(sys.argv[1]).maintain(keep=timedelta(0))
print(int(sys.argv[2]) - left)
"""


@pytest.mark.slow
def test_a_maintenance_that_is_killed_can_be_done_again(ledger: Ledger, tmp_path: Path) -> None:
    before = answers(ledger)
    whole = shutil.copytree(ledger.url, tmp_path / "whole")
    calls = int(killed(str(whole), 10_000).stdout)
    for call in (calls // 3, calls * 2 // 3, calls - 3):
        one = provenance.open(str(shutil.copytree(ledger.url, tmp_path / f"killed-{call}")))
        assert killed(one.url, call).returncode == 9
        assert answers(one) == before
        assert one.verify().problems == ()
        one.maintain(keep=NOW)
        assert registered(one) <= on_disk(one)
        # The head of a commit that was not made is left for a day, as any orphan is.
        left = on_disk(one) - registered(one)
        assert {Path(path).parent.name for path in left} <= {"commits"}
        assert (answers(one), one.verify().problems) == (before, ())


def killed(url: str, call: int) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", KILLED, url, str(call)]
    return subprocess.run(program, check=False, capture_output=True, text=True)


@pytest.mark.slow
def test_what_killed_runs_left_is_removed_a_day_later(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 5)), "web")
    folder = ledger.store.layout.table("sightings")
    old, young = folder / "left.parquet", folder / "now.tmp"
    for path in (old, young):
        path.write_bytes(b"PAR1")
    os.utime(old, (time.time(), time.time() - 90_000))
    done = ledger.maintain()
    assert (done.orphans, done.removed_bytes) == (1, 4)
    assert (old.exists(), young.exists()) == (False, True)
    assert registered(ledger) < on_disk(ledger)
