"""Write docs/performance.md from what the other programs of this folder left in their folder.

python bench/table.py [--folder DIR] [--out docs/performance.md]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

FORMS = {
    "ingest": "JSON lines; the yardstick reads, hashes the text and writes",
    "ingest-parquet": "Parquet; the yardstick reads, hashes the text and writes",
    "ingest-gz": "JSON lines, gzip; the yardstick decompresses and parses",
    "ingest-zst": "JSON lines, Zstandard; the yardstick decompresses and parses",
}

PEERS = {
    "datasets": "HF `datasets` {}: load, hash and write the million records",
    "datatrove": "`datatrove` {}: read, hash and write the million records",
    "dvc": "`dvc add` {} of {:,} small text files",
}

PROGRAMS = {
    "bench/all.py": "all that this page tells, then the page",
    "bench/ingest.py --form F": "ingest against DuckDB on the same file, as `jsonl`, `gz`, …",
    "bench/peers.py --install": "ingest against what other tools take for the same files",
    "bench/workers.py --engine E": "two workers against one, of this machine or of a Ray cluster",
    "bench/memory.py": "the most memory that files of many gigabytes, and one huge line, take",
    "bench/again.py": "an unchanged file ingested again",
    "bench/growth.py": "ingest into a ledger of 200 million sightings against an empty one",
    "bench/startup.py": "commands that have little to do against an empty program",
    "bench/judge.py": "assembly, with and without fit, and an audit",
    "bench/lineage.py": "depth against rustworkx, networkx and recursive SQL",
    "bench/lineage_ledger.py": "the same with a ledger read and written, and traces",
    "bench/disguises.py": "which of twenty disguises of a known text are seen through",
    "bench/takedown.py": "one author taken out of a ledger, undone, done and purged",
    "bench/writers.py": "many processes that ingest into one shared ledger",
}


def main() -> None:
    """Gather, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance.md")
    options = parser.parse_args()
    parts = (_ingest, _peers, _workers, _memory, _again, _growth, _startup, _judging)
    sections = [_head(), *(part(options.folder) for part in parts), _tail()]
    text = "\n".join(section for section in sections if section)
    options.out.write_text(text, encoding="utf-8")
    print(f"wrote {options.out}")


