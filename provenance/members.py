"""The members relation (docs/architecture.md): of a selection, of a release, of somebody's file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from provenance import conditions, labelling
from provenance.descent import DESCENT, make_descent
from provenance.edge_index import STILL, as_list, commits_since
from provenance.errors import ConditionError, IntegrityError, MisuseError, NotFoundError
from provenance.ingest.unit import FileResult
from provenance.model.base import quote_literal
from provenance.model.manifest import Selection
from provenance.readers.discover import split_of
from provenance.store.catalogue import Database
from provenance.store.parts import Part
from provenance.terms import column_sql, members_truth
from provenance.views import DEPTH_SQL

MEMBERS = "set_members"
"""Name of the temporary view that a judgement is made on."""

_ROWS = "set_rows"
"""Temporary table of what cannot be worked out from a member itself."""

_SPLIT_BITS = 60

_ORIGIN = (
    *(f"{end}_{unit}" for unit in ("bytes", "chars", "words") for end in ("lo", "hi")),
    "label",
    "process",
    "generator",
    "generator_family",
    "depth",
    "conflict",
)
"""Columns that may change while a record stays the same."""

DIGEST = """'sha256:' || replace(CAST(record_id AS VARCHAR), '-', '')
    || replace(CAST(digest_rest AS VARCHAR), '-', '')"""
"""SQL for the written digest of a row that has both halves."""

_WORKED_OUT = {
    "digest": DIGEST,
    "records": "1::BIGINT",
    "lo_records": "(label = 'synthetic')::BIGINT",
    "hi_records": "(label <> 'human')::BIGINT",
}
_TOKENS = dict.fromkeys(("tokens", "lo_tokens", "hi_tokens"), "NULL::BIGINT")


def attribute_names(connection: Database) -> frozenset[str]:
    """Names of all attributes that current files keep."""
    rows = connection.execute(
        "SELECT DISTINCT attributes FROM files WHERE attributes IS NOT NULL"
    ).fetchall()
    return frozenset(name for (text,) in rows for name in json.loads(text))


def select_members(connection: Database, selection: Selection, models: Sequence[str] = ()) -> int:
    """Make ``set_members`` of what a selection takes; returns how many revoked records it leaves.

    One member per record; its sighting is the least by (source, uri, row) among the sources asked
    for, while evidence from every source counts.

    Args:
        models: models whose descendants the policy asks about.

    Raises:
        NotFoundError: a source that is not there.
        ConditionError: the condition does not parse or names no column.
    """
    _check_sources(connection, (*selection.sources, *selection.weights))
    names = attribute_names(connection)
    make_descent(connection, models)
    where = _where(selection.where, names)
    listed = ", ".join(map(quote_literal, selection.sources))
    only = f"WHERE source IN ({listed})" if selection.sources else ""
    origin = ", ".join(f"o.{name}" for name in _ORIGIN)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT reading_id, source, uri, split, row_number() OVER (ORDER BY source, uri) AS place
        FROM files {only}""")
    make_members(
        connection,
        f"""WITH seen AS (
            SELECT s.record_id, min((r.place << 40) | s.row) AS first,
                min(s.digest_rest) AS digest_rest, max(s.digest_rest) AS other_rest,
                min(s.norm_id) AS norm_id,
                min(s.kind) AS kind,
                arg_min_null(s.lang, (r.place << 40) | s.row) AS lang,
                arg_min_null(s.attributes, (r.place << 40) | s.row) AS attributes
            FROM ledger.sightings s JOIN ranked r USING (reading_id)
            GROUP BY s.record_id
        )
        SELECT * EXCLUDE (digest) FROM (
            SELECT a.record_id, a.digest_rest, a.norm_id, {_prefixed(DIGEST, "a")} AS digest,
                a.digest_rest <> a.other_rest AS clash,
                r.source, r.uri, a.first & ((1::BIGINT << 40) - 1) AS row, a.kind,
                o.bytes, o.chars, o.words, {origin},
                a.lang, r.split, coalesce(json_extract_string(a.attributes, '/licence'), c.licence)
                    AS licence,
                c.kind AS source_kind, {_weight(selection.weights)} AS weight, a.attributes,
                d.descends_from
            FROM seen a
            JOIN ranked r ON r.place = a.first >> 40
            JOIN origins o USING (record_id)
            LEFT JOIN sources c ON c.name = r.source
            LEFT JOIN {DESCENT} d USING (record_id)
        ) WHERE {where}""",
    )
    _check_digests(connection)
    left_out = connection.execute(
        f"DELETE FROM {_ROWS} WHERE record_id IN (SELECT record_id FROM revoked)"
    ).fetchone()
    if selection.splits:
        _assign_splits(connection, selection, names)
    return int(left_out[0]) if left_out else 0


