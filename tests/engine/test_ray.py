"""A Ray cluster gives what processes of this machine give, whatever becomes of its workers."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.datafiles import texts, write_jsonl
from support.tasks import Items, Task, carry_out, divided, employer, work_off, worker
from support.terminal import Terminal

import provenance
from provenance.engine.ray import RayEngine
from provenance.errors import InputError, MisuseError, UnforeseenError
from provenance.ledger import Ledger
from provenance.operations.ingest import IngestOptions, IngestSummary, split_work

HERE = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HERE, reason="ray is not here: pip install 'prov-ledger[ray]'")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Ray's own sockets and files

PROV = [sys.executable, "-m", "prov_cli.main"]

OF_A_FILE = """
    SELECT f.uri, t.* EXCLUDE (commit_id, reading_id)
    FROM ledger.{} t JOIN files f USING (reading_id) ORDER BY ALL"""

ROWS = (
    OF_A_FILE.format("sightings"),
    OF_A_FILE.format("evidence"),
    OF_A_FILE.format("edges"),
    "SELECT * EXCLUDE (commit_id, reading_id, quarantine) FROM ledger.files ORDER BY ALL",
    "SELECT * FROM records ORDER BY ALL",
)
"""Everything that an ingest leaves, but for the ids of the run."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayEngine]:
    """Two workers, started here; it is stopped at the end, and by none of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_TOKEN", "0" * 64)  # else Ray writes one into the home folder
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        with RayEngine(2) as engine:
            import ray  # after the engine, which decides what is told on standard output

            yield engine
            assert ray.is_initialized()
    assert not ray.is_initialized()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marks, parents, rejects, an unreadable file, and one that is large enough to be cut."""
    place = tmp_path_factory.mktemp("files")
    large = texts("large", 30_000, is_synthetic=True, parent="a1")
    write_jsonl(place / "large.jsonl", large)
    for name in "abc":
        write_jsonl(place / f"{name}.jsonl", texts(name, 40, parent="a1"))
    with (place / "b.jsonl").open("a") as file:
        file.write('{"text": NaN}\n{"text": ""}\n{"text": "kept?"}\n[1]\n')
    with (place / "large.jsonl").open("a") as file:
        file.write('{"text": 1}\n' * 7)
    (place / "broken.parquet").write_bytes(b"PAR1 and no more PAR1")
    return place


@pytest.fixture(scope="module")
def local(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, IngestSummary]:
    """What the local engine makes of the folder."""
    return read(folder, tmp_path_factory.mktemp("local"))


def read(
    folder: Path, place: Path, progress: Any = None, **options: Any
) -> tuple[Ledger, IngestSummary]:
    ledger = provenance.init(str(place / "ledger"))
    asked = IngestOptions(source="web", content=("text",), parent_field="parent", **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split_work, "UNIT_BYTES", 300_000)
        return ledger, ledger.ingest([str(folder)], asked, progress)


def facts(summary: IngestSummary) -> dict[str, Any]:
    """The summary, but for time and the order in which units came back."""
    told = summary.model_dump(mode="json", exclude={"seconds"})
    for file in told["files"]:
        file.pop("quarantine")
    told["files"].sort(key=lambda file: file["uri"])
    return told


def assert_equal(one: tuple[Ledger, IngestSummary], other: tuple[Ledger, IngestSummary]) -> None:
    assert facts(one[1]) == facts(other[1])
    for rows in ROWS:
        mine = one[0].query(rows)
        assert mine.num_rows > 0, rows
        assert mine.equals(other[0].query(rows)), rows
    assert rejects(one[0]) == rejects(other[0])
    assert other[0].verify().problems == ()


