"""A snapshot shows the newest commit of its start, one state of it, and no other ledger."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import IntegrityError
from provenance.store import catalog_state, snapshot_pool
from provenance.store.connection import Database
from provenance.store.layout import locate
from provenance.store.ledger_store import Store, create_store, open_store
from provenance.store.maintenance.vacuum import expire_replaced
from provenance.store.replacements import Replacement
from provenance.store.snapshot_pool import close_all
from provenance.views.definitions import VIEWS

ASKED = ("commits", "sources", "evidence", "origins", "revocations")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    close_all()
    yield create_store(locate(str(tmp_path / "ledger")), VIEWS)
    close_all()


def source(name: str) -> dict[str, object]:
    return {"name": name, "contract": "{}", "label": "human"}


def evidence() -> dict[str, object]:
    claim = {"tier": "reviewed", "claim": "synthetic", "whole": True}
    return {"record_id": uuid.uuid4(), "observer": "me", "basis": "seen", **claim}


def write(store: Store, number: int) -> None:
    """One commit of a kind that the number chooses."""
    kind = number % 3
    if kind == 0:
        store.record("source", uuid.uuid4().hex, {"sources": [source(f"s{number % 7}")]})
    elif kind == 1:
        store.record("review", uuid.uuid4().hex, {"evidence": [evidence(), evidence()]})
    else:
        row: dict[str, object] = {"revocation": f"r{number % 5}", "event": "revoke"}
        store.record("revoke", uuid.uuid4().hex, {"revocations": [row]})


def answers(connection: Database, views: tuple[str, ...] = ASKED) -> dict[str, list[str]]:
    return {
        view: sorted(map(repr, connection.execute(f"FROM {view}").fetchall())) for view in views
    }


def fresh(store: Store) -> dict[str, list[str]]:
    """What the files say, without any copy of a table."""
    with store.snapshot(cache_small_tables=False) as connection:
        return answers(connection)


def write_elsewhere(url: str, numbers: list[int]) -> None:
    for number in numbers:
        write(open_store(locate(url), VIEWS), number)


def in_another_process(store: Store, numbers: list[int]) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=write_elsewhere, args=(store.layout.name, numbers))
    process.start()
    process.join()
    assert process.exitcode == 0


@pytest.mark.slow
def test_kept_tables_answer_as_a_fresh_look_whoever_writes(store: Store) -> None:
    chance = random.Random(1)
    other = open_store(locate(store.layout.name), VIEWS)
    for step in range(10):
        write(chance.choice((store, other)), chance.randrange(100))
        if step == 6:
            in_another_process(store, [chance.randrange(100) for _ in range(3)])
        reader = chance.choice((store, other))
        asked = tuple(chance.sample(ASKED, chance.randint(1, len(ASKED))))
        with reader.snapshot() as connection:
            found = answers(connection, asked)
        if step in (3, 6, 9):
            assert found == {view: rows for view, rows in fresh(store).items() if view in asked}


def test_a_snapshot_stays_at_its_commit_while_others_write(store: Store) -> None:
    write(store, 0)
    with store.snapshot() as before:
        seen = answers(before, ("sources",))
        write(store, 3)
        write(store, 1)
        in_another_process(store, [6])
        # What nobody has asked for yet is of the same commit.
        assert answers(before, ("sources",)) == seen
        assert answers(before, ("evidence",)) == {"evidence": []}
        assert before.execute("SELECT count(*) FROM ledger.commits").fetchone() == (2,)
        with store.snapshot() as after:
            assert answers(after, ("evidence",)) != {"evidence": []}


def test_files_that_are_deleted_meanwhile_are_still_of_the_snapshot(store: Store) -> None:
    writer = store.data_file_writer("sources", None)
    row = {**source("one"), "commit_id": uuid.uuid4()}
    writer.write_rows([row])
    old = writer.finish()
    assert old is not None
    store.commit("source", "old", [old], uuid.uuid4())
    writer = store.data_file_writer("sources", None)
    writer.write_rows([{**row, "name": "two"}])
    new = writer.finish()
    assert new is not None
    with store.snapshot() as before:
        store.commit(
            "maintain", "m", [], uuid.uuid4(), [Replacement("sources", (old.path,), 1, (new,))]
        )
        assert expire_replaced(store).parts == 1
        assert before.execute("SELECT name FROM ledger.sources").fetchall() == [("one",)]
    with store.snapshot() as after:
        assert after.execute("SELECT name FROM ledger.sources").fetchall() == [("two",)]


def test_a_ledger_made_anew_at_the_same_path_is_another(store: Store) -> None:
    write(store, 0)
    with store.snapshot() as connection:
        assert answers(connection, ("sources",))["sources"]
    shutil.rmtree(store.layout.folder)
    again = create_store(store.layout, VIEWS)
    with again.snapshot() as connection:
        assert answers(connection, ("sources",)) == {"sources": []}
    write(again, 1)
    with again.snapshot() as connection:
        assert answers(connection, ("sources",)) == {"sources": []}
        assert len(answers(connection, ("evidence",))["evidence"]) == 2


def test_a_missing_data_file_is_noticed_by_the_next_snapshot(store: Store) -> None:
    write(store, 0)
    with store.snapshot() as connection:
        connection.execute("FROM sources")
    (part,) = (store.layout.folder / "data" / "ledger" / "sources").iterdir()
    part.unlink()
    with pytest.raises(IntegrityError, match=r"No files found|No such file"), store.snapshot():
        pass


def test_a_repeated_question_opens_nothing(store: Store) -> None:
    with store.snapshot() as connection:
        answers(connection)
        made = connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone()
    with store.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == made
        assert (
            connection.execute("FROM duckdb_databases() WHERE database_name = 'lake'").fetchall()
            == []
        )


def test_temporary_tables_end_with_their_snapshot(store: Store) -> None:
    with store.snapshot() as connection:
        connection.execute("CREATE TEMP TABLE mine AS FROM sources")
        with store.snapshot() as inner, pytest.raises(duckdb.CatalogException):
            inner.execute("FROM mine")
    with store.snapshot() as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("FROM mine")


def test_a_forked_process_uses_no_connection_of_its_parent(store: Store) -> None:
    with store.snapshot() as connection:
        expected = answers(connection)
    assert snapshot_pool._idle
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            inherited = len(snapshot_pool._idle)
            with store.snapshot() as connection:
                failed = int(inherited > 0 or answers(connection) != expected)
        finally:
            os.write(writer, bytes([failed]))
            os._exit(failed)
    os.close(writer)
    assert os.read(reader, 1) == b"\0"
    os.close(reader)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("most_rows", [None, 1], ids=["in memory", "in files"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: bytes(len(data)),
        lambda data: data[:100] + bytes(50) + data[150:],
    ],
    ids=["cut", "zeros", "page"],
)
def test_a_damaged_data_file_is_an_error_of_the_ledger(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[bytes], bytes],
    most_rows: int | None,
) -> None:
    if most_rows is not None:
        monkeypatch.setattr(catalog_state, "MOST_ROWS", most_rows)
    ledger = provenance.init(tmp_path / "ledger")
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 300)), "web")
    [file] = (tmp_path / "ledger" / "data" / "ledger" / "sightings").glob("*.parquet")
    file.write_bytes(damage(file.read_bytes()))
    for ask in (ledger.status, lambda: ledger.query("SELECT max(external_id) FROM sightings")):
        close_all()
        with pytest.raises(IntegrityError) as caught:
            ask()
        assert "prov verify" in caught.value.hint


@pytest.mark.parametrize("damage", [b"", b"PAR1 and noise"], ids=["empty", "noise"])
def test_a_query_of_a_damaged_release_is_no_misuse(tmp_path: Path, damage: bytes) -> None:
    ledger = provenance.init(tmp_path / "ledger")
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 3)), "web")
    assert ledger.assemble("r", policy(cap("1"))).sealed
    assert ledger.query("FROM members").num_rows == 3  # what was read of the file may be cached
    [file] = (tmp_path / "ledger" / "data" / "ledger" / "members").glob("*.parquet")
    file.write_bytes(damage)
    with pytest.raises(IntegrityError):
        ledger.query("FROM members")