def make_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Make ``set_members`` of a query, which may be one over ``set_members``.

    Args:
        counted: whether the query gives tokens.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS {query}")
    _show(connection, f"FROM {_ROWS}", counted=counted)


def narrow_members(connection: Database, query: str, *, counted: bool = False) -> None:
    """Make ``set_members`` anew from a query that gives all of its columns."""
    added = (*_WORKED_OUT, *(() if counted else _TOKENS))
    make_members(
        connection, f"SELECT * EXCLUDE ({', '.join(added)}) FROM ({query})", counted=counted
    )


def _show(connection: Database, rows: str, *, counted: bool = False) -> None:
    """Make the view, with what is worked out wherever it is asked for."""
    added = _WORKED_OUT if counted else _WORKED_OUT | _TOKENS
    columns = ", ".join(f"{sql} AS {name}" for name, sql in added.items())
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {MEMBERS} AS SELECT *, {columns} FROM ({rows})"
    )


def _check_digests(connection: Database) -> None:
    """Stop where two contents share a record id: one of them was made to be taken for the other."""
    row = connection.execute(f"SELECT digest FROM {MEMBERS} WHERE clash LIMIT 1").fetchone()
    if row is not None:
        raise IntegrityError(
            f"two contents have the record id of {row[0]}",
            hint="such a pair does not come about by accident: look at its sightings",
        )


def file_members(
    connection: Database,
    parts: Sequence[Part],
    results: Sequence[FileResult],
    models: Sequence[str] = (),
) -> None:
    """Make ``set_members`` of the rows of files as they stand, with what the ledger knows of them.

    The files' own marks count as statements about parts: they can raise a share, never lower it.
    """
    make_descent(connection, models)
    _file_views(connection, parts, results)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT reading_id, source, uri, row_number() OVER (ORDER BY source, uri) AS place
        FROM files""")
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT k.*, r.source, c.licence, c.kind AS source_kind FROM (
            SELECT s.record_id, min((r.place << 40) | s.row) AS first,
                arg_min_null(s.lang, (r.place << 40) | s.row) AS lang,
                arg_min_null(s.attributes, (r.place << 40) | s.row) AS attributes
            FROM ledger.sightings s JOIN ranked r USING (reading_id)
            SEMI JOIN file_sightings f ON f.record_id = s.record_id
            GROUP BY s.record_id
        ) k JOIN ranked r ON r.place = k.first >> 40 LEFT JOIN sources c ON c.name = r.source""")
    origin = ", ".join(f"o.{name}" for name in _ORIGIN)
    today = (
        f"{DEPTH_SQL} FROM ({labelling.origin_sql('file_claims', 'file_sizes')}) o "
        "LEFT JOIN derived d USING (record_id)"
    )
    licence = "json_extract_string(coalesce(k.attributes, s.attributes), '/licence')"
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
            coalesce({licence}, k.licence) AS licence, k.source_kind, s.weight,
            coalesce(k.attributes, s.attributes) AS attributes, k.record_id IS NOT NULL AS known,
            d.descends_from
        FROM s JOIN ({today}) o USING (record_id) LEFT JOIN known k USING (record_id)
        LEFT JOIN {DESCENT} d USING (record_id)""",
    )


def _file_views(connection: Database, parts: Sequence[Part], results: Sequence[FileResult]) -> None:
    for table in ("sightings", "evidence"):
        listed = ", ".join(quote_literal(part.path) for part in parts if part.table == table)
        rows = f"FROM read_parquet([{listed}])" if listed else f"FROM ledger.{table} LIMIT 0"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW file_{table} AS {rows}")
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
    counted = ", ".join(
        f"CASE e.claim WHEN 'synthetic' THEN z.{unit} ELSE e.part_{unit} END AS part_{unit}"
        for unit in ("bytes", "chars", "words")
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW file_claims AS
        SELECT c.* FROM claims c SEMI JOIN file_sizes z USING (record_id)
        UNION ALL
        SELECT e.record_id, e.tier, 'mixed', false, {counted},
            e.process, e.generator, e.generator_family
        FROM file_evidence e JOIN file_sizes z USING (record_id)
        WHERE e.claim = 'synthetic' OR e.part_bytes IS NOT NULL""")


