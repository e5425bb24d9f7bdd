"""Open snapshots of ledgers, and cache the in-memory tables of the last few."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb

from provenance.store.connection import ledger_errors
from provenance.store.kept_tables import tell_folder
from provenance.store.layout import Layout
from provenance.store.memory_tables import MemoryTables
from provenance.store.snapshot import Snapshot
from provenance.store.view_sql import Shortcut, Views

MOST_KEPT = 4
"""Idle instances of DuckDB; each holds a few megabytes."""

_idle: list[MemoryTables] = []
_inherited: list[MemoryTables] = []
"""Those of the process that this one was forked from: never used here, and never closed."""

_lock = threading.Lock()


@contextlib.contextmanager
def open_snapshot(
    layout: Layout,
    views: Views,
    shortcut: Shortcut | None = None,
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
) -> Iterator[Snapshot]:
    """Read the newest commit of a ledger.

    Raises:
        NotFoundError, VersionError, StorageError, IntegrityError: as the ledger is.
    """
    with ledger_errors(layout), _tables(layout, kept=_is_local(layout)) as tables:
        tables.show(layout, views, shortcut)
        tables.set_limits(threads, memory_limit)
        with tables.connection.cursor() as connection:
            connection.execute("USE near")
            tell_folder(layout, connection)
            yield Snapshot(connection, tables)


@contextlib.contextmanager
def open_connection(
    layout: Layout, views: Views, shortcut: Shortcut | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read the newest commit through a connection of the caller's own, with every view in it."""
    with ledger_errors(layout), _tables(layout, kept=False) as tables:
        tables.show(layout, views, shortcut)
        tables.set_limits(None, os.environ.get("PROV_MEMORY_LIMIT"))
        tables.make_everything()
        yield tables.connection


def _is_local(layout: Layout) -> bool:
    """Whether nothing but files is needed; credentials stay with a connection for good."""
    return layout.database is None and isinstance(layout.root, Path)


@contextlib.contextmanager
def _tables(layout: Layout, *, kept: bool) -> Iterator[MemoryTables]:
    """Tables that nobody else uses meanwhile; after a failure nobody is given them again."""
    tables = _take(layout) if kept else MemoryTables()
    good = False
    try:
        yield tables
        good = kept
    finally:
        _give_back(tables) if good else tables.close()


def _take(layout: Layout) -> MemoryTables:
    with _lock:
        usable = [tables for tables in _idle if tables.user == os.geteuid()]
        found = [tables for tables in usable if tables.layout == layout][-1:]
        if not found and len(_idle) == MOST_KEPT:
            found = usable[:1]
        for tables in found:
            _idle.remove(tables)
            return tables
    return MemoryTables()


def _give_back(tables: MemoryTables) -> None:
    if not tables.materializes:
        tables.reset()
    with _lock:
        if len(_idle) < MOST_KEPT:
            _idle.append(tables)
            return
    tables.close()


def forget(layout: Layout) -> None:
    """Drop what idle instances hold of a ledger."""
    with _lock:
        for tables in _idle:
            if tables.layout == layout:
                tables.reset()


@atexit.register
def close_all() -> None:
    """Close the idle instances."""
    with _lock:
        while _idle:
            _idle.pop().close()


def _after_fork() -> None:
    _inherited.extend(_idle)
    _idle.clear()
    _lock.release()


os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork)
