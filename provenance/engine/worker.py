"""Enforce limits inside a worker process, and report its progress to the engine."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from types import FrameType
from typing import Any, Literal

from provenance.engine.base import unforeseen
from provenance.errors import InputError, ProvError

WORKER_MEMORY = 6 << 30
"""Limit on the anonymous memory of one worker; a file that needs more is rejected."""

LEAST_SECONDS = 15.0
"""Processor time that a worker may take for any file, however small …"""

SECONDS_PER_BYTE = 2.0 / (1 << 20)
"""… and for each of its bytes: about a twentieth of the speed at which the slowest reader goes."""

SECONDS_PER_PACKED_BYTE = 10.0 / (1 << 20)
"""… which are more, where they stand for many: a compressed file, a column, a document."""

_STANDARD_OUTPUT = 1
_GRACE = 1.0
"""Seconds after the limit in which Python code can react; then the process is ended."""

_AGAIN = 1.0
"""Seconds after which the time-limit error is raised again in code that caught it."""

Message = (
    tuple[Literal["at"], int | None]
    | tuple[Literal["done"], Any]
    | tuple[Literal["failed", "broken"], ProvError]
)
"""Messages of a worker: the item that it begins; then the result of the task, an expected failure
(``failed``), or an unexpected one (``broken``)."""

_send: Callable[[Message], None] | None = None
"""Sends a message, if this process is a worker; else ``None``."""


class TimeLimitError(InputError):
    """Data that take more processor time than such a size can need."""

    code = "time-limit"


def too_slow() -> TimeLimitError:
    """Make the failure of an item that exceeded its limit of processor time."""
    return TimeLimitError(
        "reading it takes more processor time than a file of its size may",
        hint="it expands to far more than its size, like a decompression bomb; split it, or remove "
        "repeated content",
    )


def allowance(size: int, *, packed: bool) -> float:
    """Seconds of processor time in which a file of so many bytes has to be read.

    Args:
        size: its bytes.
        packed: whether they stand for many more.

    >>> allowance(0, packed=False), allowance(3 << 20, packed=False)
    (15.0, 21.0)
    """
    return LEAST_SECONDS + (SECONDS_PER_PACKED_BYTE if packed else SECONDS_PER_BYTE) * size


@contextlib.contextmanager
def item(number: int, seconds: float) -> Iterator[None]:
    """Process one item of a task; errors and crashes inside the block are attributed to it.

    Outside of worker processes there are no limits and no messages.

    Args:
        number: which item of the task, counted from 0.
        seconds: processor time that it may take, of all threads together.

    Raises:
        TimeLimitError: it took more. Where code that is not Python does not come back to notice,
            the process ends instead.
    """
    if _send is None:
        yield
        return
    at(number)
    with _CLOCK.running(seconds):
        yield


def at(number: int | None) -> None:
    """Report which item is being processed; ``None`` for several or none."""
    if _send is not None:
        _send(("at", number))


class _Clock:
    """Limits the processor time of one item at a time."""

    def __init__(self) -> None:
        self._on = False
        self._late = False

    def install(self) -> None:
        """Be told by the system."""
        signal.signal(signal.SIGPROF, self._expire)

    @contextlib.contextmanager
    def running(self, seconds: float) -> Iterator[None]:
        """Let so many seconds of processor time pass, and no more."""
        own, most = resource.getrlimit(resource.RLIMIT_CPU)
        end = math.ceil(time.process_time() + seconds + _GRACE)
        resource.setrlimit(resource.RLIMIT_CPU, (_least(end, own), most))
        self._on, self._late = True, False
        try:
            signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
            yield
        finally:
            self._on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
            resource.setrlimit(resource.RLIMIT_CPU, (own, most))
        if self._late:
            raise too_slow()  # what was raised first was taken for something else

    def _expire(self, _number: int, _frame: FrameType | None) -> None:
        if self._on:
            self._late = True
            raise too_slow()


_CLOCK = _Clock()


def _least(limit: int, own: int) -> int:
    return limit if own == resource.RLIM_INFINITY else min(limit, own)


def serve(pipe: Connection, words: str, parent: int, environment: dict[str, str]) -> None:
    """Be a worker: carry out what comes through the pipe, until nobody holds its other end.

    Args:
        words: the file that takes what is printed.
        parent: the process that hands out the work.
        environment: the variables of that process.
    """
    global _send  # noqa: PLW0603 - a process is one worker, for good
    descriptor = os.open(words, os.O_WRONLY | os.O_APPEND)
    for stream in (_STANDARD_OUTPUT, sys.stderr.fileno()):
        os.dup2(descriptor, stream)
    os.close(descriptor)
    _limit(parent, environment)
    _send = pipe.send
    while True:
        try:
            order = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        answer = _answer(order)
        try:
            pipe.send(answer)
        except OSError:
            return  # nobody waits for it any more
        except Exception as error:  # noqa: BLE001 - a result that cannot be sent
            pipe.send(("broken", unforeseen(error)))


def _answer(order: bytes) -> Message:
    try:
        function, task = ForkingPickler.loads(order)
        return ("done", function(task))
    except TimeLimitError as failure:
        return ("broken", failure)
    except ProvError as failure:
        return ("failed", failure)
    except BaseException as error:  # noqa: BLE001 - libraries raise what is no Exception, too
        return ("broken", unforeseen(error))


def _limit(parent: int, environment: dict[str, str]) -> None:
    """Settings of a worker process: its limits, its output, and when it ends.

    The server that workers are forked from keeps the environment of its own first hour, in which
    credentials may have been others.
    """
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _CLOCK.install()
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (WORKER_MEMORY, WORKER_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_go_with, args=(parent,), daemon=True).start()


def _go_with(parent: int) -> None:
    """Leave when the process that hands out the work is gone, which a pipe tells the idle only."""
    with contextlib.suppress(ProcessLookupError):
        ended = select.poll()
        ended.register(os.pidfd_open(parent), select.POLLIN)
        ended.poll()
    os._exit(1)
