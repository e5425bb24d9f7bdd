"""Ids of nodes that are no records, and the index over edges."""

from __future__ import annotations

import hashlib
import uuid

import duckdb
from support.random_graphs import Edge, name, put_edges

from provenance.lineage import index_edges, node_id


def test_node_id_is_the_head_of_a_sha256() -> None:
    text = b"node-1\0release\0r-1"
    assert node_id("release", "r-1") == uuid.UUID(bytes=hashlib.sha256(text).digest()[:16])


def test_one_name_gives_each_kind_an_id_of_its_own() -> None:
    ids = {node_id(kind, "ours") for kind in ("record", "source", "release", "model")}
    assert len(ids) == 4


def test_index_keeps_every_edge_both_ways(connection: duckdb.DuckDBPyConnection) -> None:
    edges = [Edge(0, 1, "context"), Edge(0, 1, "derived", "clean", "run"), Edge(2, None)]
    put_edges(connection, "edges", edges)
    index = index_edges(connection, "edges", "sorted")
    for relation in (index.up, index.down):
        columns = "child, parent, relation, process, activity, way, choice"
        both = f"(FROM {{}} EXCEPT ALL SELECT {columns} FROM {{}})"
        for pair in ((relation, "edges"), ("edges", relation)):
            left = f"SELECT count(*) FROM {both.format(*pair)}"
            assert connection.execute(left).fetchone() == (0,)
    keys = [row[0] for row in connection.execute(f"SELECT child FROM {index.up}").fetchall()]
    assert keys == sorted([name(0), name(0), name(2)])


def test_index_takes_any_number_of_words(connection: duckdb.DuckDBPyConnection) -> None:
    put_edges(connection, "edges", [Edge(n, 1, "derived", f"it's {n}") for n in range(300)])
    index = index_edges(connection, "edges", "sorted")
    words = f"SELECT count(DISTINCT process) FROM {index.up}"
    assert connection.execute(words).fetchone() == (300,)
    put_edges(connection, "edges", [Edge(1, 2, "derived", 'it\'s "odd"; --')])
    index = index_edges(connection, "edges", "sorted")
    assert connection.execute(f"SELECT process FROM {index.up}").fetchone() == ('it\'s "odd"; --',)
