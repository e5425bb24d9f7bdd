"""Read the lineage graph into arrays of numbered nodes and edges, and propagate depths on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from provenance.lineage.alternative_derivations import find_alternatives
from provenance.lineage.depth_levels import propagate
from provenance.lineage.edge_arrays import Bits, EdgeArrays, Flags, Numbers, column
from provenance.lineage.semantics import (
    ADDS_STEP,
    ARTIFICIAL,
    CONTAINER,
    EDITING_PROCESSES,
    HUMAN_OR_UNKNOWN,
    MACHINE_PROCESSES,
    MODEL,
    NO_TEXT_PROCESSES,
    PASSES_DEPTH,
    is_one_of,
)
from provenance.lineage.temp_tables import ArrowConnection, copy_to_temp_table, temp_tables
from provenance.model.origin import GENERATIVE, Label

RECORD, OTHER, ABSENT = HUMAN_OR_UNKNOWN, CONTAINER, MODEL + 1
"""Kinds of nodes besides models; absent: an edge names it and no file contained it."""


@dataclass(frozen=True, slots=True)
class GraphArrays:
    """Nodes and edges as columns; an edge refers to its endpoints by their positions in the nodes.

    Attributes:
        nodes: id, kind, label, own_depth, proven, artificial; sorted by id. The last has no id: it
            stands for a parent that nobody has found.
        names: names of the nodes that have one, by their positions.
        edge_words: relation, process, activity and found of edges, each combination once.
        kind: of every node: record, model, other or absent.
        child, parent, word, way, choice: of every edge.
    """

    nodes: Any
    names: Mapping[int, str]
    edge_words: Any
    kind: Bits
    child: Numbers
    parent: Numbers
    word: Numbers
    way: Numbers
    choice: Numbers

    def flags(self, name: str) -> Flags:
        """A boolean column of ``edge_words``."""
        found: Flags = column(self.edge_words, name)
        return found


NO_NODES = (
    "(SELECT NULL::UUID AS id, NULL::VARCHAR AS kind, NULL::VARCHAR AS label, "
    "NULL::BIGINT AS own_depth, false AS proven LIMIT 0)"
)


NO_NAMES = "(SELECT NULL::UUID AS id, NULL::VARCHAR AS name LIMIT 0)"


def number_graph(
    connection: ArrowConnection, nodes: str, edges: str, names: str = NO_NAMES
) -> GraphArrays:
    """Read a graph into arrays.

    Args:
        nodes: SQL text of (id, kind, label, own_depth, proven); ``proven`` nodes have a derived
            claim, whatever these edges prove.
        edges: SQL text of edges that may lack a parent, with a further column ``found``, which is
            only passed through.
        names: SQL text of (id, name): names of the nodes that are not records.
    """
    with temp_tables(connection, "words", "numbers") as (edge_words, numbers):
        connection.execute(
            f"CREATE TEMP TABLE {edge_words} AS SELECT *, row_number() OVER () - 1 AS number FROM "
            f"(SELECT DISTINCT relation, process, activity, found FROM {edges} AS edges)"
        )
        known = _nodes(connection, nodes, numbers)
        found = _ends(connection, edges, numbers, edge_words)
        if any(found.column(name).null_count for name in ("child", "parent")):
            known = _with_absent(connection, nodes, edges, numbers)
            found = _ends(connection, edges, numbers, edge_words)
        named = connection.execute(
            f"SELECT number, name FROM {names} AS names JOIN {numbers} USING (id) ORDER BY number"
        ).fetchall()
        return GraphArrays(
            known,
            dict(named),
            connection.execute(_words_sql(edge_words)).to_arrow_table(),
            column(known, "place").astype(np.uint8),
            *(column(found, name) for name in ("child", "parent", "word", "way", "choice")),
        )


def _nodes(connection: ArrowConnection, nodes: str, numbers: str) -> Any:
    """The nodes in the order of their ids; their numbers are put into a table."""
    labels = ", ".join(f"'{label.value}'" for label in Label)
    found = connection.execute(
        f"SELECT id, kind, label::ENUM({labels}) AS label, own_depth, proven, "
        f"{is_one_of('label', {Label.SYNTHETIC, Label.MIXED})} AS artificial, CASE kind "
        f"WHEN 'record' THEN {RECORD} WHEN 'model' THEN {MODEL} WHEN 'absent' THEN {ABSENT} "
        f"ELSE {OTHER} END::UTINYINT AS place FROM (SELECT id, kind, label, own_depth, proven "
        f"FROM {nodes} AS nodes UNION ALL SELECT NULL, 'absent', NULL, NULL, false) "
        "ORDER BY id NULLS LAST"
    ).to_arrow_table()
    order = pa.array(np.arange(found.num_rows, dtype=np.int32))
    found = found.unify_dictionaries().append_column("number", order)
    copy_to_temp_table(connection, found.select(["id", "number"]), numbers)
    return found


def _with_absent(connection: ArrowConnection, nodes: str, edges: str, numbers: str) -> Any:
    """The nodes, and with them all ends of edges that are not among them."""
    with temp_tables(connection, "absent") as (absent,):
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


def _ends(connection: ArrowConnection, edges: str, numbers: str, edge_words: str) -> Any:
    nobody = f"(SELECT number FROM {numbers} WHERE id IS NULL)"
    return connection.execute(
        "SELECT child_node.number AS child, "
        f"if(edges.parent IS NULL, {nobody}, parent_node.number) AS parent, "
        "words.number::INTEGER AS word, edges.way::INTEGER AS way, "
        f"edges.choice::INTEGER AS choice FROM {edges} AS edges "
        f"LEFT JOIN {numbers} AS child_node ON child_node.id = edges.child "
        f"LEFT JOIN {numbers} AS parent_node ON parent_node.id = edges.parent "
        f"JOIN {edge_words} AS words ON words.relation = edges.relation "
        "AND words.process IS NOT DISTINCT FROM edges.process "
        "AND words.activity IS NOT DISTINCT FROM edges.activity "
        "AND words.found = edges.found"
    ).to_arrow_table()


def _words_sql(edge_words: str) -> str:
    generative = f"process IS NULL OR {is_one_of('process', GENERATIVE)}"
    return (
        f"SELECT relation, process, activity, found, {generative} AS generative, "
        "relation = 'derived' AS derived, "
        "dense_rank() OVER (ORDER BY process NULLS LAST)::INTEGER AS rank, "
        f"relation = 'derived' AND NOT {is_one_of('process', NO_TEXT_PROCESSES)} AS proves, "
        f"{is_one_of('process', MACHINE_PROCESSES)} AS machine, "
        f"{is_one_of('process', EDITING_PROCESSES)} AS kept FROM {edge_words} ORDER BY number"
    )


def propagate_depths(whole: GraphArrays, written: Flags) -> Numbers:
    """Compute the depth of every node: generative steps back to human text, a lower bound.

    Args:
        written: mask of the synthetic and mixed records, derived claims included.
    """
    classes = whole.kind.copy()
    classes[written & (whole.kind == RECORD)] = ARTIFICIAL
    own = column_of(whole.nodes, "own_depth")
    depth = np.zeros(len(classes), np.int32)
    depth[:] = np.where(whole.kind == RECORD, 0, np.maximum(own, 0))
    depth[classes == ARTIFICIAL] = np.maximum(own[classes == ARTIFICIAL], 1)
    known = whole.kind[whole.child] != ABSENT
    columns = (whole.child, whole.parent, whole.word, whole.way, whole.choice)
    child, parent, word, way, choice = (a if known.all() else a[known] for a in columns)
    edges = EdgeArrays(child, parent, _effects(whole, word, classes[child]))
    propagate(edges, depth, find_alternatives(edges, way, choice, classes))
    return depth


def _effects(whole: GraphArrays, word: Numbers, classes: Bits) -> Bits:
    """Effects of edges, by their words and the classes of their children.

    A synthetic or mixed record takes depth from all edges, with the step of generative ones. A
    record of human or unknown origin takes none. Other nodes take depth from derived edges, without
    a step.
    """
    artificial = classes == ARTIFICIAL
    steps = whole.flags("generative")[word] & artificial
    passes = artificial | ((classes != HUMAN_OR_UNKNOWN) & whole.flags("derived")[word])
    effects: Bits = steps * np.uint8(ADDS_STEP) | passes * np.uint8(PASSES_DEPTH)
    return effects


def column_of(table: Any, name: str) -> Any:
    """A column of whole numbers as an array, with -1 where there is none."""
    return table.column(name).fill_null(-1).to_numpy()


def is_absent(whole: GraphArrays) -> Flags:
    """Mask of the nodes that no file contained."""
    found: Flags = whole.kind == ABSENT
    return found


def is_record(whole: GraphArrays) -> Flags:
    """Mask of the nodes that are records."""
    found: Flags = whole.kind == RECORD
    return found
