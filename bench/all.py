"""Measure everything at the sizes of docs/performance.md, and write that page.

    python bench/all.py [--folder DIR] [--out FILE] [--only NAME …]
                        [--environments DIR] [--install]

Takes most of an hour on an otherwise idle machine, and 30 GB of disk. What fails or is not
installed is told and left out; the other programs run all the same.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent

RUNS: dict[str, list[list[str]]] = {
    "ingest": [["ingest.py", "--form", form, "--runs", "5"] for form in ("jsonl", "parquet")],
    "compressed": [["ingest.py", "--form", form, "--runs", "5"] for form in ("gz", "zst")],
    "startup": [["startup.py"]],
    "workers": [["workers.py"], ["workers.py", "--engine", "ray"]],
    "peers": [["peers.py"]],
    # The file of one is cut for the next, so that there is one large file at a time.
    "memory": [["memory.py", "--gigabytes", "20", "10", "1"]],
    "again": [["again.py"]],
    "growth": [["growth.py"]],
    "judge": [["judge.py"]],
    "takedown": [["takedown.py"]],
    "writers": [["writers.py"]],
}
"""What is run, in this order; the largest files are gone before the largest ledger is made."""


def main() -> None:
    """Run them one after another, then the table."""
    options = _options()
    folder = ["--folder", str(options.folder)]
    peers = ["--environments", str(options.environments)] if options.environments else []
    peers += ["--install"] if options.install else []
    failed = []
    for name in options.only or RUNS:
        for program in RUNS[name]:
            started = time.perf_counter()
            print(f"== {' '.join(program)}", flush=True)
            command = [sys.executable, str(BENCH / program[0]), *program[1:], *folder]
            done = subprocess.run([*command, *(peers if name == "peers" else [])], check=False)
            print(f"   {time.perf_counter() - started:.0f} s", flush=True)
            failed += [" ".join(program)] if done.returncode else []
    out = ["--out", str(options.out)] if options.out else []
    subprocess.run([sys.executable, str(BENCH / "table.py"), *folder, *out], check=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=BENCH / "out")
    parser.add_argument("--out", type=Path, help="the page; else docs/performance.md")
    parser.add_argument("--only", nargs="+", choices=sorted(RUNS), help="leave the others out")
    parser.add_argument("--environments", type=Path, help="where the peers are")
    parser.add_argument("--install", action="store_true", help="make the environments of the peers")
    return parser.parse_args()


if __name__ == "__main__":
    main()
