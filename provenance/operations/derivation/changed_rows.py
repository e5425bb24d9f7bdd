"""Compute the rows of the table ``derived`` that a propagation changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.lineage import (
    DerivedClaims,
    GraphArrays,
    copy_to_temp_table,
    is_absent,
    is_record,
    propagate_depths,
)
from provenance.operations.derivation.incremental import KNOWN, REGION
from provenance.origin import resolver
from provenance.origin.recognisers.families import family_of
from provenance.store.connection import Database
from provenance.views.ledger_graph import EDGES, FOUND, NAMED
from provenance.views.subset import labels_for_ids

TAINTED = "tainted"
"""Pseudo-claim of a source or release that holds or passes on synthetic text."""

_CLAIM_COLUMNS = (
    "record_id, tier, claim, whole, part_bytes, part_chars, part_words, "
    "process, generator, generator_family"
)
_OWN = f"(SELECT {_CLAIM_COLUMNS} FROM claims WHERE tier <> 'derived')"

# A source has the label of its contract; edges to its records add theirs.
_CONTRACT = f"""(
SELECT n.id, n.kind, s.label
FROM {NAMED} n LEFT JOIN sources s ON s.name = if(n.kind = 'source', n.name, NULL))"""

EVERY_NODE = f"""(
SELECT record_id AS id, 'record' AS kind, label::VARCHAR AS label, NULL::BIGINT AS own_depth,
    false AS proven
FROM ({resolver.origin_sql(_OWN, "sizes")})
UNION ALL SELECT id, kind, label, NULL, false FROM {_CONTRACT})"""
"""All nodes."""

SPARSE = 4
"""With fewer than one edge per so many sightings, most records have no edge."""

_BOUND = "graph_bound"

_COUNTS = f"""
SELECT (SELECT count(*) FROM ledger.edges) + (SELECT count(*) FROM ledger.members)
    + (SELECT count(*) FROM {FOUND}), (SELECT count(*) FROM ledger.sightings)
"""

_BOUND_NODES = f"""(
SELECT record_id AS id, 'record' AS kind, label::VARCHAR AS label, NULL::BIGINT AS own_depth,
    false AS proven
FROM ({labels_for_ids(f"SELECT id FROM {_BOUND}", _OWN)})
UNION ALL SELECT id, kind, label, NULL, false FROM {_CONTRACT})"""


def nodes_sql(connection: Database) -> str:
    """SQL of the nodes of a full run, with their labels before propagation.

    Records without edges and without earlier derived rows make no difference; if most are like
    that, they are left out. Call ``make_graph`` first.
    """
    edges, sightings = connection.execute(_COUNTS).fetchone() or (0, 0)
    if edges * SPARSE > sightings:
        return EVERY_NODE
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_BOUND} AS SELECT child AS id FROM {EDGES} UNION "
        f"SELECT parent FROM {EDGES} WHERE parent IS NOT NULL UNION "
        "SELECT record_id FROM ledger.derived"
    )
    return _BOUND_NODES


# Nodes outside the region keep what was derived before.
SOME_NODES = f"""(
SELECT n.id, coalesce(named.kind, 'record') AS kind,
    coalesce(named.label, o.label::VARCHAR) AS label,
    CASE WHEN n.beside THEN n.depth END AS own_depth, n.beside AND n.claim IS NOT NULL AS proven
FROM {KNOWN} n LEFT JOIN {_CONTRACT} named USING (id)
LEFT JOIN ({labels_for_ids("SELECT id FROM " + KNOWN, _OWN)}) o ON o.record_id = n.id
WHERE named.id IS NOT NULL OR o.record_id IS NOT NULL)"""
"""Nodes of an incremental run, as ``make_known`` lists them."""

_PROOFS, _NUMBERS = "propagated_proofs", "propagated_places"

_RAISED = f"""(
SELECT * FROM {_OWN} UNION ALL
SELECT id, 'derived', claim, true, NULL, NULL, NULL, process, NULL, NULL FROM {_PROOFS})"""

_NOW = "propagated_now"

_CHANGED = f"""
WITH was AS (
    SELECT d.* EXCLUDE (commit_id) FROM ledger.derived d JOIN commits c USING (commit_id)
    {{only}} QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY c.seq DESC) = 1
)
SELECT now.* EXCLUDE (least)
    REPLACE (if(now.parent_kind = 'absent', 'record', now.parent_kind) AS parent_kind)
