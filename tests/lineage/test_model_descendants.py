"""Members that descend from a model, and the chain that shows it."""

from __future__ import annotations

import duckdb
from support.random_graphs import Edge, Graph, Node, name, number_of, put_ids

from provenance.lineage import EdgeIndex, ModelDescendants, find_model_descendants, index_edges

WRITTEN = [Node(n, "record", "synthetic") for n in (2, 5)]
NODES = (
    Node(0, "record", "human"),
    Node(1, "model"),
    *WRITTEN,
    Node(3, "release"),
    Node(4, "model"),
    Node(6, "record", "human"),
    Node(7, "record", "unknown"),
)
LOOP = (
    Edge(2, 1, "derived", "generate", "run-1"),
    Edge(3, 2, "derived", "assemble"),
    Edge(3, 0, "derived", "assemble"),
    Edge(4, 3, "derived", "train"),
    Edge(5, 4, "derived", "generate", "run-2"),
)


def descent(
    connection: duckdb.DuckDBPyConnection,
    edges: tuple[Edge, ...],
    members: tuple[int, ...],
    *,
    indexed: bool = False,
) -> tuple[ModelDescendants, set[int]]:
    Graph(NODES, edges).tables(connection)
    put_ids(connection, "members", members, "record_id")
    index = index_edges(connection, "edges", "sorted") if indexed else EdgeIndex("edges", "edges")
    answer = find_model_descendants(connection, "nodes", index, name(1), "members", "descending")
    rows = connection.execute("SELECT record_id FROM descending").fetchall()
    assert answer.members == len(rows)
    return answer, {number_of(row[0]) for row in rows}


def test_chain_closes_the_loop_through_a_second_model(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    answer, members = descent(connection, LOOP, (5, 0), indexed=True)
    assert members == {5}
    ends = [(number_of(step.child), number_of(step.parent)) for step in answer.chain]
    assert ends == [(5, 4), (4, 3), (3, 2), (2, 1)]
    assert [step.process for step in answer.chain] == ["generate", "train", "assemble", "generate"]
    assert answer.chain[0].activity == "run-2"


def test_nearest_member_is_the_example(connection: duckdb.DuckDBPyConnection) -> None:
    answer, members = descent(connection, LOOP, (0, 2, 5))
    assert members == {2, 5}
    assert [number_of(step.child) for step in answer.chain] == [2]


def test_human_text_does_not_descend_by_context_or_annotation(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    beside = (
        Edge(6, 2, "context"),
        Edge(7, 1, "derived", "annotate"),
        Edge(0, 2, "derived", "feedback"),
    )
    assert descent(connection, (*LOOP, *beside), (0, 6, 7)) == (ModelDescendants(0, ()), set())


def test_edited_text_and_synthetic_replies_descend(connection: duckdb.DuckDBPyConnection) -> None:
    edges = (LOOP[0], Edge(6, 2, "derived", "edit"), Edge(5, 2, "context"))
    answer, members = descent(connection, edges, (5, 6, 0))
    assert members == {5, 6}
    assert len(answer.chain) == 2


def test_loops_in_the_graph_end(connection: duckdb.DuckDBPyConnection) -> None:
    edges = (*LOOP, Edge(1, 5, "derived", "train"))
    _, members = descent(connection, edges, (0, 2, 5))
    assert members == {2, 5}


def test_chain_names_the_edge_that_handed_the_text_on(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    both = (Edge(6, 2, "context"), Edge(6, 2, "derived", "feedback"), Edge(6, 2, "derived", "edit"))
    answer, _ = descent(connection, (*LOOP, *both), (6,))
    assert [step.process for step in answer.chain] == ["edit", "generate"]
