"""Keep idle DuckDB connections with DuckLake loaded, because loading it takes long."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from provenance.model.base import quote_literal
from provenance.store.connection import load_extension, quiet

MOST_KEPT = 4
"""Idle instances; each holds a few megabytes."""


@dataclass(frozen=True, slots=True)
class _Instance:
    """One DuckDB of this process.

    Attributes:
        process: who made it: a forked child must not use it.
        folder: where it puts what does not fit into memory.
    """

    process: int
    connection: duckdb.DuckDBPyConnection
    folder: Path

    def close(self) -> None:
        """Let go of all of it."""
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_idle: list[_Instance] = []


@contextlib.contextmanager
def instance(
    threads: int | None = None, memory_limit: str | None = None, *, kept: bool = True
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an in-memory DuckDB with DuckLake; nothing is downloaded.

    The block detaches what it attached. After a failure nobody else is handed the instance.

    Args:
        kept: false where the block changes what cannot be changed back.
    """
    found = _take()
    good = False
    try:
        with found.connection.cursor() as connection:
            _configure(connection, threads, memory_limit)
            yield connection
        good = kept
    finally:
        _idle.append(found) if good and len(_idle) < MOST_KEPT else found.close()


def _take() -> _Instance:
    while _idle:
        found = _idle.pop()
        if found.process == os.getpid():
            return found
    return _make()


def _make() -> _Instance:
    connection = quiet()
    # What does not fit into memory goes there, and not into the user's own folder.
    folder = Path(tempfile.mkdtemp(prefix="prov-"))
    connection.execute(f"SET temp_directory = {quote_literal(str(folder))}")
    connection.execute("SET preserve_insertion_order = false")
    load_extension(connection, "ducklake")
    return _Instance(os.getpid(), connection, folder)


def _configure(
    connection: duckdb.DuckDBPyConnection, threads: int | None, memory_limit: str | None
) -> None:
    connection.execute(f"SET threads = {int(threads)}" if threads else "RESET threads")
    limited = f"SET memory_limit = {quote_literal(memory_limit)}" if memory_limit else None
    connection.execute(limited or "RESET memory_limit")
    connection.execute("SET TimeZone = 'UTC'")
    # UUIDs come out as 16 bytes, as they went in, and not as text.
    connection.execute("SET arrow_lossless_conversion = true")


@atexit.register
def _close_all() -> None:
    while _idle:
        found = _idle.pop()
        if found.process == os.getpid():
            found.close()
