"""A ledger in PostgreSQL, its parts in a bucket or a folder: many writers, crashes, no secrets."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import boto3
import pytest
from support.servers import PASSWORD, PostgresServer

from provenance.errors import (
    BusyError,
    IntegrityError,
    MisuseError,
    NotFoundError,
    ReadOnlyError,
    StorageError,
)
from provenance.io import objects
from provenance.store import postgres
from provenance.store.catalog import locked_for_writing, writing
from provenance.store.data_files import check_data_file, local_copy, parse_path, write_data_file
from provenance.store.layout import locate
from provenance.store.ledger_store import Store, create_store, open_store
from provenance.store.migrations import found_version
from provenance.store.schema import SCHEMA_VERSION
from provenance.store.user_query import user_query
from provenance.views.definitions import VIEWS


@pytest.fixture
def new_url(postgres_cluster: PostgresServer, bucket: str) -> str:
    """Where a ledger could be: a schema and a prefix of its own."""
    name = f"t{uuid.uuid4().hex[:8]}"
    return postgres_cluster.url(f"s3://{bucket}/{name}", name)


@pytest.fixture(scope="module")
def url(postgres_cluster: PostgresServer, bucket: str) -> str:
    """A ledger that is there."""
    url = postgres_cluster.url(f"s3://{bucket}/team", "team")
    create_store(locate(url), VIEWS)
    return url


@pytest.fixture
def store(url: str) -> Store:
    return open_store(locate(url), VIEWS)


def source(name: str) -> dict[str, object]:
    return {"name": name, "contract": "{}", "label": "human"}


def names(store: Store) -> list[str]:
    with store.snapshot() as connection:
        rows = connection.execute("SELECT name FROM sources ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def keys(bucket: str) -> list[str]:
    return [stored.location.key for stored in objects.listing(objects.parse_url(f"s3://{bucket}"))]


@pytest.mark.slow
@pytest.mark.newest
def test_a_shared_ledger_is_made_once_and_answers(new_url: str, bucket: str) -> None:
    store = create_store(locate(new_url), VIEWS)
    assert names(store) == []
    assert found_version(store.layout) == SCHEMA_VERSION
    store.record("source", "a", {"sources": [source("one")]})
    store.record("source", "a", {"sources": [source("two")]})
    assert names(open_store(locate(new_url), VIEWS)) == ["one"]
    own = [key for key in keys(bucket) if not key.startswith("team/")]
    assert len(own) == 6  # three commits of two parts
    assert all(key.split("/")[1:3] == ["data", "ledger"] for key in own)
    with pytest.raises(MisuseError, match="is a ledger already"):
        create_store(locate(new_url), VIEWS)
    assert names(store) == ["one"]


def test_parts_may_lie_in_a_shared_folder(
    postgres_cluster: PostgresServer, credentials: None, tmp_path: Path
) -> None:
    url = postgres_cluster.url(tmp_path / "shared", f"t{uuid.uuid4().hex[:8]}")
    store = create_store(locate(url), VIEWS)
    store.record("source", "a", {"sources": [source("one")]})
    assert names(store) == ["one"]
    assert len(list((tmp_path / "shared").rglob("*.parquet"))) == 4
    assert not list((tmp_path / "shared").rglob("*.tmp"))


def test_where_there_is_no_ledger(new_url: str) -> None:
    store = open_store(locate(new_url), VIEWS)
    with pytest.raises(NotFoundError, match="there is no ledger at `postgres://ada@"):
        names(store)
    with pytest.raises(NotFoundError, match="there is no ledger at"):
        store.record("source", "a", {"sources": [source("one")]})
    with pytest.raises(NotFoundError, match="there is no ledger at"):
        names(store)


def test_a_ledger_that_could_not_be_made_leaves_nothing(
    postgres_cluster: PostgresServer, credentials: None, bucket: str
) -> None:
    schema = f"t{uuid.uuid4().hex[:8]}"
    url = postgres_cluster.url(f"s3://no-{bucket}/team", schema)
    with pytest.raises(NotFoundError, match="no such bucket"):
        create_store(locate(url), VIEWS)
    found = postgres_cluster.sql(f"SELECT nspname FROM pg_namespace WHERE nspname ~ '^{schema}'")
    assert found == ""


def _commit_many(url: str, writer: int, count: int) -> None:
    store = open_store(locate(url), VIEWS)
    for place in range(count):
        name = f"by-{writer}-{place}"
        store.record("source", name, {"sources": [source(name)]})


@pytest.mark.slow
def test_writers_take_turns_and_nothing_is_lost_or_doubled(store: Store, url: str) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_commit_many, args=(url, n, 3)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    written = [name for name in names(store) if name.startswith("by-")]
    assert written == sorted(f"by-{n}-{place}" for n in range(4) for place in range(3))
    with store.snapshot() as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT seq), max(seq) - min(seq) + 1 FROM commits"
        ).fetchone()
    assert found is not None
    assert found[0] == found[1] == found[2]  # numbered one by one


def test_a_snapshot_stays_as_it_is(store: Store) -> None:
    with store.snapshot() as before:
        count = before.execute("SELECT count(*) FROM ledger.sources").fetchone()
        store.record("source", "later", {"sources": [source("later")]})
        assert before.execute("SELECT count(*) FROM ledger.sources").fetchone() == count
    assert "later" in names(store)


def test_who_waits_too_long_is_told_who_holds_the_ledger(store: Store) -> None:
    with (
        locked_for_writing(store.layout, "a long ingest"),
        writing(store.layout) as other,
        pytest.raises(BusyError, match=rf"prov a long ingest, process {os.getpid()} of ") as caught,
        postgres.exclusive(other, store.layout, "me too", wait=0.2),
    ):
        pass
    assert caught.value.exit_code == 12
    with locked_for_writing(store.layout, "now it is free"):
        pass


def test_a_commit_of_another_program_fails_ours_which_leaves_nothing(store: Store) -> None:
    commit_id = uuid.uuid4()
    part = write_data_file(store.layout, "sources", commit_id, [source("ours")])
    assert part is not None
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(BusyError, match="Failed to commit"))
        late = stack.enter_context(writing(store.layout))
        late.execute("BEGIN")
        late.execute(
            "CALL ducklake_add_data_files('lake', 'sources', ?, schema => 'ledger')", [part.path]
        )
        store.record("source", "theirs", {"sources": [source("theirs")]})
        late.execute("COMMIT")
    assert "theirs" in names(store)
    assert "ours" not in names(store)


_DYING = """
import sys, time, uuid
from provenance.store.catalog import locked_for_writing
from provenance.store.layout import locate
from provenance.store.ledger_store import _register, open_store
from provenance.store.data_files import write_data_file

