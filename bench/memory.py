"""Measure the most memory that an ingest takes: of files of some sizes, and of one huge line.

    python bench/memory.py [--gigabytes N …] [--line BYTES] [--folder DIR] [--keep]

What counts is the sum over all processes, each page that several share divided among them. The
line is longer than any record may be: it must come out as one reject, and its neighbours be kept.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from ingest import Cost, measured, prov
from large import large
from running import keep, parser, shown

import provenance

BLOCK = 1 << 20


def main() -> None:
    """Largest first, for the file is cut from one size to the next; print, keep the numbers."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    ledger = options.folder / "memory-ledger"
    costs: dict[str, Cost] = {}
    for gigabytes in sorted(options.gigabytes, reverse=True):
        path = large(options.folder, int(gigabytes * 1e9), options.records)
        cost, read, rejected = _ingest(ledger, path)
        if rejected:
            raise SystemExit(f"{rejected:,} of {read:,} records of {path} were rejected")
        costs[f"{gigabytes:g} GB"] = cost
        print(shown(f"{gigabytes:g} GB, {read:,} records", cost))
    if not options.keep:
        (options.folder / "large.jsonl").unlink(missing_ok=True)
    costs["line"], read, rejected = _ingest(ledger, path := _line(options.folder, options.line))
    path.unlink()
    if (read, rejected) != (3, 1):
        raise SystemExit(f"of a long line between two others, {rejected} of {read} were rejected")
    print(shown(f"a line of {options.line / 1e9:g} GB", costs["line"]))
    keep(options.folder, "memory", {"line_bytes": options.line, "costs": costs})


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--gigabytes", type=float, nargs="+", default=[1, 10, 20])
    made.add_argument("--line", type=int, default=10**9, help="bytes of the long line")
    made.add_argument("--records", type=int, default=1_000_000, help="of the corpus repeated")
    made.add_argument("--keep", action="store_true", help="leave the smallest file there")
    return made.parse_args()


def _line(folder: Path, size: int) -> Path:
    """A file of three records, whose second is a line of so many bytes."""
    path = folder / "line.jsonl"
    with path.open("wb") as file:
        file.write(b'{"id": "before", "text": "The record before it."}\n')
        file.write(b'{"id": "long", "text": "')
        for _ in range(size // BLOCK):
            file.write(b"long " * (BLOCK // 5))
        file.write(b'"}\n{"id": "after", "text": "The record after it."}\n')
    return path


def _ingest(folder: Path, path: Path) -> tuple[Cost, int, int]:
    """What it took, and how many records were read and rejected."""
    shutil.rmtree(folder, ignore_errors=True)
    ledger = provenance.init(str(folder))
    cost = measured(prov(folder, "ingest", str(path), "--source", "bench"))
    (found,) = ledger.query("SELECT read, rejected FROM files").to_pylist()
    shutil.rmtree(folder)
    return cost, found["read"], found["rejected"]


if __name__ == "__main__":
    main()
