"""What lineage proves about records, case by case and against a plain Python fixpoint."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from support import random_graphs as graphs
from support.random_graphs import MACHINE, SHARED, SILENT, Edge, Graph, Node, name, number_of

from provenance.lineage import derived_claims

Claim = tuple[int, str, str | None]


def claims(connection: duckdb.DuckDBPyConnection, graph: Graph) -> set[Claim]:
    graph.tables(connection)
    derived_claims(connection, "nodes", "edges", "claims")
    rows = connection.execute("SELECT record_id, claim, process, basis FROM claims").fetchall()
    assert all(row[3] for row in rows)
    answer = {(number_of(row[0]), *row[1:3]) for row in rows}
    assert len(answer) == len(rows)
    return answer


def expected(graph: Graph) -> set[Claim]:
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


@SHARED
@given(graph=graphs.graphs())
def test_any_graph(connection: duckdb.DuckDBPyConnection, graph: Graph) -> None:
    assert claims(connection, graph) == expected(graph)


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


def test_basis_names_parent_and_process(connection: duckdb.DuckDBPyConnection) -> None:
    edges = (
        Edge(4, 0, "derived", "rephrase"),
        Edge(4, 2, "derived", "edit"),
        Edge(4, 5, "derived", "edit"),
        Edge(5, 3),
        Edge(0, None, "derived", "generate"),
    )
    claims(connection, Graph(NODES, edges))
    bases = {
        (number_of(row[0]), row[1]): row[2]
        for row in connection.execute("SELECT record_id, process, basis FROM claims").fetchall()
    }
    least = min(2, 5, key=name)
    assert bases == {
        (0, "generate"): "generate of an unknown parent",
        (4, "rephrase"): f"rephrase of record sha256:{name(0).hex} (human)",
        (4, "edit"): f"edit of record sha256:{name(least).hex} ({NODES[least].label}) and others",
        (5, None): f"derived from model {name(3)}",
    }
