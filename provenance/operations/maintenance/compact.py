"""Compact small data files, vacuum replaced ones and materialise current origins."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import Field

from provenance.model.base import Contract, quote_identifier
from provenance.store.commits import Verb
from provenance.store.connection import Database
from provenance.store.layout import Layout
from provenance.store.ledger_store import Store
from provenance.store.maintenance.compaction import (
    LEFT_ALONE,
    RUN_ROWS,
    CurrentFile,
    choose,
    compacted_files,
    current_files,
    maintaining,
    merge,
    parts_of,
    publish_staged,
)
from provenance.store.maintenance.vacuum import expire_replaced, remove_orphans
from provenance.store.replacements import Replacement
from provenance.views.edge_index import Indexed, as_list, indexed
from provenance.views.materialized_origins import Kept, keep_origins, kept_origins

KEEP = timedelta(hours=1)
"""How long replaced files are kept for readers of older snapshots."""

_INDEX = ("edges_up", "edges_down")
_ORIGINS = "origins"

_LAST = "commits"
"""This table is compacted last, since each merge adds a commit to it."""


class MergedTable(Contract):
    """The result for the data files of one table."""

    table: str
    merged: int = Field(description="Data files that were merged.")
    into: int = Field(description="Data files that replaced them.")
    dropped: int = Field(description="Data files without rows that are still needed.")
    rows: int = Field(description="Rows that were rewritten.")


class Maintenance(Contract):
    """What a maintenance run did, or would do."""

    dry_run: bool
    parts_before: int
    parts_after: int
    bytes_before: int
    bytes_after: int | None = Field(description="Not known in a dry run.")
    tables: tuple[MergedTable, ...]
    removed_parts: int = Field(default=0, description="Replaced files that were deleted.")
    removed_bytes: int = 0
    kept_parts: int = Field(default=0, description="Replaced files that are kept for readers.")
    kept_bytes: int = 0
    orphans: int = Field(default=0, description="Files that killed runs left behind.")
    origins: int = Field(default=0, description="Records whose current origin was materialised.")
    snapshots: int = Field(default=0, description="Snapshots that expired.")


@dataclass(frozen=True, slots=True)
class _Task:
    """Data files of one table to merge, or to drop if none of their rows is needed."""

    parts: tuple[CurrentFile, ...]
    needed: str = "true"

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.parts[0].table

    @property
    def rows(self) -> int:
        """Number of rows to rewrite."""
        return sum(part.needed for part in self.parts)


def maintain(store: Store, *, keep: timedelta = KEEP, dry_run: bool = False) -> Maintenance:
    """Compact small data files and vacuum old snapshots; query results do not change.

    Rows keep their commits. Finished merges are committed during the run; the next run continues a
    killed one.

    Args:
        keep: how long replaced files are kept.
        dry_run: return what would be merged, without changes.

    Raises:
        BusyError: another process maintains or purges this ledger.
        ReadOnlyError, StorageError, IntegrityError: the ledger cannot be read or written.
    """
    with store.snapshot(cache_small_tables=False) as connection:
        before = current_files(store, connection)
        if dry_run:
            return _foreseen(before, _tasks(store, connection))
    done: list[MergedTable] = []
    with maintaining(store, "maintain") as staged:
        origins = keep_origins(store)
        # Merges add to the table of commits, which is therefore compacted last.
        for last in (False, True):
            with store.snapshot(cache_small_tables=False) as connection:
                tasks = [t for t in _tasks(store, connection) if (t.table == _LAST) is last]
                done += _carry_out(store, staged, connection, tasks)
        forgotten = expire_replaced(store, keep)
        orphans = remove_orphans(store)
    with store.snapshot(cache_small_tables=False) as connection:
        after = current_files(store, connection)
    return Maintenance(
        dry_run=False,
        parts_before=len(before),
        parts_after=len(after),
        bytes_before=sum(part.bytes for part in before),
        bytes_after=sum(part.bytes for part in after),
        tables=_by_table(done),
        removed_parts=forgotten.parts,
        removed_bytes=forgotten.bytes + sum(orphans.values()),
        kept_parts=forgotten.kept_parts,
        kept_bytes=forgotten.kept_bytes,
        orphans=len(orphans),
        origins=origins,
        snapshots=forgotten.snapshots,
    )


def _tasks(store: Store, connection: Database) -> list[_Task]:
    """List the tasks by table."""
    settled = compacted_files(connection)
    by_table: dict[str, list[CurrentFile]] = {}
    for part in current_files(store, connection):
        by_table.setdefault(part.table, []).append(part)
    known = indexed(connection)
    kept = kept_origins(connection)
    tasks: list[_Task] = []
    for table, found in by_table.items():
        parts, needed = found, "true"
        wanted = _wanted(table, known, kept)
        if wanted is not None:
            needed = f"commit_id IN ({as_list(wanted)})"
            parts = _still_needed(connection, parts, needed)
            stale = tuple(part for part in parts if not part.needed)
            tasks += [_Task(stale, needed)] if stale else []
        if table not in LEFT_ALONE | {_ORIGINS}:
            useful = [part for part in parts if part.needed]
            tasks += [_Task(run, needed) for run in choose(useful, settled)]
    return tasks


def _wanted(table: str, known: Indexed | None, kept: Kept | None) -> Sequence[uuid.UUID] | None:
    """List the commits whose rows of a table are still needed; ``None``: all of them."""
    if table in _INDEX and known is not None:
        return known.commits
    return [kept.commit_id] if table == _ORIGINS and kept is not None else None


def _still_needed(
    connection: Database, parts: Sequence[CurrentFile], needed: str
) -> list[CurrentFile]:
    """Count the rows that are still needed in each data file of one table."""
    counts: dict[str, int] = dict(
        connection.execute(
            f"SELECT filename, count(*) FROM ledger.{quote_identifier(parts[0].table)} "
            f"WHERE {needed} GROUP BY filename"
        ).fetchall()
    )
    return [replace(part, needed=counts.get(part.path, 0)) for part in parts]


def _carry_out(
    store: Store, staged: Layout, connection: Database, tasks: Iterable[_Task]
) -> list[MergedTable]:
    """Merge, and commit whenever ``RUN_ROWS`` rows were rewritten."""
    done: list[MergedTable] = []
    made: list[Replacement] = []
    for task in tasks:
        made.append(merge(staged, connection, task.parts, task.needed))
        done.append(_merged_table(task, len(made[-1].new)))
        if sum(item.rows for item in made) >= RUN_ROWS:
            _commit(store, staged, made)
            made = []
    if made:
        _commit(store, staged, made)
    return done


def _commit(store: Store, staged: Layout, made: Sequence[Replacement]) -> None:
    commit_id = uuid.uuid4()
    store.commit(
        Verb.MAINTAIN, f"maintain:{commit_id}", [], commit_id, publish_staged(store, staged, made)
    )


def _foreseen(before: Sequence[CurrentFile], tasks: Sequence[_Task]) -> Maintenance:
    """Estimate the result of a run."""
    tables = _by_table(_merged_table(task, parts_of(task.rows)) for task in tasks)
    fewer = sum(item.merged + item.dropped - item.into for item in tables)
    return Maintenance(
        dry_run=True,
        parts_before=len(before),
        parts_after=len(before) - fewer,
        bytes_before=sum(part.bytes for part in before),
        bytes_after=None,
        tables=tables,
    )


def _merged_table(task: _Task, into: int) -> MergedTable:
    count = len(task.parts)
    merged, dropped = (count, 0) if task.rows else (0, count)
    return MergedTable(table=task.table, merged=merged, into=into, dropped=dropped, rows=task.rows)


def _by_table(done: Iterable[MergedTable]) -> tuple[MergedTable, ...]:
    """Add the results up by table."""
    found: dict[str, MergedTable] = {}
    for item in done:
        sofar = found.get(item.table)
        found[item.table] = item if sofar is None else _sum(sofar, item)
    return tuple(found.values())


def _sum(one: MergedTable, other: MergedTable) -> MergedTable:
    return MergedTable(
        table=one.table,
        merged=one.merged + other.merged,
        into=one.into + other.into,
        dropped=one.dropped + other.dropped,
        rows=one.rows + other.rows,
    )