layout = locate(sys.argv[1])
commit_id = uuid.uuid4()
row = {"key": "dying", "seq": 99, "verb": "source"}
parts = [write_data_file(layout, "sources", commit_id, [{"name": "ghost", "contract": "{}"}]),
         write_data_file(layout, "commits", commit_id, [row])]
with locked_for_writing(layout, "dying") as connection:
    connection.execute("BEGIN")
    for part in parts:
        _register(connection, part)
    print("registered", flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_before_its_commit_changes_no_answer(
    store: Store, url: str, bucket: str
) -> None:
    before = len(keys(bucket))
    dying = subprocess.Popen([sys.executable, "-c", _DYING, url], stdout=subprocess.PIPE, text=True)
    assert dying.stdout is not None
    with dying.stdout as said:
        assert said.readline() == "registered\n"
    dying.send_signal(signal.SIGKILL)
    dying.wait()
    assert len(keys(bucket)) == before + 2  # its parts are there, and belong to nothing
    assert "ghost" not in names(store)
    started = time.monotonic()
    store.record("source", "alive", {"sources": [source("alive")]})
    assert time.monotonic() - started < 30
    assert "alive" in names(store)
    assert "ghost" not in names(store)


def test_a_part_that_is_gone_or_damaged_is_found(store: Store, bucket: str) -> None:
    part = write_data_file(store.layout, "sources", uuid.uuid4(), [source("one")])
    assert part is not None
    place = parse_path(part.path)
    assert isinstance(place, objects.Location)
    with local_copy(place) as path:
        check_data_file(path, rows=1, size=part.bytes, sha256=part.sha256)
        damaged = path.read_bytes()[:-1] + b"?"
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key=place.key, Body=damaged)
    with pytest.raises(IntegrityError, match="is damaged"), local_copy(place) as path:
        check_data_file(path, rows=1, size=part.bytes, sha256=part.sha256)
    client.delete_object(Bucket=bucket, Key=place.key)
    client.close()
    with pytest.raises(IntegrityError, match="is missing"), local_copy(place):
        pass


