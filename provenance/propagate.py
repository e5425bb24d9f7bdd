"""Carry origin along lineage: what derivation proves of a record, and how deep it lies."""

from __future__ import annotations

import uuid

from provenance import labelling
from provenance.due import is_due, through
from provenance.graph import EDGES, NODES, make_graph
from provenance.lineage import depths, derived_claims
from provenance.store.catalogue import Database
from provenance.store.store import Commit, Store

_CLAIM_COLUMNS = (
    "record_id, tier, claim, whole, part_bytes, part_chars, part_words, "
    "process, generator, generator_family"
)

# One claim per record is kept: synthetic before mixed, and of several the least basis, so that the
# order in which edges came does not matter.
_CHANGED = """
WITH proved AS (
    SELECT record_id, claim, process, basis FROM lineage_claims
    QUALIFY row_number() OVER (
        PARTITION BY record_id ORDER BY claim DESC, process NULLS LAST, basis) = 1
), deep AS (
    SELECT d.id AS record_id, d.depth FROM lineage_depths d
    SEMI JOIN lineage_records r ON r.id = d.id
), now AS (
    SELECT coalesce(deep.record_id, proved.record_id) AS record_id,
        coalesce(deep.depth, 0) AS depth, proved.claim, proved.process, proved.basis
    FROM deep FULL JOIN proved USING (record_id)
)
SELECT now.* FROM now LEFT JOIN derived was USING (record_id)
WHERE (now.depth, now.claim, now.process, now.basis)
    IS DISTINCT FROM (was.depth, was.claim, was.process, was.basis)
    AND NOT (was.record_id IS NULL AND now.depth <= 1 AND now.claim IS NULL)
"""


def propagate(store: Store) -> Commit | None:
    """Bring derived evidence and depths up to date with the edges; ``None`` when nothing changed.

    Rows are added for records whose derived claim or depth is another one now; the newest row of a
    record is current. Nothing is worked out when nothing that was committed since the last time
    can bear on lineage.
    """
    with store.snapshot() as connection:
        if not is_due(connection):
            return None
        make_graph(connection)
        _derive(connection)
        return _record(store, connection)


def _derive(connection: Database) -> None:
    """Claims from the labels that stand without lineage, then depths from the labels with it."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW own_claims AS
        SELECT {_CLAIM_COLUMNS} FROM claims WHERE tier <> 'derived'""")
    _nodes(connection, "own_nodes", "own_claims")
    derived_claims(connection, "own_nodes", EDGES, "lineage_claims")
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW all_claims AS
        SELECT {_CLAIM_COLUMNS} FROM own_claims
        UNION ALL
        SELECT record_id, 'derived', claim, true, NULL, NULL, NULL, process, NULL, NULL
        FROM lineage_claims""")
    _nodes(connection, "all_nodes", "all_claims")
    depths(connection, "all_nodes", EDGES, "lineage_depths")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW lineage_records AS SELECT id FROM {NODES} "
        "WHERE kind = 'record'"
    )


def _nodes(connection: Database, name: str, claims: str) -> None:
    origins = labelling.origin_sql(claims, "sizes")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        SELECT record_id AS id, 'record' AS kind, label::VARCHAR AS label, NULL::BIGINT AS own_depth
        FROM ({origins})
        UNION ALL
        SELECT id, kind, NULL, NULL FROM {NODES} WHERE kind <> 'record'""")


def _record(store: Store, connection: Database) -> Commit | None:
    commit_id = uuid.uuid4()
    writer = store.part("derived", commit_id)
    try:
        for batch in connection.execute(_CHANGED).to_arrow_reader(100_000):
            writer.write(batch)
        part = writer.finish()
    except BaseException:
        writer.discard()
        raise
    seen = store.rows("propagations", commit_id, [{"through": through(connection)}])
    commit = store.commit("propagate", f"propagate:{commit_id}", [part, seen], commit_id)
    return None if part is None else commit
