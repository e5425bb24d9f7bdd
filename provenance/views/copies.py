"""Define the views of copies: records whose normalised text is known to be machine-made.

Nothing of it is written at ingest: which texts are known changes with every review and contract.
Ids of two rules of normalisation never meet (``norms``), so that no rule is asked for here.
"""

from __future__ import annotations

from provenance.content.norm_rules import KNOWN_COPY
from provenance.model.base import quote_literal
from provenance.model.origin import Tier
from provenance.store.connection import Database
from provenance.store.memory_tables import MEMORY
from provenance.store.snapshot import Snapshot
from provenance.store.view_sql import Late

OBSERVER = "copies"
"""Who says so in evidence."""

_LISTED = ", ".join(
    quote_literal(tier) for tier in (Tier.REVIEWED, Tier.VERIFIED, Tier.TOOL, Tier.DECLARED)
)
LONG = f"norm_chars >= {KNOWN_COPY}"
"""Long enough to be known by."""

SHORT = f"norm_chars BETWEEN 1 AND {KNOWN_COPY - 1}"
"""Too short: such texts are the same everywhere."""

_NAMES = "process, generator, generator_family"
_SIZES = "bytes, chars, words"
_LEAST = ", ".join(f"min({name}) AS {name}" for name in _NAMES.split(", "))

# Of a chat or a pair the side that a generator speaks for is known, and never the whole: what is
# said of all of it says nothing of the user's part. Other structured records are known as texts
# are, each of their parts included.
_TEXTS = """
    SELECT reading_id, record_id, NULL::VARCHAR AS part, NULL::BOOLEAN AS side, norm_id,
        bytes, chars, words
    FROM {sightings} WHERE {long} AND kind <> 'structured'
    UNION ALL
    SELECT reading_id, record_id, NULL, NULL, norm_id, bytes, chars, words
    FROM {sightings} s WHERE {long} AND kind = 'structured' AND NOT EXISTS (
        FROM {parts} p WHERE p.record_id = s.record_id AND p.model_side IS NOT NULL)
    UNION ALL
    SELECT reading_id, record_id, part, model_side, norm_id, bytes, chars, words
    FROM {parts} WHERE {long} AND model_side IS DISTINCT FROM false"""


LONG_TEXTS = f"""
    SELECT record_id, norm_id FROM ledger.sightings WHERE {LONG}
    UNION ALL SELECT record_id, norm_id FROM ledger.parts WHERE {LONG}"""
"""All texts that may be copies of one another, those of former readings too."""


def copied_since(commits: str) -> str:
    """SQL of the records that may be copies of what some commits brought, or the other way round.

    Args:
        commits: SQL of the ids of those commits.
    """
    added = " UNION ALL ".join(
        f"SELECT norm_id FROM ledger.{table} WHERE commit_id IN ({commits}) AND {LONG}"
        for table in ("sightings", "parts")
    )
    return f"SELECT record_id FROM ({LONG_TEXTS}) SEMI JOIN ({added}) USING (norm_id)"


def known_sql(long: str = LONG) -> str:
    """Texts of records whose own claim is synthetic; a claim that was inferred is not their own.

    Args:
        long: SQL that is true of the texts that are looked for, by ``norm_chars``.
    """
    texts = _TEXTS.format(long=long, sightings="ledger.sightings", parts="ledger.parts")
    return f"""
    WITH texts AS ({texts}), known AS (
        SELECT t.*, d.process, d.generator, d.generator_family
        FROM texts t JOIN declared d USING (reading_id) WHERE d.label = 'synthetic'
        UNION ALL
        SELECT t.*, k.process, k.generator, k.generator_family
        FROM texts t JOIN known_synthetic k USING (record_id) WHERE coalesce(t.side, k.whole)
    )
    SELECT norm_id, record_id, part, {_SIZES}, {_NAMES}
    FROM known ANTI JOIN cleared USING (record_id)"""


