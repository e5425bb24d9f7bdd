"""The benchmark runs, on very little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import servers

ROOT = Path(__file__).resolve().parents[1]


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


def test_killed_runs_lose_and_double_nothing(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "bench" / "kills.py"), "--kills", "6", "--steps", "6"]
    done = subprocess.run(
        [*program, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads((tmp_path / "kills.json").read_text())["facts"]
    assert (facts["kills"], facts["wrong"], facts["gave_up"]) == (6, [], [])


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
