"""The documented views over the ledger: what is current, and what follows from it."""

from __future__ import annotations

from provenance import labelling

# A source's contract counts as new declared evidence only where what it claims of origin changed;
# a corrected licence must not undo a label that was given for one file since.
_DECLARED = """
WITH said AS (
    SELECT s.name, c.seq, s.label, s.process, s.generator, s.generator_family, s.declared_by,
        lag(struct_pack(l := s.label, p := s.process, g := s.generator, f := s.generator_family))
            OVER (PARTITION BY s.name ORDER BY c.seq) AS before
    FROM ledger.sources s JOIN commits c USING (commit_id)
), contracts AS (
    SELECT * FROM said
    WHERE before IS DISTINCT FROM
        struct_pack(l := label, p := process, g := generator, f := generator_family)
    QUALIFY row_number() OVER (PARTITION BY name ORDER BY seq DESC) = 1
), statements AS (
    SELECT f.reading_id, n.seq, n.label, n.process, n.generator, n.generator_family,
        coalesce(n.declared_by, 'the contract of source ' || f.source) AS observer,
        'source ' || f.source || ': label ' || n.label AS basis
    FROM files f JOIN contracts n ON n.name = f.source
    UNION ALL
    SELECT d.reading_id, c.seq, d.label, d.process, d.generator, NULL,
        coalesce(d.declared_by, 'the command line'), 'ingest: label ' || d.label
    FROM ledger.declarations d JOIN commits c USING (commit_id)
    SEMI JOIN files f ON f.reading_id = d.reading_id
)
SELECT * FROM statements WHERE label IS NOT NULL AND label <> 'unknown'
QUALIFY row_number() OVER (PARTITION BY reading_id ORDER BY seq DESC) = 1
"""

_CLAIM_COLUMNS = (
    "record_id, tier, claim, whole, part_bytes, part_chars, part_words, "
    "process, generator, generator_family"
)

# An end of an edge is named by its record id, by its own id in a source, by its row in a file, or
# by what is quoted of it. It is looked for whenever somebody asks, so that it may come later; where
# it is not there, the row stays and that end is NULL.
_LINEAGE = """
WITH stated AS (
    SELECT e.* EXCLUDE (commit_id), f.source, f.uri
    FROM ledger.edges e JOIN files f USING (reading_id)
    UNION ALL BY NAME
    SELECT DISTINCT e.* EXCLUDE (commit_id)
    FROM ledger.edges e SEMI JOIN commits c USING (commit_id) WHERE e.reading_id IS NULL
), by_id AS (
    SELECT w.source, w.ref, min(s.record_id) AS record_id
    FROM (
        SELECT coalesce(parent_source, source) AS source, parent_ref AS ref FROM stated
        WHERE parent IS NULL AND parent_row IS NULL
        UNION
        SELECT child_source, child_ref FROM stated WHERE child IS NULL
    ) w JOIN sightings s ON s.source = w.source AND s.external_id = w.ref
    GROUP BY ALL
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
LEFT JOIN by_id c ON e.child IS NULL AND c.source = e.child_source AND c.ref = e.child_ref
LEFT JOIN by_id p ON e.parent IS NULL AND e.parent_row IS NULL
    AND p.source = coalesce(e.parent_source, e.source) AND p.ref = e.parent_ref
LEFT JOIN by_row r ON e.parent IS NULL
    AND r.parent_ref = e.parent_ref AND r.parent_row = e.parent_row
UNION ALL
SELECT child, NULL, parent, 'the text quoted in row ' || row, 'record', relation, process, NULL,
    source, uri, row
FROM quoted
"""

# Generative steps: nothing is known of an unknown record, and a human one has none.
DEPTH_SQL = """SELECT o.*, CASE o.label WHEN 'unknown' THEN NULL WHEN 'human' THEN 0
    ELSE greatest(1, coalesce(d.depth, 1)) END::BIGINT AS depth"""

