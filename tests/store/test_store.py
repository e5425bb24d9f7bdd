"""A ledger is made whole, written commit by commit, read through snapshots, and can be moved."""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from provenance.errors import (
    BusyError,
    IntegrityError,
    MisuseError,
    NotFoundError,
    ReadOnlyError,
    VersionError,
)
from provenance.store import writer_lock
from provenance.store.catalog import writing
from provenance.store.connection import load_extension, quiet
from provenance.store.data_files import check_data_file, write_data_file
from provenance.store.layout import locate
from provenance.store.ledger_store import Store, create_store, open_store
from provenance.store.schema import SCHEMA_VERSION, TABLES
from provenance.views.definitions import VIEWS


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create_store(locate(str(tmp_path / "ledger")), VIEWS)


def source(name: str) -> dict[str, object]:
    return {"name": name, "contract": "{}", "label": "human"}


def names(store: Store) -> list[str]:
    with store.snapshot() as connection:
        return [
            row[0] for row in connection.execute("SELECT name FROM sources ORDER BY 1").fetchall()
        ]


def test_a_new_ledger_has_every_table_and_view(store: Store) -> None:
    with store.snapshot() as connection:
        for table in TABLES:
            expected = 1 if table in {"commits", "versions"} else 0
            count = connection.execute(f"SELECT count(*) FROM ledger.{table}").fetchone()
            assert count == (expected,), table
        for view in VIEWS:
            connection.execute(f'SELECT * FROM "{view}" LIMIT 1').fetchall()


def test_a_ledger_is_not_made_over_something_else(store: Store, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="is a ledger already"):
        create_store(store.layout, VIEWS)
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "file").touch()
    with pytest.raises(MisuseError, match="not empty"):
        create_store(locate(str(tmp_path / "busy")), VIEWS)
    assert sorted(os.listdir(tmp_path)) == ["busy", "ledger"]


def test_no_ledger_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no ledger"):
        open_store(locate(str(tmp_path / "nothing")), VIEWS)
    with pytest.raises(MisuseError, match="not supported"):
        locate("ftp://somewhere/else")


def test_an_extension_without_its_signature_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("duckdb_extension_ducklake")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    shutil.copytree(spec.submodule_search_locations[0], tmp_path / "package")
    (copy,) = (tmp_path / "package").rglob("*.duckdb_extension")
    with copy.open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    spec.submodule_search_locations[:] = [str(tmp_path / "package")]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    with quiet() as connection, pytest.raises(duckdb.IOException, match="signature"):
        load_extension(connection, "ducklake")


def test_commits_are_numbered_and_seen_by_the_next_snapshot(store: Store) -> None:
    with store.snapshot() as before:
        first = store.record("source", "a", {"sources": [source("one")]})
        second = store.record("source", "b", {"sources": [source("two")]})
        assert before.execute("SELECT count(*) FROM ledger.sources").fetchone() == (0,)
    assert second.seq > first.seq
    assert names(store) == ["one", "two"]


def test_of_two_commits_with_one_key_the_views_show_the_first(store: Store) -> None:
    store.record("source", "same", {"sources": [source("one")]})
    store.record("source", "same", {"sources": [source("two")]})
    assert names(store) == ["one"]


def test_a_moved_ledger_answers_and_goes_on(store: Store, tmp_path: Path) -> None:
    store.record("source", "a", {"sources": [source("one")]})
    moved = shutil.move(store.layout.root, tmp_path / "elsewhere")
    again = open_store(locate(str(moved)), VIEWS)
    again.record("source", "b", {"sources": [source("two")]})
    assert names(again) == ["one", "two"]


def test_a_newer_ledger_is_refused_with_a_hint(store: Store) -> None:
    row: dict[str, object] = {"version": SCHEMA_VERSION + 1, "migration": "future"}
    store.record("migrate", "future", {"versions": [row]})
    newer = f"has schema version {SCHEMA_VERSION + 1}"
    with pytest.raises(VersionError, match=newer) as caught, store.snapshot():
        pass
    assert "upgrade" in caught.value.hint


