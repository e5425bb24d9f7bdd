"""Materialise current origins as a table, and compute anew only what changed since.

The views conclude the origin of every record from all evidence, which takes seconds for tens of
millions. Maintenance writes the answers down. From then on the view ``origins`` takes them from
there, and concludes anew only what a later commit may have moved; it never answers differently.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from provenance.model.base import quote_literal
from provenance.origin.resolver import origin_sql
from provenance.store.commits import Effect, Verb, verb_list, verbs_with
from provenance.store.connection import Database
from provenance.store.ledger_store import Store
from provenance.store.schema import TABLES
from provenance.views.copies import LONG_TEXTS
from provenance.views.definitions import DEPTH_SQL

FROM_RECORDS = 100_000
"""Records from which the table is worth its place: fewer are concluded in no time."""

COLUMNS = tuple(name for name in TABLES["origins"].names if name != "commit_id")

_MOVING = "files|declarations|sources|evidence|derived"
"""Tables that origins rest on; a commit says which tables its parts are of."""

_REMOVING = verb_list(verbs_with(Effect.REMOVES))

# Of two commits with one key the first counts. What takes rows out of the ledger, or changes its
# tables, makes what was written before it worthless.
_KEPT = f"""
WITH counted AS (
    FROM ledger.commits QUALIFY row_number() OVER (PARTITION BY key ORDER BY seq, commit_id) = 1
)
SELECT commit_id, split_part(key, ':', 2)::BIGINT AS through FROM counted
WHERE verb = '{Verb.ORIGINS}'
    AND NOT EXISTS (FROM counted c WHERE c.verb IN ({_REMOVING}) AND c.seq > through)
ORDER BY through DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Origins that were written down.

    Attributes:
        commit_id: of their rows.
        through: number of the last commit that they take into account.
        stale: whether a later commit may have moved some of them.
    """

    commit_id: uuid.UUID
    through: int
    stale: bool


def kept_origins(connection: Database) -> Kept | None:
    """The newest origins that were written down and hold; ``None`` where there are none."""
    row = connection.execute(_KEPT).fetchone()
    if row is None:
        return None
    moved = connection.execute(
        "SELECT count(*) > 0 FROM ledger.commits WHERE seq > ? "
        f"AND verb <> '{Verb.MAINTAIN}' "
        f"""AND regexp_matches(parts, '"({_MOVING})"')""",
        [row[1]],
    ).fetchone()
    return Kept(row[0], int(row[1]), bool(moved and moved[0]))


def with_kept_origins(connection: Database, views: Mapping[str, str]) -> Mapping[str, str]:
    """The views, ``origins`` taken from the table as far as it holds."""
    kept = kept_origins(connection)
    if kept is None:
        return views
    rows = f"SELECT {', '.join(COLUMNS)} FROM ledger.origins o"
    mine = f"o.commit_id = {quote_literal(str(kept.commit_id))}"
    if not kept.stale:
        return {**views, "origins": f"{rows} WHERE {mine}"}
    moved = origin_sql(
        "(FROM claims SEMI JOIN moved USING (record_id))",
        "(SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words "
        "FROM sightings SEMI JOIN moved USING (record_id) GROUP BY record_id)",
    )
    body = f"""WITH moved AS MATERIALIZED ({moved_since(kept.through)})
        {rows} ANTI JOIN moved USING (record_id) WHERE {mine}
        UNION ALL BY NAME
        {DEPTH_SQL} FROM ({moved}) o
        LEFT JOIN (SELECT record_id, depth FROM derived) d USING (record_id)"""
    return {**views, "origins": body}


def moved_since(through: int) -> str:
    """SQL of the records of which a later commit may say something else than was known by then."""

    def since(table: str) -> str:
        return (
            f"(SELECT t.* FROM ledger.{table} t "
            f"SEMI JOIN (FROM ledger.commits WHERE seq > {through}) c USING (commit_id))"
        )

    # A reading brings its own records, and takes away those of the reading that it supersedes; what
    # is declared, of a file or by a source, speaks of all records of its readings, whichever of
    # them it was said of. What a source accepts and ignores speaks of them, too.
    readings = f"""
        SELECT f.reading_id FROM ledger.files f SEMI JOIN (
            SELECT source, uri FROM {since("files")}
            UNION SELECT o.source, o.uri FROM ledger.files o
                SEMI JOIN {since("declarations")} d ON d.reading_id = o.reading_id
        ) n ON f.source = n.source AND f.uri = n.uri
        UNION SELECT f.reading_id FROM ledger.files f
            SEMI JOIN {since("sources")} n ON f.source = n.name"""
    # What is said of a text is said of its copies as well, and of nothing beyond them.
    return f"""WITH stated AS (
        SELECT record_id FROM ledger.sightings SEMI JOIN ({readings}) USING (reading_id)
        UNION SELECT record_id FROM ledger.evidence SEMI JOIN ({readings}) USING (reading_id)
        UNION SELECT record_id FROM {since("evidence")}
        UNION SELECT record_id FROM {since("derived")}
        ), texts AS ({LONG_TEXTS})
        FROM stated UNION
        SELECT record_id FROM texts WHERE norm_id IN (
            SELECT norm_id FROM texts SEMI JOIN stated USING (record_id))"""


def keep_origins(store: Store) -> int:
    """Write the current origins down, where that is worth it and they are not; how many.

    Raises:
        BusyError, ReadOnlyError, StorageError: as the ledger is.
    """
    with store.snapshot() as connection:
        kept = kept_origins(connection)
        if kept is not None and not kept.stale:
            return 0
        sightings, through = connection.execute(
            "SELECT (SELECT count(*) FROM ledger.sightings), (SELECT max(seq) FROM ledger.commits)"
        ).fetchone() or (0, 0)
        if sightings < FROM_RECORDS:
            return 0
        commit_id = uuid.uuid4()
        writer = store.data_file_writer("origins", commit_id)
        try:
            # Sorted, for whoever looks up one record reads one stretch then.
            found = connection.execute("FROM origins ORDER BY record_id")
            for batch in found.to_arrow_reader(1 << 17):
                writer.write(batch)
            part = writer.finish()
        except BaseException:
            writer.discard()
            raise
    store.commit(Verb.ORIGINS, f"origins:{through}", [part], commit_id)
    return part.rows if part else 0
