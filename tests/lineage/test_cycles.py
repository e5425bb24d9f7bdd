"""Loops are found and named, whatever surrounds them."""

from __future__ import annotations

import duckdb
import networkx as nx
import pytest
from hypothesis import given
from support import random_graphs as graphs
from support.random_graphs import SHARED, Edge, Graph, number_of, put_edges

from provenance.lineage import Cycles, cycles


def shape_of(graph: Graph) -> nx.MultiDiGraph:
    return nx.MultiDiGraph((e.child, e.parent) for e in graph.edges if e.parent is not None)


@pytest.mark.slow
@pytest.mark.newest
@SHARED
@given(graph=graphs.graphs(told=False))
def test_every_loop_is_found(connection: duckdb.DuckDBPyConnection, graph: Graph) -> None:
    graph.tables(connection)
    answer = cycles(connection, "edges", 100)
    groups = graphs.looped(graph.edges)
    assert answer.total == len(answer.listed) == len(groups)
    shape = shape_of(graph)
    for cycle in answer.listed:
        walk = [number_of(step.child) for step in cycle.loop]
        (group,) = [group for group in groups if walk[0] in group]
        assert cycle.nodes == len(group)
        assert cycle.edges == shape.subgraph(group).number_of_edges()
        assert set(walk) <= group
        assert len(set(walk)) == len(walk)
        assert [number_of(step.parent) for step in cycle.loop] == [*walk[1:], walk[0]]
        assert walk[0] == min(group, key=graphs.name)
        for step in cycle.loop:
            ends = number_of(step.child), number_of(step.parent)
            assert Edge(*ends, step.relation, step.process, step.activity) in graph.edges


def test_long_loop_with_tails(connection: duckdb.DuckDBPyConnection) -> None:
    loop = [Edge(n, (n + 1) % 1_000) for n in range(1_000)]
    tails = [Edge(n + 1, n) for n in range(2_000, 3_000)] + [Edge(2_000, 5), Edge(7, 4_000)]
    put_edges(connection, "edges", [*loop, *tails])
    answer = cycles(connection, "edges", 5)
    assert [(cycle.nodes, cycle.edges, len(cycle.loop)) for cycle in answer.listed] == [
        (1_000, 1_000, 1_000)
    ]


def test_limit_keeps_the_count(connection: duckdb.DuckDBPyConnection) -> None:
    put_edges(connection, "edges", [Edge(n, n, "derived", "clean", "run") for n in range(10)])
    answer = cycles(connection, "edges", 3)
    assert answer.total == 10
    firsts = sorted(range(10), key=graphs.name)[:3]
    assert [number_of(cycle.loop[0].child) for cycle in answer.listed] == firsts
    assert {(s.process, s.activity) for c in answer.listed for s in c.loop} == {("clean", "run")}


def test_no_loops(connection: duckdb.DuckDBPyConnection) -> None:
    put_edges(connection, "edges", [Edge(n, n // 2) for n in range(1, 200)])
    assert cycles(connection, "edges", 3) == Cycles(0, ())
    put_edges(connection, "edges", [])
    assert cycles(connection, "edges", 3) == Cycles(0, ())
