"""What the programs of this folder share: options, results, and a line about each command."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest import Cost


def parser(doc: str | None, *, runs: int | None = None) -> argparse.ArgumentParser:
    """The options that the programs share."""
    made = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    made.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    if runs is not None:
        made.add_argument("--runs", type=int, default=runs)
    return made


def keep(folder: Path, name: str, answer: dict[str, Any]) -> None:
    """Leave the numbers where ``table.py`` finds them."""
    (folder / f"{name}.json").write_text(json.dumps(answer, indent=2, default=asdict) + "\n")


def shown(name: str, cost: Cost) -> str:
    """A line about one command."""
    memory = cost.peak_bytes / 1e6
    return f"{name:<28}{cost.seconds:>9.2f} s{cost.cpu_seconds:>9.2f} cpu s{memory:>8.0f} MB"
