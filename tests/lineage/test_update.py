"""A table kept up to date equals one made anew, and little is done for it."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st
from support import random_graphs as graphs
from support.random_graphs import SHARED, Edge, Graph, Node, expected, found, put_edges, put_ids

from provenance.lineage import Index, Update, depths, index_edges, update_depths


def updated(
    connection: duckdb.DuckDBPyConnection, old: Graph, new: Graph, touched: set[int]
) -> Update:
    """Depths of the old graph, brought up to date with the new one."""
    old.tables(connection)
    depths(connection, "nodes", "edges", "found")
    index = index_edges(connection, "edges", "sorted")
    new.tables(connection)
    put_edges(connection, "new_edges", new.edges[len(old.edges) :])
    put_ids(connection, "touched", touched)
    return update_depths(connection, "nodes", index, "new_edges", "found", "touched")


@SHARED
@given(graph=graphs.graphs(), old=st.integers(0, 36), acyclic=graphs.graphs(acyclic=True))
def test_new_edges(
    connection: duckdb.DuckDBPyConnection, graph: Graph, old: int, acyclic: Graph
) -> None:
    for whole in (graph, acyclic):
        updated(connection, Graph(whole.nodes, whole.edges[:old]), whole, set())
        assert found(connection) == expected(whole)


@SHARED
@given(data=st.data(), graph=graphs.graphs(), edges=st.integers(0, 36))
def test_new_and_relabelled_nodes(
    connection: duckdb.DuckDBPyConnection, data: st.DataObject, graph: Graph, edges: int
) -> None:
    labels = st.sampled_from(["human", "synthetic", "mixed", "unknown"])
    before = [
        node._replace(label=data.draw(labels)) if node.kind == "record" else node
        for node in graph.nodes
    ]
    kept = data.draw(st.integers(0, len(before)))
    old = Graph(tuple(before[:kept]), graph.edges[:edges])
    touched = {new.number for new in graph.nodes if new not in old.nodes}
    updated(connection, old, graph, touched)
    assert found(connection) == expected(graph)


def test_only_what_is_downstream_is_reckoned_anew(connection: duckdb.DuckDBPyConnection) -> None:
    nodes = tuple(Node(n, "record", "synthetic") for n in range(100))
    chain = tuple(Edge(n, n - 1, "derived", "rephrase") for n in range(1, 98))
    new = (Edge(98, 40, "derived", "rephrase"), Edge(60, 3, "derived", "rephrase"))
    update = updated(connection, Graph(nodes, chain), Graph(nodes, (*chain, *new)), set())
    # The second edge asks for less than its child has, and the first for one node alone.
    assert update == Update(changed=1, reckoned=1)
    assert found(connection)[98][0] == 42
    late = Edge(90, 99, "derived", "clean")
    whole = Graph(nodes, (*chain, *new, late))
    assert updated(connection, Graph(nodes, (*chain, *new)), whole, set()) == Update(0, 0)
    closing = Edge(90, 95, "derived", "clean")
    whole = Graph(nodes, (*chain, closing))
    assert updated(connection, Graph(nodes, chain), whole, set()) == Update(1, 8)
    assert found(connection) == expected(whole)


def test_edges_that_are_already_in_the_index(connection: duckdb.DuckDBPyConnection) -> None:
    nodes = tuple(Node(n, "record", "synthetic") for n in range(4))
    whole = Graph(nodes, (Edge(1, 0), Edge(2, 1), Edge(3, 2)))
    Graph(nodes, whole.edges[:1]).tables(connection)
    depths(connection, "nodes", "edges", "found")
    whole.tables(connection)
    put_edges(connection, "new_edges", whole.edges[1:])
    update_depths(connection, "nodes", Index("edges", "edges"), "new_edges", "found")
    assert found(connection) == expected(whole)


def test_all_is_reckoned_anew_when_most_of_it_changes(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    nodes = tuple(Node(n, "record", "synthetic") for n in range(1_200))
    star = tuple(Edge(n, 0, "derived", "rephrase") for n in range(1, 1_199))
    whole = Graph(nodes, (*star, Edge(0, 1_199, "derived", "rephrase")))
    assert updated(connection, Graph(nodes, star), whole, set()) == Update(1, 1_200)
    assert set(found(connection).values()) == {
        (1, True, False, 0),
        (2, True, False, 1),
        (3, True, False, 2),
    }
