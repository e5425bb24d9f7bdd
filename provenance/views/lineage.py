"""Define the views over edges: those with known endpoints, and those to be resolved."""

from __future__ import annotations

from provenance.model.base import Connection

_NUMBER = "& 1073741823::UBIGINT)::INTEGER + 1"

WAY_SQL = f"""((CASE WHEN activity IS NOT NULL THEN hash(activity)
    WHEN row IS NOT NULL THEN hash(reading_id, row)
    ELSE hash(reading_id, parent, parent_ref) END {_NUMBER})"""
"""By what making of its child an edge is: an activity, or a row of a file, else by itself."""


def row_way(row: str) -> str:
    """The way of what a row of a file says, by the name of a relation with such rows."""
    return f"((hash({row}.reading_id, {row}.row) {_NUMBER})"


# The record in the row that names a parent is never that parent.
_NOT_ITSELF = "(s.reading_id IS DISTINCT FROM r.reading_id OR s.row IS DISTINCT FROM r.row)"

# Of the scopes file, source and ledger the nearest that has any counts, and all that it has.
_RESOLVED = f"""
WITH stated AS MATERIALIZED (
    SELECT *, (row_number() OVER ())::UBIGINT AS reference
    FROM stated_edges WHERE child IS NULL OR parent IS NULL
), refs AS MATERIALIZED (
    SELECT reference, reading_id, row, uri, source, parent_source, parent_ref AS ref,
        coalesce(parent_source, source) AS parent_at
    FROM stated WHERE parent IS NULL AND parent_row IS NULL
), seen AS MATERIALIZED (
    SELECT f.source, f.uri, s.reading_id, s.row, s.external_id AS ref, s.record_id
    FROM ledger.sightings s JOIN files f USING (reading_id)
    WHERE s.external_id IN (
        SELECT ref FROM refs UNION SELECT child_ref FROM stated WHERE child IS NULL)
), in_file AS MATERIALIZED (
    SELECT DISTINCT r.reference, s.record_id
    FROM refs r JOIN seen s ON s.uri = r.uri AND s.ref = r.ref
    WHERE (r.parent_source IS NULL OR s.source = r.parent_source) AND {_NOT_ITSELF}
), in_source AS MATERIALIZED (
    SELECT DISTINCT r.reference, s.record_id
    FROM (FROM refs ANTI JOIN in_file USING (reference)) r
    JOIN seen s ON s.source = r.parent_at AND s.ref = r.ref
    WHERE {_NOT_ITSELF}
), in_ledger AS (
    SELECT DISTINCT r.reference, s.record_id
    FROM (FROM refs ANTI JOIN in_file USING (reference) ANTI JOIN in_source USING (reference)) r
    JOIN seen s ON s.ref = r.ref
    WHERE r.parent_source IS NULL AND {_NOT_ITSELF}
), in_row AS (
    SELECT DISTINCT r.reference, s.record_id
    FROM (FROM stated WHERE parent IS NULL AND parent_row IS NOT NULL) r
    JOIN (
        SELECT f.uri, f.source, s.reading_id, s.row, s.record_id
        FROM ledger.sightings s JOIN files f USING (reading_id)
        WHERE f.uri IN (SELECT parent_ref FROM stated WHERE parent_row IS NOT NULL)
    ) s ON s.uri = r.parent_ref AND s.row = r.parent_row
    WHERE (r.parent_source IS NULL OR s.source = r.parent_source) AND {_NOT_ITSELF}
), fitting AS MATERIALIZED (
    FROM in_file UNION ALL FROM in_source UNION ALL FROM in_ledger UNION ALL FROM in_row
), several AS (
    SELECT reference, count(*) AS candidates FROM fitting GROUP BY reference HAVING count(*) > 1
), children AS (
    SELECT DISTINCT r.reference, s.record_id
    FROM stated r JOIN seen s ON s.source = r.child_source AND s.ref = r.child_ref
    WHERE r.child IS NULL
), pieces AS (
    SELECT q.*, f.source, f.uri FROM ledger.quotes q JOIN files f USING (reading_id)
), texts AS (
    SELECT s.norm_id, s.record_id, max(max(s.chars)) OVER (PARTITION BY s.norm_id) AS chars
    FROM sightings s SEMI JOIN pieces USING (norm_id) GROUP BY s.norm_id, s.record_id
), quoted AS (
    SELECT *, count(*) OVER (PARTITION BY reading_id, row, child) AS candidates FROM (
        SELECT DISTINCT p.reading_id, p.row, p.child, p.relation, p.process, p.source, p.uri,
            t.record_id AS parent
        FROM pieces p LEFT JOIN texts t ON t.norm_id = p.norm_id AND t.record_id <> p.child
        QUALIFY rank() OVER (
            PARTITION BY p.reading_id, p.row, p.child ORDER BY t.chars DESC NULLS LAST) = 1)
)
SELECT coalesce(e.child, c.record_id) AS child, e.child_ref,
    coalesce(e.parent, p.record_id) AS parent, e.parent_ref, e.parent_kind,
    e.relation, e.process, e.activity, e.source, e.uri, e.row,
    coalesce(m.candidates, 1) AS candidates, e.reference, e.way,
    if(e.parent IS NULL, (hash(e.parent_ref, e.parent_row) {_NUMBER}, 0) AS choice
FROM (SELECT *, {WAY_SQL} AS way FROM stated) e
LEFT JOIN children c ON c.reference = e.reference
LEFT JOIN fitting p ON p.reference = e.reference
LEFT JOIN several m ON m.reference = e.reference
UNION ALL
SELECT child, NULL, parent, 'the text quoted in row ' || row, 'record', relation, process,
    NULL, source, uri, row, candidates,
    hash(reading_id, row, child) | (1::UBIGINT << 63), {row_way("quoted")}, 1
FROM quoted"""

