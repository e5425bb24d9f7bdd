"""Define the protocol of engines, which run tasks in workers, and the failures of workers."""

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
    """The result or the failure of one task; exactly one of the two is set."""

    task: Task
    result: Result | None = None
    failure: ProvError | None = None


Divide = Callable[[Task, int | None], Sequence[Task]]
"""Divides a task whose worker died or that failed with an unexpected error.

It gets the number of the item that was being processed, if that is known. It returns tasks that
together are the whole task, with that item as the last of them, or no tasks if it is indivisible.
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
        """Start the workers in advance, so that they are ready for the first task."""
        ...

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        divide: Divide[Task] | None = None,
    ) -> Iterator[Outcome[Task, Result]]:
        """Run a function on tasks; yield outcomes as they are ready.

        A ``ProvError`` other than an exceeded limit is an outcome. A task that fails in another way
        is divided, and its parts are tried. An indivisible task whose worker died is tried once
        more, alone; then its failure is the outcome.
        """
        ...

    def close(self) -> None:
        """Stop the workers."""
        ...


_ENDS = {
    signal.SIGSEGV: "the parsing library crashed",
    signal.SIGBUS: "the parsing library crashed",
    signal.SIGILL: "the parsing library crashed",
    signal.SIGFPE: "the parsing library crashed",
    signal.SIGABRT: "the parsing library aborted",
    signal.SIGKILL: "it was killed, probably because the system ran out of memory",
}


def worker_died(times: str, code: int | None = None, words: str = "") -> InputError:
    """Make the failure of a task whose worker process died.

    Args:
        times: how often it was tried.
        code: how its process ended, negative for a signal; ``None`` where that is not known.
        words: the last output of the process.
    """
    how = f"it ended with {code}" if code is not None and code >= 0 else "for an unknown reason"
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        how = f"{_ENDS.get(-code, 'it was terminated')} ({name})"  # type: ignore[call-overload]
    how += f": {_short(words)}" if words else ""
    return InputError(
        f"the worker process died {times}: {how}",
        hint="check the file with another tool or split it; nothing of it was kept",
    )


def out_of_memory() -> InputError:
    """Make the failure of a task that exceeded the memory limit of its worker."""
    return InputError("reading it takes more memory than a worker may have")


def unforeseen(error: BaseException) -> ProvError:
    """Turn an unexpected error into a failure of the task's data.

    >>> print(unforeseen(KeyError("month")))
    the program failed on it with KeyError: 'month'
    """
    if isinstance(error, MemoryError):
        return out_of_memory()
    detail = _short(str(error))
    return UnforeseenError(
        f"the program failed on it with {type(error).__name__}" + (f": {detail}" if detail else ""),
        hint="this is a defect of the program: please report it; `-v` shows where it is",
        trace="".join(traceback.format_exception(error)),
    )


_LONGEST = 300
"""Most characters of another program's text that are quoted."""


def _short(detail: str) -> str:
    """Shorten a text to one line of at most ``_LONGEST`` characters."""
    detail = " ".join(detail.split())
    return f"{detail[:_LONGEST]}…" if len(detail) > _LONGEST else detail