FROM {_NOW} now LEFT JOIN was USING (record_id) {{only}}
WHERE (now.depth, now.claim, now.process, now.parent, now.parent_label, now.several,
        now.generator, now.generator_family)
    IS DISTINCT FROM (was.depth, was.claim, was.process, was.parent, was.parent_label, was.several,
        was.generator, was.generator_family)
    AND NOT (now.depth <= now.least AND now.claim IS NULL
        AND coalesce(was.depth, 0) <= now.least AND was.claim IS NULL)
"""
"""An empty result is the same as no row, whatever the record's own label is."""


def outcome_sql(
    connection: Database, whole: GraphArrays, proofs: DerivedClaims, *, base: bool
) -> str:
    """SQL of the rows to add to ``derived``.

    Args:
        base: whether the whole graph was computed, not only a region.
    """
    artificial = _artificial_nodes(connection, whole, proofs, base=base)
    depth = propagate_depths(whole, artificial)
    copy_to_temp_table(connection, _now(whole, proofs, depth, _families(connection)), _NOW)
    only = "" if base else f"SEMI JOIN {REGION} region ON region.id = record_id"
    return _CHANGED.format(only=only)


def _artificial_nodes(
    connection: Database, whole: GraphArrays, proofs: DerivedClaims, *, base: bool
) -> Any:
    """Mask of the nodes that are synthetic or mixed, by themselves or by derived claims."""
    found = np.array(whole.nodes.column("artificial").to_numpy(), np.bool_)
    ids = whole.nodes.column("id").combine_chunks()
    raised = ~found[proofs.record]
    table = pa.table(
        {
            "id": ids.take(pa.array(proofs.record[raised])),
            "claim": proofs.claim.filter(pa.array(raised)).cast(pa.string()),
            "process": proofs.process.filter(pa.array(raised)).cast(pa.string()),
        }
    )
    copy_to_temp_table(connection, table, _PROOFS)
    if not base:
        connection.execute(
            f"INSERT INTO {_PROOFS} SELECT id, claim, process FROM {KNOWN} "
            "WHERE beside AND claim IS NOT NULL"
        )
    copy_to_temp_table(connection, whole.nodes.select(["id", "number"]), _NUMBERS)
    labels = labels_for_ids(f"SELECT id FROM {_PROOFS}", _RAISED)
    positions = connection.execute(
        f"SELECT number FROM {_NUMBERS} JOIN ({labels}) o "
        "ON o.record_id = id WHERE label IN ('synthetic', 'mixed')"
    ).to_arrow_table()
    found[positions.column("number").to_numpy()] = True
    return found


def _families(connection: Database) -> dict[str, str]:
    """Load the families of registered models."""
    rows = connection.execute("SELECT name, family FROM models WHERE family IS NOT NULL")
    return dict(rows.fetchall())


def _now(
    whole: GraphArrays, proofs: DerivedClaims, depth: Any, families: Mapping[str, str]
) -> pa.Table:
    """Make a row per existing node: its derived claim and depth."""
    nodes = whole.nodes
    positions = np.full(nodes.num_rows, -1)
    positions[proofs.record] = np.arange(len(proofs.record))
    seen = np.flatnonzero(~is_absent(whole))
    proof_at = pa.array(positions[seen], mask=positions[seen] < 0)
    parents = pa.array(proofs.parent)
    kinds, labels = (nodes.column(name).combine_chunks() for name in ("kind", "label"))
    ids = nodes.column("id").combine_chunks()
    kind = kinds.take(parents)
    names = pa.array(whole.names.values(), pa.string())
    family = pa.array([families.get(n) or family_of(n) for n in whole.names.values()], pa.string())
    named = np.full(nodes.num_rows, -1)
    named[list(whole.names)] = np.arange(len(names))
    writer, parent = (
        pa.array(named[proof_at], mask=(proof_at < 0) | (named[proof_at] < 0))
        for proof_at in (proofs.writer, proofs.parent)
    )
    claim = proofs.claim.take(proof_at)
    if len(proofs.tainted):
        tainted = np.zeros(nodes.num_rows, np.bool_)
        tainted[proofs.tainted] = True
        claim = pc.if_else(pa.array(tainted[seen]), TAINTED, claim.cast(pa.string()))
    return pa.table(
        {
            "record_id": ids.take(pa.array(seen)),
            "depth": pa.array(depth[seen], pa.int64()),
            "claim": claim,
            "process": proofs.process.take(proof_at),
            "parent": ids.take(parents).take(proof_at),
            "parent_kind": kind.take(proof_at),
            "parent_label": labels.take(parents).take(proof_at),
            "several": pa.array(proofs.several).take(proof_at),
            "parent_name": names.take(parent).take(proof_at),
            "generator": names.take(writer).take(proof_at),
            "generator_family": family.take(writer).take(proof_at),
            "least": pa.array(is_record(whole)[seen].astype(np.int64)),
        }
    )
