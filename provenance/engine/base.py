"""The contract of an engine: every task comes back once, with its result or its failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from provenance.errors import InputError, ProvError

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Task, Result]):
    """What became of one task; exactly one of ``result`` and ``failure`` is set."""

    task: Task
    result: Result | None = None
    failure: ProvError | None = None


class Engine(Protocol):
    """Runs a function over tasks; a worker that dies loses its task only."""

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
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        """Outcomes in the order in which they are ready; tasks are taken as workers are free."""
        ...

    def close(self) -> None:
        """Let the workers go."""
        ...


def worker_died(times: str) -> InputError:
    """The failure of a task that no worker survived."""
    return InputError(
        f"the worker that read it died {times}: the data crash the parser or need too much memory",
        hint="look at the file by other means; nothing of it was kept",
    )


def out_of_memory() -> InputError:
    """The failure of a task that met the limit of its worker."""
    return InputError("reading it takes more memory than a worker may have")
