"""Depths in whole graphs, against networkx."""

from __future__ import annotations

import random

import duckdb
import numpy as np
import pytest
from hypothesis import given
from support import random_graphs as graphs
from support.lineage_arrays import arrays, depths
from support.random_graphs import SHARED, Edge, Graph, Node

from provenance.lineage import propagate_depths


def answer(connection: duckdb.DuckDBPyConnection, *parts: Node | Edge) -> dict[int, int]:
    """Depths in a graph that is written down."""
    nodes = tuple(part for part in parts if isinstance(part, Node))
    return depths(connection, Graph(nodes, tuple(p for p in parts if isinstance(p, Edge))))


@pytest.mark.slow
@SHARED
@given(graph=graphs.graphs())
def test_any_graph(connection: duckdb.DuckDBPyConnection, graph: Graph) -> None:
    assert depths(connection, graph) == graphs.depth(graph)


@pytest.mark.slow
@SHARED
@given(graph=graphs.graphs(acyclic=True, most=25))
def test_acyclic_graph(connection: duckdb.DuckDBPyConnection, graph: Graph) -> None:
    assert depths(connection, graph) == graphs.depth(graph)


def test_long_chain_with_loops(connection: duckdb.DuckDBPyConnection) -> None:
    chance = random.Random(7)
    labels = ["human", "synthetic", "mixed", "unknown"]
    nodes = tuple(Node(n, "record", chance.choices(labels, [1, 8, 4, 1])[0]) for n in range(1_500))
    edges = [Edge(n, n - 1, "derived", chance.choice(graphs.GENTLE)) for n in range(1, 1_500)]
    edges += [Edge(n, chance.randrange(n), "derived", "rephrase") for n in range(1, 1_500, 7)]
    edges += [Edge(400, 420, "context"), Edge(900, 900), Edge(1_000, 1_001, "derived", "edit")]
    graph = Graph(nodes, tuple(edges))
    assert depths(connection, graph) == graphs.depth(graph)


@pytest.mark.slow
def test_chain_of_many_thousand_ends(connection: duckdb.DuckDBPyConnection) -> None:
    length = 30_000
    connection.execute(
        "CREATE OR REPLACE TABLE nodes AS SELECT md5(i::VARCHAR)::UUID AS id, 'record' AS kind, "
        f"'synthetic' AS label, NULL::BIGINT AS own_depth FROM range({length}) AS t(i)"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE edges AS SELECT md5(i::VARCHAR)::UUID AS child, "
        "md5((i - 1)::VARCHAR)::UUID AS parent, 'derived' AS relation, 'rephrase' AS process, "
        f"NULL::VARCHAR AS activity, 0 AS way, 0 AS choice FROM range(1, {length}) AS t(i)"
    )
    whole, _ = arrays(connection)
    found = propagate_depths(whole, np.r_[np.ones(length, np.bool_), False])
    assert found.max() == length


HUMAN, UNKNOWN = Node(0, "record", "human"), Node(0, "record", "unknown")


def synthetic(number: int) -> Node:
    return Node(number, "record", "synthetic")


@pytest.mark.parametrize(
    ("process", "depth"),
    [("rephrase", 2), ("feedback", 2), (None, 2), ("clean", 1), ("edit", 1), ("annotate", 1)],
)
def test_process_decides_about_the_step(
    connection: duckdb.DuckDBPyConnection, process: str | None, depth: int
) -> None:
    nodes = (synthetic(1), Node(2, "record", "mixed"))
    assert answer(connection, *nodes, Edge(2, 1, "derived", process))[2] == depth


def test_human_reply_to_a_synthetic_message_stays_human(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    nodes = (HUMAN, synthetic(1), synthetic(2))
    rows = answer(connection, *nodes, Edge(0, 1, "context"), Edge(2, 1, "context"))
    assert rows == {0: 0, 1: 1, 2: 2}


def test_declared_human_with_a_machine_derivation_has_depth_zero(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = answer(connection, HUMAN, synthetic(1), Edge(0, 1, "derived", "rephrase"))
    assert rows[0] == 0


def test_through_releases_and_models(connection: duckdb.DuckDBPyConnection) -> None:
    graph = [
        HUMAN,
        synthetic(1),
        Node(2, "release"),
        Node(3, "model"),
        synthetic(4),
        Node(5, "release"),
        Edge(2, 0, "derived", "assemble"),
        Edge(2, 1, "derived", "assemble"),
        Edge(3, 2, "derived", "train"),
        Edge(4, 3, "derived", "generate"),
        Edge(5, 4, "derived", "assemble"),
    ]
    rows = answer(connection, *graph)
    assert rows == {0: 0, 1: 1, 2: 1, 3: 1, 4: 2, 5: 2}


def test_loop_counts_the_step_by_which_it_is_entered(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    nodes = [synthetic(number) for number in range(5)]
    way_in = [Edge(1, 0, "derived", "rephrase"), Edge(2, 1, "derived", "rephrase")]
    loop = [Edge(1, 3, "derived", "rephrase"), Edge(3, 1, "derived", "rephrase")]
    rows = answer(connection, *nodes, *way_in, *loop, Edge(4, 3, "derived", "rephrase"))
    assert rows == {0: 1, 1: 2, 2: 3, 3: 2, 4: 3}


def test_empty_graph(connection: duckdb.DuckDBPyConnection) -> None:
    assert answer(connection) == {}
    assert answer(connection, UNKNOWN) == {0: 0}
    assert answer(connection, Edge(3, 4)) == {}


def test_loop_near_the_top_of_a_wide_graph(connection: duckdb.DuckDBPyConnection) -> None:
    chance = random.Random(3)
    nodes = tuple(Node(n, "record", "synthetic" if n % 5 else "mixed") for n in range(900))
    edges = [
        Edge(
            n, chance.randrange(max(n - 40, 0), n), "derived", chance.choice(["clean", "rephrase"])
        )
        for n in range(2, 900)
        for _ in range(2)
    ]
    loops = [Edge(0, 0), Edge(1, 3, "derived", "edit"), Edge(3, 1, "derived"), Edge(500, 520)]
    graph = Graph(nodes, (*edges, *loops))
    assert depths(connection, graph) == graphs.depth(graph)