def _head() -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("duckdb", "pyarrow"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"""# Performance

What the programs in `bench/` measured on {datetime.now(UTC):%d %B %Y}, on one machine:
{os.cpu_count()} processors, {memory:.0f} GiB of memory, Python {platform.python_version()},
{versions}. Ratios say more than seconds: both sides of each ran in turn, on the same file.
`python bench/table.py` writes this page from their results.
"""


def _read(folder: Path, name: str) -> dict[str, Any] | None:
    path = folder / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def _ingest(folder: Path) -> str:
    rows = []
    for name, what in FORMS.items():
        if (found := _read(folder, name)) is None:
            continue
        ours, theirs = found["ingest"], found["yardstick"]
        rows.append(
            f"| {what} | {ours['seconds']:.1f} | {theirs['seconds']:.1f} "
            f"| {ours['seconds'] / theirs['seconds']:.2f} | {ours['peak_bytes'] / 1e6:.0f} |"
        )
    if not rows:
        return ""
    return _section(
        "Ingest of a million records",
        "Whole processes, start and commit included; the median of the runs.",
        ["what", "`prov ingest`, s", "yardstick, s", "ratio", "peak of all processes, MB"],
        rows,
    )


def _section(title: str, said: str, columns: list[str], rows: list[str]) -> str:
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([f"## {title}\n", f"{said}\n", *head, *rows, ""])


def _cells(*values: object) -> str:
    """A row; numbers are given as text, as exact as they deserve."""
    return f"| {' | '.join(map(str, values))} |"


def _megabytes(cost: dict[str, Any]) -> str:
    return f"{cost['peak_bytes'] / 1e6:.0f}"


def _peers(folder: Path) -> str:
    if not (found := _read(folder, "peers")) or not found["peers"]:
        return ""
    rows = []
    for name, cost in found["peers"].items():
        ours, theirs = cost["ours"]["seconds"], cost["theirs"]["seconds"]
        what = PEERS[name].format(cost["version"], found["files"])
        rows.append(_cells(what, f"{theirs:.1f}", f"{ours:.1f}", f"{theirs / ours:.1f}"))
    return _section(
        "Ingest against other tools",
        "Each with empty caches, in turn with ours over the same files; the median of the runs.",
        ["what", "it, s", "`prov ingest`, s", "times as fast"],
        rows,
    )


def _workers(folder: Path) -> str:
    rows = []
    for name, engine in (("workers", "local"), ("workers-ray", "ray")):
        if found := _read(folder, name):
            one, two = (found["seconds"][f"{engine} {count}"] for count in (1, 2))
            rows.append(_cells(engine, f"{one:.1f}", f"{two:.1f}", f"{one / two:.2f}"))
    if not rows:
        return ""
    return _section(
        "Two workers against one",
        "The million records as JSON lines; what starts once, a cluster too, is left out.",
        ["engine", "one, s", "two, s", "times as fast"],
        rows,
    )


def _memory(folder: Path) -> str:
    if (found := _read(folder, "memory")) is None:
        return ""
    costs = dict(found["costs"])
    line = costs.pop("line")
    rows = [
        _cells(f"JSON lines, {size}", f"{cost['seconds']:.1f}", _megabytes(cost))
        for size, cost in reversed(costs.items())
    ]
    what = f"one line of {found['line_bytes'] / 1e9:g} GB, which is rejected"
    rows.append(_cells(what, f"{line['seconds']:.1f}", _megabytes(line)))
    said = "The most that all processes held at once; what several share is counted once."
    return _section("Memory of an ingest", said, ["input", "seconds", "peak, MB"], rows)


def _again(folder: Path) -> str:
    if (found := _read(folder, "again")) is None:
        return ""
    rows = []
    for size, costs in reversed(found.items()):
        first, again = costs["first"]["seconds"], costs["again"]["seconds"]
        rows.append(_cells(size, f"{first:.1f}", f"{again:.2f}", f"{again / first:.1%}"))
    said = "Nothing of it is read; what is left is to start the program and to look it up."
    columns = ["JSON lines", "first, s", "again, s", "share"]
    return _section("An unchanged file again", said, columns, rows)


def _growth(folder: Path) -> str:
    if (found := _read(folder, "growth")) is None:
        return ""
    rows = []
    kinds = {"ingest": "of a new file", "again": "of the same file again"}
    for what, name in {**kinds, "parents": "of a new file, every record with a parent"}.items():
        empty, full = (found["costs"][f"{what} {ledger}"] for ledger in ("empty", "full"))
        ratio = full["cpu_seconds"] / empty["cpu_seconds"]
        seconds = (f"{cost['cpu_seconds']:.2f}" for cost in (empty, full))
        rows.append(_cells(f"ingest {name}", *seconds, f"{ratio:.2f}", _megabytes(full)))
    said = (
        f"{found['records']:,} records into a ledger of {found['sightings']:,} sightings "
        f"({found['ledger_bytes'] / 1e9:.1f} GB) and into an empty one, in turn."
    )
    columns = ["what", "empty, processor s", "full, processor s", "ratio", "full, peak MB"]
    return _section("Growth", said, columns, rows)


def _startup(folder: Path) -> str:
    if (found := _read(folder, "startup")) is None:
        return ""
    rows = [
        _cells(name, f"{cost['seconds']:.2f}", f"{cost['cpu_seconds']:.2f}")
        for name, cost in found["costs"].items()
    ]
    said = "Commands that have little to do, over a ledger of a hundred records."
    return _section("Start-up", said, ["command", "seconds", "processor seconds"], rows)


def _judging(folder: Path) -> str:
    if (found := _read(folder, "judge")) is None:
        return ""
    rows = [
        _cells(name, f"{cost['seconds']:.1f}", f"{cost['cpu_seconds']:.1f}", _megabytes(cost))
        for name, cost in found["costs"].items()
    ]
    return _section(
        f"Judging {found['records']:,} records with ten budgets",
        "Whole processes; the median of the runs.",
        ["command", "seconds", "processor seconds", "peak, MB"],
        rows,
    )


def _tail() -> str:
    programs = "\n".join(f"| `{name}` | {what} |" for name, what in PROGRAMS.items())
    return f"## Measure it yourself\n\n| program | what |\n|---|---|\n{programs}\n"


if __name__ == "__main__":
    main()
