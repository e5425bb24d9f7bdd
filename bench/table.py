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

PROGRAMS = {
    "bench/ingest.py --form F": "ingest against DuckDB on the same file, as `jsonl`, `gz`, …",
    "bench/judge.py": "assembly, with and without fit, and an audit",
    "bench/lineage.py": "depth and taint against rustworkx, networkx and recursive SQL",
    "bench/lineage_ledger.py": "the same with a ledger read and written, and traces",
    "bench/takedown.py": "one author taken out of a ledger, undone, done and purged",
    "bench/writers.py": "many processes that ingest into one shared ledger",
}


def main() -> None:
    """Gather, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance.md")
    options = parser.parse_args()
    sections = [_head(), _ingest(options.folder), _judging(options.folder), _tail()]
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
    return "\n".join(
        [
            "## Ingest of a million records\n",
            "Whole processes, start and commit included; the median of the runs.\n",
            "| what | `prov ingest`, s | yardstick, s | ratio | peak of all processes, MB |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _judging(folder: Path) -> str:
    if (found := _read(folder, "judge")) is None:
        return ""
    rows = [
        f"| {name} | {cost['seconds']:.1f} | {cost['cpu_seconds']:.1f} "
        f"| {cost['peak_bytes'] / 1e6:.0f} |"
        for name, cost in found["costs"].items()
    ]
    return "\n".join(
        [
            f"## Judging {found['records']:,} records with ten budgets\n",
            "Whole processes; the median of the runs.\n",
            "| command | seconds | processor seconds | peak, MB |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _tail() -> str:
    programs = "\n".join(f"| `{name}` | {what} |" for name, what in PROGRAMS.items())
    return f"## Measure it yourself\n\n| program | what |\n|---|---|\n{programs}\n"


if __name__ == "__main__":
    main()
