"""Measure judging at size: seal a release of many records, with and without fit, and audit it.

    python bench/judge.py [--records N] [--runs N] [--folder DIR]

The ledger is written as an ingest would write it, without the files behind it: twenty sources, each
of one label, in five languages. Every run is a whole process of the command line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import yaml
from ingest import Cost, measured

import provenance
from provenance.ledger import Ledger
from provenance.model.source import Source

SOURCES = 20

LABELS = ("human", "human", "synthetic", None)
"""Of the sources, in turn: half is human, a quarter synthetic, a quarter unknown."""

CAPS = {"whole": "0.60", "tight": "0.35"}
"""Of the first budget: one that all records keep, and one that some have to be left out for."""

POLICY: dict[str, Any] = {
    "policy": "bench",
    "unit": "bytes",
    "indeterminate": "warn",
    "budgets": [
        {"name": "all", "max_synthetic": "0.60"},
        {"name": "records", "max_synthetic": "0.60", "unit": "records"},
        {"name": "words", "max_synthetic": "0.60", "unit": "words"},
        {"name": "by-language", "max_synthetic": "0.65", "by": ["lang"]},
        {"name": "by-source", "max_synthetic": "1", "by": ["source"]},
        {"name": "english", "max_synthetic": "0.65", "where": "lang = 'en'"},
        {"name": "humans", "min_human": 100},
        {"name": "one-source", "max_share": "0.2", "by": ["source"]},
        {"name": "gpt", "max_share": "0.6", "where": "generator = 'gpt-4'"},
        {"name": "no-deep", "forbid": "depth > 3"},
    ],
}

SIGHTINGS = """
SELECT $reading AS reading_id, n AS row, md5($source || '/' || n)::UUID AS record_id,
    md5(n || '/' || $source)::UUID AS digest_rest, md5($source || 'n' || n)::UUID AS norm_id,
    size AS norm_chars, NULL::UUID AS former_id, NULL::UUID AS former_rest,
    'text' AS kind, size AS bytes, size AS chars, size // 6 AS words,
    'id-' || n AS external_id,
    ['en', 'de', 'fr', 'es', 'zh'][(hash(n) % 5)::BIGINT + 1] AS lang, NULL::VARCHAR AS attributes
FROM (SELECT n, 200 + (hash(n, 1) % 2000)::BIGINT AS size FROM range(1, $records + 1) t(n))
"""


def main() -> None:
    """Make the ledger, measure, print, and keep the numbers."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder / "judge-ledger"
    shutil.rmtree(folder, ignore_errors=True)
    fill(provenance.init(str(folder)), options.records)
    policies = {name: _policy(options.folder, name, cap) for name, cap in CAPS.items()}
    found = {
        name: _middle([measured(_prov(folder, *words)) for words in runs])
        for name, runs in _work(policies, options.runs).items()
    }
    print(f"{options.records:,} records, {len(POLICY['budgets'])} budgets, {os.cpu_count()} cores")
    for name, cost in found.items():
        print(f"{name:<15}{cost.seconds:>8.2f} s{cost.cpu_seconds:>8.2f} cpu s", end="")
        print(f"{cost.peak_bytes / 1e6:>8.0f} MB")
    answer = {
        "records": options.records,
        "costs": {name: asdict(cost) for name, cost in found.items()},
    }
    (options.folder / "judge.json").write_text(json.dumps(answer, indent=2) + "\n")
    shutil.rmtree(folder)


def _policy(folder: Path, name: str, cap: str) -> Path:
    """A policy file whose first budget allows so much."""
    first, *others = POLICY["budgets"]
    path = folder / f"judge-{name}.yaml"
    budgets = [{**first, "max_synthetic": cap}, *others]
    path.write_text(yaml.safe_dump({**POLICY, "budgets": budgets}, sort_keys=False))
    return path


def _work(policies: dict[str, Path], runs: int) -> dict[str, list[list[str]]]:
    whole, tight = (("assemble", "--policy", str(policies[name])) for name in CAPS)
    return {
        "assemble": [[*whole, f"whole{n}"] for n in range(runs)],
        "assemble --fit": [[*tight, "--fit", f"fitted{n}"] for n in range(runs)],
        "audit": [["audit", *whole[1:], "whole0"] for _ in range(runs)],
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    return parser.parse_args()


def _prov(ledger: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "prov_cli.main", "-q", "--ledger", str(ledger), *arguments]


def _middle(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.cpu_seconds for cost in costs),
        max(cost.peak_bytes for cost in costs),
    )


def fill(ledger: Ledger, records: int) -> None:
    """One file per source, and what its contract says of it."""
    labels = [LABELS[place % len(LABELS)] for place in range(SOURCES)]
    ledger.source_set(
        [
            Source.model_validate(
                {"name": f"s{place}"}
                | ({"label": label} if label else {})
                | ({"generator": "gpt-4"} if label == "synthetic" else {})
            )
            for place, label in enumerate(labels)
        ]
    )
    connection = duckdb.connect()
    connection.execute("SET arrow_lossless_conversion = true")
    for place in range(SOURCES):
        commit, reading, name = uuid.uuid4(), uuid.uuid4(), f"s{place}"
        writer = ledger.store.data_file_writer("sightings", commit)
        chosen = {"reading": reading, "source": name, "records": records // SOURCES}
        for batch in connection.execute(SIGHTINGS, chosen).to_arrow_reader(100_000):
            writer.write(batch)
        row: dict[str, object] = {"reading_id": reading, "source": name, "uri": f"{name}.jsonl"}
        row |= {"kept": records // SOURCES, "read": records // SOURCES, "rejected": 0}
        head = ledger.store.rows("files", commit, [row])
        ledger.store.commit("ingest", f"ingest:{commit}", [writer.finish(), head], commit)


if __name__ == "__main__":
    main()
