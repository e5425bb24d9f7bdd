"""Build the members relation of a selection of sources, with condition, weights and splits.

Records with one sighting and no evidence of their own take the origin of their reading (plain
records); all others are resolved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from provenance.errors import ConditionError, IntegrityError, MisuseError, NotFoundError
from provenance.model.base import quote_literal
from provenance.model.licence import both_sql, together_sql
from provenance.model.manifest import Selection
from provenance.operations.members.relation import (
    DIGEST,
    MEMBERS,
    ORIGIN_COLUMNS,
    PLAIN,
    ROWS,
    attribute_names,
    create_members_view,
    known_names,
    origin_columns,
    with_computed_columns,
)
from provenance.operations.members.self_consumption import DESCENT, make_descent
from provenance.origin import resolver
from provenance.policy.conditions import grammar
from provenance.policy.conditions.three_valued import column_sql, members_truth
from provenance.store.connection import Database
from provenance.views.copies import materialize_copies
from provenance.views.definitions import DEPTH_SQL
from provenance.views.generator_names import Spellings, spellings
from provenance.views.subset import origins_for_ids

_SPLIT_BITS = 60

_READINGS, _ASIDE = "set_readings", "set_aside"
"""Temporary tables: current readings with the origin of their plain records; and the ids of records
that are not plain."""

_ROW_BITS = 40

_SPOT = f"((r.place << {_ROW_BITS}) | s.row)"
"""Position of a sighting as one number: the rank of its reading by (source, uri), and its row."""

_KEPT = ("record_id", "digest_rest", "spot", "kind", "bytes", "chars", "words", "lang")
"""Stored columns of a plain record; all others follow from its reading."""

_AT_TIMES = {"norm_id": "UUID", "attributes": "VARCHAR"}
"""Further columns, stored only if they are used."""

_OWN_LICENCE = "json_extract_string(s.attributes, '/licence')"
_LICENCE = both_sql(_OWN_LICENCE, "r.licence")

_WORDS = (
    *("source", "uri", "split", "licence", "source_kind"),
    *("label", "process", "generator", "generator_family", "rule", "tier"),
)
"""Columns of a plain record with few distinct values."""

_CODED = "set_readings_coded"

_DECLARED = """(
SELECT reading_id AS record_id, 'declared' AS tier, label AS claim, true AS whole,
    NULL::BIGINT AS part_bytes, NULL::BIGINT AS part_chars, NULL::BIGINT AS part_words,
    process, generator, generator_family FROM declared)"""

_ONE_OF_EACH = """(
SELECT reading_id AS record_id, 1::BIGINT AS bytes, 1::BIGINT AS chars, 1::BIGINT AS words
FROM files)"""


def select_members(connection: Database, selection: Selection, models: Sequence[str] = ()) -> int:
    """Create ``set_members`` from a selection; return how many revoked records were left out.

    One member per record; its sighting is the first by (source, uri, row) among the selected
    sources, while evidence from every source counts.

    Args:
        models: models whose descendants the policy asks about.

    Raises:
        NotFoundError: there is no such source.
        ConditionError: the condition does not parse or names an unknown column.
    """
    _check_sources(connection, (*selection.sources, *selection.weights))
    names = attribute_names(connection)
    materialize_copies(connection)
    make_descent(connection, models)
    where = _where(selection.where, names)
    kept = (
        *_KEPT,
        *(("norm_id",) if selection.split_by == "norm_id" else ()),
        *(("attributes",) if names else ()),
    )
    spelt = spellings(connection)
    _make_readings(connection, selection, spelt)
    many = _make_aside(connection)
    _make_plain(connection, kept, "FALSE" if many else where)
    _make_others(connection, kept, where, spelt, every=many)
    _show(connection, kept)
    _check_digests(connection)
    left_out = [
        connection.execute(
            f"DELETE FROM {table} WHERE record_id IN (SELECT record_id FROM revoked)"
        ).fetchone()
        for table in (PLAIN, ROWS)
    ]
    if selection.splits:
        _assign_splits(connection, selection, kept, _split_key(selection.split_by, names))
    return sum(int(row[0]) for row in left_out if row)


def _show(connection: Database, kept: Sequence[str]) -> None:
    create_members_view(connection, f"FROM ({_members(PLAIN, kept)}) UNION ALL BY NAME FROM {ROWS}")


def _make_readings(connection: Database, selection: Selection, spelt: Spellings) -> None:
    """Create the ranked readings, with the origin that their declarations give to a record."""
    listed = ", ".join(map(quote_literal, selection.sources))
    only = f"WHERE f.source IN ({listed})" if selection.sources else ""
    origin = origin_columns("o", spelt)
    origins = f"""{DEPTH_SQL} FROM ({resolver.origin_sql(_DECLARED, _ONE_OF_EACH)}) o,
        (SELECT NULL::BIGINT AS depth) d"""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_READINGS} AS
        SELECT row_number() OVER (ORDER BY f.source, f.uri) AS place, f.reading_id, f.source, f.uri,
            f.split, c.licence, c.kind AS source_kind, {_weight(selection.weights)} AS weight,
            {origin}
        FROM files f JOIN ({origins}) o ON o.record_id = f.reading_id
        LEFT JOIN sources c ON c.name = f.source {only}""")