def marked_sql(sightings: str, parts: str, marked: str, long: str = LONG) -> str:
    """The same of files that are no part of the ledger, from what their own marks say.

    Args:
        marked: SQL text of a relation as the view ``known_synthetic`` is.
    """
    texts = _TEXTS.format(long=long, sightings=sightings, parts=parts)
    return f"""
    SELECT norm_id, record_id, part, {_SIZES}, {_NAMES}
    FROM ({texts}) t JOIN {marked} k USING (record_id) WHERE coalesce(t.side, k.whole)"""


def marks_sql(evidence: str) -> str:
    """Records that a machine wrote by their own evidence, wholly or in part."""
    return f"""
    SELECT record_id, bool_or(whole AND claim = 'synthetic') AS whole, {_LEAST}
    FROM {evidence} WHERE tier IN ({_LISTED})
        AND (claim = 'synthetic' OR claim = 'mixed' AND part_bytes IS NOT NULL)
    GROUP BY record_id"""


def copies_sql(known: str, sightings: str, parts: str, long: str = LONG) -> str:
    """Records, and parts of records, that equal a known text of another: of which, and their sizes.

    Known texts are one row per id before anything is joined, so that a text that is known a
    thousand times costs no more than one that is known twice.

    Args:
        known: SQL text of a relation as ``known_sql`` gives it.
        sightings, parts: SQL text of relations with the columns of those tables.
    """
    columns = f"record_id, norm_id, {_SIZES}"
    sizes = ", ".join(f"max({name}) AS {name}" for name in _SIZES.split(", "))
    return f"""
    SELECT record_id, part, min("of") AS "of", {sizes}, {_LEAST} FROM (
        SELECT t.*, CASE WHEN k.first <> t.record_id THEN k.first ELSE k.last END AS "of", {_NAMES}
        FROM (
            SELECT {columns}, NULL::VARCHAR AS part FROM {sightings} WHERE {long}
            UNION ALL SELECT {columns}, part FROM {parts} WHERE {long}
        ) t JOIN (
            SELECT norm_id, min(record_id) AS first, max(record_id) AS last, {_LEAST}
            FROM {known} GROUP BY norm_id
        ) k USING (norm_id)
        WHERE k.first <> t.record_id OR k.last <> t.record_id
    ) GROUP BY record_id, part"""


def evidence_sql(copies: str, known: str) -> str:
    """What copies say, as rows of evidence: of the whole, or of the parts, added up.

    The model's own side of a chat is added to what others are known to have said in it.
    """
    said = f"""'derived' AS tier, 'synthetic' AS claim, {_LEAST}, '{OBSERVER}' AS observer,
        'same normalised text as sha256:' || replace(min("of")::VARCHAR, '-', '') AS basis"""
    sums = ", ".join(
        f"CASE WHEN NOT whole THEN sum({name})::BIGINT END AS part_{name}"
        for name in _SIZES.split(", ")
    )
    return f"""
    WITH found AS MATERIALIZED (FROM {copies}), own AS (
        SELECT DISTINCT record_id, part, {_SIZES} FROM {known}
        SEMI JOIN (FROM found WHERE part IS NOT NULL) USING (record_id)
        WHERE part IS NOT NULL
    )
    SELECT record_id, whole, {sums}, {said} FROM (
        SELECT *, part IS NULL AS whole FROM found
        UNION ALL BY NAME
        SELECT *, false AS whole FROM own ANTI JOIN found USING (record_id, part)
    ) GROUP BY record_id, whole"""


_TEXT = "VARCHAR"
_WORDS = dict.fromkeys(_NAMES.split(", "), _TEXT)
_REST = dict.fromkeys(_SIZES.split(", "), "BIGINT") | _WORDS


def _empty(**columns: str) -> str:
    listed = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns.items())
    return f"SELECT {listed} WHERE false"


