"""Delete data files that were replaced, and those that killed runs left behind."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provenance.io import objects
from provenance.io.objects import Location
from provenance.store.catalog import LAKE, locked_for_writing
from provenance.store.connection import Database
from provenance.store.data_files import delete
from provenance.store.ledger_store import Store
from provenance.store.replacements import names_replaced
from provenance.store.snapshot_pool import forget

META = f"__ducklake_metadata_{LAKE}"

ORPHAN_AGE = timedelta(days=1)
"""What nobody registered for so long nobody will: runs commit what is finished long before."""

# What replaced something names what it replaced; most commits replaced nothing.
_REPLACING = """
SELECT seq, recorded_at, parts FROM ledger.commits
WHERE contains(parts, '"replaces"') ORDER BY seq
"""

_REGISTERED = f"""
SELECT path FROM {META}.ducklake_data_file
UNION ALL SELECT path FROM {META}.ducklake_files_scheduled_for_deletion
"""


@dataclass(frozen=True, slots=True)
class VacuumResult:
    """What was removed for good, and what still waits for it.

    Attributes:
        snapshots: that expired.
        parts, bytes: files that were removed.
        kept_parts, kept_bytes: replaced files that are kept for those who may still read them.
    """

    snapshots: int = 0
    parts: int = 0
    bytes: int = 0
    kept_parts: int = 0
    kept_bytes: int = 0


def expire_replaced(store: Store, keep: timedelta = timedelta(0)) -> VacuumResult:
    """Expire the snapshots that show replaced parts, and remove the files.

    Doing it again completes what was interrupted. Whoever still reads from an older copy of the
    catalog than ``keep`` finds the files gone and has to start again.

    Raises:
        BusyError, ReadOnlyError, StorageError: as the ledger is.
    """
    with locked_for_writing(store.layout, "maintain") as connection:
        ripe, last, waiting = _replaced(store, connection, datetime.now(UTC) - keep)
        kept = _sizes(waiting)
        expired = _expire(connection, last)
        gone = _sizes(ripe)
        if expired or gone:
            connection.execute(f"CALL ducklake_cleanup_old_files('{LAKE}', cleanup_all => true)")
        for path in gone:
            delete(path)
    # What was deleted must not stay in memory either.
    forget(store.layout)
    return VacuumResult(expired, len(gone), sum(gone.values()), len(kept), sum(kept.values()))


def _replaced(
    store: Store, connection: Database, before: datetime
) -> tuple[list[Path | Location], int, list[Path | Location]]:
    """Parts replaced up to a time, the number of the last commit that did so, and the others."""
    ripe: list[Path | Location] = []
    waiting: list[Path | Location] = []
    last = 0
    for seq, recorded_at, text in connection.execute(_REPLACING).fetchall():
        old = [
            store.layout.data_file(part["table"], name)
            for part in json.loads(text)
            for name in names_replaced(part)
        ]
        # By number: once one has to wait, so has what came after it, whatever clocks say.
        if waiting or recorded_at > before:
            waiting += old
        else:
            ripe += old
            last = int(seq)
    return ripe, last, waiting


def _sizes(
    places: Iterable[Path | Location], before: float = math.inf
) -> dict[Path | Location, int]:
    """Those that are there and were last written before a time, with their sizes."""
    found: dict[Path | Location, int] = {}
    for place in places:
        if isinstance(place, Path):
            with contextlib.suppress(FileNotFoundError):
                now = place.stat()
                if now.st_mtime < before:
                    found[place] = now.st_size
        elif (stored := objects.find(place)) is not None:
            found[place] = stored.bytes
    return found


def _expire(connection: Database, last: int) -> int:
    """Expire the snapshots before one; the present one stays in any case."""
    found = connection.execute(
        f"SELECT snapshot_id FROM {LAKE}.snapshots() WHERE snapshot_id < ? "
        f"AND snapshot_id < (SELECT id FROM {LAKE}.current_snapshot())",
        [last],
    ).fetchall()
    if found:
        listed = ", ".join(str(int(row[0])) for row in found)
        connection.execute(f"CALL ducklake_expire_snapshots('{LAKE}', versions => [{listed}])")
    return len(found)


def remove_orphans(store: Store, age: timedelta = ORPHAN_AGE) -> dict[Path | Location, int]:
    """Remove files that killed runs left among the parts; what they were, with their sizes.

    Those in a bucket are left to its own rules of expiry.
    """
    folder = store.layout.data
    if not isinstance(folder, Path):
        return {}
    before = time.time() - age.total_seconds()
    with store.snapshot(cache_small_tables=False) as connection:
        known = {Path(path).name for (path,) in connection.execute(_REGISTERED).fetchall()}
    found = (folder / "ledger").glob("*/*")
    orphans = _sizes((path for path in found if path.name not in known), before)
    for path in orphans:
        delete(path)
    return orphans
