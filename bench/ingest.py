"""Measure ingest against the least that DuckDB can do with the same file, in the same run.

    python bench/ingest.py [--form jsonl|gz|zst|parquet] [--records N] [--runs N] [--folder DIR]

The yardstick reads the file, hashes the text and writes three columns (docs/design.md, section 8);
of a compressed file it does no more than to decompress and to parse. The two take turns, so that
whatever else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gzip
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import zstandard

_HASHED = """
import duckdb, sys
duckdb.execute(f\"\"\"
    COPY (SELECT id, sha256(text), source FROM %s)
    TO '{sys.argv[2]}' (COMPRESSION zstd)\"\"\")
"""

_PARSED = """
import duckdb, sys
duckdb.sql(f\"\"\"
    SELECT max(id), sum(length(text)), max(source), max(lang) FROM %s\"\"\").fetchall()
open(sys.argv[2], "w").close()
"""

_LINES = "read_json('{sys.argv[1]}', format='newline_delimited')"

YARDSTICKS = {
    "jsonl": _HASHED % _LINES,
    "gz": _PARSED % _LINES,
    "zst": _PARSED % _LINES,
    "parquet": _HASHED % "'{sys.argv[1]}'",
}
"""What each form of the file is measured against."""

EMPTY = "import click; click.command()(lambda: None)()"

_LOOKS = 0.25
"""Seconds between two looks at the memory of all processes: a look takes them some time."""

_PR_SET_CHILD_SUBREAPER = 36

SENTENCES = 4_000
SENTENCES_PER_TEXT = 12


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def main() -> None:
    """Make the file, measure, print, and keep the numbers beside the file."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = formed(corpus(options.folder, options.records), options.form)
    size = path.stat().st_size
    print(f"{options.records:,} records, {path.suffix[1:]}, {size / 1e9:.2f} GB, ", end="")
    print(f"{os.cpu_count()} processors")
    ledger, parquet = options.folder / "ledger", options.folder / "yardstick.parquet"
    commands = {
        "yardstick": [sys.executable, "-c", YARDSTICKS[options.form], str(path), str(parquet)],
        "ingest": prov(ledger, "ingest", str(path), "--source", "bench"),
    }
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    # The last round is for their memory: to look at it costs them time.
    for watched in [False] * options.runs + [True]:
        shutil.rmtree(ledger, ignore_errors=True)
        measured(prov(ledger, "init"))
        for name, command in commands.items():
            found[name].append(measured(command, watched=watched))
    peaks = {name: costs.pop().peak_bytes for name, costs in found.items()}
    found["status"] = [measured(prov(ledger, "status")) for _ in range(options.runs)]
    found["help"] = [measured(prov(ledger, "--help")) for _ in range(9)]
    found["empty"] = [measured([sys.executable, "-c", EMPTY, "--help"]) for _ in range(9)]
    summary = {name: middle(costs) for name, costs in found.items()}
    for name, peak in peaks.items():
        summary[name] = replace(summary[name], peak_bytes=peak)
    _print(summary, size)
    name = "ingest" if options.form == "jsonl" else f"ingest-{options.form}"
    (options.folder / f"{name}.json").write_text(
        json.dumps({name: asdict(cost) for name, cost in summary.items()}, indent=2) + "\n"
    )
    parquet.unlink()
    shutil.rmtree(ledger)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--form", choices=sorted(YARDSTICKS), default="jsonl")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    return parser.parse_args()


def prov(ledger: Path, *arguments: str) -> list[str]:
    """A command line of the program."""
    return [sys.executable, "-m", "prov_cli.main", "-q", "--ledger", str(ledger), *arguments]


def corpus(folder: Path, records: int) -> Path:
    """A JSONL file of texts of about 1.2 kB, the same for the same count; made once."""
    path = folder / f"corpus-{records}.jsonl"
    if path.exists():
        return path
    chance = random.Random(1)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5_000)]
    pool = [" ".join(chance.choices(words, k=14)).capitalize() + "." for _ in range(SENTENCES)]
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        for number in range(records):
            text = " ".join(chance.choices(pool, k=SENTENCES_PER_TEXT))
            row = {"id": f"doc-{number}", "text": text, "source": "bench", "lang": "en"}
            file.write(json.dumps(row) + "\n")
    partial.rename(path)
    return path


def formed(path: Path, form: str) -> Path:
    """The corpus in another form, made once."""
    if form == "jsonl":
        return path
    made = path.with_suffix(".parquet") if form == "parquet" else Path(f"{path}.{form}")
    if made.exists():
        return made
    partial = made.with_name(f"{made.name}.partial")
    if form == "parquet":
        duckdb.execute(f"COPY (FROM read_json('{path}')) TO '{partial}' (FORMAT parquet)")
    else:
        with path.open("rb") as plain, _compressed(partial, form) as file:
            shutil.copyfileobj(plain, file, 1 << 20)
    partial.rename(made)
    return made


def _compressed(path: Path, form: str) -> Any:
    return gzip.open(path, "wb", 6) if form == "gz" else zstandard.open(path, "wb")


def measured(command: list[str], *, watched: bool = True) -> Cost:
    """Run a command; its time, its processor time and the most memory of all of its processes.

    The server that workers are forked from ends by itself, and nobody waits for it: its time and
    that of its workers would be missing. It is handed to us, and we wait.

    Args:
        watched: whether to look at its memory, which takes some percent of its time.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watch = _Watch(process.pid)
    if watched:
        watch.start()
    _, errors = process.communicate()
    seconds = time.perf_counter() - started
    watch.finished.set()
    if watched:
        watch.join()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = os.times()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{errors.decode()}")
    user = after.children_user - before.children_user
    cpu = user + after.children_system - before.children_system
    return Cost(seconds, cpu, watch.peak)


class _Watch(threading.Thread):
    """Adds up the proportional memory of a process and of everything below it, again and again."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root = root
        self.peak = 0
        self.finished = threading.Event()

    def run(self) -> None:
        while not self.finished.wait(_LOOKS):
            self.peak = max(self.peak, sum(map(_memory, _family(self._root))))


def _family(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(after_name[1])
    found, grown = {root}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return sorted(found)


def _memory(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def middle(costs: list[Cost]) -> Cost:
    """The median of some runs, and the most memory of all of them."""
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.cpu_seconds for cost in costs),
        max(cost.peak_bytes for cost in costs),
    )


def _print(summary: dict[str, Cost], size: int) -> None:
    print(f"{'':<12}{'seconds':>9}{'cpu s':>9}{'MB/s':>8}{'peak MB':>9}")
    for name, cost in summary.items():
        rate = f"{size / cost.seconds / 1e6:.0f}" if name in {"yardstick", "ingest"} else ""
        memory = f"{cost.peak_bytes / 1e6:.0f}"
        print(f"{name:<12}{cost.seconds:>9.2f}{cost.cpu_seconds:>9.2f}{rate:>8}{memory:>9}")
    ours, yardstick = summary["ingest"], summary["yardstick"]
    print(
        f"ingest takes {ours.seconds / yardstick.seconds:.2f} times as long as the yardstick, "
        f"{ours.cpu_seconds / yardstick.cpu_seconds:.2f} times its processor time"
    )
    costs = summary["help"].cpu_seconds / summary["empty"].cpu_seconds
    print(f"--help takes {costs:.2f} times the processor time of an empty program")


if __name__ == "__main__":
    main()
