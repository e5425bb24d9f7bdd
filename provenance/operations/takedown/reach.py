"""Find everything that a takedown reaches: records, derived records, releases, models."""

from __future__ import annotations

import hashlib

from provenance.content.measure import buffers
from provenance.lineage import node_id, text_descendants
from provenance.model.base import quote_literal
from provenance.model.takedown import (
    LISTED_DIGESTS,
    Digests,
    ModelHit,
    Reach,
    ReleaseHit,
    Takedown,
)
from provenance.operations.takedown.selectors import matching_sql
from provenance.store.connection import Database
from provenance.views.ledger_graph import HISTORY, NAMED, make_graph

HIT = "takedown_hit"
"""Temporary table (record_id, digest_rest, hops, through), made by ``find``.

``through``: the record descends from a named one only through a model.
"""

_NAMED, _EDGES, _NODES = "takedown_named", "takedown_edges", "takedown_nodes"
_OTHERS, _MADE, _LOOP = "takedown_others", "takedown_made", "takedown_loop"
_GRAPH = "takedown_graph"


_LINEAGE = """SELECT child, parent, relation, process, activity FROM lineage
WHERE child IS NOT NULL AND parent IS NOT NULL
UNION ALL SELECT child, parent, relation, process, activity FROM spread_edges"""

# Lineage in superseded versions of files, whose records may be in a release. An own id resolves to
# the record that has it now, else to any that ever had it: in its source, else in any source.
_REPLACED_SQL = """(
WITH said AS (
    SELECT e.*, f.source FROM ledger.edges e LEFT JOIN ledger.files f ON f.reading_id = e.reading_id
    WHERE e.child IS NOT NULL AND e.parent_row IS NULL
), ids AS (
    SELECT f.source, s.external_id, s.record_id, bool_or(c.reading_id IS NOT NULL) AS current
    FROM ledger.sightings s JOIN ledger.files f ON f.reading_id = s.reading_id
    LEFT JOIN files c ON c.reading_id = s.reading_id
    SEMI JOIN (
        SELECT coalesce(parent_source, source) AS source, parent_ref FROM said
        WHERE parent IS NULL
    ) w ON w.source = f.source AND w.parent_ref = s.external_id
    GROUP BY f.source, s.external_id, s.record_id
    QUALIFY current OR NOT bool_or(current) OVER (PARTITION BY f.source, s.external_id)
), near AS (
    SELECT e.* REPLACE (coalesce(e.parent, i.record_id) AS parent)
    FROM said e LEFT JOIN ids i ON i.external_id = e.parent_ref
        AND i.source = if(e.parent IS NULL, coalesce(e.parent_source, e.source), NULL)
), far AS (
    SELECT n.child, s.record_id AS parent, n.relation, n.process, n.activity
    FROM near n JOIN (SELECT DISTINCT external_id, record_id FROM ledger.sightings) s
        ON s.external_id = n.parent_ref
    WHERE n.parent IS NULL AND n.parent_source IS NULL
)
SELECT child, parent, relation, process, activity FROM near WHERE parent IS NOT NULL
UNION ALL
FROM far)
"""


