"""Files go in whole or not at all, once, and what was said of them can be corrected."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from itertools import pairwise
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings, strategies as st
from support.datafiles import ingest, texts, write_jsonl

import provenance
from provenance.engine.local import LocalEngine, start_workers
from provenance.errors import InputError, NotFoundError
from provenance.io.contract.reader import BlockShare, Input
from provenance.ledger import Ledger
from provenance.operations.ingest import IngestOptions, split_work
from provenance.operations.ingest.split_work import cut
from provenance.operations.ingest.worker import run_unit
from provenance.operations.ingest.worker_contract import FileTask, UnitTask
from provenance.store.ledger_store import Commit, Store


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def counts(ledger: Ledger) -> tuple[int, int]:
    status = ledger.status()
    return status.records, status.sightings


def parts(ledger: Ledger) -> int:
    return sum(1 for path in ledger.store.layout.data.rglob("*") if path.is_file())


def test_a_file_is_read_once(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 5))
    first = ingest(ledger, path, "web")
    assert (first.read, first.kept, first.rejected) == (5, 5, 0)
    assert first.labels == {"human": 0, "synthetic": 0, "mixed": 0, "unknown": 5}
    before = parts(ledger)
    again = ingest(ledger, path, "web")
    assert (again.unchanged_files, again.sightings_added, again.read) == (1, 0, 0)
    os.utime(path)
    assert ingest(ledger, path, "web").unchanged_files == 1
    assert ingest(ledger, path, "web", rehash=True).unchanged_files == 1
    assert counts(ledger) == (5, 5)
    assert parts(ledger) == before


@pytest.mark.slow
def test_the_same_text_from_two_sources_is_one_record_with_two_sightings(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = texts("a", 3)
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "people", label="human")
    ingest(ledger, write_jsonl(tmp_path / "b.jsonl", rows[:1]), "bot", label="synthetic")
    assert counts(ledger) == (3, 4)
    shown = ledger.show(_digest(ledger, "a0"))
    assert shown.origin.label == "synthetic"
    assert shown.origin.conflict
    assert {item.claim for item in shown.origin.evidence} == {"human", "synthetic"}
    assert [sighting.source for sighting in shown.sightings] == ["bot", "people"]
    assert ledger.status().conflicts == 1


def _digest(ledger: Ledger, external: str) -> str:
    table = ledger.query(
        "SELECT r.digest FROM records r SEMI JOIN "
        f"(SELECT record_id FROM sightings WHERE external_id = '{external}') USING (record_id)"
    )
    return str(table.column(0)[0].as_py())


def test_a_wrong_label_is_corrected_by_saying_the_right_one(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 4))
    ingest(ledger, path, "web", label="human")
    assert ledger.status().labels["human"] == 4
    corrected = ingest(ledger, path, "web", label="synthetic")
    assert (corrected.unchanged_files, corrected.relabelled_files) == (1, 1)
    assert ledger.status().labels == {"human": 0, "synthetic": 4, "mixed": 0, "unknown": 0}
    assert ledger.status().conflicts == 0
    ingest(ledger, path, "web", label="human")
    assert ledger.status().labels["human"] == 4


def test_a_new_contract_supersedes_and_a_changed_licence_does_not(
    ledger: Ledger, tmp_path: Path
) -> None:
    from provenance.model.source import Source

    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 4))
    ledger.source_set(Source(name="web", label="human"))
    ingest(ledger, path, "web", label="synthetic")
    assert ledger.status().labels["synthetic"] == 4
    ledger.source_set(Source(name="web", label="human", licence="CC-BY-4.0"))
    assert ledger.status().labels["synthetic"] == 4
    ledger.source_set(Source(name="web", label="mixed", licence="CC-BY-4.0"))
    assert ledger.status().labels["mixed"] == 4


def test_a_file_that_grew_is_read_again_without_doubling(ledger: Ledger, tmp_path: Path) -> None:
    rows = texts("a", 6)
    path = write_jsonl(tmp_path / "a.jsonl", rows[:4])
    ingest(ledger, path, "web")
    write_jsonl(path, rows)
    assert ingest(ledger, path, "web").sightings_added == 6
    assert counts(ledger) == (6, 6)
    write_jsonl(path, rows[:2])
    ingest(ledger, path, "web")
    assert counts(ledger) == (2, 2)
    write_jsonl(path, rows[:4])
    ingest(ledger, path, "web")
    assert counts(ledger) == (4, 4)


@pytest.mark.slow
def test_other_reader_settings_are_another_reading(ledger: Ledger, tmp_path: Path) -> None:
    rows = [{"id": n, "text": f"text {n}", "body": f"body {n}"} for n in range(3)]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "web", content=("text",))
    ingest(ledger, path, "web", content=("body",), replace=True)
    assert counts(ledger) == (3, 3)
    found = ledger.query("SELECT sum(bytes) FROM records").column(0)[0].as_py()
    assert found == sum(len(str(row["body"])) for row in rows)


def test_rejects_are_counted_and_set_aside(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text": "good one"}\n{"text": NaN}\n\n{"text": ""}\n{"text": "also good"}\n'
    )
    summary = ingest(ledger, path, "web")
    assert (summary.read, summary.kept, summary.rejected) == (4, 2, 2)
    file = summary.files[0]
    assert file.quarantine is not None
    table = pq.read_table(file.quarantine)
    assert table.column("row").to_pylist() == [2, 4]
    assert table.column("offset").to_pylist() == [21, 36]
    assert table.column("uri").to_pylist() == [str(path)] * 2
    assert all(value.startswith("sha256:") for value in table.column("raw_digest").to_pylist())


def test_stop_keeps_nothing_of_the_file_and_everything_of_the_others(
    ledger: Ledger, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "d" / "good.jsonl", texts("a", 3))
    (tmp_path / "d" / "bad.jsonl").write_text('{"text": "fine"}\n{"text": 1}\n')
    summary = ingest(ledger, tmp_path / "d", "web", on_reject="stop")
    failed = summary.failed
    assert [Path(file.uri).name for file in failed] == ["bad.jsonl"]
    assert "row 2" in str(failed[0].error)
    assert counts(ledger) == (3, 3)
    assert list(ledger.store.layout.quarantine.iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "fails"), [("0", True), ("1", False), ("49%", True), ("50%", False)]
)
def test_more_rejects_than_allowed_fail_the_file(
    ledger: Ledger, tmp_path: Path, limit: str, fails: bool
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "fine"}\n{"text": 1}\n')
    summary = ingest(ledger, path, "web", max_rejects=limit)
    assert bool(summary.failed) is fails
    assert counts(ledger) == ((0, 0) if fails else (1, 1))


def test_a_named_file_that_gives_nothing_is_an_error_and_its_rejects_are_kept(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": null}\n')
    summary = ingest(ledger, path, "web")
    assert summary.failed[0].exit_code == 10
    assert "nothing was kept" in str(summary.failed[0].error)
    assert summary.rejected == 1


@pytest.mark.parametrize("place", ["d", "d/*.jsonl", "d/**/*.jsonl"])
def test_a_folder_in_which_no_file_gives_a_record_is_an_error(
    ledger: Ledger, tmp_path: Path, place: str
) -> None:
    for name in ("a", "b"):
        write_jsonl(tmp_path / "d" / f"{name}.jsonl", [{"text": None}])
    good = write_jsonl(tmp_path / "good.jsonl", texts("a", 2))
    options = IngestOptions(source="web")
    summary = ledger.ingest([str(good), str(tmp_path / place)], options)
    assert (summary.kept, summary.rejected) == (2, 2)
    assert [(Path(file.uri).name, file.exit_code) for file in summary.failed] == [
        ("a.jsonl", 10),
        ("b.jsonl", 10),
    ]


def test_a_folder_in_which_some_file_gives_a_record_is_none(ledger: Ledger, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "d" / "a.jsonl", [{"text": None}])
    write_jsonl(tmp_path / "d" / "deep" / "b.jsonl", texts("b", 1))
    assert ingest(ledger, tmp_path / "d", "web").failed == ()


def test_a_file_that_changed_while_it_was_read_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 3))
    now = path.stat()
    task = FileTask(Input(str(path), path, "jsonl"), uuid.uuid4(), now.st_size, now.st_mtime_ns - 1)
    unit = UnitTask(ledger.store.layout, uuid.uuid4(), IngestOptions(source="web"), (task,))
    result = run_unit(unit).files[0]
    assert isinstance(result.failure, InputError)
    assert "changed while it was read" in result.failure.message
    assert list(ledger.store.layout.table("sightings").glob("*")) == []


def test_a_bad_file_does_not_spoil_the_part_it_shares(ledger: Ledger, tmp_path: Path) -> None:
    for n in range(4):
        write_jsonl(tmp_path / "d" / f"{n}.jsonl", texts(f"f{n}", 3))
    (tmp_path / "d" / "2.jsonl").write_text('{"text": "kept?"}\n' + '{"text": 1}\n' * 3)
    summary = ingest(ledger, tmp_path / "d", "web", max_rejects="1")
    assert [Path(file.uri).name for file in summary.failed] == ["2.jsonl"]
    assert counts(ledger) == (9, 9)
    raw = ledger.query("SELECT count(*) FROM ledger.sightings").column(0)[0].as_py()
    assert raw == 9


def test_units_group_small_files_and_cut_large_ones(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provenance.operations.ingest import split_work

    monkeypatch.setattr(split_work, "UNIT_BYTES", 2_000)
    rows = texts("a", 200)
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    now = path.stat()
    task = FileTask(Input(str(path), path, "jsonl"), uuid.uuid4(), now.st_size, now.st_mtime_ns)
    groups = cut([task], ledger.store.layout, IngestOptions(source="web"))
    units = [unit for group in groups for unit in group.units]
    assert len(units) > 3
    ends = [(file.part.start, file.part.end) for unit in units for file in unit.files if file.part]
    assert ends[0][0] == 0
    assert ends[-1][1] == now.st_size
    assert all(a[1] == b[0] for a, b in pairwise(ends))
    summary = ingest(ledger, path, "web")
    assert (summary.read, summary.kept) == (200, 200)
    rows_seen = ledger.query("SELECT row FROM sightings ORDER BY row").column(0).to_pylist()
    assert rows_seen == list(range(1, 201))


@pytest.mark.slow
@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_compressed_file_is_read_by_all_workers(
    tmp_path: Path,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    compress: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setattr(split_work, "SHARED_FROM", 1_000)
    lines = [json.dumps({"text": f"{n} " + "many words " * 50_000}) for n in range(60)]
    lines[7] = lines[50] = "{no record"
    path = tmp_path / ("a.jsonl.gz" if compress is gzip.compress else "a.jsonl.zst")
    path.write_bytes(compress("\n".join(lines).encode()))
    now = path.stat()
    source = Input(str(path), path, "jsonl", path.suffix[1:])
    task = FileTask(source, uuid.uuid4(), now.st_size, now.st_mtime_ns)
    options = IngestOptions(source="web", workers=2)
    groups = cut([task], ledger.store.layout, options)
    assert [unit.files[0].part for group in groups for unit in group.units] == [
        BlockShare(0, 2),
        BlockShare(1, 2),
    ]
    summary = ingest(ledger, path, "web", workers=2)
    assert (summary.read, summary.kept, summary.rejected) == (60, 58, 2)
    assert [reject.row for reject in summary.files[0].rejects] == [8, 51]
    listed = summary.files[0].quarantine
    assert duckdb.execute("SELECT row FROM read_parquet(?) ORDER BY 1", [listed]).fetchall() == [
        (8,),
        (51,),
    ]
    rows = ledger.query("SELECT row FROM sightings ORDER BY row").column(0).to_pylist()
    assert rows == [n + 1 for n in range(60) if n not in {7, 50}]
    assert ingest(ledger, path, "web", workers=2).unchanged_files == 1


@pytest.mark.slow
def test_what_is_allowed_of_rejects_is_of_the_file_and_not_of_its_parts(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_work, "UNIT_BYTES", 1_000)
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 200))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*["{"] * 20, *lines]))
    assert ingest(ledger, path, "web", max_rejects="20%").rejected == 20
    lines[50] = lines[150] = "{"
    other = tmp_path / "b.jsonl"
    other.write_text("\n".join(lines))
    failed = ingest(ledger, other, "web", max_rejects="1").failed
    assert [file.error for file in failed] == [
        f"{other}: 2 of 200 records were rejected; --max-rejects is 1"
    ]
    assert counts(ledger) == (200, 200)


def _die(_task: int) -> int:
    if _task == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return _task * 10


@pytest.mark.slow
def test_a_worker_that_dies_loses_its_task_only() -> None:
    with LocalEngine(2) as engine:
        outcomes = {outcome.task: outcome for outcome in engine.map(_die, list(range(5)))}
    assert {task: o.result for task, o in outcomes.items() if o.result is not None} == {
        0: 0,
        1: 10,
        3: 30,
        4: 40,
    }
    assert isinstance(outcomes[2].failure, InputError)


@pytest.mark.slow
def test_a_server_whose_end_is_noticed_late_is_no_fault_of_the_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start_workers()
    server = forkserver._forkserver
    pid, start = server._forkserver_pid, server.ensure_running
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    late = time.monotonic() + 0.1

    def seen_late() -> None:
        if time.monotonic() > late:
            start()

    monkeypatch.setattr(server, "ensure_running", seen_late)
    monkeypatch.setattr(forkserver, "ensure_running", seen_late)
    with LocalEngine(2) as engine:
        assert sorted(o.result or 0 for o in engine.map(_tenfold, [1, 2, 3])) == [10, 20, 30]


def _tenfold(task: int) -> int:
    return task * 10


@pytest.mark.slow
def test_a_killed_ingest_leaves_a_ledger_that_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    for n in range(3):
        write_jsonl(tmp_path / "d" / f"{n}.jsonl", texts(f"f{n}", 400))
    program = (
        "import provenance; from provenance.operations.ingest import IngestOptions;"
        f"provenance.open({ledger.url!r}).ingest([{str(tmp_path / 'd')!r}],"
        " IngestOptions(source='web'))"
    )
    for delay in (0.3, 0.6, 0.9):
        child = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
        time.sleep(delay)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        assert counts(ledger) in {(0, 0), (1200, 1200)}
    ingest(ledger, tmp_path / "d", "web")
    assert counts(ledger) == (1200, 1200)
    assert ledger.verify().problems == ()


ORPHANS = """
import time
from provenance.engine.local import LocalEngine, start_workers
engine = LocalEngine(1)
engine.warm()
print("ready", flush=True)
list(engine.map(time.sleep, [60]))
"""


@pytest.mark.slow
def test_workers_leave_when_nobody_hands_out_work_any_more() -> None:
    program = [sys.executable, "-c", ORPHANS]
    with subprocess.Popen(program, stdout=subprocess.PIPE, start_new_session=True) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"ready\n"
        time.sleep(1)
        driver.kill()
        started = time.monotonic()
        # The workers have it, too: it ends when the last of them is gone.
        assert driver.stdout.read() == b""
        assert time.monotonic() - started < 30


def test_a_pool_that_broke_between_two_tasks_is_made_anew() -> None:
    with LocalEngine(1) as engine:
        (first,) = engine.map(_own, [0])
        assert first.result is not None
        os.kill(first.result, signal.SIGKILL)
        time.sleep(0.3)
        assert [outcome.failure for outcome in engine.map(_own, [1, 2])] == [None, None]


def _own(_task: int) -> int:
    return os.getpid()


@pytest.mark.slow
def test_a_killed_ingest_of_many_files_goes_on_where_it_was(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_work, "GROUP_SECONDS", 0)
    monkeypatch.setattr(split_work, "UNIT_FILES", 4)
    for n in range(20):
        write_jsonl(tmp_path / "d" / f"{n:02}.jsonl", texts(f"f{n}", 3))
    real, made = Store.commit, list[str]()

    def commit(store: Store, verb: str, *arguments: Any) -> Commit:
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(verb)
        return real(store, verb, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", commit)
        with pytest.raises(KeyboardInterrupt):
            ingest(ledger, tmp_path / "d", "web")
    assert counts(ledger) == (36, 36)
    again = ingest(ledger, tmp_path / "d", "web")
    assert (again.unchanged_files, again.read) == (12, 24)
    assert counts(ledger) == (60, 60)
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_a_file_of_the_same_size_and_time_is_not_looked_into(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 5))
    ingest(ledger, path, "web")
    when = path.stat().st_mtime_ns
    write_jsonl(path, texts("b", 5))
    os.utime(path, ns=(when, when))
    assert ingest(ledger, path, "web").unchanged_files == 1
    forced = ingest(ledger, path, "web", rehash=True)
    assert (forced.unchanged_files, forced.kept) == (0, 5)
    assert counts(ledger) == (5, 5)
    assert ledger.show("b3").sightings[0].row == 4


@pytest.mark.slow
def test_attributes_ids_and_languages_are_kept(ledger: Ledger, tmp_path: Path) -> None:
    rows = texts("a", 2, language="an", url="https://example.org/1", author='O"Neil\n')
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "web", attributes={"who": "author"})
    shown = ledger.show("a1")
    assert shown.sightings[0].external_id == "a1"
    assert shown.sightings[0].attributes == {"url": "https://example.org/1", "who": 'O"Neil\n'}
    assert ledger.query("SELECT DISTINCT lang FROM records").column(0).to_pylist() == ["an"]


def test_a_path_that_is_not_there(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"nothing\.jsonl"):
        ingest(ledger, tmp_path / "nothing.jsonl", "web")


LINE = st.one_of(
    st.text(min_size=1, max_size=20).map(lambda t: json.dumps({"text": t})),
    st.sampled_from(
        ["", "  ", "{", "[]", '{"text": 1}', '{"text": null}', '{"text": "a",}', "NaN", "\ufeff{}"]
    ),
).map(str.encode)


@settings(max_examples=12)
@given(lines=st.lists(st.one_of(LINE, st.binary(max_size=12)), max_size=12))
def test_read_is_kept_and_rejected(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    path = folder / "a.jsonl"
    path.write_bytes(b"\n".join(lines))
    now = path.stat()
    task = FileTask(Input(str(path), path, "jsonl"), uuid.uuid4(), now.st_size, now.st_mtime_ns)
    options = IngestOptions(source="web", content=("text",))
    places = provenance.init(str(folder / "ledger")).store.layout
    result = run_unit(UnitTask(places, uuid.uuid4(), options, (task,)))
    file = result.files[0]
    if file.failure is None:
        assert file.read == file.kept + file.rejected
        rows = sum(part.rows for part in result.parts if part.table == "sightings")
        assert rows == file.kept
        assert sum(file.reasons.values()) == file.rejected


@pytest.mark.slow
def test_an_option_that_is_not_given_again_takes_nothing_back(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 3, topic="boats"))
    ingest(ledger, path, "s", label="human", attributes={"topic": "topic"}, id_field="id")
    for options in ({}, {"label": "human"}, {"ignore_fields": ("kind",)}, {"id_field": "id"}):
        again = ingest(ledger, path, "s", **options)
        assert (again.unchanged_files, again.read) == (1, 0)
    assert ledger.status().labels["human"] == 3
    kept = ledger.query("SELECT DISTINCT attributes FROM sightings").to_pylist()
    assert kept == [{"attributes": '{"topic":"boats"}'}]
    other = ingest(ledger, path, "s", attributes={"subject": "topic"})
    assert (other.unchanged_files, other.read) == (0, 3)
