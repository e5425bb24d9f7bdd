"""Find the region of the graph that commits since the last propagation can change."""

from __future__ import annotations

from provenance.lineage import descendants_within
from provenance.operations.derivation.staleness import superseded
from provenance.store.commits import LINEAGE_UNCHANGED, Effect, verbs_with
from provenance.store.connection import Database
from provenance.views.copies import copied_since
from provenance.views.edge_index import (
    EDGES_BY_CHILD,
    EDGES_BY_PARENT,
    Indexed,
    as_list,
    commits_since,
    filter_by_key,
)
from provenance.views.ledger_graph import FOUND, NAMED, edges_since

NEW = "change_edges"
"""Temporary table of the edges that are new, with a column ``found``."""

EDGES_INTO_REGION = "change_arrows"
"""Temporary table of all edges into the region."""

REGION = "change_region"
"""Temporary table (id, …) of the nodes that may have changed."""

KNOWN = "change_known"
"""Temporary table (id, beside, depth, claim, process) of the endpoints of those edges.

``beside``: the node is outside the region.
"""

_INCREMENTAL = LINEAGE_UNCHANGED | verbs_with(Effect.LINEAGE_BY_ROWS)

# Beyond so many runs, or so large a share of the graph, the whole graph is computed again.
_MAX_RUNS, _MAX_SHARE, _MIN_REGION = 64, 16, 1_000

_ENDS = "child, parent, relation, process, activity"
_COLUMNS = f"{_ENDS}, way, choice, found"


def make_change(connection: Database, known: Indexed | None) -> bool:
    """Create the tables of what changed; false if the whole graph has to be computed again.

    Call ``make_graph`` first.
    """
    if known is None or len(known.commits) >= _MAX_RUNS:
        return False
    since = commits_since(connection, known.through)
    if not {verb for _, verb in since} <= _INCREMENTAL or superseded(connection, known.through):
        return False
    commits = as_list(commit for commit, _ in since)
    if not _make_new(connection, commits):
        return False
    return _make_region(connection, commits)


def _make_new(connection: Database, commits: str) -> bool:
    """Create the table of new edges; false if an earlier edge resolves differently now."""
    before = f"SELECT {_COLUMNS} FROM {EDGES_BY_CHILD} WHERE found"
    now = f"SELECT {_ENDS}, way, choice, true AS found FROM {FOUND}"
    gone = f"(({before} AND parent IS NOT NULL) EXCEPT {now})"
    if connection.execute(f"SELECT 1 FROM {gone} LIMIT 1").fetchone():
        return False
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {NEW} AS {edges_since(commits)} "
        f"UNION ALL (({now}) EXCEPT ({before}))"
    )
    return True


def _make_region(connection: Database, commits: str) -> bool:
    """Create the tables of everything downstream of the new edges; false if it is too large."""
    seeds = (
        f"(SELECT record_id AS id FROM ledger.sightings WHERE commit_id IN ({commits}) "
        f"UNION ALL {copied_since(commits)} UNION ALL SELECT child FROM {NEW} "
        f"UNION ALL SELECT n.id FROM {NAMED} n JOIN ledger.sources s ON s.name = n.name "
        f"WHERE n.kind = 'source' AND s.commit_id IN ({commits}))"
    )
    row = connection.execute(f"SELECT count(*) FROM {EDGES_BY_CHILD}").fetchone()
    most = max(_MIN_REGION, int(row[0]) // _MAX_SHARE if row else 0)
    if not descendants_within(
        connection, (NEW, filter_by_key(EDGES_BY_PARENT, "frontier")), seeds, most, REGION
    ):
        return False
    chosen = f"WHERE child IN (SELECT id FROM {REGION})"
    # A parent that was missing before may exist now.
    absent = f"SELECT {_ENDS}, way, choice, true FROM {FOUND} {chosen} AND parent IS NULL"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {EDGES_INTO_REGION} AS "
        f"SELECT {_COLUMNS} FROM {NEW} {chosen} "
        f"UNION ALL SELECT {_COLUMNS} FROM {filter_by_key(EDGES_BY_CHILD, REGION)} {chosen} "
        f"AND NOT (found AND parent IS NULL) "
        f"UNION ALL ({absent} EXCEPT SELECT {_COLUMNS} FROM {NEW})"
    )
    return True


def make_known(connection: Database) -> None:
    """Create the table of the endpoints of all edges into the region.

    Parents outside the region carry what was derived of them before.
    """
    ends = (
        f"SELECT child AS id FROM {EDGES_INTO_REGION} UNION SELECT parent FROM {EDGES_INTO_REGION}"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {KNOWN} AS "
        f"SELECT e.id, r.id IS NULL AS beside, d.depth, d.claim, d.process FROM ({ends}) e "
        f"LEFT JOIN {REGION} r USING (id) LEFT JOIN ("
        "SELECT record_id, depth, claim, process FROM ledger.derived d "
        "JOIN commits c USING (commit_id) WHERE record_id IN "
        f"(SELECT parent FROM {EDGES_INTO_REGION} UNION SELECT id FROM {REGION}) "
        "QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY c.seq DESC) = 1"
        ") d ON d.record_id = e.id WHERE e.id IS NOT NULL"
    )