def release_members(
    connection: Database, release: str, *, today: bool, models: Sequence[str] = ()
) -> None:
    """Make ``set_members`` of a release: as sealed, or with the origins of today.

    Raises:
        NotFoundError: there is no such release.
    """
    if not connection.execute("SELECT 1 FROM releases WHERE name = ?", [release]).fetchall():
        raise NotFoundError(
            f"there is no release `{release}`", hint=_known(connection, "releases", "releases")
        )
    make_descent(connection, models)
    moved = today and not _stands(connection, release)
    origin = ", ".join(
        # A record that has left the ledger since keeps the origin it was sealed with.
        f"CASE WHEN o.record_id IS NULL THEN s.{name} ELSE o.{name} END AS {name}"
        if moved
        else f"s.{name}"
        for name in _ORIGIN
    )
    query = f"""
        SELECT s.record_id, s.digest_rest, NULL::UUID AS norm_id, s.source, s.uri, s.row,
            s.kind, s.bytes, s.chars, s.words, {origin},
            s.lang, s.split, s.licence, s.source_kind, s.weight, s.attributes,
            s.label AS sealed_label, d.descends_from
        FROM members s LEFT JOIN {DESCENT} d USING (record_id)
        {"LEFT JOIN origins o USING (record_id)" if moved else ""}
        WHERE s.release = {quote_literal(release)}"""
    # What was sealed lies in the ledger as it is asked for: only the columns in use are read.
    make_members(connection, query) if moved else _show(connection, query)


def _stands(connection: Database, release: str) -> bool:
    """Whether nothing was committed since a release was sealed that could change an origin."""
    rows = connection.execute(
        "SELECT json_extract(manifest, '$.ledger_sequence')::BIGINT FROM releases WHERE name = ?",
        [release],
    ).fetchall()
    since = commits_since(connection, rows[0][0])
    if not {verb for _, verb in since} <= STILL | {"assemble"}:
        return False
    derived = (
        f"SELECT record_id FROM ledger.derived WHERE commit_id IN ({as_list(c for c, _ in since)})"
    )
    return not connection.execute(
        f"FROM members SEMI JOIN ({derived}) USING (record_id) WHERE release = ? LIMIT 1", [release]
    ).fetchall()


def _prefixed(sql: str, table: str) -> str:
    return sql.replace("record_id", f"{table}.record_id").replace(
        "digest_rest", f"{table}.digest_rest"
    )


def _where(text: str | None, names: frozenset[str]) -> str:
    if text is None:
        return "TRUE"
    condition = conditions.parse(text)
    conditions.check(condition, names)
    return members_truth(condition)


def _weight(weights: Mapping[str, int]) -> str:
    if not weights:
        return "1::BIGINT"
    cases = " ".join(
        f"WHEN {quote_literal(source)} THEN {int(weight)}" for source, weight in weights.items()
    )
    return f"(CASE r.source {cases} ELSE 1 END)::BIGINT"


def _check_sources(connection: Database, wanted: Sequence[str]) -> None:
    known = {row[0] for row in connection.execute("SELECT name FROM sources").fetchall()}
    for name in wanted:
        if name not in known:
            raise NotFoundError(
                f"there is no source `{name}`", hint=_known(connection, "sources", "sources")
            )


def _known(connection: Database, view: str, what: str) -> str:
    rows = connection.execute(f"SELECT name FROM {view} ORDER BY name LIMIT 20").fetchall()
    return (
        f"the {what} are: " + ", ".join(row[0] for row in rows) if rows else f"there are no {what}"
    )


def _assign_splits(connection: Database, selection: Selection, names: frozenset[str]) -> None:
    """Cut the set by the hash of a key, so that what has one key never falls in two splits."""
    bounds = _bounds(selection.splits)
    key = _split_key(selection.split_by, names)
    seed = quote_literal(f"{selection.seed}:")
    place = f"CAST('0x' || left(md5({seed} || {key}), {_SPLIT_BITS // 4}) AS BIGINT)"
    cases = " ".join(
        f"WHEN place < {bound} THEN {quote_literal(name)}" for name, bound in bounds.items()
    )
    narrow_members(
        connection,
        f"""SELECT * EXCLUDE (place) REPLACE (CASE {cases} END AS split)
        FROM (SELECT *, {place} AS place FROM {MEMBERS})""",
    )


def _bounds(splits: Mapping[str, str]) -> dict[str, int]:
    """Upper ends of the splits within [0, 2^60), exact: the parts are decimals that sum to 1."""
    total = sum((Decimal(part) for part in splits.values()), Decimal(0))
    if total != 1 or any(Decimal(part) <= 0 for part in splits.values()):
        raise MisuseError(
            f"the splits sum to {total}, not 1",
            hint="for example --split train=0.9 --split test=0.1",
        )
    bounds, reached = {}, Decimal(0)
    for name, part in splits.items():
        reached += Decimal(part)
        bounds[name] = int(reached * (1 << _SPLIT_BITS))
    return bounds


def _split_key(split_by: str, names: frozenset[str]) -> str:
    if split_by == "record":
        return "digest"
    if split_by == "norm_id":
        return "coalesce(CAST(norm_id AS VARCHAR), digest)"
    try:
        conditions.known_column(split_by, names)
    except ConditionError as error:
        raise MisuseError(
            f"--split-by: {error.message}", hint="record, norm_id, or a column or attribute"
        ) from error
    return f"coalesce(CAST({column_sql(split_by)} AS VARCHAR), digest)"
