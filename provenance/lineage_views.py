"""The views over edges: those whose ends are known, and those whose ends are looked for."""

from __future__ import annotations

from provenance.model.base import Connection

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
    # later; where it is not there, the row stays and that end is NULL.
    # Which ends are looked for stands in columns: a condition beside the equalities of an outer
    # join would have every edge compared with every record.
    "late_edges": """
        WITH stated AS (
            SELECT *, if(child IS NULL, child_source, NULL) AS child_at,
                if(parent IS NULL AND parent_row IS NULL, coalesce(parent_source, source), NULL)
                    AS parent_at
            FROM stated_edges WHERE child IS NULL OR parent IS NULL
        ), wanted AS MATERIALIZED (
            SELECT parent_at AS source, parent_ref AS ref FROM stated WHERE parent_at IS NOT NULL
            UNION
            SELECT child_at, child_ref FROM stated WHERE child_at IS NOT NULL
        ), seen AS (
            SELECT f.source, s.external_id AS ref, s.record_id
            FROM ledger.sightings s JOIN files f USING (reading_id)
            WHERE f.source IN (SELECT source FROM wanted)
        ), by_id AS MATERIALIZED (
            SELECT source, ref, min(record_id) AS record_id
            FROM wanted JOIN seen USING (source, ref) GROUP BY ALL
        ), by_row AS (
            SELECT w.parent_ref, w.parent_row, min(s.record_id) AS record_id
            FROM (SELECT DISTINCT parent_ref, parent_row FROM stated WHERE parent_row IS NOT NULL) w
            JOIN files f ON f.uri = w.parent_ref
            JOIN ledger.sightings s ON s.reading_id = f.reading_id AND s.row = w.parent_row
            GROUP BY ALL
        ), pieces AS (
            SELECT q.*, f.source, f.uri FROM ledger.quotes q JOIN files f USING (reading_id)
        ), texts AS (
            SELECT s.norm_id, s.record_id, max(s.chars) AS chars
            FROM sightings s SEMI JOIN pieces USING (norm_id) GROUP BY ALL
        ), quoted AS (
            SELECT p.reading_id, p.row, p.child, p.relation, p.process, p.source, p.uri,
                arg_max(t.record_id, (t.chars, t.record_id)) AS parent
            FROM pieces p LEFT JOIN texts t ON t.norm_id = p.norm_id AND t.record_id <> p.child
            GROUP BY ALL
        )
        SELECT coalesce(e.child, c.record_id) AS child, e.child_ref,
            coalesce(e.parent, p.record_id, r.record_id) AS parent, e.parent_ref, e.parent_kind,
            e.relation, e.process, e.activity, e.source, e.uri, e.row
        FROM stated e
        LEFT JOIN by_id c ON c.source = e.child_at AND c.ref = e.child_ref
        LEFT JOIN by_id p ON p.source = e.parent_at AND p.ref = e.parent_ref
        LEFT JOIN by_row r ON r.parent_ref = e.parent_ref AND r.parent_row = e.parent_row
        UNION ALL
        SELECT child, NULL, parent, 'the text quoted in row ' || row, 'record', relation, process,
            NULL, source, uri, row
        FROM quoted""",
    "lineage": """
        SELECT child, child_ref, parent, parent_ref, parent_kind, relation, process, activity,
            source, uri, row
        FROM stated_edges WHERE child IS NOT NULL AND parent IS NOT NULL
        UNION ALL
        SELECT * FROM late_edges""",
}
"""Name to SQL, in an order in which they can be made."""

_HAS_LINEAGE = """
SELECT EXISTS (FROM ledger.edges) OR EXISTS (FROM ledger.quotes) OR EXISTS (FROM ledger.models)
    OR EXISTS (FROM ledger.imported_nodes)
"""


def has_lineage(connection: Connection) -> bool:
    """Whether there is anything that lineage is carried along."""
    return bool(connection.execute(_HAS_LINEAGE).fetchone()[0])
