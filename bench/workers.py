"""Measure two workers against one on the same file: of this machine, or of a Ray cluster.

    python bench/workers.py [--engine local|ray] [--records N] [--runs N] [--folder DIR]

All take turns, so that whatever else the machine does falls on all of them; with `--engine ray`
the local ones too. The cluster is started once, before; its start is told apart. Checks that all
leave the same records.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ingest import corpus
from running import keep, parser

import provenance
from provenance.engine.ray import RayEngine
from provenance.operations.ingest import IngestOptions

Engine = Literal["local", "ray"]

RECORDS = """
    SELECT count(*), sum(hash(record_id, norm_id, row, bytes, external_id, lang))::VARCHAR
    FROM ledger.sightings"""


def main() -> None:
    """Measure, print the ratios, and keep the numbers beside the file."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    engines: tuple[Engine, ...] = ("local",) if options.engine == "local" else ("local", "ray")
    if "ray" in engines and importlib.util.find_spec("ray") is None:
        print("ray is not installed and left out: pip install 'prov-ledger[ray]'")
        return
    path = corpus(options.folder, options.records)
    print(f"{options.records:,} records, {path.stat().st_size / 1e9:.2f} GB, {os.cpu_count()} CPUs")
    with _cluster() if "ray" in engines else contextlib.nullcontext(0.0) as start:
        seconds = _seconds(options, path, engines)
    for name, taken in seconds.items():
        print(f"{name:<10}{taken:>8.2f} s")
    for engine in engines:
        ratio = seconds[f"{engine} 1"] / seconds[f"{engine} 2"]
        print(f"{engine}: two workers are {ratio:.2f} times as fast as one")
    if "ray" in engines:
        print(f"the cluster took {start:.1f} s to start; two of its workers take ", end="")
        print(f"{seconds['ray 2'] / seconds['local 2']:.2f} times two local ones")
    name = "workers" if options.engine == "local" else "workers-ray"
    keep(options.folder, name, {"records": options.records, "start": start, "seconds": seconds})


def _options() -> argparse.Namespace:
    made = parser(__doc__, runs=3)
    made.add_argument("--engine", choices=["local", "ray"], default="local")
    made.add_argument("--records", type=int, default=1_000_000)
    return made.parse_args()


@contextlib.contextmanager
def _cluster() -> Iterator[float]:
    """A cluster with both of its workers; how long it took to start."""
    started = time.perf_counter()
    with RayEngine(2) as cluster:
        # Both workers are there once each has had something to do.
        list(cluster.map(time.sleep, [0.5] * 4))
        yield time.perf_counter() - started


def _seconds(
    options: argparse.Namespace, path: Path, engines: tuple[Engine, ...]
) -> dict[str, float]:
    """The median seconds of an ingest, for each engine with one worker and with two."""
    seconds: dict[str, list[float]] = {}
    left = set()
    for _ in range(options.runs):
        for engine in engines:
            for workers in (1, 2):
                taken, records = _ingest(options.folder / "workers-ledger", path, engine, workers)
                seconds.setdefault(f"{engine} {workers}", []).append(taken)
                left.add(records)
    if len(left) != 1:
        raise SystemExit(f"the engines differ: {left}")
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def _ingest(folder: Path, path: Path, engine: Engine, workers: int) -> tuple[float, str]:
    shutil.rmtree(folder, ignore_errors=True)
    ledger = provenance.init(str(folder))
    asked = IngestOptions(source="bench", engine=engine, workers=workers)
    started = time.perf_counter()
    ledger.ingest([str(path)], asked)
    taken = time.perf_counter() - started
    records = str(ledger.query(RECORDS).to_pylist())
    shutil.rmtree(folder)
    return taken, records


if __name__ == "__main__":
    main()
