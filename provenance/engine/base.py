"""The contract of an engine: every task comes back once, or in parts, each with what it came to."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from provenance.errors import InputError, ProvError, UnforeseenError

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Task, Result]):
    """What became of one task; exactly one of ``result`` and ``failure`` is set."""

    task: Task
    result: Result | None = None
    failure: ProvError | None = None


Divide = Callable[[Task, int | None], Sequence[Task]]
"""How a task is divided that its worker did not survive, or in which something went wrong that
nobody foresaw.

It is told the number of the item that was being worked on, where that is known, and answers with
tasks that come to the same as the whole, that item as the last of them; with none where the task
cannot be divided.
"""


class Engine(Protocol):
    """Runs a function over tasks; a worker that dies loses its task, or one item of it, only."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def warm(self) -> None:
        """Begin to start the workers, so that they are there when the first task is."""
        ...

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        divide: Divide[Task] | None = None,
    ) -> Iterator[Outcome[Task, Result]]:
        """Outcomes in the order in which they are ready; tasks are taken as workers are free.

        A failure that is a ``ProvError`` is an answer, but for a limit. Another task is divided and
        its parts are tried; one that cannot be divided is tried once more, alone, where its worker
        died of it, and then its failure is the outcome.
        """
        ...

    def close(self) -> None:
        """Let the workers go."""
        ...


_ENDS = {
    signal.SIGSEGV: "the library that parses it crashed",
    signal.SIGBUS: "the library that parses it crashed",
    signal.SIGILL: "the library that parses it crashed",
    signal.SIGFPE: "the library that parses it crashed",
    signal.SIGABRT: "the library that parses it gave up",
    signal.SIGKILL: "it was killed, as a system does that is out of memory",
}


def worker_died(times: str, code: int | None = None, words: str = "") -> InputError:
    """The failure of a task that no worker survived.

    Args:
        times: how often it was tried.
        code: how its process ended, negative for a signal; ``None`` where that is not known.
        words: what was printed before the end.
    """
    how = f"it ended with {code}" if code is not None and code >= 0 else "nobody knows of what"
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        how = f"{_ENDS.get(-code, 'it was ended')} ({name})"  # type: ignore[call-overload]
    how += f": {_short(words)}" if words else ""
    return InputError(
        f"the worker that read it died {times}: {how}",
        hint="look at the file by other means; nothing of it was kept",
    )


def out_of_memory() -> InputError:
    """The failure of a task that met the limit of its worker."""
    return InputError("reading it takes more memory than a worker may have")


def unforeseen(error: BaseException) -> ProvError:
    """What a task failed with that nobody foresaw, as a failure of its data.

    >>> print(unforeseen(KeyError("month")))
    the program failed on it with KeyError: 'month'
    """
    if isinstance(error, MemoryError):
        return out_of_memory()
    said = _short(str(error))
    return UnforeseenError(
        f"the program failed on it with {type(error).__name__}" + (f": {said}" if said else ""),
        hint="this is a defect of the program: please report it; `-v` shows where it is",
        trace="".join(traceback.format_exception(error)),
    )


_LONGEST = 300
"""Characters of what others say that are repeated."""


def _short(said: str) -> str:
    """A text on one line, and not too long a one."""
    said = " ".join(said.split())
    return f"{said[:_LONGEST]}…" if len(said) > _LONGEST else said
