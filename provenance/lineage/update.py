"""Depth and taint kept up to date: only what lies downstream of a change is reckoned anew."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.lineage.alternatives import number_ways
from provenance.lineage.depth import as_table, depths
from provenance.lineage.depth_levels import propagate
from provenance.lineage.edges import Index, Relations, lent, scratch
from provenance.lineage.semantics import (
    DEPTH,
    STEP,
    TEXT,
    WRITES,
    WRITTEN,
    carries_sql,
    class_sql,
    floor_sql,
    offers_sql,
)
from provenance.lineage.state import State, column
from provenance.lineage.traverse import DOWN, begin, spread
from provenance.model.base import quote_identifier

WORTHWHILE, FEW = 16, 1_000
"""A full run is quicker once a sixteenth of the nodes, if not few, is to be reckoned anew."""

NOTHING = "(SELECT NULL::UUID AS id WHERE false)"


@dataclass(frozen=True, slots=True)
class Update:
    """What an update had to do.

    Attributes:
        changed: nodes that the change bears on at once.
        reckoned: nodes whose depth and taint were reckoned anew: those, and all downstream of them.
    """

    changed: int
    reckoned: int


@dataclass(frozen=True, slots=True)
class _Work:
    """The relations of one update, as SQL text.

    Attributes:
        nodes: all nodes; ``state`` what was reckoned of them before.
        old: edges of before, sorted both ways; ``new`` the edges since.
        known: nodes that the update has looked up; ``fresh`` are those without edges in ``old``.
        region: nodes to be reckoned anew.
        arrows: the edges into the region.
    """

    nodes: str
    state: str
    old: Index
    new: str
    known: str
    region: str
    arrows: str


def update_depths(
    connection: Relations,
    nodes: str,
    edges: Index,
    new_edges: str,
    into: str,
    touched: str = NOTHING,
) -> Update:
    """Bring a table that ``depths`` made up to date with new edges, and with nodes that changed.

    A new edge that asks for no more than its child has already costs a look-up. From the others on
    everything downstream is reckoned anew, as ``depths`` would: the table comes out the same.

    Args:
        nodes: all nodes as they are now.
        edges: the edges of before; it does no harm when the new ones are among them.
        touched: SQL text of a relation with a column ``id``: nodes whose label or own depth
            changed, and new nodes that have no new edges or are named by old ones.
    """
    with scratch(connection, "known", "region", "arrows") as (known, region, arrows):
        state = quote_identifier(into)
        work = _Work(nodes, state, edges, new_edges, known, region, arrows)
        ends = (
            f"SELECT child AS id, false AS touched FROM {new_edges} "
            f"UNION ALL SELECT parent, false FROM {new_edges} "
            f"UNION ALL SELECT id, true FROM {touched}"
        )
        ids = f"(SELECT id, bool_or(touched) AS touched FROM ({ends}) GROUP BY id)"
        _look_up(connection, work, ids, known)
        begin(connection, region, f"({_changed(work)})")
        changed = _count(connection, region)
        if not _reach(connection, work, changed):
            columns = "child, parent, relation, process, way, choice"
            every = f"SELECT {columns} FROM {edges.up} UNION ALL SELECT {columns} FROM {new_edges}"
            depths(connection, nodes, f"({every})", into)
            return Update(changed, _count(connection, state))
        _gather(connection, work)
        _look_up_rest(connection, work)
        _reckon(connection, work)
        return Update(changed, _count(connection, region))


def _look_up(connection: Relations, work: _Work, ids: str, table: str) -> None:
    """Make a table of some nodes: what they are, and what was reckoned of them before."""
    connection.execute(
        f"CREATE TEMP TABLE {table} AS SELECT nodes.id, {class_sql('nodes')} AS class, "
        f"{floor_sql('nodes')} AS least, state.depth, state.tainted, state.level, "
        "touched, state.id IS NULL AND NOT touched AS fresh "
        f"FROM {ids} AS ids JOIN {work.nodes} AS nodes ON nodes.id = ids.id "
        f"LEFT JOIN {work.state} AS state ON state.id = ids.id"
    )


def _changed(work: _Work) -> str:
    """New nodes, touched ones, and children of new edges that ask for more than there is.

    Levels rise along every edge that is not on a loop. A new edge that leads from a lower level to
    a higher one therefore closes no loop by itself. One more way, or one more possible parent, may
    make a depth less; whether it does is seen when it is reckoned anew.
    """
    asks = (
        "(coalesce(parents.level, 0) >= children.level "
        f"OR carries & {DEPTH} <> 0 AND (way <> 0 OR choice <> 0) "
        f"OR carries & {DEPTH} <> 0 "
        f"AND coalesce(parents.depth, 0) + (carries & {STEP}) > children.depth "
        f"OR (carries & {WRITES} <> 0 OR carries & {TEXT} <> 0 AND parents.tainted) "
        "AND NOT children.tainted)"
    )
    carries = carries_sql("offers", "children.class", "parents.class")
    return (
        f"SELECT id FROM {work.known} WHERE depth IS NULL OR touched "
        f"UNION SELECT id FROM (SELECT children.id, way, choice, {carries} AS carries, "
        f"{asks} AS asks "
        f"FROM {offers_sql(work.new)} AS edges "
        f"JOIN {work.known} AS children ON children.id = edges.child AND NOT children.fresh "
        f"LEFT JOIN {work.known} AS parents ON parents.id = edges.parent) WHERE asks"
    )


def _reach(connection: Relations, work: _Work, width: int) -> bool:
    """Extend the region to all that is downstream of it, unless that is too much."""
    most = max(_count(connection, work.state) // WORTHWHILE, FEW, width)
    size, hop = width, 0
    while width and size <= most:
        old = (work.old.down,) if _count(connection, f"({_old(work)} AND hops = {hop})") else ()
        hop += 1
        width = spread(connection, DOWN, (work.new, *old), hop, work.region)
        size += width
    return size <= most


def _old(work: _Work) -> str:
    """The nodes of a region that may have edges among the old ones."""
    fresh = f"SELECT id FROM {work.known} WHERE fresh"
    return f"SELECT id FROM {work.region} WHERE id NOT IN ({fresh})"


def _gather(connection: Relations, work: _Work) -> None:
    """Make a table of all edges whose children are in a region."""
    chosen = "SELECT child, parent, relation, process, way, choice FROM"
    connection.execute(
        f"CREATE TEMP TABLE {work.arrows} AS "
        f"{chosen} {work.new} WHERE child IN (SELECT id FROM {work.region})"
    )
    if _count(connection, f"({_old(work)})"):
        connection.execute(
            f"INSERT INTO {work.arrows} {chosen} {work.old.up} WHERE child IN ({_old(work)})"
        )


def _look_up_rest(connection: Relations, work: _Work) -> None:
    """Add what is missing among the nodes of a region and their parents."""
    with scratch(connection, "missing", "found") as (missing, found):
        connection.execute(
            f"CREATE TEMP TABLE {missing} AS SELECT id, false AS touched FROM "
            f"(SELECT id FROM {work.region} UNION SELECT parent FROM {work.arrows}) AS ids "
            f"WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM {work.known})"
        )
        if _count(connection, missing):
            _look_up(connection, work, missing, found)
            connection.execute(f"INSERT INTO {work.known} FROM {found}")


def _reckon(connection: Relations, work: _Work) -> None:
    """Propagate within a region, from what its neighbours have, and replace its rows."""
    found = connection.execute(
        "SELECT known.rowid::INTEGER AS number, region.id IS NULL AS beside, "
        "if(beside, known.depth, least)::INTEGER AS depth, "
        "if(beside, known.level, 0)::INTEGER AS level, "
        f"if(beside, known.tainted, class = {WRITTEN}) AS tainted "
        f"FROM {work.known} AS known LEFT JOIN {work.region} AS region ON region.id = known.id"
    ).to_arrow_table()
    state = State.blank(found.num_rows)
    place = column(found, "number")
    state.depth[place] = column(found, "depth")
    state.level[place] = column(found, "level")
    state.tainted[place] = column(found, "tainted")
    arrows, ways = number_ways(connection, work.arrows, work.known)
    propagate(arrows, state, ways)
    new = f"SELECT id FROM {work.known} WHERE depth IS NULL"
    replaced = f"(SELECT id FROM {work.region} WHERE id NOT IN ({new}))"
    if _count(connection, replaced):
        connection.execute(f"DELETE FROM {work.state} WHERE id IN {replaced}")
    with lent(connection, as_table(state)) as reckoned:
        connection.execute(
            f"INSERT INTO {work.state} SELECT known.id, reckoned.* EXCLUDE (number) "
            f"FROM {work.known} AS known SEMI JOIN {work.region} AS region ON region.id = known.id "
            f"JOIN {reckoned} AS reckoned ON reckoned.number = known.rowid"
        )


def _count(connection: Relations, relation: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {relation}").fetchone()[0])
