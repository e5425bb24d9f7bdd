"""What a propagation comes to: the rows of ``derived`` that are other ones now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.lineage import Proofs, Whole, deepen, is_absent, is_record, keep
from provenance.operations.derivation.incremental import KNOWN, REGION
from provenance.origin import resolver
from provenance.origin.recognisers.families import family_of
from provenance.store.connection import Database
from provenance.views.ledger_graph import EDGES, FOUND, NAMED
from provenance.views.subset import labels_of

TAINTED = "tainted"
"""What stands for a claim where a source or release holds or hands on text of a machine."""

_CLAIM_COLUMNS = (
    "record_id, tier, claim, whole, part_bytes, part_chars, part_words, "
    "process, generator, generator_family"
)
_OWN = f"(SELECT {_CLAIM_COLUMNS} FROM claims WHERE tier <> 'derived')"

# A source is what its contract says; what its records are is added by edges to them.
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
"""With fewer edges than one for so many sightings, most records are at the end of none."""

_BOUND = "graph_bound"

_COUNTS = f"""
SELECT (SELECT count(*) FROM ledger.edges) + (SELECT count(*) FROM ledger.members)
    + (SELECT count(*) FROM {FOUND}), (SELECT count(*) FROM ledger.sightings)
"""

_BOUND_NODES = f"""(
SELECT record_id AS id, 'record' AS kind, label::VARCHAR AS label, NULL::BIGINT AS own_depth,
    false AS proven
FROM ({labels_of(f"SELECT id FROM {_BOUND}", _OWN)})
UNION ALL SELECT id, kind, label, NULL, false FROM {_CONTRACT})"""


def nodes_sql(connection: Database) -> str:
    """SQL of the nodes of a full run, with the labels that stand without lineage.

    A record that no edge leads to or comes from, and of which nothing was derived before, makes no
    difference; where most are like that, they are left out. Call ``make_graph`` first.
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


# What is beside a region keeps what is known of it.
SOME_NODES = f"""(
SELECT n.id, coalesce(named.kind, 'record') AS kind,
    coalesce(named.label, o.label::VARCHAR) AS label,
    CASE WHEN n.beside THEN n.depth END AS own_depth, n.beside AND n.claim IS NOT NULL AS proven
FROM {KNOWN} n LEFT JOIN {_CONTRACT} named USING (id)
LEFT JOIN ({labels_of("SELECT id FROM " + KNOWN, _OWN)}) o ON o.record_id = n.id
WHERE named.id IS NOT NULL OR o.record_id IS NOT NULL)"""
"""Those that some edges lead to or come from, as ``make_known`` has them."""

_WHAT, _PLACES = "propagated_proofs", "propagated_places"

_RAISED = f"""(
SELECT * FROM {_OWN} UNION ALL
SELECT id, 'derived', claim, true, NULL, NULL, NULL, process, NULL, NULL FROM {_WHAT})"""

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
"""Nothing that lineage says of a record is the same as no row, whatever its own label is."""


def outcome_sql(connection: Database, whole: Whole, proofs: Proofs, *, base: bool) -> str:
    """SQL of the rows that are to be added to ``derived``.

    Args:
        base: whether everything was worked out anew, and not a region alone.
    """
    written = _written(connection, whole, proofs, base=base)
    depth = deepen(connection, whole, written).depth
    keep(connection, _now(whole, proofs, depth, _families(connection)), _NOW)
    only = "" if base else f"SEMI JOIN {REGION} region ON region.id = record_id"
    return _CHANGED.format(only=only)


def _written(connection: Database, whole: Whole, proofs: Proofs, *, base: bool) -> Any:
    """Which nodes are synthetic or mixed, once it is heard what is proven of them.

    Those that are so by themselves stay so.
    """
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
    keep(connection, table, _WHAT)
    if not base:
        connection.execute(
            f"INSERT INTO {_WHAT} SELECT id, claim, process FROM {KNOWN} "
            "WHERE beside AND claim IS NOT NULL"
        )
    keep(connection, whole.nodes.select(["id", "number"]), _PLACES)
    labels = labels_of(f"SELECT id FROM {_WHAT}", _RAISED)
    places = connection.execute(
        f"SELECT number FROM {_PLACES} JOIN ({labels}) o "
        "ON o.record_id = id WHERE label IN ('synthetic', 'mixed')"
    ).to_arrow_table()
    found[places.column("number").to_numpy()] = True
    return found


def _families(connection: Database) -> dict[str, str]:
    """The families that models were registered with."""
    rows = connection.execute("SELECT name, family FROM models WHERE family IS NOT NULL")
    return dict(rows.fetchall())


def _now(whole: Whole, proofs: Proofs, depth: Any, families: Mapping[str, str]) -> pa.Table:
    """A row per node that was seen: what is proven of it, and its depth."""
    nodes = whole.nodes
    places = np.full(nodes.num_rows, -1)
    places[proofs.record] = np.arange(len(proofs.record))
    seen = np.flatnonzero(~is_absent(whole))
    at = pa.array(places[seen], mask=places[seen] < 0)
    parents = pa.array(proofs.parent)
    kinds, labels = (nodes.column(name).combine_chunks() for name in ("kind", "label"))
    ids = nodes.column("id").combine_chunks()
    kind = kinds.take(parents)
    names = pa.array(whole.names.values(), pa.string())
    family = pa.array([families.get(n) or family_of(n) for n in whole.names.values()], pa.string())
    named = np.full(nodes.num_rows, -1)
    named[list(whole.names)] = np.arange(len(names))
    writer, parent = (
        pa.array(named[at], mask=(at < 0) | (named[at] < 0))
        for at in (proofs.writer, proofs.parent)
    )
    claim = proofs.claim.take(at)
    if len(proofs.tainted):
        tainted = np.zeros(nodes.num_rows, np.bool_)
        tainted[proofs.tainted] = True
        claim = pc.if_else(pa.array(tainted[seen]), TAINTED, claim.cast(pa.string()))
    return pa.table(
        {
            "record_id": ids.take(pa.array(seen)),
            "depth": pa.array(depth[seen], pa.int64()),
            "claim": claim,
            "process": proofs.process.take(at),
            "parent": ids.take(parents).take(at),
            "parent_kind": kind.take(at),
            "parent_label": labels.take(parents).take(at),
            "several": pa.array(proofs.several).take(at),
            "parent_name": names.take(parent).take(at),
            "generator": names.take(writer).take(at),
            "generator_family": family.take(writer).take(at),
            "least": pa.array(is_record(whole)[seen].astype(np.int64)),
        }
    )