def _make_aside(connection: Database) -> bool:
    """Find the records that are not plain; true if they are so many that all are resolved."""
    with_evidence, seen = connection.execute(
        "SELECT (SELECT count(*) FROM evidence), (SELECT count(*) FROM sightings)"
    ).fetchall()[0]
    many = bool(with_evidence * 2 > seen)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_ASIDE} (record_id UUID)")
    if not many:
        connection.execute(f"""
            INSERT INTO {_ASIDE}
            SELECT record_id FROM sightings GROUP BY record_id HAVING count(*) > 1
            UNION SELECT record_id FROM evidence
            UNION SELECT record_id FROM derived
            UNION SELECT record_id FROM {DESCENT}""")
    return many


def _make_plain(connection: Database, kept: Sequence[str], where: str) -> None:
    columns = ", ".join(f"{_SPOT} AS spot" if name == "spot" else f"s.{name}" for name in kept)
    found = f"""
        SELECT {columns} FROM ledger.sightings s JOIN {_READINGS} r USING (reading_id)
        ANTI JOIN {_ASIDE} a ON a.record_id = s.record_id"""
    if where != "TRUE":
        found = f"""
            SELECT {", ".join(kept)}
            FROM (SELECT *, {DIGEST} AS digest FROM ({_members(f"({found})", kept)}))
            WHERE {where}"""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {PLAIN} AS {found}")


def _members(plain: str, kept: Sequence[str], readings: str = _READINGS) -> str:
    """SQL of all columns of plain records; the sizes of a reading are 1 or 0.

    Each record has a reading; the left join tells the query planner that no row is dropped.
    """
    absent = [f"NULL::{kind} AS {name}" for name, kind in _AT_TIMES.items() if name not in kept]
    origin = ", ".join(
        f"s.{name[3:]} * r.{name} AS {name}" if name[:3] in {"lo_", "hi_"} else f"r.{name}"
        for name in ORIGIN_COLUMNS
    )
    licence = f"{_LICENCE} AS licence" if "attributes" in kept else "r.licence"
    split = "s.split" if "split" in kept else "r.split"
    return f"""
        SELECT s.record_id, s.digest_rest, s.norm_id, false AS clash, r.source, r.uri, s.spot,
            s.spot & ((1::BIGINT << {_ROW_BITS}) - 1) AS row, s.kind, s.bytes, s.chars, s.words,
            {origin}, s.lang, {split}, {licence}, r.source_kind, r.weight, s.attributes,
            NULL::VARCHAR[] AS descends_from
        FROM (SELECT {", ".join(["*", *absent])} FROM {plain}) s
        LEFT JOIN {readings} r ON r.place = s.spot >> {_ROW_BITS}"""


def coded_members(connection: Database) -> str:
    """SQL of the selected members with text columns as enums, which sort and write faster."""
    kept = [row[0] for row in connection.execute(f"DESCRIBE {PLAIN}").fetchall()]
    if "spot" not in kept:
        return f"FROM {MEMBERS}"
    # These may differ by record.
    own = {"split": "split" in kept, "licence": "attributes" in kept}
    words = [name for name in _WORDS if not own.get(name)]
    for name in words:
        connection.execute(f"""
            CREATE OR REPLACE TEMP TYPE set_{name} AS ENUM (
                SELECT DISTINCT {name} FROM (
                    SELECT {name} FROM {_READINGS} UNION ALL SELECT {name} FROM {ROWS})
                WHERE {name} IS NOT NULL ORDER BY {name})""")
    codes = ", ".join(f"{name}::set_{name} AS {name}" for name in words)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_CODED} AS SELECT * REPLACE ({codes}) FROM {_READINGS}""")
    members = _members(PLAIN, kept, _CODED)
    return f"""SELECT *, NULL::BIGINT AS tokens
        FROM (FROM ({members}) UNION ALL BY NAME (SELECT * REPLACE ({codes}) FROM {ROWS}))"""


def _make_others(
    connection: Database, kept: Sequence[str], where: str, spelt: Spellings, *, every: bool
) -> None:
    """Create the members that are not plain, or (``every``) all."""
    origin = origin_columns("o", spelt)
    aside = f"SELECT record_id FROM {_ASIDE}"
    only, origins = (
        ("", "origins")
        if every
        else (f"WHERE s.record_id IN ({aside})", f"({origins_for_ids(aside)})")
    )
    norm = "min(s.norm_id)" if "norm_id" in kept else "NULL::UUID"
    attributes = "attributes" in kept
    first = f"arg_min_null(s.attributes, {_SPOT})" if attributes else "NULL::VARCHAR"
    licence = _licences(connection, _LICENCE if attributes else "r.licence")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {ROWS} AS
        WITH seen AS (
            SELECT s.record_id, min({_SPOT}) AS spot,
                min(s.digest_rest) AS digest_rest, max(s.digest_rest) AS other_rest,
                {norm} AS norm_id, min(s.kind) AS kind,
                arg_min_null(s.lang, {_SPOT}) AS lang, {first} AS attributes,
                {licence} AS licence
            FROM ledger.sightings s JOIN {_READINGS} r USING (reading_id) {only}
            GROUP BY s.record_id
        )
        SELECT * EXCLUDE (digest) FROM (
            SELECT s.record_id, s.digest_rest, s.norm_id, {_prefixed(DIGEST, "s")} AS digest,
                s.digest_rest <> s.other_rest AS clash,
                r.source, r.uri, s.spot, s.spot & ((1::BIGINT << {_ROW_BITS}) - 1) AS row, s.kind,
                o.bytes, o.chars, o.words, {origin},
                s.lang, r.split, s.licence, r.source_kind, r.weight, s.attributes,
                d.descends_from
            FROM seen s
            JOIN {_READINGS} r ON r.place = s.spot >> {_ROW_BITS}
            JOIN {origins} o USING (record_id)
            LEFT JOIN {DESCENT} d USING (record_id)
        ) WHERE {where}""")


