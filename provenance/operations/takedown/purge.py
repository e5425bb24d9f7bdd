"""Purge revoked records: permanently erase all that is kept of them but ids and sizes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from itertools import groupby
from operator import itemgetter

from provenance.content.norm_rules import KNOWN_COPY, NORM_RULE
from provenance.errors import MisuseError
from provenance.model.base import quote_identifier, quote_literal
from provenance.model.takedown import SHORT_NOTE, Purged, Receipt, Takedown
from provenance.operations.takedown.revocations import (
    State,
    commit_event,
    event_row,
    follow,
    state_of,
)
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.store.kept_tables import kept_tables
from provenance.store.ledger_store import Store
from provenance.store.maintenance.compaction import maintaining
from provenance.store.maintenance.vacuum import expire_replaced
from provenance.store.replacements import Replacement, row_by_row

_NAMED, _OWN_IDS = "purge_named", "purge_ids"

REMOVED = "[removed]"
"""Replacement of personal words in a reason."""

# Own ids of purged records, and the record that each id refers to: references are replaced by that
# record, so that lineage does not change.
_IDS_SQL = f"""
SELECT f.source, s.external_id, min(s.record_id) AS record_id
FROM ledger.sightings s JOIN ledger.files f ON f.reading_id = s.reading_id
WHERE s.external_id IS NOT NULL
GROUP BY ALL HAVING bool_or(s.record_id IN (SELECT record_id FROM {_NAMED}))
"""

# Only equalities in the join: another condition would compare every edge with every id.
_EDGES = f"""
ledger.edges t LEFT JOIN ledger.files f ON f.reading_id = t.reading_id
LEFT JOIN {_OWN_IDS} p ON p.external_id = t.parent_ref AND p.source =
    if(t.parent IS NULL AND t.parent_row IS NULL, coalesce(t.parent_source, f.source), NULL)
LEFT JOIN {_OWN_IDS} c ON c.external_id = t.child_ref AND c.source =
    if(t.child IS NULL, t.child_source, NULL)