VIEWS: dict[str, str] = {
    # Of two commits with one key the first counts: a repetition changes nothing.
    "commits": """
        SELECT * FROM ledger.commits
        QUALIFY row_number() OVER (PARTITION BY key ORDER BY seq, commit_id) = 1""",
    "sources": """
        SELECT s.* EXCLUDE (commit_id), c.seq, c.recorded_at
        FROM ledger.sources s JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY name ORDER BY c.seq DESC) = 1""",
    # Current readings: the newest of each (source, uri).
    "files": """
        SELECT f.*, c.seq, c.recorded_at
        FROM ledger.files f JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY source, uri ORDER BY c.seq DESC) = 1""",
    "sightings": """
        SELECT s.* EXCLUDE (commit_id), f.source, f.uri, f.split
        FROM ledger.sightings s JOIN files f USING (reading_id)""",
    "declared": _DECLARED,
    "derived": """
        SELECT d.* EXCLUDE (commit_id), c.seq, c.recorded_at
        FROM ledger.derived d JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY c.seq DESC) = 1""",
    "evidence": """
        SELECT e.* EXCLUDE (commit_id), c.seq, c.recorded_at
        FROM ledger.evidence e JOIN commits c USING (commit_id)
        WHERE e.reading_id IS NULL
        UNION ALL BY NAME
        SELECT e.* EXCLUDE (commit_id), f.seq, f.recorded_at
        FROM ledger.evidence e JOIN files f USING (reading_id)
        UNION ALL BY NAME
        SELECT d.record_id, 'derived' AS tier, d.claim, true AS whole, d.process,
            'lineage' AS observer, d.basis, d.seq, d.recorded_at
        FROM derived d WHERE d.claim IS NOT NULL""",
    # One row per statement about one record, the declared ones spelt out.
    "claims": f"""
        SELECT {_CLAIM_COLUMNS} FROM evidence
        UNION ALL
        SELECT s.record_id, 'declared', d.label, true, NULL, NULL, NULL,
            d.process, d.generator, d.generator_family
        FROM ledger.sightings s JOIN declared d USING (reading_id)""",
    "sizes": """
        SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words
        FROM sightings GROUP BY record_id""",
    "origins": f"""
        {DEPTH_SQL} FROM ({labelling.origin_sql("claims", "sizes")}) o
        LEFT JOIN (SELECT record_id, depth FROM derived) d USING (record_id)""",
    "releases": """
        SELECT r.name, r.body_digest, r.manifest, c.seq, c.recorded_at
        FROM ledger.releases r JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY name ORDER BY c.seq) = 1""",
    "members": """
        SELECT m.* FROM ledger.members m SEMI JOIN commits c USING (commit_id)""",
    "models": """
        SELECT m.* EXCLUDE (commit_id), c.seq, c.recorded_at
        FROM ledger.models m JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY name ORDER BY c.seq DESC) = 1""",
    "lineage": _LINEAGE,
    "activities": """
        SELECT a.* EXCLUDE (commit_id), c.seq, c.recorded_at
        FROM ledger.activities a JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY activity ORDER BY c.seq DESC) = 1""",
    "records": """
        SELECT o.record_id,
            'sha256:' || replace(CAST(o.record_id AS VARCHAR), '-', '')
                || replace(CAST(s.digest_rest AS VARCHAR), '-', '') AS digest,
            s.kind, o.* EXCLUDE (record_id),
            s.sightings, s.sources, s.lang, s.norm_id
        FROM origins o JOIN (
            SELECT record_id, min(digest_rest) AS digest_rest, min(kind) AS kind,
                min(norm_id) AS norm_id, count(*) AS sightings,
                list_sort(list_distinct(list(source))) AS sources, min(lang) AS lang
            FROM sightings GROUP BY record_id
        ) s USING (record_id)""",
}
"""Name to SQL, in an order in which they can be made."""

PUBLIC: dict[str, str] = {
    "records": "one row per distinct record: its id, sizes, origin, where it was seen",
    "origins": "one row per record: label, share interval, rule, generator, conflict",
    "sightings": "one row per appearance of a record in a file that is current",
    "evidence": "one row per statement of a tool, a person or a rule about one record",
    "sources": "one row per source, its newest contract",
    "files": "one row per file that is current, with its fingerprint and counts",
    "declared": "what is declared of each file: by its source or on the command line",
    "lineage": "one row per edge from a child to a parent; an end that is not found is NULL",
    "activities": "one row per activity that edges name: who or what made the children",
    "models": "one row per model that was registered",
    "releases": "one row per release, with its manifest",
    "members": "one row per record of a release",
    "commits": "one row per piece of work that changed the ledger",
}
"""The views that users may rely on."""
