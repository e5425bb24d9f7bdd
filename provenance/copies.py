"""The views of copies: texts that are, normalised, texts that somebody says a machine wrote.

Nothing of it is written at ingest: which texts are known changes with every review and contract.
Ids of two rules of normalisation never meet (``norms``), so that no rule is asked for here.
"""

from __future__ import annotations

from provenance.model.base import quote_literal
from provenance.model.origin import Tier
from provenance.norms import KNOWN_COPY

OBSERVER = "copies"
"""Who says so in evidence."""

_LISTED = ", ".join(
    quote_literal(tier) for tier in (Tier.REVIEWED, Tier.VERIFIED, Tier.TOOL, Tier.DECLARED)
)
_LONG = f"norm_chars >= {KNOWN_COPY}"
_NAMES = "process, generator, generator_family"
_SIZES = "bytes, chars, words"
_LEAST = ", ".join(f"min({name}) AS {name}" for name in _NAMES.split(", "))

# Of a chat or a pair the side that a generator speaks for is known, and never the whole: what is
# said of all of it says nothing of the user's part. Other structured records are known as texts
# are, each of their parts included.
_TEXTS = """
    SELECT reading_id, record_id, NULL::VARCHAR AS part, NULL::BOOLEAN AS side, norm_id,
        bytes, chars, words
    FROM ledger.sightings s
    WHERE {long} AND (kind <> 'structured' OR record_id NOT IN (
        SELECT record_id FROM ledger.parts WHERE model_side IS NOT NULL))
    UNION ALL
    SELECT reading_id, record_id, part, model_side, norm_id, bytes, chars, words
    FROM ledger.parts WHERE {long} AND model_side IS DISTINCT FROM false"""


def known_sql(long: str = _LONG) -> str:
    """Texts of records whose own claim is synthetic; a claim that was inferred is not their own.

    Args:
        long: SQL that is true of the texts that are looked for, by ``norm_chars``.
    """
    return f"""
    WITH texts AS ({_TEXTS.format(long=long)}), known AS (
        SELECT t.*, d.process, d.generator, d.generator_family
        FROM texts t JOIN declared d USING (reading_id) WHERE d.label = 'synthetic'
        UNION ALL
        SELECT t.*, k.process, k.generator, k.generator_family
        FROM texts t JOIN known_synthetic k USING (record_id) WHERE coalesce(t.side, k.whole)
    )
    SELECT norm_id, record_id, part, {_SIZES}, {_NAMES}
    FROM known ANTI JOIN cleared USING (record_id)"""


def matches_sql(known: str, table: str, long: str = _LONG) -> str:
    """Rows of a table of texts that equal a known text of another record, each with that record.

    Known texts are one row per id before anything is joined, so that a text that is known a
    thousand times costs no more than one that is known twice.

    Args:
        known: SQL text of a relation as ``known_sql`` gives it.
        table: SQL text of the texts: record_id, norm_id, norm_chars, sizes.
    """
    return f"""
    SELECT t.*, CASE WHEN k.first <> t.record_id THEN k.first ELSE k.last END AS "of",
        k.process, k.generator, k.generator_family
    FROM {table} t JOIN (
        SELECT norm_id, min(record_id) AS first, max(record_id) AS last, {_LEAST}
        FROM {known} GROUP BY norm_id
    ) k USING (norm_id)
    WHERE {long} AND (k.first <> t.record_id OR k.last <> t.record_id)"""


def copies_sql(known: str, sightings: str, parts: str) -> str:
    """The relation ``copies``: record, its part or NULL for all of it, of which record, sizes."""
    rest = f'min("of") AS "of", {", ".join(f"max({n}) AS {n}" for n in _SIZES.split(", "))}, {_LEAST}'
    return f"""
    SELECT record_id, NULL::VARCHAR AS part, {rest}
    FROM ({matches_sql(known, sightings)}) GROUP BY record_id
    UNION ALL
    SELECT record_id, part, {rest} FROM ({matches_sql(known, parts)}) GROUP BY record_id, part"""


def evidence_sql(copies: str, known: str) -> str:
    """What copies say, as rows of evidence: of the whole, or of the parts, added up.

    The model's own side of a chat is added to what others are known to have said in it.
    """
    said = f"""'derived' AS tier, 'synthetic' AS claim, {_LEAST}, '{OBSERVER}' AS observer,
        'same normalised text as sha256:' || replace(min("of")::VARCHAR, '-', '') AS basis"""
    sums = ", ".join(f"sum({name})::BIGINT AS part_{name}" for name in _SIZES.split(", "))
    least = f'record_id, part, {_SIZES}, {_NAMES}, "of"'
    return f"""
    SELECT record_id, true AS whole, NULL::BIGINT AS part_bytes, NULL::BIGINT AS part_chars,
        NULL::BIGINT AS part_words, {said}
    FROM {copies} WHERE part IS NULL GROUP BY record_id
    UNION ALL BY NAME
    SELECT record_id, false AS whole, {sums}, {said} FROM (
        WITH found AS (SELECT {least} FROM {copies} WHERE part IS NOT NULL)
        FROM found UNION ALL
        SELECT DISTINCT record_id, part, {_SIZES}, NULL, NULL, NULL, NULL
        FROM {known} k SEMI JOIN found USING (record_id) ANTI JOIN found USING (record_id, part)
        WHERE part IS NOT NULL
    ) GROUP BY record_id"""


_CURRENT = "(SELECT t.* FROM ledger.{table} t SEMI JOIN files USING (reading_id))"

COPY_VIEWS: dict[str, str] = {
    "known_synthetic": f"""
        SELECT record_id, bool_or(whole AND claim = 'synthetic') AS whole, {_LEAST}
        FROM own_evidence WHERE tier IN ({_LISTED})
            AND (claim = 'synthetic' OR claim = 'mixed' AND part_bytes IS NOT NULL)
        GROUP BY record_id""",
    "cleared": """
        SELECT DISTINCT record_id FROM own_evidence
        WHERE claim = 'human' AND whole AND tier IN ('reviewed', 'verified')""",
    "known_texts": known_sql(),
    "copies": copies_sql(
        "known_texts", _CURRENT.format(table="sightings"), _CURRENT.format(table="parts")
    ),
    "copy_evidence": evidence_sql("copies", "known_texts"),
}
"""Name to SQL, in an order in which they can be made, over ``own_evidence`` and ``declared``."""