def test_another_ducklake_is_not_taken_for_a_ledger(tmp_path: Path) -> None:
    layout = locate(str(tmp_path / "lake"))
    layout.data.mkdir(parents=True)
    with writing(layout):
        pass
    with pytest.raises(VersionError, match="not a ledger"), Store(layout, VIEWS).snapshot():
        pass


def test_parts_are_named_by_their_digest_and_carry_checksums(store: Store) -> None:
    part = write_data_file(store.layout, "sources", uuid.uuid4(), [source("one")])
    assert part is not None
    path = Path(part.path)
    assert path.stem == part.sha256
    assert list(path.parent.glob("*.tmp")) == []
    check_data_file(path, rows=1, size=part.bytes, sha256=part.sha256)
    pq.read_table(path, page_checksum_verification=True)


def test_every_flipped_byte_of_a_part_is_found(store: Store) -> None:
    part = write_data_file(store.layout, "sources", uuid.uuid4(), [source("one")])
    assert part is not None
    path = Path(part.path)
    good = path.read_bytes()
    for place in range(0, len(good), 97):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(IntegrityError, match="is damaged"):
            check_data_file(path, rows=1, size=part.bytes, sha256=part.sha256)
    path.write_bytes(good[:-1])
    with pytest.raises(IntegrityError, match="bytes, recorded are"):
        check_data_file(path, rows=1, size=part.bytes, sha256=part.sha256)
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        check_data_file(path, rows=1, size=part.bytes, sha256=part.sha256)


def test_a_missing_part_is_an_integrity_error(store: Store) -> None:
    store.record("source", "a", {"sources": [source("one")]})
    for path in store.layout.table("sources").iterdir():
        path.unlink()
    with pytest.raises(IntegrityError, match="ledger at"):
        names(store)


def _commit_many(root: str, worker: int, count: int) -> None:
    store = open_store(locate(root), VIEWS)
    for place in range(count):
        name = f"{worker}-{place}"
        store.record("source", name, {"sources": [source(name)]})


@pytest.mark.slow
def test_writers_queue_and_nothing_is_lost(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    root = str(store.layout.root)
    workers = [context.Process(target=_commit_many, args=(root, n, 4)) for n in range(3)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        names(store)
        time.sleep(0.05)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert names(store) == sorted(f"{n}-{place}" for n in range(3) for place in range(4))
    with store.snapshot() as connection:
        rows = connection.execute("SELECT count(*), count(DISTINCT seq) FROM commits").fetchone()
    assert rows == (13, 13)


def test_who_waits_too_long_is_told_who_holds_the_ledger(store: Store) -> None:
    with (
        writer_lock.exclusive(store.layout, "a long ingest"),
        pytest.raises(BusyError, match=rf"process {os.getpid()} on .*a long ingest") as caught,
        writer_lock.exclusive(store.layout, "me too", wait=0.2),
    ):
        pass
    assert caught.value.exit_code == 12
    with writer_lock.exclusive(store.layout, "now it is free", wait=5):
        assert store.layout.holder.exists()
    assert not store.layout.holder.exists()


@contextlib.contextmanager
def without_the_right_to_write(folder: Path) -> Iterator[None]:
    """Take the right to write away: by mode, and for root by being somebody else for a while."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_ledger_that_may_not_be_written_still_answers() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        store = create_store(locate(f"{folder}/ledger"), VIEWS)
        store.record("source", "a", {"sources": [source("one")]})
        assert names(store) == ["one"]
        with without_the_right_to_write(store.layout.root):
            assert names(store) == ["one"]
            with pytest.raises(ReadOnlyError, match="cannot be written"):
                store.record("source", "b", {"sources": [source("two")]})
        for path in [store.layout.root, *store.layout.root.rglob("*")]:
            path.chmod(0o755)
