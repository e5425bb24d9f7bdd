"""Parts that were replaced by others: which still stand, and how the old ones are forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from provenance.store.catalogue import LAKE, Database, held
from provenance.store.parts import delete
from provenance.store.store import Store

Entry = dict[str, Any]
"""A part as the commits table lists it."""


def standing(commits: Sequence[Sequence[Entry]]) -> Iterator[Entry]:
    """The parts of all commits that no later commit replaced."""
    gone = {part["replaces"] for parts in commits for part in parts if "replaces" in part}
    yield from (part for parts in commits for part in parts if part["sha256"] not in gone)


def forget_replaced(store: Store) -> int:
    """Expire the snapshots that show replaced parts, and remove the files; how many expired.

    Doing it again completes what was interrupted. Whoever still reads from an older copy of the
    catalogue finds the files gone and has to start again.

    Raises:
        BusyError, ReadOnlyError, StorageError: as the ledger is.
    """
    with held(store.layout, "purge") as connection:
        rows = connection.execute("SELECT seq, parts FROM ledger.commits").fetchall()
        commits = [(int(seq), json.loads(text)) for seq, text in rows]
        replaced = {
            part["replaces"] for _, parts in commits for part in parts if "replaces" in part
        }
        if not replaced:
            return 0
        first = min(s for s, parts in commits if any(p["sha256"] in replaced for p in parts))
        expired = _expire(connection, first)
        connection.execute(f"CALL ducklake_cleanup_old_files('{LAKE}', cleanup_all => true)")
        for _, parts in commits:
            for part in parts:
                if part["sha256"] in replaced:
                    delete(store.layout.part(part["table"], part["sha256"]))
    return expired


def _expire(connection: Database, first: int) -> int:
    """Expire the snapshots from one on, all but the present one."""
    found = connection.execute(
        f"SELECT snapshot_id FROM {LAKE}.snapshots() WHERE snapshot_id >= ? "
        f"AND snapshot_id < (SELECT id FROM {LAKE}.current_snapshot())",
        [first],
    ).fetchall()
    if found:
        listed = ", ".join(str(int(row[0])) for row in found)
        connection.execute(f"CALL ducklake_expire_snapshots('{LAKE}', versions => [{listed}])")
    return len(found)