def _licences(connection: Database, licence: str) -> str:
    """SQL of the licence of a record: all licences of its sightings."""
    row = connection.execute(f"""
        SELECT count(DISTINCT licence) > 1 OR EXISTS (
            SELECT 1 FROM files WHERE contains(attributes, '"licence"')) FROM {_READINGS}""")
    several = row.fetchone()
    if several and several[0]:
        return together_sql(f"list(DISTINCT {licence}) FILTER ({licence} IS NOT NULL)")
    return f"min({licence})"


def _check_digests(connection: Database) -> None:
    """Detect two contents that share a record id, which can only be tampering."""
    row = connection.execute(f"SELECT digest FROM {MEMBERS} WHERE clash LIMIT 1").fetchone()
    if row is not None:
        raise IntegrityError(
            f"record id collision: two contents share the first 128 bits of SHA-256 ({row[0]})",
            hint="possible tampering: inspect its sightings with `prov show`",
        )


def _prefixed(sql: str, table: str) -> str:
    return sql.replace("record_id", f"{table}.record_id").replace(
        "digest_rest", f"{table}.digest_rest"
    )


def _where(text: str | None, names: frozenset[str]) -> str:
    if text is None:
        return "TRUE"
    condition = grammar.parse(text)
    grammar.check(condition, names)
    return members_truth(condition, wanted=True)


def _weight(weights: Mapping[str, int]) -> str:
    if not weights:
        return "1::BIGINT"
    cases = " ".join(
        f"WHEN {quote_literal(source)} THEN {int(weight)}" for source, weight in weights.items()
    )
    return f"(CASE f.source {cases} ELSE 1 END)::BIGINT"


def _check_sources(connection: Database, wanted: Sequence[str]) -> None:
    known = {row[0] for row in connection.execute("SELECT name FROM sources").fetchall()}
    for name in wanted:
        if name not in known:
            raise NotFoundError(
                f"there is no source `{name}`", hint=known_names(connection, "sources", "sources")
            )


def _assign_splits(
    connection: Database, selection: Selection, kept: Sequence[str], key: str
) -> None:
    """Split the set by the hash of a key, so that equal keys are in one split."""
    seed = quote_literal(f"{selection.seed}:")
    split_position = f"CAST('0x' || left(md5({seed} || {key}), {_SPLIT_BITS // 4}) AS BIGINT)"
    cases = " ".join(
        f"WHEN place < {bound} THEN {quote_literal(name)}"
        for name, bound in _bounds(selection.splits).items()
    )
    others = [row[0] for row in connection.execute(f"DESCRIBE {ROWS}").fetchall()]
    cut = (*(name for name in kept if name != "split"), "split")
    for table, columns, rows in (
        (PLAIN, cut, _members(PLAIN, kept)),
        (ROWS, others, f"FROM {ROWS}"),
    ):
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE {table} AS SELECT {", ".join(columns)} FROM (
                SELECT * REPLACE (CASE {cases} END AS split)
                FROM (SELECT *, {split_position} AS place FROM ({with_computed_columns(rows)})))""")
    _show(connection, cut)


def _bounds(splits: Mapping[str, str]) -> dict[str, int]:
    """Compute exact upper bounds of the splits in [0, 2^60) from decimals that sum to 1."""
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
        grammar.known_column(split_by, names)
    except ConditionError as error:
        raise MisuseError(
            f"--split-by: {error.message}", hint="record, norm_id, or a column or attribute"
        ) from error
    return f"coalesce(CAST({column_sql(split_by)} AS VARCHAR), digest)"