"""

_MINE = f"t.record_id IN (SELECT record_id FROM {_NAMED})"

# By table: the relation to read, the rows with personal data, the replacement of columns.
_BLANKED: dict[str, tuple[str, str, dict[str, str]]] = {
    "sightings": (
        "ledger.sightings t",
        f"{_MINE} AND (t.external_id IS NOT NULL OR t.attributes IS NOT NULL)",
        {
            "external_id": f"CASE WHEN NOT {_MINE} THEN t.external_id END",
            "attributes": f"CASE WHEN NOT {_MINE} THEN t.attributes END",
        },
    ),
    "parts": (
        "ledger.parts t",
        f"{_MINE} AND t.role IS NOT NULL",
        {"role": f"CASE WHEN NOT {_MINE} THEN t.role END"},
    ),
    "members": (
        "ledger.members t",
        f"{_MINE} AND t.attributes IS NOT NULL",
        {"attributes": f"CASE WHEN NOT {_MINE} THEN t.attributes END"},
    ),
    "imported_nodes": (
        "ledger.imported_nodes t",
        f"t.id IN (SELECT record_id FROM {_NAMED}) AND t.said IS NOT NULL",
        {"said": f"CASE WHEN t.id NOT IN (SELECT record_id FROM {_NAMED}) THEN t.said END"},
    ),
    "edges": (
        _EDGES,
        "p.record_id IS NOT NULL OR c.record_id IS NOT NULL",
        {
            "parent": "coalesce(t.parent, p.record_id)",
            "parent_ref": "CASE WHEN p.record_id IS NULL THEN t.parent_ref END",
            "child": "coalesce(t.child, c.record_id)",
            "child_ref": "CASE WHEN c.record_id IS NULL THEN t.child_ref END",
        },
    ),
}


def purge(store: Store, revocation: str) -> Receipt:
    """Permanently erase the attributes and own ids of the records that a revocation names.

    Their attributes and own ids are set to null in all tables, the selector values of the
    revocation become digests, tombstones reject the content on later ingests, and older snapshots
    expire. Record ids, sizes, origins and lineage stay. A repeated purge completes an interrupted
    one and includes records revoked since.

    Raises:
        NotFoundError, MisuseError: there is no such revocation, or it was restored.
    """
    with store.snapshot(threads=1) as connection:
        state = state_of(connection, revocation)
    if not state.active:
        raise MisuseError(
            f"revocation `{state.revocation}` was restored",
            hint="revoke the records again first: `prov revoke`",
        )
    follow(store)
    with maintaining(store, "purge"):  # concurrent maintenance could restore old data files
        with store.snapshot(cache_small_tables=False) as connection:  # it is about files
            receipt = _rewrite(store, connection, state_of(connection, state.revocation))
        forgotten = expire_replaced(store)
    purged = (receipt.purged or Purged(tombstones=0, parts=0)).model_copy(
        update={"snapshots": forgotten.snapshots}
    )
    return receipt.model_copy(update={"purged": purged})


def _rewrite(store: Store, connection: Database, state: State) -> Receipt:
    """Rewrite data files with personal data, and commit them with the tombstones."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_NAMED} AS
        SELECT DISTINCT k.record_id, k.digest_rest FROM ledger.revoked k
        SEMI JOIN (FROM revoked WHERE revocation = {quote_literal(state.revocation)}) r
            ON r.record_id = k.record_id
        WHERE k.revocation = {quote_literal(state.revocation)} AND k.hops = 0""")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_OWN_IDS} AS {_IDS_SQL}")
    replaced = [item for table in _BLANKED for item in _blanked(store, connection, table)]
    words = state.takedown.personal
    replaced += _blinded_events(store, connection, words)
    commit_id = uuid.uuid4()
    tombstones = write_tombstones(store, connection, commit_id, state.revocation)
    if state.event == "purge" and not replaced and tombstones is None:
        return state.receipt.model_copy(update={"unchanged": True})
    receipt = _blind(state.receipt, words).model_copy(
        update={
            "event": "purge",
            "purged": Purged(
                tombstones=tombstones.rows if tombstones else 0,
                parts=len(replaced),
                note=SHORT_NOTE + _kept_note(store, connection),
            ),
        }
    )
    made = commit_event(store, receipt, commit_id, [tombstones], replaced)
    return receipt.model_copy(update={"recorded_at": made.recorded_at})


def _blanked(store: Store, connection: Database, table: str) -> list[Replacement]:
    """Rewrite the data files of a table that hold personal data."""
    source, personal, instead = _BLANKED[table]
    found = connection.execute(
        f"SELECT DISTINCT t.filename FROM {source} WHERE {personal} ORDER BY 1"
    ).fetchall()
    columns = ", ".join(f"{sql} AS {quote_identifier(name)}" for name, sql in instead.items())
    query = f"""
        SELECT t.* REPLACE ({columns}) FROM {source}
        WHERE t.filename = ? ORDER BY t.file_row_number"""
    return [row_by_row(path, _write(store, connection, table, query, path)) for (path,) in found]


def _write(store: Store, connection: Database, table: str, query: str, path: str) -> DataFile:
    """Write a data file with the rows of a query, which keep their commits."""
    writer = store.data_file_writer(table, None)
    try:
        for batch in connection.execute(query, [path]).to_arrow_reader(100_000):
            writer.write(batch)
        part = writer.finish()
    except BaseException:
        writer.discard()
        raise
    if part is None:
        raise AssertionError(f"{path} had rows")
    return part


def _blinded_events(
    store: Store, connection: Database, words: Collection[str]
) -> list[Replacement]:
    """Rewrite the events of revocations in which one of these words occurs."""
    rows = connection.execute(
        "SELECT filename, commit_id, receipt FROM ledger.revocations "
        "ORDER BY filename, file_row_number"
    ).fetchall()
    replaced: list[Replacement] = []
    for path, events in groupby(rows, key=itemgetter(0)):
        before = [(commit, Receipt.model_validate_json(text)) for _, commit, text in events]
        after = [(commit, _blind(receipt, words)) for commit, receipt in before]
        if after != before:
            blinded = [{**event_row(item), "commit_id": commit} for commit, item in after]
            part = store.rows("revocations", None, blinded)
            replaced += [row_by_row(path, part)] if part else []
    return replaced


def _blind(receipt: Receipt, words: Collection[str]) -> Receipt:
    """Remove personal words from a receipt: digests in selectors, ``REMOVED`` in reasons."""
    takedown: Takedown = receipt.takedown.blind(words)
    return receipt.model_copy(
        update={
            "takedown": takedown,
            "reason": _without(receipt.reason, words),
            "requested_by": _without(receipt.requested_by, words),
        }
    )


def _without(text: str | None, words: Collection[str]) -> str | None:
    if text is None:
        return None
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", REMOVED, text, flags=re.IGNORECASE)
    return text


def write_tombstones(
    store: Store, connection: Database, commit_id: uuid.UUID, revocation: str
) -> DataFile | None:
    """Write tombstones of the named records that have none yet, or none by the newest rule.

    A long text is also identified by its normalised text, so that a copy that differs in case or
    spacing is rejected too. Records read under an older rule are identified by digest only.
    """
    writer = store.data_file_writer("tombstones", commit_id)
    query = f"""
        SELECT {quote_literal(revocation)} AS revocation, record_id, digest_rest, norm_id
        FROM {_NAMED} n LEFT JOIN (
            SELECT s.record_id, s.digest_rest, min(s.norm_id) AS norm_id
            FROM ledger.sightings s JOIN ledger.files f ON f.reading_id = s.reading_id
            WHERE s.norm_chars >= {KNOWN_COPY} AND f.norm = {quote_literal(NORM_RULE)}
            GROUP BY ALL
        ) known USING (record_id, digest_rest)
        WHERE NOT EXISTS (
            FROM ledger.tombstones t WHERE t.record_id = n.record_id
                AND t.digest_rest = n.digest_rest
                AND (t.norm_id IS NOT NULL OR known.norm_id IS NULL))
        ORDER BY record_id"""
    try:
        for batch in connection.execute(query).to_arrow_reader(100_000):
            writer.write(batch)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise


def _kept_note(store: Store, connection: Database) -> str:
    """Which tables that were ingested from memory still hold the content: nobody else has them."""
    files = f"""(
        SELECT f.uri FROM ledger.files f SEMI JOIN (
            SELECT s.reading_id FROM ledger.sightings s
            SEMI JOIN {_NAMED} n ON n.record_id = s.record_id
        ) r USING (reading_id))"""
    paths = [str(place) for _, place in kept_tables(store.layout, connection, files)]
    if not paths:
        return ""
    return (
        f"; tables that were ingested from memory still hold the content, delete them: "
        f"{', '.join(paths)}"
    )
