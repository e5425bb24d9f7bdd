"""The arrays of a propagation against what is worked out in SQL and in plain Python."""

from __future__ import annotations

import duckdb
import numpy as np
from hypothesis import given
from support import random_graphs as graphs
from support.random_graphs import SHARED, Graph, expected, name, number_of

from provenance.lineage import deepen, derived_claims, number, prove
from provenance.lineage.arrays import Whole

NODES = "(SELECT *, false AS proven FROM nodes)"
NAMES = "(SELECT id, id::VARCHAR AS name FROM nodes WHERE kind <> 'record')"
EDGES = "(SELECT *, false AS found FROM edges)"


def arrays(connection: duckdb.DuckDBPyConnection, graph: Graph) -> tuple[Whole, list[int | None]]:
    """A graph as arrays, and the numbers that its nodes have in the tests."""
    graph.tables(connection)
    connection.execute("SET arrow_lossless_conversion = true")
    whole = number(connection, NODES, EDGES, NAMES)
    ids = whole.nodes.column("id").to_pylist()
    return whole, [None if found is None else number_of(found) for found in ids]


@SHARED
@given(graph=graphs.graphs())
def test_depths_equal_those_of_trying_again(
    connection: duckdb.DuckDBPyConnection, graph: Graph
) -> None:
    whole, numbers = arrays(connection, graph)
    written = np.array(whole.nodes.column("artificial").to_numpy(), np.bool_)
    depth = deepen(connection, whole, written).depth
    wanted = expected(graph)
    found = {n: int(depth[at]) for at, n in enumerate(numbers) if n in wanted}
    assert found == {n: row[0] for n, row in wanted.items()}


@SHARED
@given(graph=graphs.graphs())
def test_the_claim_that_is_kept_is_one_of_all_claims(
    connection: duckdb.DuckDBPyConnection, graph: Graph
) -> None:
    whole, numbers = arrays(connection, graph)
    proofs = prove(whole)
    derived_claims(connection, "nodes", "edges", "claims")
    rows = connection.execute("SELECT record_id, claim, process FROM claims").fetchall()
    claims: dict[int, list[tuple[bool, bool, str]]] = {}
    for record, claim, process in rows:
        order = (claim != "synthetic", process is None, process or "")
        claims.setdefault(number_of(record), []).append(order)
    columns = (proofs.claim.to_pylist(), proofs.process.to_pylist())
    kept = {
        numbers[place]: (claim != "synthetic", process is None, process or "")
        for place, claim, process in zip(proofs.record.tolist(), *columns, strict=True)
    }
    assert kept == {record: min(listed) for record, listed in claims.items()}


@SHARED
@given(graph=graphs.graphs())
def test_the_writer_is_the_first_model_by_name(
    connection: duckdb.DuckDBPyConnection, graph: Graph
) -> None:
    whole, numbers = arrays(connection, graph)
    proofs = prove(whole)
    wanted: dict[int, int] = {}
    for edge, child, parent in graphs.known_edges(graph):
        counts = edge.relation == "derived" and edge.process not in graphs.SILENT
        if counts and child.kind == "record" and parent is not None and parent.kind == "model":
            least = min(wanted.get(child.number, parent.number), parent.number, key=name)
            wanted[child.number] = least
    found = {
        numbers[record]: numbers[writer]
        for record, writer in zip(proofs.record.tolist(), proofs.writer.tolist(), strict=True)
        if writer >= 0
    }
    assert found == wanted
