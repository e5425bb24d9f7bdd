"""Tasks for workers of an engine, which import them by name."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from provenance.engine.worker import item
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


@dataclass(frozen=True, slots=True)
class Items:
    """A task of several items, each a word that says what happens at it."""

    words: tuple[str, ...]
    told: bool = True


def work_off(task: Items) -> tuple[str, ...]:
    """Do what each item says."""
    for place, word in enumerate(task.words):
        if task.told:
            with item(place, 0.5):
                _do(word)
        else:
            _do(word)
    return task.words


def _do(word: str) -> None:  # noqa: C901 - one case after the other
    match word:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "abort":
            os.write(1, b"a library that prints\n")
            os.write(2, b"terminate called\n  what(): no such key\n")
            os.abort()
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave":
            os._exit(3)
        case "spin":
            while True:
                pass
        case "spin in C":
            sum(range(10**12))
        case "swallow":
            with contextlib.suppress(Exception):
                while True:
                    pass
        case "panic":
            raise SystemError("a panic")
        case "exit":
            raise SystemExit(4)
        case "deep":
            _do_deep()
        case "hoard":
            raise MemoryError


def _do_deep() -> None:
    _do_deep()


def divided(task: Items, place: int | None) -> list[Items]:
    """The item at a place apart from the others; halves where none is named."""
    words = task.words
    if len(words) == 1:
        return []
    if place is None:
        half = len(words) // 2
        return [Items(words[:half], task.told), Items(words[half:], task.told)]
    return [Items(words[:place] + words[place + 1 :], task.told), Items((words[place],), task.told)]
