"""Measure what a command costs where there is little to do, against an empty program.

python bench/startup.py [--runs N] [--folder DIR]
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from ingest import EMPTY, Cost, measured, middle, prov
from running import keep, parser, shown

import provenance


def main() -> None:
    """All commands in turn, again and again; print, and keep the numbers."""
    options = parser(__doc__, runs=9).parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    ledger = options.folder / "startup-ledger"
    shutil.rmtree(ledger, ignore_errors=True)
    commands = _commands(options.folder, ledger)
    found: dict[str, list[Cost]] = {name: [] for name in (*commands, "ingest of one file")}
    for run in range(options.runs):
        for name, command in commands.items():
            found[name].append(measured(command))
        path = options.folder / f"startup-{run}.jsonl"
        path.write_text(json.dumps({"text": f"Run {run} had this to say."}) + "\n")
        new = prov(ledger, "ingest", str(path), "--source", "bench")
        found["ingest of one file"].append(measured(new))
        path.unlink()
    costs = {name: middle(runs) for name, runs in found.items()}
    for name, cost in costs.items():
        print(shown(name, cost))
    keep(options.folder, "startup", {"costs": costs})
    shutil.rmtree(ledger)


def _commands(folder: Path, place: Path) -> dict[str, list[str]]:
    """What changes nothing, over a ledger of a hundred records."""
    path = folder / "startup.jsonl"
    rows = (json.dumps({"text": f"Record {n}, said once."}) + "\n" for n in range(100))
    path.write_text("".join(rows))
    ledger = provenance.init(str(place))
    measured(prov(place, "ingest", str(path), "--source", "bench"))
    path.unlink()
    (row,) = ledger.query("SELECT digest FROM records LIMIT 1").to_pylist()
    return {
        "empty program": [sys.executable, "-c", EMPTY, "--help"],
        "--help": prov(place, "--help"),
        "status": prov(place, "status"),
        "show": prov(place, "show", row["digest"]),
    }


if __name__ == "__main__":
    main()
