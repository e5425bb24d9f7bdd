"""Define the views over imported lineage: current files, their edges and nodes."""

from __future__ import annotations

IMPORT_VIEWS: dict[str, str] = {
    "imports": """
        SELECT i.* EXCLUDE (commit_id), c.seq, c.recorded_at
        FROM ledger.imports i JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY uri ORDER BY c.seq DESC, reading_id) = 1""",
    # What several files state, or one file twice, is one edge.
    "imported_edges": """
        SELECT e.* EXCLUDE (commit_id, reading_id, row),
            min(i.uri) AS uri, arg_min(e.row, (i.uri, e.row)) AS row,
            arg_min(e.reading_id, (i.uri, e.row)) AS reading_id
        FROM ledger.edges e JOIN imports i USING (reading_id) GROUP BY ALL""",
    # Named things, whether a document describes them or an edge only leads to them.
    "imported_nodes": """
        WITH told AS (
            SELECT n.id, n.kind, n.name, arg_max(n.said, (i.seq, n.said)) AS said
            FROM ledger.imported_nodes n JOIN imports i USING (reading_id) GROUP BY ALL
        ), met AS (
            SELECT DISTINCT id, split_part(ref, ':', 1) AS kind, ref FROM (
                SELECT child AS id, child_ref AS ref, child_source AS source FROM imported_edges
                UNION ALL
                SELECT parent, parent_ref, parent_source FROM imported_edges
            ) WHERE id IS NOT NULL AND source IS NULL AND ref NOT LIKE 'sha256:%'
        )
        SELECT * FROM told
        UNION ALL
        SELECT id, kind, substr(ref, length(kind) + 2), NULL FROM met ANTI JOIN told USING (id)""",
}
"""Name to SQL, in an order in which they can be made."""
