"""Claims that lineage makes about records, case by case and against a plain Python fixpoint."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from support import random_graphs as graphs
from support.lineage_arrays import kept_claims
from support.random_graphs import (
    MACHINE,
    SHARED,
    SILENT,
    Edge,
    Graph,
    Node,
    name,
)

Claim = tuple[int, str, str | None]


def order(claim: str, process: str | None) -> tuple[bool, bool, str]:
    """Of several claims about one record the first one is kept."""
    return claim != "synthetic", process is None, process or ""


def claims(connection: duckdb.DuckDBPyConnection, graph: Graph) -> set[Claim]:
    return {(n, *kept[:2]) for n, kept in kept_claims(connection, graph).items()}


def expected(graph: Graph) -> set[Claim]:
    """All claims that the edges make; one of every record is kept."""
    text = [
        (edge, parent)
        for edge, child, parent in graphs.known_edges(graph)
        if child.kind != "model" and edge.relation == "derived" and edge.process not in SILENT
    ]
    records = {node.number for node in graph.nodes if node.kind == "record"}
    artificial = {node.number for node in graph.nodes if graph.written(node)}
    answer: set[Claim] = set()
    size = -1
    while size != len(answer):
        size = len(answer)
        for edge, parent in text:
            kind = None if parent is None else parent.kind
            if edge.process in MACHINE or (kind == "model" and edge.process is None):
                answer.add((edge.child, "synthetic", edge.process))
            elif kind == "model" or (kind is not None and edge.parent in artificial):
                answer.add((edge.child, "mixed", edge.process))
        artificial |= {child for child, _, _ in answer}
    return {claim for claim in answer if claim[0] in records}


@pytest.mark.slow
@SHARED
@given(graph=graphs.graphs())
def test_any_graph(connection: duckdb.DuckDBPyConnection, graph: Graph) -> None:
    every: dict[int, list[tuple[str, str | None]]] = {}
    for record, *claim in expected(graph):
        every.setdefault(record, []).append(tuple(claim))
    least = {record: min(found, key=lambda claim: order(*claim)) for record, found in every.items()}
    assert {n: kept[:2] for n, kept in kept_claims(connection, graph).items()} == least


@pytest.mark.slow
@SHARED
@given(graph=graphs.graphs())
def test_the_writer_is_the_first_model_by_name(
    connection: duckdb.DuckDBPyConnection, graph: Graph
) -> None:
    wanted: dict[int, int] = {}
    for edge, child, parent in graphs.known_edges(graph):
        counts = edge.relation == "derived" and edge.process not in SILENT
        if counts and child.kind == "record" and parent is not None and parent.kind == "model":
            least = min(wanted.get(child.number, parent.number), parent.number, key=name)
            wanted[child.number] = least
    kept = kept_claims(connection, graph)
    assert {n: row.writer for n, row in kept.items() if row.writer is not None} == wanted


HUMAN, UNKNOWN = Node(0, "record", "human"), Node(1, "record", "unknown")
SYNTHETIC, MODEL = Node(2, "record", "synthetic"), Node(3, "model")
NODES = (HUMAN, UNKNOWN, SYNTHETIC, MODEL, Node(4, "record", "human"), Node(5, "record", "human"))


@pytest.mark.parametrize(
    ("edge", "claim"),
    [
        (Edge(4, 0, "derived", "rephrase"), "synthetic"),
        (Edge(4, None, "derived", "translate"), "synthetic"),
        (Edge(4, 3), "synthetic"),
        (Edge(4, 3, "derived", "clean"), "mixed"),
        (Edge(4, 2, "derived", "edit"), "mixed"),
        (Edge(4, 2, "derived", "clean"), "mixed"),
        (Edge(4, 2), "mixed"),
        (Edge(4, 0, "derived", "edit"), None),
        (Edge(4, 1, "derived", "clean"), None),
        (Edge(4, 0), None),
        (Edge(4, 2, "context"), None),
        (Edge(4, 2, "context", "generate"), None),
        (Edge(4, 3, "derived", "annotate"), None),
        (Edge(4, 2, "derived", "feedback"), None),
    ],
)
def test_one_edge(connection: duckdb.DuckDBPyConnection, edge: Edge, claim: str | None) -> None:
    answer = claims(connection, Graph(NODES, (edge,)))
    assert answer == ({(4, claim, edge.process)} if claim else set())


def test_claim_of_a_child_counts_for_its_children(connection: duckdb.DuckDBPyConnection) -> None:
    chain = (Edge(4, 0, "derived", "translate"), Edge(5, 4, "derived", "clean"))
    answer = claims(connection, Graph(NODES, chain))
    assert answer == {(4, "synthetic", "translate"), (5, "mixed", "clean")}


def test_the_least_parent_stands_for_all_that_prove_a_claim(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    edges = (
        Edge(4, 0, "derived", "clean"),
        Edge(4, 2, "derived", "edit"),
        Edge(4, 3, "derived", "edit"),
        Edge(5, 3),
        Edge(0, None, "derived", "generate"),
    )
    kept = kept_claims(connection, Graph(NODES, edges))
    assert kept == {
        0: ("synthetic", "generate", None, False, None),
        4: ("mixed", "clean", 0, False, 3),
        5: ("synthetic", None, 3, False, 3),
    }
    several = (Edge(4, 2, "derived", "edit"), Edge(4, 3, "derived", "edit"))
    kept = kept_claims(connection, Graph(NODES, several))
    assert kept == {4: ("mixed", "edit", min(2, 3, key=name), True, 3)}
