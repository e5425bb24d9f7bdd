"""The members relation (docs/architecture.md): of a selection, of a release, of somebody's file."""

from __future__ import annotations

import json
from collections.abc import Sequence

from provenance.errors import NotFoundError
from provenance.io.discovery.discover import split_of
from provenance.model.base import quote_literal
from provenance.model.licence import both_sql, together_sql
from provenance.operations.ingest.tasks import FileResult
from provenance.operations.members.known_ids import make_file_rows
from provenance.operations.members.self_consumption import DESCENT, make_descent
from provenance.origin import resolver
from provenance.store.connection import Database
from provenance.store.data_files import Part
from provenance.views.copies import hold_copies, make_file_copies
from provenance.views.definitions import DEPTH_SQL
from provenance.views.edge_index import STILL, as_list, commits_since
from provenance.views.generator_names import Spellings, spellings
from provenance.views.materialized_origins import moved_since
from provenance.views.subset import origins_of

MEMBERS = "set_members"
"""Name of the temporary view that a judgement is made on."""

ROWS, PLAIN = "set_rows", "set_plain"
"""Temporary tables of what cannot be worked out from a member itself; of those that a selection
takes, the plain ones are kept apart, with less of each (``selection``)."""

ORIGIN = (
    *(f"{end}_{unit}" for unit in ("bytes", "chars", "words") for end in ("lo", "hi")),
    "label",
    "process",
    "generator",
    "generator_family",
    "depth",
    "conflict",
    "rule",
    "tier",
)
"""Columns that may change while a record stays the same."""


def origin_columns(table: str, names: Spellings) -> str:
    """SQL of the columns of an origin, generators in their one spelling."""
    return ", ".join(f"{names.sql(name, f'{table}.{name}')} AS {name}" for name in ORIGIN)


DIGEST = """'sha256:' || replace(CAST(record_id AS VARCHAR), '-', '')
    || replace(CAST(digest_rest AS VARCHAR), '-', '')"""
"""SQL for the written digest of a row that has both halves."""

_WORKED_OUT = {
    "digest": DIGEST,
    "records": "1::BIGINT",
    "lo_records": "(label = 'synthetic')::BIGINT",
    "hi_records": "(label <> 'human')::BIGINT",
}

_FOLLOWED = STILL | {"assemble", "ingest", "declare", "import", "source", "model", "activity"}
"""What changes origins only by the rows that it adds."""

FILE_EVIDENCE = "file_evidence_heard"
"""Temporary view of what files that are judged as they stand say of their own records."""

_TOUCHED, _TODAY = "set_touched", "set_today"
"""Temporary tables of these: their ids, and their origins of today."""

MOST_MOVED = 10
"""One record in so many may have moved, at most, for those alone to be resolved again."""

_TOKENS = dict.fromkeys(("tokens", "lo_tokens", "hi_tokens"), "NULL::BIGINT")


def attribute_names(connection: Database) -> frozenset[str]:
    """Names of all attributes that current files keep."""
    rows = connection.execute(
        "SELECT DISTINCT attributes FROM files WHERE attributes IS NOT NULL"
    ).fetchall()
    return frozenset(name for (text,) in rows for name in json.loads(text))


def make_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Make ``set_members`` of a query, which may be one over ``set_members``.

    Args:
        counted: whether the query gives tokens.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {ROWS} AS {query}")
    show_members(connection, f"FROM {ROWS}", counted=counted)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {PLAIN} (record_id UUID)")


def narrow_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Make ``set_members`` anew from a query that gives all of its columns."""
    added = (*_WORKED_OUT, *(() if counted else _TOKENS))
    make_members(
        connection, f"SELECT * EXCLUDE ({', '.join(added)}) FROM ({query})", counted=counted
    )


def keep_members(connection: Database, taken: str) -> None:
    """Leave out all members that were made of a query, but those whose ids a table has."""
    for table in (PLAIN, ROWS):
        connection.execute(
            f"DELETE FROM {table} WHERE NOT EXISTS "
            f"(FROM {taken} t WHERE t.record_id = {table}.record_id)"
        )


def show_members(connection: Database, rows: str, *, counted: bool = False) -> None:
    """Make ``set_members`` of rows, with what is worked out wherever it is asked for."""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {MEMBERS} AS {worked_out(rows, counted=counted)}"
    )


def worked_out(rows: str, *, counted: bool = False) -> str:
    """SQL of members from SQL of what cannot be worked out from a member itself."""
    added = _WORKED_OUT if counted else _WORKED_OUT | _TOKENS
    columns = ", ".join(f"{sql} AS {name}" for name, sql in added.items())
    return f"SELECT *, {columns} FROM ({rows})"


def file_members(
    connection: Database,
    parts: Sequence[Part],
    results: Sequence[FileResult],
    models: Sequence[str] = (),
    ignores: Sequence[str] = (),
) -> None:
    """Make ``set_members`` of the rows of files as they stand, with what the ledger knows of them.

    The files' own marks count as statements about parts: they can raise a share, never lower it.

    Args:
        ignores: fields that look like marks and are none.
    """
    hold_copies(connection)
    _file_views(connection, parts, results, ignores)
    make_descent(connection, models, FILE_EVIDENCE)
    _make_known(connection)
    origin = origin_columns("o", spellings(connection, "file_evidence"))
    today = (
        f"{DEPTH_SQL} FROM ({resolver.origin_sql('file_claims', 'file_sizes')}) o "
        "LEFT JOIN derived d USING (record_id)"
    )
    licence = both_sql("json_extract_string(s.attributes, '/licence')", "k.licence")
    # A text that stands in a file several times is one record that counts that often.
    make_members(
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
    """Make the table of what the ledger knows of the records of the files."""
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
    parts: Sequence[Part],
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
    """Make the table of fields that are no marks for records of the files.

    What a source says of its fields holds for its records wherever they are met.
    """
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE file_ignored AS
        SELECT DISTINCT s.record_id, unnest(r.ignores) AS field
        FROM ledger.sightings s SEMI JOIN file_evidence e ON e.record_id = s.record_id
        JOIN (FROM spoken_readings WHERE current AND len(ignores) > 0) r
            ON r.reading_id = s.reading_id""")


