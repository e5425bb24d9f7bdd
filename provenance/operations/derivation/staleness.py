"""Whether anything that was committed since the last propagation can bear on lineage."""

from __future__ import annotations

from provenance.store.connection import Database
from provenance.views.copies import copied_since
from provenance.views.edge_index import STILL
from provenance.views.ledger_graph import EDGES, NAMED, make_graph
from provenance.views.lineage import has_lineage

# They bear on lineage only through the records and releases that they add.
_ADDING = frozenset({"ingest", "assemble"})

_SINCE = "SELECT commit_id FROM commits WHERE seq > ?"

# Edges of their own, edges that went with the former version of a file, another contract.
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

# A record that is new, was seen once more, or may be a copy of such a one, at an end of any edge:
# edges that wait for it, that quote it, or that lead from it to the model that wrote it are among
# them. Of edges to the members of a release the release is given, of all others NULL.
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

# What is in a release matters where the release was made into something.
_USED = f"SELECT EXISTS (FROM {EDGES} WHERE parent IN (SELECT unnest(?::UUID[])))"


def through(connection: Database) -> int:
    """The newest commit that a snapshot shows."""
    row = connection.execute("SELECT max(seq) FROM commits").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def is_due(connection: Database) -> bool:
    """Whether a propagation may find anything to change; makes the graph's views on the way."""
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
    verbs = {str(verb) for (verb,) in rows} - STILL
    if not verbs <= _ADDING:
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
    """Whether a file, a source or an import of before a commit has another version since."""
    return _answer(connection, _SUPERSEDED, last)


def _answer(connection: Database, query: str, value: object = None) -> bool:
    """The truth of a query whose parameters, if any, are all the same."""
    row = connection.execute(query, [value] * query.count("?")).fetchone()
    return bool(row and row[0])
