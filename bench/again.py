"""Measure what it costs to ingest an unchanged file again, against the first time.

    python bench/again.py [--gigabytes N …] [--runs N] [--folder DIR] [--keep]

Nothing of the file is read then: what is left is to start the program and to look into the ledger.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from ingest import Cost, measured, middle, prov
from large import large
from running import keep, parser, shown

import provenance


def main() -> None:
    """Largest first, for the file is cut from one size to the next; print, keep the numbers."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    answer: dict[str, dict[str, Cost]] = {}
    for gigabytes in sorted(options.gigabytes, reverse=True):
        path = large(options.folder, int(gigabytes * 1e9), options.records)
        runs = [_twice(options.folder / "again-ledger", path) for _ in range(options.runs)]
        first, again = (middle(list(costs)) for costs in zip(*runs, strict=True))
        answer[f"{gigabytes:g} GB"] = {"first": first, "again": again}
        print(shown(f"{gigabytes:g} GB, first", first))
        print(shown(f"{gigabytes:g} GB, again", again))
        print(f"{again.seconds / first.seconds:.1%} of the time, ", end="")
        print(f"{again.cpu_seconds / first.cpu_seconds:.1%} of the processor time")
    if not options.keep:
        (options.folder / "large.jsonl").unlink(missing_ok=True)
    keep(options.folder, "again", answer)


def _options() -> argparse.Namespace:
    made = parser(__doc__, runs=3)
    made.add_argument("--gigabytes", type=float, nargs="+", default=[0.2, 1.2, 10])
    made.add_argument("--records", type=int, default=1_000_000, help="of the corpus repeated")
    made.add_argument("--keep", action="store_true", help="leave the smallest file there")
    return made.parse_args()


def _twice(folder: Path, path: Path) -> tuple[Cost, Cost]:
    """A first ingest into a new ledger, and a second one, which must add nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    ledger = provenance.init(str(folder))
    command = prov(folder, "ingest", str(path), "--source", "bench")
    first, again = measured(command), measured(command)
    (files,) = ledger.query("SELECT count(*) AS files FROM files").to_pylist()
    if files["files"] != 1:
        raise SystemExit("the unchanged file was read again")
    shutil.rmtree(folder)
    return first, again


if __name__ == "__main__":
    main()
