"""Measure a takedown: one author out of a ledger with three releases, undone, done and purged.

    python bench/takedown.py [--records N] [--folder DIR]

Checks on the way that the dry run and the receipt list the same, that a restore brings every digest
back, that purged text is refused when it comes again, and that the ledger verifies afterwards.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import provenance
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.policy import Policy
from provenance.model.takedown import Selector, Takedown
from provenance.operations.ingest import IngestOptions

AUTHORS = 100
"""Records are spread over so many authors, and one of them is taken down."""

SOURCES = ("a", "b", "c", "d")

RELEASES = {"r1": SOURCES, "r2": ("a", "b"), "r3": ("c", "d")}

DERIVED = 20
"""One record in so many was made from an earlier one."""

POLICY = Policy.model_validate(
    {"policy": "bench", "budgets": [{"name": "all", "max_synthetic": "1"}]}
)

OPTIONS: dict[str, Any] = {
    "attributes": {"author": "author"},
    "parent_field": "from",
    "process": "rephrase",
}


def main() -> None:
    """Make the ledger, take an author down in every way, print, and keep the numbers."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder / "takedown-ledger"
    shutil.rmtree(folder, ignore_errors=True)
    ledger = provenance.init(str(folder))
    seconds: dict[str, float] = {}
    files = corpus(options.folder, options.records)
    _timed(seconds, "ingest", lambda: _ingest(ledger, files))
    _timed(seconds, "assemble", lambda: _assemble(ledger))
    facts = _take_down(ledger, seconds, files)
    for name, took in seconds.items():
        print(f"{name:<16}{took:>9.2f} s")
    print(" · ".join(f"{name} {count:,}" for name, count in facts.items()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print(f"most memory of this process {peak / 1e9:.2f} GB")
    answer = {"seconds": seconds, "facts": facts, "peak_bytes": peak}
    (options.folder / "takedown.json").write_text(json.dumps(answer, indent=2) + "\n")
    shutil.rmtree(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    return parser.parse_args()


def corpus(folder: Path, records: int) -> dict[str, Path]:
    """A JSONL file per source, of short texts by many authors, some made from others; made once."""
    chance = random.Random(1)
    files = {source: folder / f"takedown-{records}-{source}.jsonl" for source in SOURCES}
    if all(path.exists() for path in files.values()):
        return files
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5_000)]
    for source, path in files.items():
        with path.open("w", encoding="utf-8") as file:
            for number in range(records // len(SOURCES)):
                row = {
                    "id": f"{source}{number}",
                    "text": f"{source}{number} " + " ".join(chance.choices(words, k=20)),
                    "author": f"Author {chance.randrange(AUTHORS)}",
                }
                if number and number % DERIVED == 0:
                    row["from"] = f"{source}{chance.randrange(number)}"
                file.write(json.dumps(row) + "\n")
    return files


def _timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    found = work()
    seconds[name] = round(time.perf_counter() - started, 2)
    return found


def _ingest(ledger: Ledger, files: dict[str, Path]) -> None:
    for source, path in files.items():
        ledger.ingest([str(path)], IngestOptions(source=source, **OPTIONS))


def _assemble(ledger: Ledger) -> None:
    for name, sources in RELEASES.items():
        plan = ledger.assemble(name, POLICY, Selection(sources=sources))
        _hold(plan.sealed, f"release {name} is sealed")


def _take_down(ledger: Ledger, seconds: dict[str, float], files: dict[str, Path]) -> dict[str, int]:
    author = Selector(kind="attribute", name="author", values=("Author 7",))
    takedown = Takedown(selectors=(author,))
    plan = _timed(seconds, "dry run", lambda: ledger.plan_revocation(takedown))
    receipt = _timed(seconds, "revoke", lambda: ledger.revoke(takedown, "bench"))
    _hold(plan.reach == receipt.reach, "the dry run and the receipt list the same")
    revoked = receipt.reach.named.records + receipt.reach.derived.records
    left = ledger.assemble("r4", POLICY, Selection(), dry_run=True)
    _hold(left.revoked == revoked, "an assembly leaves out what is revoked")
    _timed(seconds, "restore", lambda: ledger.restore(receipt.revocation))
    _hold(
        all(
            ledger.assemble(name, POLICY, Selection(sources=sources)).unchanged
            for name, sources in RELEASES.items()
        ),
        "a restore brings every release back, digest by digest",
    )
    ledger.revoke(takedown, "bench")
    gone = _timed(seconds, "purge", lambda: ledger.purge(receipt.revocation))
    again = _timed(
        seconds,
        "ingest again",
        lambda: ledger.ingest([str(files["a"])], IngestOptions(source="other", **OPTIONS)),
    )
    refused = sum(again.files[0].reasons.values())
    _hold(refused > 0 and again.read == again.kept + refused, "purged text is refused")
    found = _timed(seconds, "verify", ledger.verify)
    _hold(not found.problems, "the ledger verifies")
    return {
        "named": receipt.reach.named.records,
        "derived": receipt.reach.derived.records,
        "releases": len(receipt.reach.releases),
        "parts": gone.purged.parts if gone.purged else 0,
        "tombstones": gone.purged.tombstones if gone.purged else 0,
        "refused": refused,
    }


def _hold(held: bool, what: str) -> None:
    if not held:
        raise SystemExit(f"not so: {what}")
    print(f"checked: {what}")


if __name__ == "__main__":
    main()
