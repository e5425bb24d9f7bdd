"""Workers on this machine: processes with limits, since the files they parse may be hostile."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import TracebackType
from typing import Self

from provenance.engine.base import Outcome, Result, Task, out_of_memory, worker_died
from provenance.errors import ProvError

WORKER_MEMORY = 6 << 30
"""Anonymous memory that one worker may have; a file that needs more is refused, not the run."""

PRELOAD = ("provenance.lean", "provenance.ingest.unit")
"""What workers import once, before they are forked off."""


_NOTICE = 0.2
"""Seconds after which the end of a process has been noticed."""


def default_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def start_server() -> None:
    """Begin to start the server that workers are forked from.

    It imports what they need while whoever is going to have work for them imports its own. An
    interrupt is not for it, nor for them: they go with the process that started them.
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


class LocalEngine:
    """A pool of worker processes, forked from a small server that has no threads."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or default_workers()
        self._context = _Context()
        start_server()
        self._pool = self._start()

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
        for _ in range(self._workers):
            self._submit(_ready, None)

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        """Outcomes as they are ready; a task whose worker dies is tried once more, alone."""
        suspects: list[Task] = []
        waiting = iter(tasks)
        running: dict[Future[Result], Task] = {}
        while True:
            # A pool that lost a worker takes nothing more until it was made anew.
            free = 0 if suspects else self._workers + 1 - len(running)
            for task in islice(waiting, free):
                future = self._submit(function, task)
                if future is None:
                    suspects.append(task)
                    break
                running[future] = task
            if not running and not suspects:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                outcome = _outcome(task, future)
                if outcome is None:
                    suspects.append(task)
                else:
                    yield outcome
            if suspects and not running:
                self._restart()
                for task in suspects:
                    yield self._alone(function, task)
                suspects.clear()

    def _alone(self, function: Callable[[Task], Result], task: Task) -> Outcome[Task, Result]:
        future = self._submit(function, task)
        if future is None:
            # Not the task's fault: that a server has just ended is not seen at once.
            time.sleep(_NOTICE)
            self._restart()
            future = self._submit(function, task)
        outcome = _outcome(task, future) if future else None
        if outcome is None:
            self._restart()
            return Outcome(task, failure=worker_died("twice"))
        return outcome

    def _submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result] | None:
        """Hand a task out; ``None`` where the pool, or what makes its workers, is no more."""
        try:
            return self._pool.submit(function, task)
        except (BrokenProcessPool, EOFError, ConnectionError):
            return None

    def close(self) -> None:
        """Let the workers go."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _restart(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=self._context,
            initializer=_limit,
            initargs=(os.getpid(), dict(os.environ)),
        )


def _ready(_task: None) -> None:
    """Nothing, which takes a worker to do."""


def _outcome(task: Task, future: Future[Result]) -> Outcome[Task, Result] | None:
    """The outcome of a finished future; ``None`` when its worker died."""
    try:
        return Outcome(task, result=future.result())
    except BrokenProcessPool:
        return None
    except ProvError as failure:
        return Outcome(task, failure=failure)
    except MemoryError:
        return Outcome(task, failure=out_of_memory())


def _limit(parent: int, environment: dict[str, str]) -> None:
    """What a worker may do, what is told to it, and when it must go.

    The server that workers are forked from keeps the environment of its own first hour, in which
    credentials may have been others.
    """
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (WORKER_MEMORY, WORKER_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_go_with, args=(parent,), daemon=True).start()


def _go_with(parent: int) -> None:
    """Leave when the process that hands out the work is gone, which a queue does not tell."""
    with contextlib.suppress(ProcessLookupError):
        ended = select.poll()
        ended.register(os.pidfd_open(parent), select.POLLIN)
        ended.poll()
    os._exit(1)
