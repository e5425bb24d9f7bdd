"""Run tasks on a Ray cluster: an existing one, or one that is started for the run."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from types import TracebackType
from typing import Any, Self

from provenance.engine.base import Divide, Outcome, Result, Task, worker_died
from provenance.engine.local import LocalEngine, default_workers
from provenance.errors import MisuseError, NotFoundError

RETRIES = 3
"""Retries of Ray after the worker or the machine of a task died."""

REACH = 5.0
"""Seconds in which a cluster must answer; Ray itself would try for minutes, deaf to Ctrl-C."""

PATIENCE = 10.0
"""Seconds in which workers may tidy up after a run that was broken off."""

OBJECT_STORE = 128 << 20
"""Shared memory of a cluster of ours: tasks and answers are small, the data are in files."""

_QUIET = {"logging_level": logging.ERROR, "log_to_driver": False}


class RayEngine:
    """Tasks of a Ray cluster, as many at once as it has processors.

    Args:
        workers: no more than these; else as many as the cluster has processors.
        address: the cluster to join; else the one that this process is connected to, else that of
            ``RAY_ADDRESS``, else one is started, and stopped again by ``close``.

    Raises:
        MisuseError: Ray is not installed, or this process has joined a cluster already.
        NotFoundError: there is no cluster at the address.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self._ray = _library()
        self._workers = workers
        self._connected = False
        self._running: dict[Any, Any] = {}
        self._on_sigterm: Any = None
        self._joined = self._connect(address)
        self._attempt = self._ray.remote(max_retries=RETRIES, num_cpus=1)(_attempt)

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
        for _ in range(self._room()):
            self._attempt.remote(abs, 0, None)

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        divide: Divide[Task] | None = None,
    ) -> Iterator[Outcome[Task, Result]]:
        """Outcomes as they are ready.

        What a task does to the process that carries it out is seen to by a worker of Ray; one that
        is lost itself, with its machine perhaps, has its task tried again, elsewhere.
        """
        parts: deque[Task] = deque()
        waiting = iter(tasks)
        while True:
            room = max(0, self._room() - len(self._running))
            for task in islice(chain(_emptied(parts), waiting), room):
                self._running[self._attempt.remote(function, task, divide)] = task
            if not self._running:
                return
            done, _ = self._ray.wait(list(self._running), num_returns=1)
            for reference in done:
                task = self._running.pop(reference)
                found = self._outcomes(task, reference)
                if found is None:
                    smaller = divide(task, None) if divide else ()
                    parts.extend(smaller)
                    died = worker_died(f"{RETRIES + 1} times")
                    found = [] if smaller else [Outcome(task, failure=died)]
                yield from found

    def close(self) -> None:
        """Stop the workers: cancel running tasks, and leave or stop the cluster."""
        left = list(self._running)
        try:
            for reference in left:
                self._ray.cancel(reference)
            if left:
                _, left = self._ray.wait(left, num_returns=len(left), timeout=PATIENCE)
            for reference in left:
                self._ray.cancel(reference, force=True)
        finally:
            self._running.clear()
            if self._connected:
                self._connected = False
                self._ray.shutdown()
                _on_sigterm(self._on_sigterm)

    def _outcomes(self, task: Task, reference: Any) -> list[Outcome[Task, Any]] | None:
        """Outcomes of a task or its parts; ``None`` when its workers were lost."""
        errors = self._ray.exceptions
        lost = (errors.WorkerCrashedError, errors.NodeDiedError, errors.LocalRayletDiedError)
        try:
            outcomes: list[Outcome[Task, Any]] = self._ray.get(reference)
        except (*lost, errors.OutOfMemoryError):
            return None
        except errors.RaySystemError as error:
            raise MisuseError(
                f"a worker of the Ray cluster could not take the work up: {_reason(error)}",
                hint="every machine of the cluster needs prov-ledger, in the version used here",
            ) from error
        return outcomes

    def _room(self) -> int:
        """Number of tasks to run at once; a cluster may grow, or lose machines."""
        if self._workers is not None and self._joined:
            return self._workers
        # One more than there are processors: a worker that is done need not wait for its next task.
        return int(self._ray.cluster_resources().get("CPU", 1)) + 1

    def _connect(self, address: str | None) -> bool:
        """Connect this process, unless it is; returns whether the cluster is somebody else's."""
        if self._ray.is_initialized():
            if address is not None:
                raise MisuseError(
                    f"this process has joined a Ray cluster already, so not `{address}`",
                    hint="leave the address out to use that one, or call `ray.shutdown()` first",
                )
            return True
        address = address or os.environ.get("RAY_ADDRESS")
        own = address in {None, "", "local"}
        self._on_sigterm = signal.getsignal(signal.SIGTERM)
        if own:
            self._start()
        else:
            self._join(str(address))
        self._connected = True
        # Ray put its own handler in the place of what was there. To die on the spot would leave
        # processes of the cluster behind for a while: end in order, as on Ctrl-C.
        before = self._on_sigterm
        _on_sigterm(signal.default_int_handler if before == signal.SIG_DFL else before)
        return not own

    def _start(self) -> None:
        with _environment("RAY_USAGE_STATS_ENABLED", "0"):
            self._ray.init(
                address="local",
                num_cpus=self._workers or default_workers(),
                include_dashboard=False,
                object_store_memory=OBJECT_STORE,
                **_QUIET,
            )

    def _join(self, address: str) -> None:
        try:
            _reach(address)
            self._ray.init(address=address, **_QUIET)
        except (OSError, ValueError, RuntimeError, self._ray.exceptions.RayError) as error:
            raise NotFoundError(
                f"no Ray cluster can be joined at `{address}`: {_reason(error)}",
                hint="give HOST:PORT as `ray start --head` prints it; without an address one is "
                "started here for the run",
            ) from error


def _library() -> Any:
    """Import Ray, an optional library."""
    try:
        # On its import Ray decides what it tells on our standard output; when a worker died, say.
        with _environment("RAY_DEDUP_LOGS_SKIP_REGEX", "(?s).*"):
            import ray
            import ray.exceptions
    except ImportError as error:
        raise MisuseError(
            f"the engine `ray` needs Ray, which cannot be imported: {error}",
            hint="pip install 'prov-ledger[ray]'",
        ) from error
    return ray


def _reason(error: BaseException) -> str:
    """Shorten an error of Ray to the last line of its traceback, or its first line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    telling = lines[-1] if "Traceback" in str(error) else lines[0]
    return telling.strip().rstrip(".")


_hand: LocalEngine | None = None
"""The engine of a Ray worker, which runs its tasks in a process with limits."""


def _attempt(
    function: Callable[[Any], Any], task: Any, divide: Divide[Any] | None
) -> list[Outcome[Any, Any]]:
    """Run a task, divided if needed, in a separate process that may crash."""
    global _hand  # noqa: PLW0603 - it outlives the task, as the process does
    if _hand is None:
        _hand = LocalEngine(1)
    try:
        return list(_hand.map(function, [task], divide))
    except BaseException:  # the task was called off
        _hand.stop()
        _hand = None
        raise


def _emptied(queue: deque[Any]) -> Iterator[Any]:
    while queue:
        yield queue.popleft()


def _reach(address: str) -> None:
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), REACH).close()


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for processes started inside the block."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _on_sigterm(handler: Any) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)
