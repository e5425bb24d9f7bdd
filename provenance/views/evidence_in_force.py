"""Define the views over evidence: which statements are in force, and their weight."""

from __future__ import annotations

BY_CONTRACT = "the contract of the source"
"""Who says what a contract claims of single records of a row; no file can speak by this name."""

_LIST = """'["VARCHAR"]'"""


def counted_evidence(stated: str) -> str:
    """SQL of evidence as it counts, from evidence as files and people state it.

    What a file says against its supplier's interest is believed. That a record of it is human
    counts like a heuristic, and that only a part of it is synthetic is a claim about that part
    alone, unless the source's contract accepts who says so. A question about a field that is said
    to be no mark is no question.

    Args:
        stated: SQL of a relation with the columns of ``evidence``, and the lists ``accepts`` and
            ``ignores`` of whoever answers for the file; both are NULL for what is no file's word.
    """
    return f"""
        SELECT * EXCLUDE (accepts, ignores) REPLACE (
            CASE WHEN unaccepted AND claim = 'human' THEN 'heuristic' ELSE tier END AS tier,
            whole AND NOT (unaccepted AND claim = 'mixed') AS whole)
        FROM (
            SELECT *, reading_id IS NOT NULL AND (claim = 'human' OR claim = 'mixed' AND whole)
                AND observer <> '{BY_CONTRACT}'
                AND NOT coalesce(list_contains(accepts, observer), false)
                AND NOT coalesce(list_contains(accepts, field), false) AS unaccepted
            FROM ({stated}))
        WHERE claim <> 'question' OR NOT coalesce(list_contains(ignores, field), false)"""


READING_VIEWS: dict[str, str] = {
    # Of what was said of a file to be no mark, the newest list counts.
    "ignored_fields": f"""
        SELECT d.reading_id, from_json(d.ignores, {_LIST}) AS ignores
        FROM ledger.declarations d JOIN commits c USING (commit_id) WHERE d.ignores IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY d.reading_id ORDER BY c.seq DESC) = 1""",
    # Readings whose evidence is in force, each with the reading that is current in its place: that
    # one itself, and those before it, back to the last one that was made to replace them.
    "spoken_readings": f"""
        SELECT r.* EXCLUDE (replaced), from_json(s.accepts, {_LIST}) AS accepts,
            list_concat(from_json(s.ignores, {_LIST}), i.ignores, o.ignores) AS ignores
        FROM (
            SELECT f.reading_id, f.source, f.uri, c.seq, c.recorded_at,
                first_value(f.reading_id) OVER place AS current_id,
                row_number() OVER place = 1 AS current,
                count(*) OVER (PARTITION BY f.source, f.uri) > 1 AS repeated,
                max(c.seq) FILTER (f.replaced_by IS NOT NULL)
                    OVER (PARTITION BY f.source, f.uri) AS replaced
            FROM ledger.files f JOIN commits c USING (commit_id)
            WINDOW place AS (PARTITION BY f.source, f.uri ORDER BY c.seq DESC)
        ) r LEFT JOIN sources s ON s.name = r.source
        LEFT JOIN ignored_fields i ON i.reading_id = r.current_id
        LEFT JOIN ignored_fields o ON o.reading_id = r.reading_id AND NOT r.current
        WHERE r.seq >= coalesce(r.replaced, 0)""",
}
"""Name to SQL, in an order in which they can be made, after files and sources."""

EVIDENCE_VIEWS: dict[str, str] = {
    # What an earlier reading of a file said of records that are still there, and the current one
    # does not say any more, or says of less of them: of each kind of claim the newest.
    "lost_evidence": """
        SELECT e.* EXCLUDE (commit_id), r.source, r.uri, r.seq, r.recorded_at, r.accepts, r.ignores
        FROM ledger.evidence e JOIN (FROM spoken_readings WHERE NOT current) r USING (reading_id)
        WHERE e.claim <> 'human'
            AND (e.claim <> 'question' OR NOT coalesce(list_contains(r.ignores, e.field), false))
            AND NOT EXISTS (
            SELECT 1 FROM ledger.evidence n
            JOIN (FROM spoken_readings WHERE current AND repeated) c USING (reading_id)
            WHERE n.record_id = e.record_id AND n.claim = e.claim AND n.whole = e.whole
                AND c.source = r.source AND c.uri = r.uri
                AND n.tier IN (e.tier, 'tool', 'verified')
                AND (n.part_bytes >= e.part_bytes
                    OR n.part_bytes IS NOT DISTINCT FROM e.part_bytes))
            AND e.record_id IN (SELECT record_id FROM sightings)
        QUALIFY row_number() OVER (
            PARTITION BY e.record_id, e.tier, e.claim, e.whole, e.part_bytes, r.source, r.uri
            ORDER BY r.seq DESC, e.basis, e.row) = 1""",
    "stated_evidence": """
        SELECT e.* EXCLUDE (commit_id), c.seq, c.recorded_at,
            NULL::VARCHAR[] AS accepts, NULL::VARCHAR[] AS ignores
        FROM ledger.evidence e JOIN commits c USING (commit_id)
        WHERE e.reading_id IS NULL
        UNION ALL BY NAME
        SELECT e.* EXCLUDE (commit_id), r.seq, r.recorded_at, r.accepts, r.ignores
        FROM ledger.evidence e JOIN (FROM spoken_readings WHERE current) r USING (reading_id)
        UNION ALL BY NAME
        SELECT * EXCLUDE (source, uri) FROM lost_evidence""",
    # What was stated of a record itself, as it counts; the rest is inferred from others.
    "own_evidence": counted_evidence("FROM stated_evidence"),
}
"""Name to SQL, in an order in which they can be made, after files, sightings and readings."""
