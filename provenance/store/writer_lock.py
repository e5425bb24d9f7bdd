"""Queue writers: a lock on a file, first come first served, with the name of its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from provenance.errors import BusyError, ReadOnlyError
from provenance.store.layout import Layout

WAIT_SECONDS = 120.0
"""How long a writer queues before it gives up and says who holds the ledger."""


@contextlib.contextmanager
def exclusive(layout: Layout, purpose: str, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the ledger for writing.

    Raises:
        BusyError: somebody else held it for longer than ``wait`` seconds.
        ReadOnlyError: the ledger folder may not be written.
    """
    try:
        descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise ReadOnlyError(
            f"the ledger at `{layout.name}` cannot be written: {error.strerror}",
            hint="reading it still works; write with an account that may, or copy the folder",
        ) from error
    try:
        _queue(descriptor, fcntl.LOCK_EX, layout, wait)
        _say_holder(layout.holder, purpose)
        try:
            yield
        finally:
            layout.holder.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def shared(layout: Layout, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Keep writers out for the moment that a copy of the catalog takes.

    A reader who may not even open the lock file reads a ledger that nobody can write for it, and
    goes on without.
    """
    try:
        descriptor = os.open(layout.lock, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        _queue(descriptor, fcntl.LOCK_SH, layout, wait)
        yield
    finally:
        os.close(descriptor)


def _queue(descriptor: int, mode: int, layout: Layout, wait: float) -> None:
    """Wait in the kernel's queue, which is fair, but not for ever.

    The wait runs on a thread of its own, since a blocking ``flock`` cannot be given a time-out; the
    thread works on a duplicate so that a lock that arrives too late is let go at once.
    """
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        return
    waiter = _Waiter(os.dup(descriptor), mode)
    if not waiter.acquired(wait):
        raise BusyError(
            f"the ledger at `{layout.name}` is held by {_read_holder(layout.holder)}; "
            f"waited {wait:.0f} s",
            hint="wait for it to finish; a holder that is gone releases the ledger by itself",
        )


class _Waiter:
    def __init__(self, descriptor: int, mode: int) -> None:
        self._descriptor = descriptor
        self._mode = mode
        self._done = threading.Event()
        self._turn = threading.Lock()
        self._abandoned = False
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        fcntl.flock(self._descriptor, self._mode)
        with self._turn:
            if self._abandoned:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._done.set()
            os.close(self._descriptor)

    def acquired(self, wait: float) -> bool:
        if self._done.wait(wait):
            return True
        with self._turn:
            self._abandoned = not self._done.is_set()
            return not self._abandoned


def _say_holder(path: Path, purpose: str) -> None:
    since = time.strftime("%H:%M:%S")
    path.write_text(
        f"process {os.getpid()} on {socket.gethostname()} ({purpose}, since {since})",
        encoding="utf-8",
    )


def _read_holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"
