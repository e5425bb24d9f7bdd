"""Small files and ledgers that tests of the work layer and of the command line share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import provenance
from provenance.ledger import Ledger
from provenance.model.policy import Policy
from provenance.operations.ingest import IngestOptions, IngestSummary


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Rows as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def texts(prefix: str, count: int, **members: Any) -> list[dict[str, Any]]:
    """Distinct texts of one length, with an id and what else is given."""
    return [
        {
            "id": f"{prefix}{n}",
            "text": f"{prefix} text number {n:04d}, long enough to count.",
            **members,
        }
        for n in range(count)
    ]


def ingest(ledger: Ledger, path: Path | str, source: str, **options: Any) -> IngestSummary:
    """Ingest one path with options by name."""
    return ledger.ingest([str(path)], IngestOptions(source=source, **options))


def policy(*budgets: Mapping[str, Any], unit: str = "records", **members: Any) -> Policy:
    """A policy of these budgets, named b0, b1, … where they have no name."""
    named = [{"name": f"b{place}", **budget} for place, budget in enumerate(budgets)]
    return Policy.model_validate({"policy": "test", "unit": unit, "budgets": named, **members})


def cap(limit: str, **members: Any) -> dict[str, Any]:
    """A budget that caps the synthetic share."""
    return {"max_synthetic": Decimal(limit), **members}


def thirds(folder: Path) -> Ledger:
    """A ledger of 30 synthetic, 60 human and 10 unknown records of equal size."""
    ledger = provenance.init(str(folder / "ledger"))
    for source, label, count in (("s", "synthetic", 30), ("h", "human", 60), ("u", None, 10)):
        path = write_jsonl(folder / f"{source}.jsonl", texts(source, count, lang="en"))
        ingest(ledger, path, source, label=label)
    return ledger