@pytest.mark.parametrize(
    "sql",
    [
        "FROM postgres_query('pg', 'SELECT 1')",
        "FROM postgres_scan('host=127.0.0.1', 'public', 'a')",
        "FROM duckdb_secrets(redact = false)",
        "FROM read_parquet('s3://other/a.parquet')",
        "FROM glob('s3://*')",
        "FROM read_text('/etc/passwd')",
    ],
)
def test_a_query_reaches_neither_the_database_nor_other_buckets(store: Store, sql: str) -> None:
    with pytest.raises(MisuseError), user_query(store, sql) as relation:
        relation.fetchall()


def test_a_query_reads_the_parts(store: Store) -> None:
    store.record("source", "asked", {"sources": [source("asked")]})
    with user_query(store, "SELECT name FROM sources WHERE name = 'asked'") as relation:
        assert relation.fetchall() == [("asked",)]


@pytest.mark.parametrize(
    ("url", "shown", "why"),
    [
        ("postgres://ada:pw-17@h/db", "", "needs a place for its parts"),
        ("postgres://ada:pw-17@h/db?data=gs://b/p", "", "cannot be kept at gs://"),
        ("postgres://ada:pw-17@h/db?data=ftp://b/p", "", "cannot be kept at ftp://"),
        ("postgres://ada:pw-17@h/db?data=/d&schema=A;B", "", "cannot be the schema"),
        ("postgres://ada:pw-17@h:1/db?data=/d", "postgres://ada@h:1/db?data=/d", ""),
        ("postgresql://ada@h/db?password=pw-17&data=/d", "postgres://ada@h/db?data=/d", ""),
        ("postgres:///db?data=/a%20b&schema=two", "postgres:///db?data=/a b&schema=two", ""),
        ("postgres://?service=s&data=s3://b/p/", "postgres:///?service=s&data=s3://b/p", ""),
        ("postgres://a,b:6/db?data=/d", "postgres://a,b:,6/db?data=/d", ""),
        ("postgres:/ada:pw-17@h/db", f"{Path.cwd()}/postgres:/ada:***@h/db", ""),
    ],
)
def test_addresses_are_shown_without_a_password(url: str, shown: str, why: str) -> None:
    if why:
        with pytest.raises(MisuseError, match=why) as caught:
            locate(url)
        assert "pw-17" not in f"{caught.value.message} {caught.value.hint}"
        return
    layout = locate(url)
    assert layout.name == shown
    assert "pw-17" not in repr(layout).replace(url, "") or layout.database is None
    if layout.database is not None:
        assert "pw-17" not in layout.database.conninfo("reading")


def test_a_password_in_the_url_works_and_is_never_said(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    names(open_store(locate(url.replace("ada@", f"ada:{PASSWORD}@")), VIEWS))
    for wrong, why in (
        ("ada:pw-17@", "password authentication failed"),
        ("eve:pw-17@", "password authentication failed"),
        ("ada@", "no password supplied"),
    ):
        with pytest.raises(StorageError, match=why) as caught:
            names(open_store(locate(url.replace("ada@", wrong)), VIEWS))
        chain: BaseException | None = caught.value
        while chain is not None:
            assert "pw-17" not in str(chain)
            chain = chain.__cause__


@pytest.mark.slow
def test_who_may_only_read_reads(
    postgres_cluster: PostgresServer, url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_cluster.sql(
        f"CREATE ROLE rita LOGIN PASSWORD '{PASSWORD}'; GRANT USAGE ON SCHEMA team TO rita; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA team TO rita"
    )
    readers = open_store(locate(url.replace("ada@", "rita@")), VIEWS)
    assert names(readers) == names(store)
    with pytest.raises(ReadOnlyError, match="permission denied for table"):
        readers.record("source", "forbidden", {"sources": [source("forbidden")]})
    with pytest.raises(ReadOnlyError, match="permission denied for database"):
        create_store(locate(url.replace("ada@", "rita@").replace("=team", "=hers")), VIEWS)
    assert "forbidden" not in names(store)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match="Could not connect to server"):
        names(readers)


def test_a_database_that_is_not_there(postgres_cluster: PostgresServer, credentials: None) -> None:
    url = postgres_cluster.url("/nowhere")
    with pytest.raises(NotFoundError, match='database "nothing" does not exist'):
        names(open_store(locate(url.replace("/ledgers?", "/nothing?")), VIEWS))
    with pytest.raises(StorageError, match="Connection refused"):
        names(open_store(locate(url.replace(f":{postgres_cluster.port}", ":9")), VIEWS))


def test_the_password_may_come_from_a_file(
    url: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pass").write_text(f"127.0.0.1:*:*:ada:{PASSWORD}\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    names(open_store(locate(url), VIEWS))
