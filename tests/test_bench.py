"""The benchmark runs, on very little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


def test_the_benchmark_runs_and_tidies_up(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "bench" / "ingest.py"), "--runs", "1", "--records", "200"]
    done = subprocess.run(
        [*program, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "times as long as the yardstick" in done.stdout
    numbers = json.loads((tmp_path / "ingest.json").read_text())
    assert set(numbers) == {"yardstick", "ingest", "status", "help", "empty"}
    assert all(cost["seconds"] > 0 for cost in numbers.values())
    assert {path.name for path in tmp_path.iterdir()} == {"corpus-200.jsonl", "ingest.json"}
