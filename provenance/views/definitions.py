"""Define the documented views over the tables of a ledger."""

from __future__ import annotations

from provenance.origin import resolver
from provenance.origin.declarations import DECLARED
from provenance.store.view_sql import Late
from provenance.views.copies import COPY_VIEWS
from provenance.views.evidence_in_force import EVIDENCE_VIEWS, READING_VIEWS
from provenance.views.imports import IMPORT_VIEWS
from provenance.views.lineage import LINEAGE_VIEWS

_CLAIM_COLUMNS = (
    "record_id, tier, claim, whole, part_bytes, part_chars, part_words, "
    "process, generator, generator_family"
)

# Generative steps: nothing is known of an unknown record, and a human one has none.
DEPTH_SQL = """SELECT o.* EXCLUDE (tier), CASE o.label WHEN 'unknown' THEN NULL WHEN 'human' THEN 0
    ELSE greatest(1, coalesce(d.depth, 1)) END::BIGINT AS depth, o.tier"""

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
    **READING_VIEWS,
    "declared": DECLARED,
    "derived": """
        SELECT d.record_id, d.depth, d.claim, d.process, d.generator, d.generator_family,
            CASE WHEN d.claim IN ('synthetic', 'mixed')
                THEN coalesce(d.process || ' of ', 'derived from ')
                || CASE WHEN d.parent IS NULL THEN 'an unknown parent'
                    WHEN d.parent_kind = 'record'
                    THEN 'record sha256:' || replace(CAST(d.parent AS VARCHAR), '-', '')
                    ELSE d.parent_kind || ' ' || coalesce(d.parent_name, CAST(d.parent AS VARCHAR))
                    END
                || coalesce(' (' || d.parent_label || ')', '')
                || CASE WHEN d.several THEN ' and others' ELSE '' END END AS basis,
            c.seq, c.recorded_at
        FROM ledger.derived d JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY c.seq DESC) = 1""",
    **EVIDENCE_VIEWS,
    **COPY_VIEWS,
    "evidence": """
        SELECT * FROM own_evidence
        UNION ALL BY NAME
        SELECT *, false AS unaccepted FROM copy_evidence
        UNION ALL BY NAME
        SELECT d.record_id, 'derived' AS tier, d.claim, true AS whole, d.process, d.generator,
            d.generator_family, 'lineage' AS observer, d.basis, d.seq, d.recorded_at,
            false AS unaccepted
        FROM derived d WHERE d.claim IN ('synthetic', 'mixed')""",
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
    "origins": Late(
        f"""
        {DEPTH_SQL} FROM ({resolver.origin_sql("claims", "sizes")}) o
        LEFT JOIN (SELECT record_id, depth FROM derived) d USING (record_id)""",
        "SELECT * EXCLUDE (commit_id) FROM ledger.origins WHERE false",
    ),
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
    **IMPORT_VIEWS,
    **LINEAGE_VIEWS,
    "activities": """
        SELECT a.* EXCLUDE (commit_id), c.seq, c.recorded_at
        FROM ledger.activities a JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY activity ORDER BY c.seq DESC) = 1""",
    # The latest event of a revocation decides; `since` is the last time that it was asked for.
    "revocations": """
        SELECT r.* EXCLUDE (commit_id), c.seq, c.recorded_at,
            max(c.seq) FILTER (r.event = 'revoke') OVER (PARTITION BY r.revocation) AS since
        FROM ledger.revocations r JOIN commits c USING (commit_id)
        QUALIFY row_number() OVER (PARTITION BY r.revocation ORDER BY c.seq DESC) = 1""",
    "revoked": """
        SELECT k.record_id,
            'sha256:' || replace(CAST(k.record_id AS VARCHAR), '-', '')
                || coalesce(replace(CAST(k.digest_rest AS VARCHAR), '-', ''), '') AS digest,
            k.revocation, min(k.hops) AS hops, any_value(r.reason) AS reason
        FROM ledger.revoked k JOIN commits c USING (commit_id) JOIN revocations r USING (revocation)
        WHERE r.event <> 'restore' AND c.seq >= r.since
        GROUP BY ALL""",
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

PUBLIC_VIEWS: dict[str, str] = {
    "records": "one row per distinct record: its id, sizes, origin, where it was seen",
    "origins": "one row per record: label, share interval, rule, generator, conflict",
    "sightings": "one row per appearance of a record in a file that is current",
    "evidence": "one row per statement of a tool, a person or a rule about one record",
    "copies": "one row per record or part that is, normalised, a text known to be synthetic",
    "sources": "one row per source, its newest contract",
    "files": "one row per file that is current, with its fingerprint and counts",
    "declared": "what is declared of each file: by its source or on the command line",
    "lineage": "one row per edge from a child to a parent; an end that is not found is NULL",
    "activities": "one row per activity that edges name: who or what made the children",
    "models": "one row per model that was registered",
    "releases": "one row per release, with its manifest",
    "members": "one row per record of a release",
    "revocations": "one row per takedown: its latest event, what was asked, why, its receipt",
    "revoked": "one row per record that is revoked now, and per revocation that it falls under",
    "commits": "one row per piece of work that changed the ledger",
}
"""The views that users may rely on."""
