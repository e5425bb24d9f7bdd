"""Build the members relation from files that are judged as they stand, for an audit."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.io.discovery.discover import split_of
from provenance.model.base import quote_literal
from provenance.model.licence import both_sql, together_sql
from provenance.operations.ingest.worker_contract import FileResult
from provenance.operations.members.former_ids import make_file_rows
from provenance.operations.members.relation import (
    create_members,
    origin_columns,
)
from provenance.operations.members.self_consumption import DESCENT, make_descent
from provenance.origin import resolver
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.views.copies import make_file_copies, materialize_copies
from provenance.views.definitions import DEPTH_SQL
from provenance.views.generator_names import spellings

FILE_EVIDENCE = "file_evidence_heard"
"""Temporary view of the evidence in audited files about their own records."""


def file_members(
    connection: Database,
    parts: Sequence[DataFile],
    results: Sequence[FileResult],
    models: Sequence[str] = (),
    ignores: Sequence[str] = (),
) -> None:
    """Create ``set_members`` from the rows of audited files, with the evidence of the ledger.

    Marks in the files count as claims about parts: they can raise a share, never lower it.

    Args:
        ignores: fields that look like marks but are not.
    """
    materialize_copies(connection)
    _file_views(connection, parts, results, ignores)
    make_descent(connection, models, FILE_EVIDENCE)
    _make_known(connection)
    origin = origin_columns("o", spellings(connection, "file_evidence"))
    today = (
        f"{DEPTH_SQL} FROM ({resolver.origin_sql('file_claims', 'file_sizes')}) o "
        "LEFT JOIN derived d USING (record_id)"
    )
    licence = both_sql("json_extract_string(s.attributes, '/licence')", "k.licence")
    # A text that occurs several times is one record with that weight.
    create_members(
        connection,
        f"""WITH rows AS (
            SELECT v.*, f.uri, f.split, dense_rank() OVER (ORDER BY f.uri) AS place
            FROM file_sightings v JOIN asked_files f USING (reading_id)
        ), s AS (
            SELECT record_id, split, min(digest_rest) AS digest_rest, min(norm_id) AS norm_id,
                min(uri) AS uri, min((place << 40) | row) & ((1::BIGINT << 40) - 1) AS row,
                min(kind) AS kind, min(bytes) AS bytes, min(chars) AS chars, min(words) AS words,
                min(lang) AS lang, min(attributes) AS attributes, count(*) AS weight
            FROM rows GROUP BY record_id, split
        )
        SELECT s.record_id, s.digest_rest, s.norm_id, k.source,
            s.uri, s.row, s.kind, s.bytes, s.chars, s.words, {origin},
            coalesce(k.lang, s.lang) AS lang, s.split,
            {licence} AS licence, k.source_kind, s.weight,
            coalesce(k.attributes, s.attributes) AS attributes, k.record_id IS NOT NULL AS known,
            d.descends_from
        FROM s JOIN ({today}) o USING (record_id) LEFT JOIN known k USING (record_id)
        LEFT JOIN {DESCENT} d USING (record_id)""",
    )


def _make_known(connection: Database) -> None:
    """Create the table of the source, licence and attributes that the ledger has of the records."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT reading_id, source, uri, row_number() OVER (ORDER BY source, uri) AS place
        FROM files""")
    own = both_sql("json_extract_string(s.attributes, '/licence')", "c.licence")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT k.*, r.source, c.kind AS source_kind FROM (
            SELECT s.record_id, {together_sql(f"list(DISTINCT {own}) FILTER ({own} IS NOT NULL)")}
                    AS licence, min((r.place << 40) | s.row) AS first,
                arg_min_null(s.lang, (r.place << 40) | s.row) AS lang,
                arg_min_null(s.attributes, (r.place << 40) | s.row) AS attributes
            FROM ledger.sightings s JOIN ranked r USING (reading_id)
            LEFT JOIN sources c ON c.name = r.source
            SEMI JOIN file_sightings f ON f.record_id = s.record_id
            GROUP BY s.record_id
        ) k JOIN ranked r ON r.place = k.first >> 40 LEFT JOIN sources c ON c.name = r.source""")


def _file_views(
    connection: Database,
    parts: Sequence[DataFile],
    results: Sequence[FileResult],
    ignores: Sequence[str],
) -> None:
    also_known = make_file_rows(connection, parts)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE asked_files (reading_id UUID, uri VARCHAR, split VARCHAR)"
    )
    for task in {result.task.reading_id: result.task for result in results}.values():
        connection.execute(
            "INSERT INTO asked_files VALUES (?, ?, ?)",
            [task.reading_id, task.source.uri, split_of(task.source.uri)],
        )
    connection.execute("""
        CREATE OR REPLACE TEMP VIEW file_sizes AS
        SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words
        FROM file_sightings GROUP BY record_id""")
    none = ", ".join(map(quote_literal, ignores))
    _make_ignored(connection)
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW {FILE_EVIDENCE} AS
        SELECT e.*, a.uri FROM file_evidence e LEFT JOIN asked_files a USING (reading_id)
        WHERE e.claim <> 'question' OR NOT coalesce(e.field IN ({none or "NULL"}), false)
            AND NOT EXISTS (
                FROM file_ignored i WHERE i.record_id = e.record_id AND i.field = e.field)""")
    counted = ", ".join(
        f"if(e.claim = 'synthetic' AND e.whole, z.{unit}, e.part_{unit}) AS part_{unit}"
        for unit in ("bytes", "chars", "words")
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW file_claims AS
        SELECT c.* FROM claims c SEMI JOIN file_sizes z USING (record_id)
        {also_known}
        UNION ALL
        SELECT e.record_id, e.tier, if(e.claim = 'question', e.claim, 'mixed'), false, {counted},
            e.process, e.generator, e.generator_family
        FROM {FILE_EVIDENCE} e JOIN file_sizes z USING (record_id)
        WHERE e.claim <> 'human'

        UNION ALL
        SELECT record_id, tier, claim, whole, part_bytes, part_chars, part_words,
            process, generator, generator_family
        FROM {make_file_copies(connection)}""")


def _make_ignored(connection: Database) -> None:
    """Create the table of fields that are not marks, by record of the files.

    The ``ignores`` of a source apply to its records in any file.
    """
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE file_ignored AS
        SELECT DISTINCT s.record_id, unnest(r.ignores) AS field
        FROM ledger.sightings s SEMI JOIN file_evidence e ON e.record_id = s.record_id
        JOIN (FROM spoken_readings WHERE current AND len(ignores) > 0) r
            ON r.reading_id = s.reading_id""")