def rejects(ledger: Ledger) -> list[tuple[Any, ...]]:
    found = [
        tuple(row.values())
        for path in ledger.store.layout.quarantine.glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    return sorted(found, key=str)


@pytest.mark.slow
@pytest.mark.newest
@needs_ray
def test_a_cluster_gives_row_for_row_what_this_machine_gives(
    cluster: RayEngine, local: tuple[Ledger, IngestSummary], folder: Path, tmp_path: Path
) -> None:
    assert (local[1].read, local[1].kept, local[1].rejected) == (30_131, 30_121, 10)
    done: list[int] = []
    other = read(folder, tmp_path, lambda now, _all: done.append(now), engine="ray", workers=2)
    assert len(done) > 8, "the large file was cut"
    assert_equal(local, other)
    again = other[0].ingest(
        [str(folder)],
        IngestOptions(source="web", content=("text",), parent_field="parent", engine="ray"),
    )
    assert (again.unchanged_files, again.read) == (4, 0)


@needs_ray
def test_a_worker_killed_in_the_middle_changes_nothing(
    cluster: RayEngine,
    local: tuple[Ledger, IngestSummary],
    folder: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    workers = {outcome.result for outcome in cluster.map(employer, [0.5] * 4)}
    killed: list[int] = []

    def kill(_done: int, _all: int) -> None:
        if not killed:
            killed.append(busy(workers))
            os.kill(killed[0], signal.SIGKILL)

    other = read(folder, tmp_path, kill, engine="ray")
    assert killed
    assert killed[0] not in {outcome.result for outcome in cluster.map(employer, [0.1] * 4)}
    assert_equal(local, other)
    assert capfd.readouterr().out == ""


def busy(workers: set[Any]) -> int:
    """One of these processes that carries a task out."""
    for _ in range(3_000):
        for process in workers:
            if b"_attempt" in Path(f"/proc/{process}/cmdline").read_bytes():
                return int(process)
        time.sleep(0.001)
    raise AssertionError("no worker had anything to do")


@needs_ray
def test_a_task_whose_worker_dies_is_tried_again_and_a_failure_is_not(
    cluster: RayEngine, tmp_path: Path
) -> None:
    tasks = [
        Task(what, tmp_path / what) for what in ("go", "die once", "refuse", "hoard", "die", "stay")
    ]
    outcomes = {outcome.task.what: outcome for outcome in cluster.map(carry_out, tasks)}
    assert [outcomes[what].result for what in ("go", "die once", "stay")] == [
        "go",
        "die once",
        "stay",
    ]
    assert {task.what: task.attempts for task in tasks} == {
        "go": 1,
        "die once": 2,
        "refuse": 1,
        "hoard": 1,
        "die": 2,
        "stay": 1,
    }
    failures = {what: outcomes[what].failure for what in ("refuse", "hoard", "die")}
    assert all(isinstance(failure, InputError) for failure in failures.values())
    assert "it is no good" in str(failures["refuse"])
    assert failures["refuse"] is not None
    assert failures["refuse"].hint == "make it better"
    assert "more memory than a worker may have" in str(failures["hoard"])
    assert "died twice: it was killed" in str(failures["die"])


@needs_ray
def test_what_goes_wrong_costs_one_item_of_a_task(cluster: RayEngine) -> None:
    bad = ("crash", "panic", "spin", "leave")
    tasks = [Items(("a", word, "b")) for word in bad]
    outcomes = list(cluster.map(work_off, tasks, divided))
    assert sorted(done for o in outcomes for done in o.result or ()) == ["a"] * 4 + ["b"] * 4
    failed = {outcome.task.words: str(outcome.failure) for outcome in outcomes if outcome.failure}
    assert sorted(failed) == sorted((word,) for word in bad)
    assert "SIGSEGV" in failed["crash",]
    assert "more processor time" in failed["spin",]


@needs_ray
def test_a_bug_fails_its_task_and_says_where_it_is(cluster: RayEngine, tmp_path: Path) -> None:
    (outcome,) = cluster.map(carry_out, [Task("blunder", tmp_path / "tally")])
    assert isinstance(outcome.failure, UnforeseenError)
    assert "ZeroDivisionError: a bug" in outcome.failure.message
    assert "tasks.py" in outcome.failure.trace


@needs_ray
def test_workers_without_the_package_are_told_of(
    cluster: RayEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def act(task):\n    return task\n")
    monkeypatch.syspath_prepend(tmp_path)
    act = importlib.import_module("only_here").act
    with pytest.raises(MisuseError, match="No module named 'only_here'") as told:
        list(cluster.map(act, [1]))
    assert "every machine of the cluster needs prov-ledger" in told.value.hint


@needs_ray
def test_no_more_workers_than_asked_for(cluster: RayEngine) -> None:
    with RayEngine(1) as one:
        given = 0

        def tasks() -> Iterator[float]:
            nonlocal given
            for _ in range(3):
                given += 1
                yield 0.0

        running = one.map(worker, tasks())
        for place, _ in enumerate(running, 1):
            assert given == place


@needs_ray
def test_a_second_cluster_is_not_joined(cluster: RayEngine) -> None:
    with pytest.raises(MisuseError, match=r"joined a Ray cluster already, so not `there:1`"):
        RayEngine(address="there:1")


@needs_ray
def test_work_that_is_broken_off_is_over_when_the_engine_is_closed(
    cluster: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.engine.ray.PATIENCE", 0.5)
    started = time.monotonic()
    with RayEngine() as engine, closing(engine.map(worker, [0.0, 60.0, 60.0])) as running:
        assert next(running).result
    assert time.monotonic() - started < 30
    assert len(list(cluster.map(worker, [0.0] * 2))) == 2


@pytest.mark.slow
@needs_ray
def test_a_program_that_joins_says_nothing_of_ray_and_leaves_it_running(
    cluster: RayEngine, folder: Path, tmp_path: Path
) -> None:
    import ray

    address = ray.get_runtime_context().gcs_address
    arguments = ["ingest", str(folder / "a.jsonl"), "--source", "web", "--engine", "ray", "--json"]
    done = subprocess.run(
        [*PROV, *arguments, "--ray-address", address],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept"] == 40
    assert done.stderr == "created a ledger at .prov\n"
    assert len(list(cluster.map(worker, [0.0] * 2))) == 2


@pytest.mark.slow
@needs_ray
def test_a_cluster_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    arguments = ["ingest", str(folder / "a.jsonl"), "--source", "web", "--engine", "ray"]
    done = subprocess.run(
        [*PROV, *arguments, "--ray-address", "127.0.0.1:1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 11, done.stderr
    assert "no Ray cluster can be joined at `127.0.0.1:1`" in done.stderr
    assert "ray start --head" in done.stderr
    assert not done.stdout


def test_without_ray_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PROV_LEDGER", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    terminal = Terminal(tmp_path, monkeypatch, capsys)
    write_jsonl(tmp_path / "a.jsonl", texts("a", 3))
    answer = terminal.prov("ingest", "a.jsonl", "--source", "web", "--engine", "ray")
    assert answer.code == 2
    assert "the engine `ray` needs Ray, which cannot be imported" in answer.err
    assert "pip install 'prov-ledger[ray]'" in answer.err
    assert "Traceback" not in answer.err
    assert terminal.prov("status", "--json").json["sightings"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ray-address", "there:6379"], "--ray-address applies only with --engine ray"),
        (["--workers", "0"], "--workers"),
        (["--engine", "spark"], "--engine"),
    ],
)
def test_what_cannot_be_asked_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.delenv("PROV_LEDGER", raising=False)
    terminal = Terminal(tmp_path, monkeypatch, capsys)
    answer = terminal.prov("ingest", ".", "--source", "web", *arguments)
    assert answer.code == 2
    assert said in answer.err
