"""Workers on this machine: processes with limits, since the files they parse may be hostile."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.reduction import ForkingPickler
from types import TracebackType
from typing import Any, Generic, Self

from provenance.engine.base import Divide, Outcome, Result, Task, worker_died
from provenance.engine.worker import Said, serve, too_slow
from provenance.errors import ProvError

PRELOAD = ("provenance.engine.worker_bootstrap", "provenance.operations.ingest.worker")
"""What workers import once, before they are forked off."""

_NOTICE = 0.2
"""Seconds after which the end of a process has been noticed."""

_PATIENCE = 5.0
"""Seconds in which the server tells how a worker ended."""

_ATTEMPTS = 2
"""So often a task that cannot be divided is begun, when workers die of it."""

_LAST = 2_000
"""Bytes of what a worker printed that are looked at when it died."""

_UNKNOWN = 255
"""The exit code of a process whose server ended before it could say."""


def default_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def start_workers() -> None:
    """Start the server that workers are forked from, without waiting for it; for start-up time.

    It imports what workers need while the caller imports its own modules. An ingest starts it
    where it is not running yet. It ignores interrupts, and ends with the process that started it.
    """
    forkserver.set_forkserver_preload(list(PRELOAD))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class _Worker(ForkServerProcess):
    """A process that does not run the user's script again: its tasks are functions of this package.

    Else a script that calls ``ingest`` outside of ``if __name__ == "__main__"`` would start itself
    over in every worker.
    """

    def start(self) -> None:
        """Start it, with no script to be seen."""
        with _without_script():
            super().start()


class _Context(ForkServerContext):
    Process = _Worker


@contextlib.contextmanager
def _without_script() -> Iterator[None]:
    main = sys.modules["__main__"]
    hidden = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    try:
        for name in hidden:
            setattr(main, name, None)
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)


@dataclass(slots=True)
class _Job(Generic[Task]):
    """A task, and how often a worker died of it."""

    task: Task
    deaths: int = 0


class _Hand:
    """One worker process, as the process that hands out the work sees it."""

    def __init__(self, context: _Context) -> None:
        self._pipe, theirs = context.Pipe()
        # What libraries print before they end a process is for who is told of its end, only.
        self._words = tempfile.NamedTemporaryFile(prefix="prov-worker-")  # noqa: SIM115 - see leave
        told = (theirs, self._words.name, os.getpid(), dict(os.environ))
        self._process = context.Process(target=serve, args=told, daemon=True)
        try:
            self._process.start()
        finally:
            theirs.close()
        self.item: int | None = None
        """The item of its task that it works on, as far as it said."""

    @property
    def pipe(self) -> Connection:
        """What becomes readable when it has something to say, or is no more."""
        return self._pipe

    @property
    def alive(self) -> bool:
        """Whether it can be given something to do."""
        return self._process.is_alive()

    def give(self, order: bytes) -> None:
        """Hand it a function with its task."""
        self.item = None
        with contextlib.suppress(OSError):  # it died just now: what it says will tell
            self._pipe.send_bytes(order)

    def hear(self) -> Said | None:
        """What it says; ``None`` when it died."""
        try:
            said: Said = self._pipe.recv()
        except (EOFError, OSError):
            return None
        return said

    def leave(self) -> None:
        """Let it go, once it is done with what it does."""
        self._pipe.close()
        self._words.close()

    def end(self) -> None:
        """End it at once."""
        self._process.kill()

    def last_words(self) -> str:
        """What it, or a library in it, printed last."""
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - _LAST))
        lines = self._words.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def code(self, patience: float | None = _PATIENCE) -> int | None:
        """How the process ended, negative for a signal; ``None`` where nobody knows."""
        self._process.join(patience)
        code = self._process.exitcode
        return None if code == _UNKNOWN else code


class LocalEngine:
    """Worker processes, forked from a small server that has no threads."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or default_workers()
        self._context = _Context()
        start_workers()
        self._idle: list[_Hand] = []
        self._left: list[_Hand] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Begin to start the workers, so that they are there when the first task is."""
        while len(self._idle) < self._workers:
            self._idle.append(self._start())

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        divide: Divide[Task] | None = None,
    ) -> Iterator[Outcome[Task, Result]]:
        """Outcomes as they are ready; what fails otherwise than by a ``ProvError`` is divided."""
        queue = _Queue(tasks, divide)
        busy: dict[_Hand, _Job[Task]] = {}
        try:
            while True:
                while len(busy) < self._workers and (job := queue.next(alone=not busy)):
                    hand = self._hand()
                    busy[hand] = job
                    hand.give(bytes(ForkingPickler.dumps((function, job.task))))
                if not busy:
                    return
                queue.look_ahead()
                ready = wait([hand.pipe for hand in busy])
                for hand in [hand for hand in busy if hand.pipe in ready]:
                    outcome: Outcome[Task, Result] | None = self._heard(hand, busy, queue)
                    if outcome is not None:
                        yield outcome
        finally:
            for hand in busy:
                self._dismiss(hand)

    def close(self) -> None:
        """Let the workers go, each when it is done with what it does."""
        for hand in self._idle:
            self._dismiss(hand)
        self._idle.clear()
        for hand in self._left:
            hand.code(None)
        self._left.clear()

    def stop(self) -> None:
        """End the workers, whatever they are doing."""
        for hand in (*self._idle, *self._left):
            hand.end()
        self.close()

    def _heard(
        self,
        hand: _Hand,
        busy: dict[_Hand, _Job[Task]],
        queue: _Queue[Task],
    ) -> Outcome[Task, Result] | None:
        """Take in what a worker says; the outcome, if its task came to one."""
        said = hand.hear()
        if said is not None and said[0] == "at":
            hand.item = said[1]
            return None
        job = busy.pop(hand)
        if said is None:
            code, words = hand.code(), hand.last_words()
            self._dismiss(hand)
            if code == -signal.SIGXCPU:
                return queue.broke(job, hand.item, too_slow())
            return queue.died(job, hand.item, worker_died("twice", code, words))
        self._idle.append(hand)
        if said[0] == "broken":
            return queue.broke(job, hand.item, said[1])
        if said[0] == "failed":
            return Outcome(job.task, failure=said[1])
        return Outcome(job.task, result=said[1])

    def _hand(self) -> _Hand:
        """A worker that has nothing to do."""
        while self._idle:
            hand = self._idle.pop()
            if hand.alive:
                return hand
            self._dismiss(hand)
        return self._start()

    def _start(self) -> _Hand:
        try:
            return _Hand(self._context)
        except (EOFError, ConnectionError):
            time.sleep(_NOTICE)  # that a server has just ended is not seen at once
            return _Hand(self._context)

    def _dismiss(self, hand: _Hand) -> None:
        hand.leave()
        self._left = [each for each in self._left if each.alive]
        self._left.append(hand)


class _Queue(Generic[Task]):
    """What is still to be done: parts of what failed first, what must be alone last."""

    def __init__(self, tasks: Iterable[Task], divide: Divide[Task] | None) -> None:
        self._tasks = iter(tasks)
        self._divide = divide
        self._first: deque[_Job[Task]] = deque()
        self._alone: deque[_Job[Task]] = deque()

    def next(self, *, alone: bool) -> _Job[Task] | None:
        """The next task that may be begun; what must be alone only where nothing else runs."""
        if not self._first:
            self.look_ahead()
        if self._first:
            return self._first.popleft()
        return self._alone.popleft() if alone and self._alone else None

    def look_ahead(self) -> None:
        """Have a task at hand for the next worker that is free; to find it may take a while."""
        if not self._first:
            self._first.extend(_Job(task) for task in islice(self._tasks, 1))

    def broke(
        self, job: _Job[Task], item: int | None, failure: ProvError
    ) -> Outcome[Task, Any] | None:
        """Something went wrong that would again: it is the item's, and the others are tried."""
        parts = self._parts(job, item)
        if parts and item is None:
            self._do(parts)
            return None
        self._do(parts[:-1])
        return Outcome(parts[-1] if parts else job.task, failure=failure)

    def died(
        self, job: _Job[Task], item: int | None, failure: ProvError
    ) -> Outcome[Task, Any] | None:
        """A worker died of a task: do it in parts, or once more, or say so."""
        parts = self._parts(job, item)
        if parts:
            self._do(parts)
            return None
        job.deaths += 1
        if job.deaths == _ATTEMPTS:
            return Outcome(job.task, failure=failure)
        self._alone.append(job)
        return None

    def _parts(self, job: _Job[Task], item: int | None) -> Sequence[Task]:
        return self._divide(job.task, item) if self._divide else ()

    def _do(self, parts: Sequence[Task]) -> None:
        self._first.extendleft(_Job(part) for part in reversed(parts))
