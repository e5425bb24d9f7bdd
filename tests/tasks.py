"""Tasks for workers of an engine, which import them by name."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import InputError


@dataclass(frozen=True, slots=True)
class Task:
    """What to do, and where its attempts are counted."""

    what: str
    tally: Path

    @property
    def attempts(self) -> int:
        """How often it was begun."""
        return len(self.tally.read_bytes()) if self.tally.exists() else 0


def carry_out(task: Task) -> str:
    """Do what the task says, once it is counted."""
    with task.tally.open("ab") as tally:
        tally.write(b".")
    if task.what == "die" or (task.what == "die once" and task.attempts == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if task.what == "refuse":
        raise InputError("it is no good", hint="make it better")
    if task.what == "hoard":
        raise MemoryError
    if task.what == "blunder":
        raise ZeroDivisionError("a bug")
    return task.what


def worker(pause: float) -> int:
    """The process that this runs in, after a while."""
    time.sleep(pause)
    return os.getpid()


def employer(pause: float) -> int:
    """The process that this one's server was started by, after a while."""
    time.sleep(pause)
    said = Path(f"/proc/{os.getppid()}/status").read_text()
    return int(said.split("PPid:")[1].split()[0])
