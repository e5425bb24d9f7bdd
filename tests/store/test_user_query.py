"""SQL from a user reads the views, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import MisuseError
from provenance.store.layout import locate
from provenance.store.ledger_store import Store, create_store
from provenance.store.user_query import user_query
from provenance.views.definitions import PUBLIC_VIEWS, VIEWS


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = create_store(locate(str(tmp_path / "ledger")), VIEWS)
    made.record("source", "a", {"sources": [{"name": "one", "contract": "{}", "label": "human"}]})
    return made


def ask(store: Store, sql: str, *, allow_files: bool = False) -> list[tuple[object, ...]]:
    with user_query(store, sql, allow_files=allow_files) as relation:
        return relation.fetchall()


@pytest.mark.slow
def test_every_public_view_can_be_asked(store: Store) -> None:
    assert set(PUBLIC_VIEWS) <= set(VIEWS)
    for view in PUBLIC_VIEWS:
        ask(store, f"SELECT * FROM {view}")
    assert ask(store, "SELECT name, label FROM sources") == [("one", "human")]


def parts(store: Store) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.layout.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO ledger.sources SELECT * FROM ledger.sources",
        "DELETE FROM ledger.sources",
        "DROP VIEW records",
        "CREATE TABLE x AS SELECT 1",
        "COPY (SELECT 1) TO '{part}'",
        "COPY (SELECT 1) TO '{outside}/x.csv'",
        "SELECT 1; COPY (SELECT 1) TO '{outside}/x.csv'",
        "SET enable_external_access = true",
        "ATTACH '{outside}/x.db'",
        "INSTALL httpfs",
        "CALL ducklake_expire_snapshots('lake', older_than => now())",
        "EXPLAIN SELECT 1",
        "",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "SELECT nothing FROM records",
        "SELECT * FROM read_csv('{outside}/secret.csv')",
        "SELECT * FROM read_text('{outside}/secret.csv')",
        "SELECT * FROM '{outside}/secret.csv'",
        "SELECT * FROM glob('{outside}/*')",
        "SELECT * FROM ducklake_delete_orphaned_files('lake', cleanup_all => true)",
        "SELECT 1 / CAST('x' AS INTEGER)",
    ],
)
def test_what_writes_or_reaches_out_is_misuse_and_changes_nothing(
    store: Store, tmp_path: Path, sql: str
) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    part = next(store.layout.table("sources").iterdir())
    before = parts(store)
    with pytest.raises(MisuseError):
        ask(store, sql.format(part=part, outside=tmp_path))
    assert parts(store) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger", "secret.csv"]


def test_files_are_read_when_asked_for(store: Store, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("name\none\n")
    sql = f"SELECT s.label FROM sources s JOIN '{tmp_path}/list.csv' l USING (name)"
    assert ask(store, sql, allow_files=True) == [("human",)]
