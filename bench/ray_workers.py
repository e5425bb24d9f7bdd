"""Measure one worker against two, of this machine and of a Ray cluster, on the same file.

    python bench/ray_workers.py [--records N] [--runs N] [--folder DIR]

The four take turns, so that whatever else the machine does falls on all of them. The cluster is
started once, before; its start is told apart. Checks that all four leave the same records.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import Literal

from ingest import corpus

import provenance
from provenance.engine.ray import RayEngine
from provenance.ingest import IngestOptions

Engine = Literal["local", "ray"]

RECORDS = """
    SELECT count(*), sum(hash(record_id, norm_id, row, bytes, external_id, lang))::VARCHAR
    FROM ledger.sightings"""


def main() -> None:
    """Measure, print the ratios, and keep the numbers beside the file."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = corpus(options.folder, options.records)
    print(f"{options.records:,} records, {path.stat().st_size / 1e9:.2f} GB, {os.cpu_count()} CPUs")
    engines: tuple[Engine, ...] = ("local",)
    numbers: dict[str, float] = {}
    if importlib.util.find_spec("ray") is None:
        print("ray is not installed and left out: pip install 'prov-ledger[ray]'")
        _measure(options, path, engines, numbers)
    else:
        engines = ("local", "ray")
        started = time.perf_counter()
        with RayEngine(2) as cluster:
            # Both workers are there once each has had something to do.
            list(cluster.map(time.sleep, [0.5] * 4))
            numbers["ray start"] = time.perf_counter() - started
            print(f"the cluster takes {numbers['ray start']:.1f} s to start")
            _measure(options, path, engines, numbers)
    for engine in engines:
        ratio = numbers[f"{engine} 1"] / numbers[f"{engine} 2"]
        print(f"{engine}: two workers are {ratio:.2f} times as fast as one")
    if "ray 2" in numbers:
        print(f"two of Ray take {numbers['ray 2'] / numbers['local 2']:.2f} times two local ones")
    (options.folder / "ray_workers.json").write_text(json.dumps(numbers, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    return parser.parse_args()


def _measure(
    options: argparse.Namespace,
    path: Path,
    engines: tuple[Engine, ...],
    numbers: dict[str, float],
) -> None:
    """The median seconds of an ingest, for each engine with one worker and with two."""
    seconds: dict[str, list[float]] = {}
    left = set()
    for _ in range(options.runs):
        for engine in engines:
            for workers in (1, 2):
                taken, records = _ingest(options.folder / "ray-ledger", path, engine, workers)
                seconds.setdefault(f"{engine} {workers}", []).append(taken)
                left.add(records)
    if len(left) != 1:
        raise SystemExit(f"the engines differ: {left}")
    for name, taken_by in seconds.items():
        numbers[name] = statistics.median(taken_by)
        print(f"{name:<10}{numbers[name]:>8.2f} s")


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
