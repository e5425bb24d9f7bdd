"""Run tasks in worker processes on this machine, with limits because files may be hostile."""

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
from provenance.engine.worker import Message, serve, too_slow
from provenance.errors import ProvError

PRELOAD = ("provenance.engine.worker_bootstrap", "provenance.operations.ingest.worker")
"""Modules that the fork server imports before workers are forked."""

_NOTICE = 0.2
"""Seconds in which the end of a process is noticed."""

_PATIENCE = 5.0
"""Seconds in which the server tells how a worker ended."""

_ATTEMPTS = 2
"""Attempts at an indivisible task whose worker dies."""

_LAST = 2_000
"""Bytes of a dead worker's output that are read."""

_UNKNOWN = 255
"""The exit code of a process whose server ended first."""


def default_workers() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0))


def start_workers() -> None:
    """Start the server from which workers are forked.

    It imports what workers need while the caller imports its own modules. An ingest starts it
    where it is not running yet. It ignores interrupts, and ends with the process that started it.
    """
    forkserver.set_forkserver_preload(list(PRELOAD))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


_SERVER = ("_forkserver_alive_fd", "_forkserver_address", "_forkserver_pid")
"""What Python's fork server remembers of its process, from Python 3.11 on."""


def _forget_server() -> None:
    """Let a forked process start a server of its own; it cannot wait for that of its parent."""
    server = forkserver._forkserver
    if (descriptor := getattr(server, _SERVER[0], None)) is not None:
        os.close(descriptor)
    for name in _SERVER:
        setattr(server, name, None)


os.register_at_fork(after_in_child=_forget_server)


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
class _Attempt(Generic[Task]):
    """A task, with the number of workers that died of it."""

    task: Task
    deaths: int = 0


class _Hand:
    """One worker process, seen from the engine."""

    def __init__(self, context: _Context) -> None:
        self._pipe, theirs = context.Pipe()
        # What libraries print before they end a process is for who is told of its end, only.
        self._words = tempfile.NamedTemporaryFile(prefix="prov-worker-")  # noqa: SIM115 - see leave
        arguments = (theirs, self._words.name, os.getpid(), dict(os.environ))
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        try:
            self._process.start()
        finally:
            theirs.close()
        self.item: int | None = None
        """Number of the item in progress, according to its messages."""

    @property
    def pipe(self) -> Connection:
        """Handles that become readable on a message or at the end of the process."""
        return self._pipe

    @property
    def alive(self) -> bool:
        """Whether it is idle."""
        return self._process.is_alive()

    def give(self, order: bytes) -> None:
        """Send a function with its task."""
        self.item = None
        with contextlib.suppress(OSError):  # it died just now: what it says will tell
            self._pipe.send_bytes(order)

    def hear(self) -> Message | None:
        """Receive a message; ``None`` when the process died."""
        try:
            message: Message = self._pipe.recv()
        except (EOFError, OSError):
            return None
        return message

    def leave(self) -> None:
        """Stop the process after its current task."""
        self._pipe.close()
        self._words.close()

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()

    def last_words(self) -> str:
        """Return the last output of the process."""
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - _LAST))
        lines = self._words.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def code(self, patience: float | None = _PATIENCE) -> int | None:
        """Return the exit code, negative for a signal; ``None`` if it is unknown."""
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
        busy: dict[_Hand, _Attempt[Task]] = {}
        try:
            while True:
                while len(busy) < self._workers and (attempt := queue.next(alone=not busy)):
                    hand = self._hand()
                    busy[hand] = attempt
                    hand.give(bytes(ForkingPickler.dumps((function, attempt.task))))
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
        """Stop each worker after its current task."""
        for hand in self._idle:
            self._dismiss(hand)
        self._idle.clear()
        for hand in self._left:
            hand.code(None)
        self._left.clear()

    def stop(self) -> None:
        """Kill all workers."""
        for hand in (*self._idle, *self._left):
            hand.end()
        self.close()

    def _heard(
        self,
        hand: _Hand,
        busy: dict[_Hand, _Attempt[Task]],
        queue: _Queue[Task],
    ) -> Outcome[Task, Result] | None:
        """Handle a message of a worker; return the outcome of its task, if any."""
        message = hand.hear()
        if message is not None and message[0] == "at":
            hand.item = message[1]
            return None
        attempt = busy.pop(hand)
        if message is None:
            code, words = hand.code(), hand.last_words()
            self._dismiss(hand)
            if code == -signal.SIGXCPU:
                return queue.broke(attempt, hand.item, too_slow())
            return queue.died(attempt, hand.item, worker_died("twice", code, words))
        self._idle.append(hand)
        if message[0] == "broken":
            return queue.broke(attempt, hand.item, message[1])
        if message[0] == "failed":
            return Outcome(attempt.task, failure=message[1])
        return Outcome(attempt.task, result=message[1])

    def _hand(self) -> _Hand:
        """Return an idle worker."""
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
    """Queue of tasks: parts of failed tasks first, tasks that must run alone last."""

    def __init__(self, tasks: Iterable[Task], divide: Divide[Task] | None) -> None:
        self._tasks = iter(tasks)
        self._divide = divide
        self._first: deque[_Attempt[Task]] = deque()
        self._alone: deque[_Attempt[Task]] = deque()

    def next(self, *, alone: bool) -> _Attempt[Task] | None:
        """Return the next task; a task that must run alone only if nothing else runs."""
        if not self._first:
            self.look_ahead()
        if self._first:
            return self._first.popleft()
        return self._alone.popleft() if alone and self._alone else None

    def look_ahead(self) -> None:
        """Fetch a task in advance for the next free worker; fetching may be slow."""
        if not self._first:
            self._first.extend(_Attempt(task) for task in islice(self._tasks, 1))

    def broke(
        self, attempt: _Attempt[Task], item: int | None, failure: ProvError
    ) -> Outcome[Task, Any] | None:
        """Handle a repeatable failure: attribute it to the item, and try the other items."""
        parts = self._parts(attempt, item)
        if parts and item is None:
            self._do(parts)
            return None
        self._do(parts[:-1])
        return Outcome(parts[-1] if parts else attempt.task, failure=failure)

    def died(
        self, attempt: _Attempt[Task], item: int | None, failure: ProvError
    ) -> Outcome[Task, Any] | None:
        """Handle the death of a worker: divide the task, retry it, or fail."""
        parts = self._parts(attempt, item)
        if parts:
            self._do(parts)
            return None
        attempt.deaths += 1
        if attempt.deaths == _ATTEMPTS:
            return Outcome(attempt.task, failure=failure)
        self._alone.append(attempt)
        return None

    def _parts(self, attempt: _Attempt[Task], item: int | None) -> Sequence[Task]:
        return self._divide(attempt.task, item) if self._divide else ()

    def _do(self, parts: Sequence[Task]) -> None:
        self._first.extendleft(_Attempt(part) for part in reversed(parts))