def release_members(
    connection: Database, release: str, *, today: bool, models: Sequence[str] = ()
) -> None:
    """Make ``set_members`` of a release: as sealed, or with the origins of today.

    Raises:
        NotFoundError: there is no such release.
    """
    if not connection.execute("SELECT 1 FROM releases WHERE name = ?", [release]).fetchall():
        raise NotFoundError(
            f"there is no release `{release}`", hint=known_names(connection, "releases", "releases")
        )
    if today:
        hold_copies(connection)
    make_descent(connection, models)
    sealed = _sealed(connection, release)
    moved = None if not today or _stands(connection, release) else _moved(connection, release)
    names = spellings(connection, f"({sealed})")
    origin = ", ".join(
        # A record that has left the ledger since keeps the origin it was sealed with.
        f"CASE WHEN o.record_id IS NULL THEN {names.sql(name, f's.{name}')} "
        f"ELSE {names.sql(name, f'o.{name}')} END AS {name}"
        if moved
        else f"{names.sql(name, f's.{name}')} AS {name}"
        for name in ORIGIN
    )
    # Only where somebody asks for models are there any that members could descend from.
    descent = (
        ("d.descends_from", f"LEFT JOIN {DESCENT} d USING (record_id)")
        if models
        else ("NULL::VARCHAR[] AS descends_from", "")
    )
    query = f"""
        SELECT s.record_id, s.digest_rest, NULL::UUID AS norm_id, s.source, s.uri, s.row,
            s.kind, s.bytes, s.chars, s.words, {origin},
            s.lang, s.split, s.licence, s.source_kind, s.weight, s.attributes,
            s.label AS sealed_label, {descent[0]}
        FROM ({sealed}) s {descent[1]}
        {f"LEFT JOIN {moved} o USING (record_id)" if moved else ""}"""
    # What was sealed lies in the ledger as it is asked for: only the columns in use are read.
    make = make_members if moved == "origins" else show_members
    make(connection, query)


def _moved(connection: Database, release: str) -> str:
    """A relation of the origins of today, at least of records whose sealed one may not hold."""
    sequence = _sequence(connection, release)
    if not {verb for _, verb in commits_since(connection, sequence)} <= _FOLLOWED:
        return "origins"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_TOUCHED} AS FROM ({moved_since(sequence)})
        SEMI JOIN (FROM members WHERE release = {quote_literal(release)}) m USING (record_id)""")
    touched, records = connection.execute(
        f"SELECT (SELECT count(*) FROM {_TOUCHED}), count(*) FROM members WHERE release = ?",
        [release],
    ).fetchall()[0]
    if touched * MOST_MOVED > records:
        return "origins"
    few = origins_of(f"SELECT record_id FROM {_TOUCHED}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_TODAY} AS {few}")
    return _TODAY


def _sequence(connection: Database, release: str) -> int:
    """The last commit that the assembly of a release saw."""
    rows = connection.execute(
        "SELECT json_extract(manifest, '$.ledger_sequence')::BIGINT FROM releases WHERE name = ?",
        [release],
    ).fetchall()
    return int(rows[0][0])


def _sealed(connection: Database, release: str) -> str:
    """SQL of the rows of a release in the view ``members``, found by their commit."""
    rows = connection.execute(
        "SELECT c.commit_id FROM ledger.releases r JOIN commits c USING (commit_id) "
        "WHERE r.name = ?",
        [release],
    ).fetchall()
    commits = as_list(commit for (commit,) in rows)
    return f"""FROM ledger.members
        WHERE release = {quote_literal(release)} AND commit_id IN ({commits})"""


def _stands(connection: Database, release: str) -> bool:
    """Whether nothing was committed since a release was sealed that could change an origin."""
    since = commits_since(connection, _sequence(connection, release))
    if not {verb for _, verb in since} <= STILL | {"assemble"}:
        return False
    derived = (
        f"SELECT record_id FROM ledger.derived WHERE commit_id IN ({as_list(c for c, _ in since)})"
    )
    return not connection.execute(
        f"FROM members SEMI JOIN ({derived}) USING (record_id) WHERE release = ? LIMIT 1", [release]
    ).fetchall()


def known_names(connection: Database, view: str, what: str) -> str:
    """The names that a view has, for a hint."""
    rows = connection.execute(f"SELECT name FROM {view} ORDER BY name LIMIT 20").fetchall()
    return (
        f"the {what} are: " + ", ".join(row[0] for row in rows) if rows else f"there are no {what}"
    )
