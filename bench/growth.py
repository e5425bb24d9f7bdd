"""Measure an ingest into a ledger that holds very much against one into an empty ledger.

    python bench/growth.py [--sightings N] [--records N] [--runs N] [--folder DIR]

The large ledger is written as ingests would write it, without the files behind it. The two take
turns; the same file is ingested from a new place each time, and then once more from there, which
changes nothing; at last one whose records name others of it as their parents. What counts is
processor time, of all processes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
import uuid
from pathlib import Path

import duckdb
from ingest import Cost, corpus, measured, middle, prov
from running import keep, parser, shown

import provenance
from provenance.ledger import Ledger
from provenance.model.source import Source

PER_FILE = 1_000_000

FILES_PER_COMMIT = 10

SIGHTINGS = """
SELECT $reading AS reading_id, n AS row, uuid() AS record_id, uuid() AS digest_rest,
    uuid() AS norm_id, 200 + n % 2003 AS norm_chars,
    NULL::UUID AS former_id, NULL::UUID AS former_rest, 'text' AS kind,
    200 + n % 2003 AS bytes, 200 + n % 2003 AS chars,
    (200 + n % 2003) // 6 AS words, 'doc-' || n AS external_id, 'en' AS lang,
    NULL::VARCHAR AS attributes
FROM range(1, $records + 1) t(n)
"""


def main() -> None:
    """Make both ledgers, measure in turn, print, and keep the numbers."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    original = corpus(options.folder, options.records)
    ledgers = {name: options.folder / f"growth-{name}" for name in ("empty", "full")}
    for folder in ledgers.values():
        shutil.rmtree(folder, ignore_errors=True)
        provenance.init(str(folder))
    started = time.perf_counter()
    fill(provenance.open(str(ledgers["full"])), options.sightings)
    size = sum(path.stat().st_size for path in ledgers["full"].rglob("*") if path.is_file())
    print(f"{options.sightings:,} sightings, {size / 1e9:.1f} GB, ", end="")
    print(f"made in {time.perf_counter() - started:.0f} s")
    costs = _costs(ledgers, original, options.runs)
    for name, cost in costs.items():
        print(shown(name, cost))
    for what in ("ingest", "again", "parents"):
        ratio = costs[f"{what} full"].cpu_seconds / costs[f"{what} empty"].cpu_seconds
        print(f"{what}: {ratio:.2f} times the processor time of the empty ledger")
    facts = {"sightings": options.sightings, "records": options.records, "ledger_bytes": size}
    keep(options.folder, "growth", {**facts, "costs": costs})
    for folder in ledgers.values():
        shutil.rmtree(folder)


def _options() -> argparse.Namespace:
    made = parser(__doc__, runs=5)
    made.add_argument("--sightings", type=int, default=200_000_000)
    made.add_argument("--records", type=int, default=200_000, help="of the file ingested")
    return made.parse_args()


def _costs(ledgers: dict[str, Path], original: Path, runs: int) -> dict[str, Cost]:
    """The first ingest of a file, and the second, into either ledger."""
    found: dict[str, list[Cost]] = {}
    for run in range(runs):
        for name, ledger in ledgers.items():
            path = original.with_name(f"growth-{name}-{run}.jsonl")
            path.unlink(missing_ok=True)
            os.link(original, path)
            for what in ("ingest", "again", "parents"):
                cost = measured(prov(ledger, "ingest", str(path), "--source", "bench"))
                found.setdefault(f"{what} {name}", []).append(cost)
            path.unlink()
    # Lineage last: from then on every ingest has to see whether it bears on it.
    for run in range(runs):
        for name, ledger in ledgers.items():
            path = _with_parents(original, original.with_name(f"growth-{name}-{run}.jsonl"))
            words = ("--source", "bench", "--id", "id", "--parent", "of")
            cost = measured(prov(ledger, "ingest", str(path), *words))
            found.setdefault(f"parents {name}", []).append(cost)
            path.unlink()
    return {name: middle(costs) for name, costs in found.items()}


def _with_parents(original: Path, path: Path) -> Path:
    """The file with a parent for every record, which comes before it."""
    with original.open("rb") as rows, path.open("wb") as file:
        for number, row in enumerate(rows):
            file.write(b'{"of": "doc-%d", ' % (number // 2) + row[1:])
    return path


def fill(ledger: Ledger, sightings: int) -> None:
    """Files of a million records at most, some to a commit."""
    ledger.source_set(Source(name="filled"))
    counts = [PER_FILE] * (sightings // PER_FILE)
    counts += [rest] if (rest := sightings % PER_FILE) else []
    with duckdb.connect() as connection:
        connection.execute("SET arrow_lossless_conversion = true")
        for first in range(0, len(counts), FILES_PER_COMMIT):
            _commit(ledger, connection, counts[first : first + FILES_PER_COMMIT])


def _commit(ledger: Ledger, connection: duckdb.DuckDBPyConnection, counts: list[int]) -> None:
    commit, parts, rows = uuid.uuid4(), [], []
    for count in counts:
        reading = uuid.uuid4()
        writer = ledger.store.data_file_writer("sightings", commit)
        chosen = {"reading": reading, "records": count}
        for batch in connection.execute(SIGHTINGS, chosen).to_arrow_reader(100_000):
            writer.write(batch)
        parts.append(writer.finish())
        row: dict[str, object] = {"reading_id": reading, "source": "filled"}
        row |= {"uri": f"/filled/{reading}.jsonl", "bytes": count, "mtime_ns": 0}
        rows.append(row | {"read": count, "kept": count, "rejected": 0})
    parts.append(ledger.store.rows("files", commit, rows))
    ledger.store.commit("ingest", f"ingest:{commit}", parts, commit)


if __name__ == "__main__":
    main()
