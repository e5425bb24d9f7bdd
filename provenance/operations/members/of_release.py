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
from provenance.store.commits import LINEAGE_UNCHANGED, Effect, Verb, verbs_with
from provenance.store.connection import Database
from provenance.views.copies import materialize_copies
from provenance.views.edge_index import as_list, commits_since
from provenance.views.generator_names import spellings
from provenance.views.materialized_origins import moved_since
from provenance.views.subset import origins_for_ids

_FOLLOWED = LINEAGE_UNCHANGED | verbs_with(Effect.ORIGINS_BY_ROWS)
"""Verbs of commits that change origins only by the rows that they add."""


_CHANGED, _TODAY = "set_touched", "set_today"
"""Temporary tables of records whose origin may have changed: ids, and current origins."""


MAX_CHANGED_SHARE = 10
"""If more than one record in so many may have changed, all origins are resolved again."""


def release_members(
    connection: Database, release: str, *, today: bool, models: Sequence[str] = ()
) -> None:
    """Create ``set_members`` from a release, with sealed or (``today``) current origins.

    Raises:
        NotFoundError: there is no such release.
    """
    if not connection.execute("SELECT 1 FROM releases WHERE name = ?", [release]).fetchall():
        raise NotFoundError(
            f"there is no release `{release}`", hint=known_names(connection, "releases", "releases")
        )
    if today:
        materialize_copies(connection)
    make_descent(connection, models)
    sealed = _sealed(connection, release)
    moved = (
        None
        if not today or _sealed_origins_still_current(connection, release)
        else _changed_since_seal(connection, release)
    )
    names = spellings(connection, f"({sealed})")
    origin = ", ".join(
        # A record that is no longer in the ledger keeps its sealed origin.
        f"CASE WHEN o.record_id IS NULL THEN {names.sql(name, f's.{name}')} "
        f"ELSE {names.sql(name, f'o.{name}')} END AS {name}"
        if moved
        else f"{names.sql(name, f's.{name}')} AS {name}"
        for name in ORIGIN_COLUMNS
    )
    # Descent is computed only for models that are asked about.
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
    # A view over the sealed rows reads only the columns in use.
    make = create_members if moved == "origins" else create_members_view
    make(connection, query)


def _changed_since_seal(connection: Database, release: str) -> str:
    """Name a relation of current origins, at least of records whose sealed one may be stale."""
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
    ids = origins_for_ids(f"SELECT record_id FROM {_CHANGED}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_TODAY} AS {ids}")
    return _TODAY


def _sequence(connection: Database, release: str) -> int:
    """Get the last commit in the snapshot from which a release was assembled."""
    rows = connection.execute(
        "SELECT json_extract(manifest, '$.ledger_sequence')::BIGINT FROM releases WHERE name = ?",
        [release],
    ).fetchall()
    return int(rows[0][0])


def _sealed(connection: Database, release: str) -> str:
    """SQL of the sealed rows of a release, filtered by commit."""
    rows = connection.execute(
        "SELECT c.commit_id FROM ledger.releases r JOIN commits c USING (commit_id) "
        "WHERE r.name = ?",
        [release],
    ).fetchall()
    commits = as_list(commit for (commit,) in rows)
    return f"""FROM ledger.members
        WHERE release = {quote_literal(release)} AND commit_id IN ({commits})"""


def _sealed_origins_still_current(connection: Database, release: str) -> bool:
    """Whether no commit since sealing can have changed an origin."""
    since = commits_since(connection, _sequence(connection, release))
    if not {verb for _, verb in since} <= LINEAGE_UNCHANGED | {Verb.ASSEMBLE}:
        return False
    derived = (
        f"SELECT record_id FROM ledger.derived WHERE commit_id IN ({as_list(c for c, _ in since)})"
    )
    return not connection.execute(
        f"FROM members SEMI JOIN ({derived}) USING (record_id) WHERE release = ? LIMIT 1", [release]
    ).fetchall()
