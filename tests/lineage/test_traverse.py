"""Ancestors, descendants and the edges to them, against networkx."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, strategies as st
from support import random_graphs as graphs
from support.random_graphs import SHARED, Edge, Graph, name, number_of, put_edges, put_ids

from provenance.lineage import (
    DOWN,
    UP,
    EdgeIndex,
    PathEdge,
    ancestors,
    descendants,
    edges_walked,
    index_edges,
)

PLAIN = EdgeIndex("edges", "edges")


def walked(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    rows = connection.execute("SELECT id, hops FROM walked").fetchall()
    assert len({row[0] for row in rows}) == len(rows)
    return {number_of(node): hops for node, hops in rows}


def roots(connection: duckdb.DuckDBPyConnection, numbers: set[int]) -> str:
    put_ids(connection, "roots", numbers)
    return "roots"


def as_edges(steps: tuple[PathEdge, ...] | list[PathEdge]) -> list[Edge]:
    return [
        Edge(number_of(s.child), number_of(s.parent), s.relation, s.process, s.activity)
        for s in steps
    ]


@pytest.mark.slow
@pytest.mark.newest
@SHARED
@given(
    graph=graphs.graphs(told=False),
    start=st.sets(st.integers(0, 12), min_size=1, max_size=3),
    limit=st.none() | st.integers(0, 4),
    indexed=st.booleans(),
)
def test_ancestors_and_descendants(
    connection: duckdb.DuckDBPyConnection,
    graph: Graph,
    start: set[int],
    limit: int | None,
    indexed: bool,
) -> None:
    graph.tables(connection)
    index = index_edges(connection, "edges", "sorted") if indexed else PLAIN
    within = len(graph.nodes) + 1 if limit is None else limit
    for up, way, relation in ((True, UP, index.up), (False, DOWN, index.down)):
        walk = ancestors if up else descendants
        walk(connection, relation, roots(connection, start), limit, "walked")
        distances = graphs.hops(graph.edges, start, up=up)
        assert walked(connection) == {n: hops for n, hops in distances.items() if hops <= within}
        for node, hops in walked(connection).items():
            way_back = as_edges(edges_walked(connection, relation, "walked", name(node), way))
            assert len(way_back) == hops
            assert set(way_back) <= set(graph.edges)
            ends = [node, *(edge.child if up else edge.parent for edge in way_back)]
            assert ends[-1] in start


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_loops_end(connection: duckdb.DuckDBPyConnection, hops: int) -> None:
    put_edges(connection, "edges", [Edge(0, 1), Edge(1, 0), Edge(1, 1)])
    ancestors(connection, "edges", roots(connection, {0}), hops or None, "walked")
    assert walked(connection) == {0: 0, 1: 1}


def test_quoted_table_names(connection: duckdb.DuckDBPyConnection) -> None:
    put_edges(connection, "edges", [Edge(0, 1)])
    index = index_edges(connection, "edges", 'odd "name"')
    ancestors(connection, index.up, roots(connection, {0}), None, 'a "walk"')
    assert connection.execute('SELECT count(*) FROM "a ""walk"""').fetchone() == (2,)
