"""Small tables in memory, large ones where they lie: every view answers the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import VersionError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.operations.models import Model
from provenance.store import catalog_state
from provenance.store.catalog import writing
from provenance.store.snapshot_pool import close_all
from provenance.store.view_sql import needed
from provenance.views.definitions import VIEWS


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A little of everything, some of it in several parts."""
    folder = tmp_path_factory.mktemp("near")
    found = provenance.init(str(folder / "ledger"))
    ingest(found, write_jsonl(folder / "a.jsonl", texts("a", 5)), "web", label="human")
    rows = [{"id": "c", "text": "a child of one that is missing", "of": "gone"}]
    ingest(found, write_jsonl(folder / "b.jsonl", rows), "loose", parent_field="of")
    assert found.assemble("r1", policy(cap("1")), Selection()).sealed
    found.model_set(Model(name="ours", trained_on="r1"))
    ingest(found, write_jsonl(folder / "c.jsonl", texts("c", 3)), "bot", generator="ours")
    return found


def answers(ledger: Ledger, *, copied: bool) -> Iterator[tuple[str, object]]:
    """The rows of every view."""
    with ledger.store.snapshot(cache_small_tables=copied) as connection:
        for name in VIEWS:
            yield name, sorted(map(repr, connection.execute(f"FROM {name}").fetchall()))


def tables(ledger: Ledger) -> set[str]:
    """What was copied."""
    with ledger.snapshot() as connection:
        rows = connection.execute(
            "SELECT table_name FROM duckdb_tables() "
            "WHERE database_name = 'near' AND schema_name = 'ledger'"
        ).fetchall()
    return {row[0] for row in rows}


@pytest.mark.slow
def test_every_view_answers_the_same_near_and_far(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = dict(answers(ledger, copied=False))
    assert all(far[view] for view in ("origins", "members", "lineage"))
    assert {"sightings", "commits", "quotes"} <= tables(ledger)
    assert dict(answers(ledger, copied=True)) == far
    monkeypatch.setattr(catalog_state, "MOST_ROWS", 5)
    assert {"commits", "models"} - tables(ledger) == {"commits"}
    assert dict(answers(ledger, copied=True)) == far


@pytest.mark.parametrize("limit", ["MOST_ROWS", "MOST_BYTES", "MOST_FILES"])
def test_what_is_large_in_any_way_stays_where_it_lies(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    assert "sightings" in tables(ledger)
    monkeypatch.setattr(catalog_state, limit, 1)
    assert "sightings" not in tables(ledger)


def test_nothing_of_one_snapshot_is_seen_in_the_next(ledger: Ledger) -> None:
    with ledger.snapshot() as connection:
        connection.execute("CREATE TEMP TABLE mine AS SELECT 1")
        connection.execute("CREATE TABLE theirs AS SELECT 1")
        connection.execute("SET threads = 1")
    with ledger.snapshot() as connection:
        for name in ("mine", "theirs"):
            with pytest.raises(duckdb.CatalogException):
                connection.execute(f"FROM {name}")
        threads = "SELECT current_setting('threads')"
        with duckdb.connect() as fresh:
            usual = fresh.execute(threads).fetchall()
        assert connection.execute(threads).fetchall() == usual


def test_a_user_query_locks_nobody_else_out(ledger: Ledger) -> None:
    assert ledger.query("SELECT 1 AS one").num_rows == 1
    with ledger.snapshot() as connection:
        assert connection.execute("SELECT current_setting('lock_configuration')").fetchone() == (
            False,
        )


@pytest.mark.parametrize(
    ("change", "table"),
    [("DROP TABLE ledger.quotes", "quotes"), ("ALTER TABLE ledger.files DROP split", "files")],
)
def test_a_ledger_of_an_unsettled_schema_is_refused(
    tmp_path: Path, change: str, table: str
) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    with writing(ledger.store.layout) as connection:
        connection.execute(change)
    with pytest.raises(VersionError, match=rf"lacks \(columns of\) {table}$"):
        ledger.status()


@pytest.mark.slow
@pytest.mark.parametrize("most_rows", [None, 5, 0], ids=["small", "mixed", "large"])
def test_a_view_can_be_asked_for_alone(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, most_rows: int | None
) -> None:
    everything = dict(answers(ledger, copied=True))
    if most_rows is not None:
        monkeypatch.setattr(catalog_state, "MOST_ROWS", most_rows)
    for name in VIEWS:
        close_all()
        with ledger.store.snapshot() as connection:
            rows = connection.execute(f"FROM {name}").fetchall()
        assert sorted(map(repr, rows)) == everything[name]


def test_what_nobody_asks_for_is_not_made(ledger: Ledger) -> None:
    assert "origins" not in needed(VIEWS, ("files", "models", "lost_evidence"))
    close_all()
    with ledger.store.snapshot() as connection:
        connection.execute("FROM files")
        made = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1"
        assert connection.execute(made).fetchall() == [("commits",), ("files",)]
