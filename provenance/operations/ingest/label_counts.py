"""Count labels and open questions of the records that one commit brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from provenance.model.base import quote_literal
from provenance.operations.ingest.file_declarations import SourceContext
from provenance.operations.ingest.summary import Question
from provenance.operations.ingest.superseded_evidence import CLAIMED, CarriedEvidence
from provenance.origin import resolver
from provenance.store.catalog import over_parts
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.store.layout import Layout
from provenance.views.evidence_in_force import counted_evidence
from provenance.views.open_questions import questions_sql

_NAMES = "NULL AS process, NULL AS generator, NULL AS generator_family"

_NO_EVIDENCE = (
    "SELECT NULL::UUID AS record_id, NULL::VARCHAR AS tier, NULL::VARCHAR AS claim, "
    "NULL::BOOLEAN AS whole, NULL::BIGINT AS part_bytes, NULL::BIGINT AS part_chars, "
    "NULL::BIGINT AS part_words, NULL::VARCHAR AS field WHERE false"
)

_SIZES = """
CREATE TEMP VIEW sizes AS
SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words, count(*) AS seen
FROM sightings GROUP BY record_id
"""


def outcome_counts(
    layout: Layout,
    parts: Sequence[DataFile],
    context: SourceContext,
    kept: int,
    carried: CarriedEvidence | None = None,
) -> tuple[dict[str, int], list[Question]]:
    """Count sightings by label, and list open questions, from the data files of one commit.

    Evidence about the same records in other files is not counted: it would need the whole ledger.

    Args:
        carried: evidence of earlier readings, if the commit brings files that were read before.
    """
    paths: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        paths[part.table].append(part.path)
    earlier = carried is not None and (carried.claims.num_rows or carried.labels.num_rows)
    if "sightings" not in paths or ("evidence" not in paths and not earlier):
        return {context.label.value: kept}, []
    with over_parts(layout, paths) as connection:
        counted = _counted_sql(context) if "evidence" in paths else _NO_EVIDENCE
        connection.execute(f"CREATE TEMP VIEW heard AS {counted}")
        return _labels(connection, context, carried), _questions(connection, paths)


def _counted_sql(context: SourceContext) -> str:
    """SQL of the new evidence that counts under the source contract."""
    lists = ", ".join(
        f"[{', '.join(map(quote_literal, names))}]::VARCHAR[] AS {member}"
        for member, names in (("accepts", context.accepts), ("ignores", context.ignores))
    )
    return counted_evidence(f"SELECT *, {lists} FROM evidence")


def _labels(
    connection: Database, context: SourceContext, carried: CarriedEvidence | None
) -> dict[str, int]:
    others, label = "", quote_literal(context.label)
    declared = f"FROM (SELECT record_id, {label} AS label FROM sightings)"
    if carried is not None:
        connection.register("carried", carried.claims)
        connection.register("told", carried.labels)
        others = f"UNION ALL SELECT * REPLACE (record_id::UUID AS record_id), {_NAMES} FROM carried"
        declared = f"""FROM (
            SELECT s.record_id, if(t.reading_id IS NULL, {label}, t.label) AS label
            FROM sightings s LEFT JOIN told t ON t.reading_id::UUID = s.reading_id)"""
    connection.execute(_SIZES)
    connection.execute(f"""
        CREATE TEMP VIEW claims AS
        SELECT {CLAIMED}, {_NAMES} FROM heard {others}
        UNION ALL
        SELECT DISTINCT record_id, 'declared', label, true, NULL::BIGINT, NULL::BIGINT,
            NULL::BIGINT, {_NAMES} {declared} WHERE label <> 'unknown'""")
    origins = resolver.origin_sql("claims", "sizes")
    rows = connection.execute(
        f"SELECT label, sum(seen) FROM ({origins}) JOIN sizes USING (record_id) GROUP BY label"
    ).fetchall()
    return {str(label): int(count) for label, count in rows}


def _questions(connection: Database, paths: dict[str, list[str]]) -> list[Question]:
    if "evidence" not in paths:
        return []
    rows = connection.execute(questions_sql("FROM heard", "reading_id")).fetchall()
    return [
        Question(field=field, records=records, samples=tuple(samples), files=(str(reading),))
        for reading, field, records, samples in rows
    ]
