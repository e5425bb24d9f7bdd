"""Run programs to their very end: the time of every process that they started counts."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ingest import Cost, measured

_PR_SET_CHILD_SUBREAPER = 36


def completed(command: list[str]) -> Cost:
    """What a command took, with the processes that it leaves to end by themselves.

    The server that workers are forked from is one of those: nobody waits for it, so that its time
    and that of its workers would be missing. It is handed to us, and we wait.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = os.times()
    cost = measured(command)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = os.times()
    user = after.children_user - before.children_user
    return replace(cost, cpu_seconds=user + after.children_system - before.children_system)


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