LINEAGE_VIEWS: dict[str, str] = {
    # Every edge that is current, as it was stated.
    "stated_edges": """
        SELECT e.* EXCLUDE (commit_id), f.source, f.uri
        FROM ledger.edges e JOIN files f USING (reading_id)
        UNION ALL BY NAME
        SELECT DISTINCT e.* EXCLUDE (commit_id)
        FROM ledger.edges e SEMI JOIN commits c USING (commit_id) WHERE e.reading_id IS NULL
        UNION ALL BY NAME
        SELECT * FROM imported_edges""",
    # An end of an edge is named by its record id, by its own id in a source, by its row in a file,
    # or by what is quoted of it. It is looked for whenever somebody asks, so that it may come
    # later; where it is not there, the row stays and that end is NULL. All that a reference fits is
    # kept, a row each, of which there are ``candidates``.
    "resolved_edges": _RESOLVED,
    # What came of itself unchanged has no edge.
    "late_edges": """
        FROM resolved_edges WHERE child IS NULL OR parent IS NULL OR child <> parent""",
    "lineage": """
        SELECT child, child_ref, parent, parent_ref, parent_kind, relation, process, activity,
            source, uri, row, 1::BIGINT AS candidates
        FROM stated_edges WHERE child IS NOT NULL AND parent IS NOT NULL AND child <> parent
        UNION ALL
        SELECT child, child_ref, parent, parent_ref, parent_kind, relation, process, activity,
            source, uri, row, candidates
        FROM late_edges""",
    # What is said of a source is said of each of its records.
    "spread_edges": f"""
        SELECT s.record_id AS child, e.parent, e.relation, e.process, e.activity, e.way, 0 AS choice
        FROM (
            SELECT DISTINCT substr(child_ref, 8) AS source, parent, relation, process, activity,
                {WAY_SQL} AS way
            FROM stated_edges
            WHERE child IS NOT NULL AND parent IS NOT NULL AND child_source IS NULL
                AND starts_with(child_ref, 'source:')
        ) e JOIN (SELECT DISTINCT source, record_id FROM sightings) s ON s.source = e.source""",
}
"""Name to SQL, in an order in which they can be made."""

_HAS_LINEAGE = """
SELECT EXISTS (FROM ledger.edges) OR EXISTS (FROM ledger.quotes) OR EXISTS (FROM ledger.models)
    OR EXISTS (FROM ledger.imported_nodes)
"""


def has_lineage(connection: Connection) -> bool:
    """Whether there is anything that lineage is carried along."""
    return bool(connection.execute(_HAS_LINEAGE).fetchone()[0])
