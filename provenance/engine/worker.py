"""Inside a worker: the limits under which it works, and what it says while it does."""

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
"""Anonymous memory that one worker may have; a file that needs more is refused, not the run."""

LEAST_SECONDS = 15.0
"""Processor time that a worker may take for any file, however small …"""

SECONDS_PER_BYTE = 2.0 / (1 << 20)
"""… and for each of its bytes: about a twentieth of the speed at which the slowest reader goes."""

SECONDS_PER_PACKED_BYTE = 10.0 / (1 << 20)
"""… which are more, where they stand for many: a compressed file, a column, a document."""

_GRACE = 1.0
"""Seconds after the limit in which Python code may take notice; then the process is ended."""

_AGAIN = 1.0
"""Seconds after which the limit is told once more to who did not listen."""

Said = (
    tuple[Literal["at"], int | None]
    | tuple[Literal["done"], Any]
    | tuple[Literal["failed", "broken"], ProvError]
)
"""What a worker says: the item that it begins, and then what came of the task; where that is
nothing, a failure that is an answer, or one that was not foreseen."""

_say: Callable[[Said], None] | None = None
"""How the worker that this process is says something; ``None`` where it is none."""


class TimeLimitError(InputError):
    """Data that take more processor time than such a size can need."""

    code = "time-limit"


def too_slow() -> TimeLimitError:
    """The failure of an item that met its limit of processor time."""
    return TimeLimitError(
        "reading it takes more processor time than a file of its size may",
        hint="it holds far more than its size promises, like a decompression bomb; write it again "
        "in parts, or without what repeats",
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
    """Work on one item of a task; what goes wrong within, a crash too, is put down to it.

    In a process that is no worker there are no limits, and nobody is told.

    Args:
        number: which item of the task, counted from 0.
        seconds: processor time that it may take, of all threads together.

    Raises:
        TimeLimitError: it took more. Where code that is not Python does not come back to notice,
            the process ends instead.
    """
    if _say is None:
        yield
        return
    at(number)
    with _CLOCK.running(seconds):
        yield


def at(number: int | None) -> None:
    """Say which item is being worked on; ``None`` where it is several, or none of them."""
    if _say is not None:
        _say(("at", number))


class _Clock:
    """Counts the processor time of one item at a time, and says when it is over."""

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
    global _say  # noqa: PLW0603 - a process is one worker, for good
    descriptor = os.open(words, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, sys.stderr.fileno())
    os.close(descriptor)
    _limit(parent, environment)
    _say = pipe.send
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


def _answer(order: bytes) -> Said:
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
    """What a worker may do, what is told to it, and when it must go.

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