def prepare(connection: Database) -> None:
    """Create the tables of edges and nodes once, for any number of takedowns."""
    replaced = _any(connection, "(FROM ledger.files ANTI JOIN files USING (reading_id))")
    both = f"{_LINEAGE} UNION {_REPLACED_SQL}" if replaced else _LINEAGE
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_EDGES} AS {both}")
    context = f"(SELECT child AS record_id FROM {_EDGES} WHERE relation = 'context')"
    # Labels matter only for records with a context edge.
    none = "" if _any(connection, context) else "LIMIT 0"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_NODES} AS
        SELECT record_id AS id, 'record' AS kind, label::VARCHAR AS label FROM origins
        SEMI JOIN {context} USING (record_id) {none}""")
    others = "SELECT id FROM imported_nodes WHERE kind <> 'record'"
    graph = f"SELECT * FROM {_EDGES} LIMIT 0"
    if _any(connection, "(FROM models WHERE trained_on IS NOT NULL)"):
        make_graph(connection)
        others += f" UNION SELECT id FROM {NAMED}"
        graph = f"SELECT * FROM {HISTORY} WHERE child IS NOT NULL AND parent IS NOT NULL"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_OTHERS} AS {others}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_GRAPH} AS {graph}")


def _any(connection: Database, relation: str) -> bool:
    return bool(connection.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchall())


def find(
    connection: Database, takedown: Takedown, among: str = "TRUE", before: str | None = None
) -> int:
    """Create ``takedown_hit`` of all that a takedown reaches; return how many records it names.

    Call ``prepare`` first.

    Args:
        among: SQL condition over ``s``, the sightings to consider.
        before: SQL of a relation (record_id, digest_rest) of records that were named already.
    """
    known = f"UNION ALL SELECT record_id, digest_rest FROM {before}" if before else ""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_NAMED} AS
        SELECT record_id AS id, min(digest_rest) AS digest_rest
        FROM (SELECT * FROM {matching_sql(takedown, among)} {known}) GROUP BY 1""")
    sources = _whole_sources(takedown)
    roots = f"(SELECT id FROM {_NAMED}{sources})"
    text_descendants(connection, _NODES, _EDGES, roots, _MADE)
    text_descendants(connection, _NODES, _GRAPH, roots, _LOOP)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {HIT} AS
        WITH walked AS (
            SELECT id, hops, false AS through FROM {_MADE}
            UNION ALL
            SELECT id, hops, true FROM {_LOOP} ANTI JOIN {_MADE} USING (id)
        ), rests AS (
            SELECT record_id AS id, min(digest_rest) AS digest_rest
            FROM ledger.sightings s SEMI JOIN walked ON walked.id = s.record_id
            WHERE s.record_id NOT IN (SELECT id FROM {_NAMED}) GROUP BY 1
        )
        SELECT w.id AS record_id, coalesce(n.digest_rest, r.digest_rest) AS digest_rest,
            w.hops, w.through
        FROM walked w LEFT JOIN {_NAMED} n USING (id) LEFT JOIN rests r USING (id)
        ANTI JOIN (SELECT id FROM {_OTHERS}{sources}) o ON o.id = w.id""")
    row = connection.execute(f"SELECT count(*) FROM {_NAMED}").fetchone()
    return int(row[0]) if row else 0


def _whole_sources(takedown: Takedown) -> str:
    """SQL of the nodes of sources that a takedown names as a whole, as further roots."""
    if len(takedown.selectors) != 1 or takedown.selectors[0].kind != "source":
        return ""
    nodes = [node_id("source", name) for name in takedown.selectors[0].values]
    return "".join(f" UNION ALL SELECT '{node}'::UUID" for node in nodes)


def reach(connection: Database) -> Reach:
    """Count and list what ``find`` found."""
    hops = connection.execute(
        f"SELECT hops, count(*) FROM {HIT} WHERE hops > 0 AND NOT through GROUP BY 1 ORDER BY 1"
    ).fetchall()
    releases = connection.execute(f"""
        SELECT m.release, count(*) FILTER (NOT h.through), count(*) FILTER (h.through)
        FROM members m JOIN {HIT} h USING (record_id) GROUP BY 1 ORDER BY 1""").fetchall()
    listed = ", ".join(quote_literal(row[0]) for row in releases) or "NULL"
    models = connection.execute(
        f"SELECT name, trained_on FROM models WHERE trained_on IN ({listed}) ORDER BY 1"
    ).fetchall()
    seen = connection.execute(f"""
        SELECT count(*), list_sort(list(DISTINCT f.source)), count(DISTINCT (f.source, f.uri))
        FROM ledger.sightings s JOIN ledger.files f ON f.reading_id = s.reading_id
        SEMI JOIN (FROM {HIT} WHERE NOT through) h ON h.record_id = s.record_id""").fetchone()
    sightings, sources, files = seen or (0, (), 0)
    return Reach(
        named=_digests(connection, "hops = 0 AND NOT through"),
        derived=_digests(connection, "hops > 0 AND NOT through"),
        hops={int(hop): int(count) for hop, count in hops},
        through_models=_digests(connection, "through"),
        releases=tuple(
            ReleaseHit(name=name, records=records, through_models=through)
            for name, records, through in releases
        ),
        models=tuple(ModelHit(name=name, trained_on=release) for name, release in models),
        sightings=sightings,
        sources=tuple(sources or ()),
        files=files,
    )


def _digests(connection: Database, where: str) -> Digests:
    state, count = hashlib.sha256(), 0
    first: tuple[str, ...] = ()
    lines = connection.execute(f"""
        SELECT 'sha256:' || replace(CAST(record_id AS VARCHAR), '-', '')
            || coalesce(replace(CAST(digest_rest AS VARCHAR), '-', ''), '') || chr(10) AS line
        FROM {HIT} WHERE {where} ORDER BY record_id, digest_rest""").to_arrow_reader(100_000)
    for batch in lines:
        column = batch.column(0)
        data, offsets = buffers(column)
        state.update(data[int(offsets[0]) : int(offsets[-1])])
        if count == 0:
            first = tuple(line.rstrip("\n") for line in column[:LISTED_DIGESTS].to_pylist())
        count += len(column)
    return Digests(records=count, sha256=f"sha256:{state.hexdigest()}", digests=first)
