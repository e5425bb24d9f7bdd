"""What commits that only add have changed in the graph: new edges, and all that they bear on."""

from __future__ import annotations

from provenance.lineage import descend
from provenance.operations.derivation.staleness import superseded
from provenance.store.connection import Database
from provenance.views.copies import copied_since
from provenance.views.edge_index import (
    DOWN,
    STILL,
    UP,
    Indexed,
    as_list,
    commits_since,
    keyed,
)
from provenance.views.ledger_graph import FOUND, NAMED, edges_since

NEW = "change_edges"
"""Temporary table of the edges that are new, with a column ``found``."""

ARROWS = "change_arrows"
"""Temporary table of all edges that lead into what may have changed."""

REGION = "change_region"
"""Temporary table (id, …) of what may have changed."""

KNOWN = "change_known"
"""Temporary table (id, beside, depth, claim, process) of the ends of those edges."""

_ADDING = frozenset({"ingest", "import", "activity", "assemble", "source"})

# Beyond so many runs, or so large a part of the graph, all of it is worked out anew.
_MOST_RUNS, _PART, _FEW = 64, 16, 1_000

_ENDS = "child, parent, relation, process, activity"
_COLUMNS = f"{_ENDS}, way, choice, found"


def make_change(connection: Database, known: Indexed | None) -> bool:
    """Make the tables of what has changed; false when all has to be worked out anew.

    Call ``make_graph`` first.
    """
    if known is None or len(known.commits) >= _MOST_RUNS:
        return False
    since = commits_since(connection, known.through)
    if not {verb for _, verb in since} <= STILL | _ADDING or superseded(connection, known.through):
        return False
    commits = as_list(commit for commit, _ in since)
    if not _make_new(connection, commits):
        return False
    return _make_region(connection, commits)


def _make_new(connection: Database, commits: str) -> bool:
    """Make the table of new edges, unless an edge leads elsewhere than before."""
    before = f"SELECT {_COLUMNS} FROM {UP} WHERE found"
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
    """Make the tables of what is downstream of all that is new, unless that is too much."""
    seeds = (
        f"(SELECT record_id AS id FROM ledger.sightings WHERE commit_id IN ({commits}) "
        f"UNION ALL {copied_since(commits)} UNION ALL SELECT child FROM {NEW} "
        f"UNION ALL SELECT n.id FROM {NAMED} n JOIN ledger.sources s ON s.name = n.name "
        f"WHERE n.kind = 'source' AND s.commit_id IN ({commits}))"
    )
    row = connection.execute(f"SELECT count(*) FROM {UP}").fetchone()
    most = max(_FEW, int(row[0]) // _PART if row else 0)
    if not descend(connection, (NEW, keyed(DOWN, "frontier")), seeds, most, REGION):
        return False
    chosen = f"WHERE child IN (SELECT id FROM {REGION})"
    # A parent that was looked for in vain may have been found since: only now says that it is not.
    absent = f"SELECT {_ENDS}, way, choice, true FROM {FOUND} {chosen} AND parent IS NULL"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {ARROWS} AS SELECT {_COLUMNS} FROM {NEW} {chosen} "
        f"UNION ALL SELECT {_COLUMNS} FROM {keyed(UP, REGION)} {chosen} "
        f"AND NOT (found AND parent IS NULL) "
        f"UNION ALL ({absent} EXCEPT SELECT {_COLUMNS} FROM {NEW})"
    )
    return True


def make_known(connection: Database) -> None:
    """Make the table of the ends of all edges into what may have changed.

    Beside it lie the parents that have not: what was worked out of them before is said.
    """
    ends = f"SELECT child AS id FROM {ARROWS} UNION SELECT parent FROM {ARROWS}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {KNOWN} AS "
        f"SELECT e.id, r.id IS NULL AS beside, d.depth, d.claim, d.process FROM ({ends}) e "
        f"LEFT JOIN {REGION} r USING (id) LEFT JOIN ("
        "SELECT record_id, depth, claim, process FROM ledger.derived d "
        "JOIN commits c USING (commit_id) WHERE record_id IN "
        f"(SELECT parent FROM {ARROWS} UNION SELECT id FROM {REGION}) "
        "QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY c.seq DESC) = 1"
        ") d ON d.record_id = e.id WHERE e.id IS NOT NULL"
    )
