"""Answers of the lineage arrays about a small graph, by the numbers of its nodes."""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import numpy as np
from support.random_graphs import Graph, number_of

from provenance.lineage import derive_claims, number_graph, propagate_depths
from provenance.lineage.graph_arrays import GraphArrays

NODES = "(SELECT *, false AS proven FROM nodes)"
NAMES = "(SELECT id, id::VARCHAR AS name FROM nodes WHERE kind <> 'record')"
EDGES = "(SELECT *, false AS found FROM edges)"


class Kept(NamedTuple):
    """The claim that is kept of a record; parent and writer are numbers of nodes or nothing."""

    claim: str
    process: str | None
    parent: int | None
    several: bool
    writer: int | None


def arrays(connection: duckdb.DuckDBPyConnection) -> tuple[GraphArrays, list[int | None]]:
    """The tables ``nodes`` and ``edges`` as arrays, and the numbers of the nodes in the tests."""
    connection.execute("SET arrow_lossless_conversion = true")
    whole = number_graph(connection, NODES, EDGES, NAMES)
    ids = whole.nodes.column("id").to_pylist()
    return whole, [None if found is None else number_of(found) for found in ids]


def depths(connection: duckdb.DuckDBPyConnection, graph: Graph) -> dict[int, int]:
    """The depth of every node by its number."""
    graph.tables(connection)
    whole, numbers = arrays(connection)
    written = np.array(whole.nodes.column("artificial").to_numpy(), np.bool_)
    found = propagate_depths(whole, written).tolist()
    present = {node.number for node in graph.nodes}
    return {n: depth for n, depth in zip(numbers, found, strict=True) if n in present}


def kept_claims(connection: duckdb.DuckDBPyConnection, graph: Graph) -> dict[int, Kept]:
    """The derived claim of every record that has one, by the number of the record."""
    graph.tables(connection)
    whole, numbers = arrays(connection)
    proofs = derive_claims(whole)
    columns = zip(
        proofs.record.tolist(),
        proofs.claim.to_pylist(),
        proofs.process.to_pylist(),
        proofs.parent.tolist(),
        proofs.several.tolist(),
        proofs.writer.tolist(),
        strict=True,
    )
    return {
        numbers[record]: Kept(
            claim, process, numbers[parent], several, None if writer < 0 else numbers[writer]
        )
        for record, claim, process, parent, several, writer in columns
    }
