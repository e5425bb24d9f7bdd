"""Build the members relation of a sealed release, with its sealed origins or those of today."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.errors import NotFoundError
from provenance.model.base import quote_literal
from provenance.operations.members.relation import (
    ORIGIN_COLUMNS,
    create_members,
    create_members_view,
    known_names,
)
from provenance.operations.members.self_consumption import DESCENT, make_descent
from provenance.store.catalog import Database
from provenance.views.copies import hold_copies
from provenance.views.edge_index import STILL, as_list, commits_since
from provenance.views.generator_names import spellings
from provenance.views.materialized_origins import moved_since
from provenance.views.subset import origins_of

_FOLLOWED = STILL | {"assemble", "ingest", "declare", "import", "source", "model", "activity"}
"""What changes origins only by the rows that it adds."""


_CHANGED, _TODAY = "set_touched", "set_today"
"""Temporary tables of these: their ids, and their origins of today."""


MAX_CHANGED_SHARE = 10
"""One record in so many may have moved, at most, for those alone to be resolved again."""


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
    moved = (
        None
        if not today or _sealed_origins_still_current(connection, release)
        else _changed_since_seal(connection, release)
    )
    names = spellings(connection, f"({sealed})")
    origin = ", ".join(
        # A record that has left the ledger since keeps the origin it was sealed with.
        f"CASE WHEN o.record_id IS NULL THEN {names.sql(name, f's.{name}')} "
        f"ELSE {names.sql(name, f'o.{name}')} END AS {name}"
        if moved
        else f"{names.sql(name, f's.{name}')} AS {name}"
        for name in ORIGIN_COLUMNS
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
    make = create_members if moved == "origins" else create_members_view
    make(connection, query)


def _changed_since_seal(connection: Database, release: str) -> str:
    """A relation of the origins of today, at least of records whose sealed one may not hold."""
    sequence = _sequence(connection, release)
    if not {verb for _, verb in commits_since(connection, sequence)} <= _FOLLOWED:
        return "origins"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_CHANGED} AS FROM ({moved_since(sequence)})
        SEMI JOIN (FROM members WHERE release = {quote_literal(release)}) m USING (record_id)""")
    changed, records = connection.execute(
        f"SELECT (SELECT count(*) FROM {_CHANGED}), count(*) FROM members WHERE release = ?",
        [release],
    ).fetchall()[0]
    if changed * MAX_CHANGED_SHARE > records:
        return "origins"
    ids = origins_of(f"SELECT record_id FROM {_CHANGED}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_TODAY} AS {ids}")
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


def _sealed_origins_still_current(connection: Database, release: str) -> bool:
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