_KNOWN = _empty(norm_id="UUID", record_id="UUID", part=_TEXT, **_REST)
_COPY = _empty(record_id="UUID", part=_TEXT, of="UUID", **_REST)
_COPY_EVIDENCE = _empty(
    record_id="UUID",
    whole="BOOLEAN",
    **{f"part_{name}": "BIGINT" for name in _SIZES.split(", ")},
    **dict.fromkeys(("tier", "claim"), _TEXT),
    **_WORDS,
    **dict.fromkeys(("observer", "basis"), _TEXT),
)
"""What there is where there are no copies."""

_CURRENT = "(SELECT t.* FROM ledger.{table} t SEMI JOIN files USING (reading_id))"

COPY_VIEWS: dict[str, str] = {
    "known_synthetic": marks_sql("own_evidence"),
    "cleared": """
        SELECT DISTINCT record_id FROM own_evidence
        WHERE claim = 'human' AND whole AND tier IN ('reviewed', 'verified')""",
    "known_texts": Late(known_sql(), _KNOWN),
    "copies": Late(
        copies_sql(
            "known_texts", _CURRENT.format(table="sightings"), _CURRENT.format(table="parts")
        ),
        _COPY,
    ),
    "copy_evidence": Late(evidence_sql("copies", "known_texts"), _COPY_EVIDENCE),
}
"""Name to SQL, in an order in which they can be made, over ``own_evidence`` and ``declared``."""

_HELD = "held_copies"


def materialize_copies(connection: Database) -> None:
    """Look for copies once, for all that a snapshot is asked from now on.

    Evidence is read many times on the way to a judgement, and every time the view would compare
    all texts anew.
    """
    if isinstance(connection, Snapshot) and connection.materializes:
        return
    found = connection.execute(
        "SELECT current_database(), EXISTS (FROM duckdb_tables() WHERE table_name = ?)", [_HELD]
    ).fetchone()
    if found != (MEMORY, False):
        return  # it is done, or there is nothing that could be written to
    # Most ledgers have no copies: what follows from them is not asked of those, for to plan a query
    # takes longer than to look into a small ledger.
    known = _any(connection, "declared WHERE label = 'synthetic'") or _any(
        connection, "known_synthetic"
    )
    connection.execute(f"CREATE TABLE {_HELD} AS {'FROM copies' if known else _COPY}")
    evidence = _COPY_EVIDENCE
    if _any(connection, _HELD):
        parts = _any(connection, f"{_HELD} WHERE part IS NOT NULL")
        evidence = evidence_sql(_HELD, "known_texts" if parts else f"({_KNOWN})")
    connection.execute(f"CREATE TABLE {_HELD}_evidence AS {evidence}")
    connection.execute(f"CREATE OR REPLACE VIEW copies AS FROM {_HELD}")
    connection.execute(f"CREATE OR REPLACE VIEW copy_evidence AS FROM {_HELD}_evidence")


def short_copies_sql(sightings: str, parts: str) -> str:
    """Copies that are too short to say anything, as ``copies_sql`` gives them."""
    return copies_sql(f"({known_sql(SHORT)})", sightings, parts, SHORT)


def make_file_copies(connection: Database) -> str:
    """Make a table of what copies say of records in files that are audited; its name.

    The files lie in the views ``file_sightings``, ``file_parts`` and ``file_evidence``. A text of
    theirs may be known to the ledger, or by a mark that it has elsewhere in the same files.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE file_known AS
        SELECT k.* FROM known_texts k SEMI JOIN (
            SELECT norm_id FROM file_sightings UNION ALL SELECT norm_id FROM file_parts
        ) f USING (norm_id)
        UNION ALL BY NAME
        FROM ({marked_sql("file_sightings", "file_parts", f"({marks_sql('file_evidence')})")})""")
    found = copies_sql("file_known", "file_sightings", "file_parts")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE file_copies AS {evidence_sql(f"({found})", "file_known")}""")
    return "file_copies"


def _any(connection: Database, relation: str) -> bool:
    return bool(connection.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchall())
