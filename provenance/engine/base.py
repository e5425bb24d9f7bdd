"""The contract of an engine: every task comes back once, with its result or its failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from provenance.errors import ProvError

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

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        """Outcomes in the order in which they are ready; tasks are taken as workers are free."""
        ...

    def close(self) -> None:
        """Let the workers go."""
        ...
