"""A graph whose nodes are numbered in the order of their ids: the arrays of one propagation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from provenance.lineage.alternatives import tell_apart
from provenance.lineage.depth_levels import propagate
from provenance.lineage.edges import Relations, keep, scratch
from provenance.lineage.semantics import (
    FIXED,
    MACHINE,
    MODEL,
    SILENT,
    TOUCHED_UP,
    VESSEL,
    WRITTEN,
    among,
    carries_sql,
    offers_sql,
)
from provenance.lineage.state import Arrows, Bits, Flags, Numbers, State, column
from provenance.model.origin import Label

RECORD, OTHER, ABSENT = FIXED, VESSEL, MODEL + 1
"""Kinds of nodes beside models; absent is what an edge names and nobody has seen."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Nodes and edges as columns; an edge names its ends by their places among the nodes.

    Attributes:
        nodes: id, kind, label, own_depth, proven, artificial; sorted by id. The last has no id: it
            stands for a parent that nobody has found.
        names: what those nodes are called that have names, by their places.
        words: relation, process, activity and found of edges, each combination once.
        kind: of every node: record, model, other or absent.
        child, parent, word, way, choice: of every edge.
    """

    nodes: Any
    names: Mapping[int, str]
    words: Any
    kind: Bits
    child: Numbers
    parent: Numbers
    word: Numbers
    way: Numbers
    choice: Numbers

    def flags(self, name: str) -> Flags:
        """What is true of the words of every combination."""
        found: Flags = column(self.words, name)
        return found


NO_NODES = (
    "(SELECT NULL::UUID AS id, NULL::VARCHAR AS kind, NULL::VARCHAR AS label, "
    "NULL::BIGINT AS own_depth, false AS proven LIMIT 0)"
)


NO_NAMES = "(SELECT NULL::UUID AS id, NULL::VARCHAR AS name LIMIT 0)"


def number(connection: Relations, nodes: str, edges: str, names: str = NO_NAMES) -> Whole:
    """Read a graph into arrays.

    Args:
        nodes: SQL text of (id, kind, label, own_depth, proven): what lineage is to be reckoned
            over; ``proven`` are those of which a claim stands, whatever these edges say.
        edges: SQL text of edges that may lack a parent, with a further column ``found``, which is
            only handed on.
        names: SQL text of (id, name): what nodes that are no records are called.
    """
    with scratch(connection, "words", "numbers") as (words, numbers):
        connection.execute(
            f"CREATE TEMP TABLE {words} AS SELECT *, row_number() OVER () - 1 AS number FROM "
            f"(SELECT DISTINCT relation, process, activity, found FROM {edges} AS edges)"
        )
        known = _nodes(connection, nodes, numbers)
        found = _ends(connection, edges, numbers, words)
        if any(found.column(name).null_count for name in ("child", "parent")):
            known = _with_absent(connection, nodes, edges, numbers)
            found = _ends(connection, edges, numbers, words)
        named = connection.execute(
            f"SELECT number, name FROM {names} AS names JOIN {numbers} USING (id) ORDER BY number"
        ).fetchall()
        return Whole(
            known,
            dict(named),
            connection.execute(_words_sql(words)).to_arrow_table(),
            column(known, "place").astype(np.uint8),
            *(column(found, name) for name in ("child", "parent", "word", "way", "choice")),
        )


def _nodes(connection: Relations, nodes: str, numbers: str) -> Any:
    """The nodes in the order of their ids; their numbers are put into a table."""
    labels = ", ".join(f"'{label.value}'" for label in Label)
    found = connection.execute(
        f"SELECT id, kind, label::ENUM({labels}) AS label, own_depth, proven, "
        f"{among('label', {Label.SYNTHETIC, Label.MIXED})} AS artificial, CASE kind "
        f"WHEN 'record' THEN {RECORD} WHEN 'model' THEN {MODEL} WHEN 'absent' THEN {ABSENT} "
        f"ELSE {OTHER} END::UTINYINT AS place FROM (SELECT id, kind, label, own_depth, proven "
        f"FROM {nodes} AS nodes UNION ALL SELECT NULL, 'absent', NULL, NULL, false) "
        "ORDER BY id NULLS LAST"
    ).to_arrow_table()
    order = pa.array(np.arange(found.num_rows, dtype=np.int32))
    found = found.unify_dictionaries().append_column("number", order)
    keep(connection, found.select(["id", "number"]), numbers)
    return found


def _with_absent(connection: Relations, nodes: str, edges: str, numbers: str) -> Any:
    """The nodes, and with them all ends of edges that are not among them."""
    with scratch(connection, "absent") as (absent,):
        connection.execute(
            f"CREATE TEMP TABLE {absent} AS FROM (SELECT child AS id FROM {edges} AS edges "
            f"UNION SELECT parent FROM {edges} AS edges) ANTI JOIN {numbers} USING (id) "
            "WHERE id IS NOT NULL"
        )
        return _nodes(
            connection,
            f"(SELECT id, kind, label, own_depth, proven FROM {nodes} AS nodes UNION ALL "
            f"SELECT id, 'absent', NULL, NULL, false FROM {absent})",
            numbers,
        )


def _ends(connection: Relations, edges: str, numbers: str, words: str) -> Any:
    nobody = f"(SELECT number FROM {numbers} WHERE id IS NULL)"
    return connection.execute(
        "SELECT child_node.number AS child, "
        f"if(edges.parent IS NULL, {nobody}, parent_node.number) AS parent, "
        "words.number::INTEGER AS word, edges.way::INTEGER AS way, "
        f"edges.choice::INTEGER AS choice FROM {edges} AS edges "
        f"LEFT JOIN {numbers} AS child_node ON child_node.id = edges.child "
        f"LEFT JOIN {numbers} AS parent_node ON parent_node.id = edges.parent "
        f"JOIN {words} AS words ON words.relation = edges.relation "
        "AND words.process IS NOT DISTINCT FROM edges.process "
        "AND words.activity IS NOT DISTINCT FROM edges.activity "
        "AND words.found = edges.found"
    ).to_arrow_table()


def _words_sql(words: str) -> str:
    offered = f"(SELECT number AS child, number AS parent, relation, process FROM {words})"
    return (
        "SELECT relation, process, activity, found, offers, "
        "dense_rank() OVER (ORDER BY process NULLS LAST)::INTEGER AS rank, "
        f"relation = 'derived' AND NOT {among('process', SILENT)} AS proves, "
        f"{among('process', MACHINE)} AS machine, {among('process', TOUCHED_UP)} AS kept "
        f"FROM {words} JOIN {offers_sql(offered)} AS offered ON offered.child = number "
        "ORDER BY number"
    )


def deepen(connection: Relations, whole: Whole, written: Flags) -> State:
    """Depth, level and taint of every node.

    Args:
        written: nodes that are synthetic or mixed records, all that is proven of them included.
    """
    classes = whole.kind.copy()
    classes[written & (whole.kind == RECORD)] = WRITTEN
    state = State.blank(len(classes))
    own = column_of(whole.nodes, "own_depth")
    state.depth[:-1] = np.where(whole.kind == RECORD, 0, np.maximum(own, 0))
    state.depth[:-1][classes == WRITTEN] = np.maximum(own[classes == WRITTEN], 1)
    state.tainted[:-1] = classes == WRITTEN
    table = _carries(connection)
    known = whole.kind[whole.child] != ABSENT
    edges = (whole.child, whole.parent, whole.word, whole.way, whole.choice)
    child, parent, word, way, choice = (a if known.all() else a[known] for a in edges)
    carries = table[column(whole.words, "offers")[word], classes[child], classes[parent]]
    arrows = Arrows(child, parent, carries)
    propagate(arrows, state, tell_apart(arrows, way, choice, classes))
    return state


def column_of(table: Any, name: str) -> Any:
    """A column of whole numbers as an array, with -1 where there is none."""
    return table.column(name).fill_null(-1).to_numpy()


def _carries(connection: Relations) -> Any:
    """What edges do, by what they offer, the class of the child, and that of the parent."""
    carries = carries_sql("offers::UTINYINT", "child", f"nullif(parent, {ABSENT})")
    found = connection.execute(
        f"SELECT {carries} AS carries "
        f"FROM range(16) o(offers), range({ABSENT}) c(child), range({ABSENT + 1}) p(parent) "
        "ORDER BY offers, child, parent"
    ).to_arrow_table()
    return column(found, "carries").reshape(16, ABSENT, ABSENT + 1)


def is_absent(whole: Whole) -> Flags:
    """Which nodes nobody has seen."""
    found: Flags = whole.kind == ABSENT
    return found


def is_record(whole: Whole) -> Flags:
    """Which nodes are records that were seen."""
    found: Flags = whole.kind == RECORD
    return found
