"""Decide whether derived evidence is stale: whether a commit since then affects lineage."""

from __future__ import annotations

from provenance.store.commits import LINEAGE_UNCHANGED, Effect, verbs_with
from provenance.store.connection import Database
from provenance.views.copies import copied_since
from provenance.views.ledger_graph import EDGES, NAMED, make_graph
from provenance.views.lineage import has_lineage

# They affect lineage only by the records and releases that they add.
_BY_RECORDS = verbs_with(Effect.LINEAGE_BY_RECORDS)

_SINCE = "SELECT commit_id FROM commits WHERE seq > ?"

# New edges, edges of a superseded version of a file, a changed contract.
_ADDED = f"""
SELECT EXISTS (FROM ledger.edges WHERE commit_id IN ({_SINCE}))
    OR EXISTS (FROM ledger.quotes WHERE commit_id IN ({_SINCE}))
"""
_SUPERSEDED = f"""
SELECT EXISTS (
        FROM ledger.files f SEMI JOIN ledger.files n
            ON n.commit_id IN ({_SINCE}) AND n.source = f.source AND n.uri = f.uri
        WHERE f.commit_id NOT IN ({_SINCE}))
    OR EXISTS (
        FROM ledger.sources s SEMI JOIN ledger.sources n
            ON n.commit_id IN ({_SINCE}) AND n.name = s.name
        WHERE s.commit_id NOT IN ({_SINCE}))
    OR EXISTS (
        FROM ledger.files f SEMI JOIN ledger.sources n
            ON n.commit_id IN ({_SINCE}) AND n.name = f.source
        WHERE f.commit_id NOT IN ({_SINCE}))
    OR EXISTS (
        FROM ledger.imports i SEMI JOIN ledger.imports n
            ON n.commit_id IN ({_SINCE}) AND n.uri = i.uri
        WHERE i.commit_id NOT IN ({_SINCE}))
"""

# Records with new sightings, and copies of them, at an endpoint of any edge, including unresolved
# references, quotations and edges to models. Gives the release of an edge to a member, else NULL.
_AT_AN_END = f"""
WITH fresh AS MATERIALIZED (
    SELECT record_id AS id FROM ledger.sightings WHERE commit_id IN ({_SINCE})
    UNION {copied_since(_SINCE)}
    UNION
    SELECT n.id FROM ledger.releases r JOIN {NAMED} n ON n.kind = 'release' AND n.name = r.name
    WHERE r.commit_id IN ({_SINCE})
)
SELECT DISTINCT CASE WHEN process = 'assemble' THEN child END FROM {EDGES}
WHERE child IN (SELECT id FROM fresh) OR parent IN (SELECT id FROM fresh)
"""

# The members of a release matter if something was derived from the release.
_USED = f"SELECT EXISTS (FROM {EDGES} WHERE parent IN (SELECT unnest(?::UUID[])))"


def through(connection: Database) -> int:
    """Get the sequence number of the newest commit in the snapshot."""
    row = connection.execute("SELECT max(seq) FROM commits").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def needs_propagation(connection: Database) -> bool:
    """Whether a propagation may change anything; may create the graph views in the session."""
    if not has_lineage(connection):
        return False
    row = connection.execute(
        "SELECT arg_max(p.through, c.seq) FROM ledger.propagations p "
        "JOIN commits c USING (commit_id)"
    ).fetchone()
    if row is None or row[0] is None:
        return True
    last = int(row[0])
    rows = connection.execute("SELECT DISTINCT verb FROM commits WHERE seq > ?", [last]).fetchall()
    verbs = {str(verb) for (verb,) in rows} - LINEAGE_UNCHANGED
    if not verbs <= _BY_RECORDS:
        return True
    if not verbs:
        return False
    if _answer(connection, _ADDED, last) or superseded(connection, last):
        return True
    make_graph(connection)
    met = connection.execute(_AT_AN_END, [last] * _AT_AN_END.count("?")).fetchall()
    releases = [release for (release,) in met if release is not None]
    return len(releases) < len(met) or (bool(releases) and _answer(connection, _USED, releases))


def superseded(connection: Database, last: int) -> bool:
    """Whether a file, source or import was superseded after a commit."""
    return _answer(connection, _SUPERSEDED, last)


def _answer(connection: Database, query: str, value: object = None) -> bool:
    """Run a boolean query whose parameters are all the same value."""
    row = connection.execute(query, [value] * query.count("?")).fetchone()
    return bool(row and row[0])
