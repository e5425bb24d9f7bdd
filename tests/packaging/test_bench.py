"""The benchmark runs, on very little."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from support import servers

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_takedown_of_one_author_among_many_holds_what_it_promises(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "bench" / "takedown.py"), "--records", "2000"]
    done = subprocess.run(
        [*program, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("checked: ") == 8
    facts = json.loads((tmp_path / "takedown.json").read_text())["facts"]
    assert facts["releases"] == 3
    assert 0 < facts["refused"] < facts["named"] == facts["tombstones"]
    assert not (tmp_path / "takedown-ledger").exists()


@pytest.mark.slow
def test_killed_runs_lose_and_double_nothing(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "bench" / "kills.py"), "--kills", "3", "--steps", "4"]
    done = subprocess.run(
        [*program, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads((tmp_path / "kills.json").read_text())["facts"]
    assert (facts["kills"], facts["wrong"], facts["gave_up"]) == (3, [], [])


@pytest.mark.slow
@pytest.mark.skipif(
    servers.postgres_programs() is None or servers.s3_missing() is not None,
    reason="needs PostgreSQL, and moto with flask",
)
def test_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    few = ["--writers", "3", "--commits", "1", "--records", "20"]
    program = [sys.executable, str(ROOT / "bench" / "writers.py"), *few]
    done = subprocess.run(
        [*program, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "80 sightings, each exactly once" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["writers.json"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_the_benchmark_runs_and_tidies_up(tmp_path: Path, form: str) -> None:
    program = [sys.executable, str(ROOT / "bench" / "ingest.py"), "--runs", "1", "--records", "200"]
    done = subprocess.run(
        [*program, "--form", form, "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "times as long as the yardstick" in done.stdout
    name = "ingest.json" if form == "jsonl" else f"ingest-{form}.json"
    numbers = json.loads((tmp_path / name).read_text())
    assert set(numbers) == {"yardstick", "ingest", "status", "help", "empty"}
    assert all(cost["seconds"] > 0 for cost in numbers.values())
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"corpus-200.jsonl", f"corpus-200.{form}", name}


@pytest.mark.slow
def test_the_measure_of_judging_runs_and_tidies_up(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "bench" / "judge.py"), "--runs", "1", "--records", "400"]
    done = subprocess.run(
        [*program, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    numbers = json.loads((tmp_path / "judge.json").read_text())
    assert set(numbers["costs"]) == {"assemble", "assemble --fit", "audit"}
    page = tmp_path / "performance.md"
    table = [sys.executable, str(ROOT / "bench" / "table.py"), "--folder", str(tmp_path)]
    subprocess.run([*table, "--out", str(page)], capture_output=True, check=True)
    assert "## Judging 400 records" in page.read_text("utf-8")
    assert not (tmp_path / "judge-ledger").exists()


def _run(program: str, folder: Path, *options: str) -> str:
    """What a program of bench/ says, which must end well."""
    command = [sys.executable, str(ROOT / "bench" / program), "--folder", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_the_large_file_is_of_its_size_and_repeats_nothing(tmp_path: Path) -> None:
    _run("again.py", tmp_path, "--gigabytes", ".0005", "--records", "50", "--runs", "1", "--keep")
    assert _left(tmp_path) == {"again.json", "corpus-50.jsonl", "large.jsonl"}
    lines = (tmp_path / "large.jsonl").read_text().splitlines()
    assert 490_000 < (tmp_path / "large.jsonl").stat().st_size <= 500_000
    texts = {json.loads(line)["text"] for line in lines}
    assert len(texts) == len(lines) > 50
    costs = json.loads((tmp_path / "again.json").read_text())["0.0005 GB"]
    assert 0 < costs["again"]["cpu_seconds"] < costs["first"]["cpu_seconds"]
    said = _run("memory.py", tmp_path, "--gigabytes", ".0002", "--line", "20000000", "--records=50")
    assert "0.0002 GB" in said
    assert _left(tmp_path) == {"again.json", "corpus-50.jsonl", "memory.json"}
    costs = json.loads((tmp_path / "memory.json").read_text())["costs"]
    assert all(cost["peak_bytes"] > 10_000_000 for cost in costs.values())


@pytest.mark.slow
def test_growth_is_measured_on_a_ledger_that_holds_what_was_asked(tmp_path: Path) -> None:
    said = _run("growth.py", tmp_path, "--sightings", "3000", "--records", "50", "--runs", "1")
    assert "times the processor time of the empty ledger" in said
    numbers = json.loads((tmp_path / "growth.json").read_text())
    assert numbers["sightings"] == 3000
    names = {
        f"{what} {which}" for what in ("ingest", "again", "parents") for which in ("empty", "full")
    }
    assert set(numbers["costs"]) == names
    assert _left(tmp_path) == {"growth.json", "corpus-50.jsonl"}


@pytest.mark.slow
def test_two_workers_and_one_leave_the_same(tmp_path: Path) -> None:
    said = _run("workers.py", tmp_path, "--records", "50", "--runs", "1")
    assert "two workers are" in said
    assert _left(tmp_path) == {"workers.json", "corpus-50.jsonl"}


@pytest.mark.slow
def test_start_up_is_measured_and_told(tmp_path: Path) -> None:
    _run("startup.py", tmp_path, "--runs", "1")
    assert _left(tmp_path) == {"startup.json"}
    costs = json.loads((tmp_path / "startup.json").read_text())["costs"]
    assert costs["--help"]["cpu_seconds"] < costs["status"]["cpu_seconds"]
    page = tmp_path / "performance.md"
    _run("table.py", tmp_path, "--out", str(page))
    assert "## Start-up" in page.read_text("utf-8")
    assert "| --help |" in page.read_text("utf-8")


def test_all_runs_what_is_asked_for_and_peers_that_are_missing_are_left_out(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    nowhere = ("--environments", str(tmp_path / "none"))
    said = _run("all.py", tmp_path, "--only", "peers", *nowhere, "--out", str(page))
    assert said.count("left out: --install") == 3
    assert json.loads((tmp_path / "peers.json").read_text())["peers"] == {}
    assert "## Measure it yourself" in page.read_text("utf-8")


@pytest.mark.slow
def test_every_disguise_that_is_promised_is_seen_through(tmp_path: Path) -> None:
    said = _run("disguises.py", tmp_path, "--texts", "12")
    caught = json.loads((tmp_path / "disguises.json").read_text())["caught"]
    all_of_them = {"records": 12, "answers": 12, "purged": 12}
    promised = {name for name, counts in caught.items() if counts == all_of_them}
    others = {"JSON wrap", "prefix", "suffix", "one word", "90 %", "half"}
    assert (len(caught), set(caught) - promised) == (20, others)
    assert sum(line.endswith("  promised") for line in said.splitlines()) == 14
    assert _left(tmp_path) == {"disguises.json"}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of the folder, to be imported by a test."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))


@pytest.mark.usefixtures("bench")
def test_answers_are_masked_where_two_runs_differ_and_nowhere_else() -> None:
    masks_of = importlib.import_module("answers_masks").Masks

    def run(folder: str, commit: str, moment: str, reason: str, share: float) -> object:
        answer = {
            "commit_id": commit,
            "file": f"{folder}/a.jsonl",
            "contract": json.dumps({"commit": commit.replace("-", ""), "hint": reason}),
            "recorded_at": moment,
            "collected": "2024-01-01",
            "reason": reason,
            "share": share,
            "seconds": share,
            "tool": "prov 1.2.3",
        }
        return masks_of({folder: "<folder>"}, "1.2.3").document(answer)

    one, other = (str(uuid.UUID(int=number)) for number in (1, 2))
    before = run("/tmp/x", one, "2026-03-01 10:00:00.123+00:00", "too much", 0.5)
    assert before == run("/var/y", other, "2026-03-02T01:00:00Z", "over the limit", 0.5)
    assert before == {
        "commit_id": "<id 1>",
        "file": "<folder>/a.jsonl",
        "contract": {"<json>": {"commit": "<id 1>", "hint": "<prose>"}},
        "recorded_at": "<time>",
        "collected": "2024-01-01",
        "reason": "<prose>",
        "share": 0.5,
        "seconds": "<duration>",
        "tool": "prov <version>",
    }


@pytest.mark.usefixtures("bench")
def test_comparing_answers_names_the_command_the_pointer_and_both_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    compare = importlib.import_module("same_answers").compare
    before = {"a 001: status": {"exit": 0, "answer": {"labels": {"a/b": [1, 2]}, "share": 1}}}
    assert compare(before, json.loads(json.dumps(before))) == 0
    after = {
        "a 001: status": {"exit": 0, "answer": {"labels": {"a/b": [1, 3]}, "share": 1.0}},
        "a 002: verify": {"exit": 0},
    }
    capsys.readouterr()
    assert compare(before, after) == 1
    assert capsys.readouterr().out.splitlines() == [
        "a 001: status",
        "  /answer/labels/a~1b/1",
        "  - 2",
        "  + 3",
        "a 001: status",
        "  /answer/share",
        "  - 1",
        "  + 1.0",
        "a 002: verify",
        "  /exit",
        '  - "(absent)"',
        "  + 0",
        "1 answers and 2: 3 differences",
    ]
