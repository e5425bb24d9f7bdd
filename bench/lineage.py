"""Lineage at size: propagation against other ways of doing it, and traces.

    PYTHONPATH=. python bench/lineage.py --edges 10_000_000

Every contender runs in a process of its own and answers for the same made-up graph: records in
seven layers, three parents each, most of them from the layer below, a few of them very popular;
ten releases hold a part of them. Reading Parquet and writing the answer as Parquet is included.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from provenance import lineage

LAYERS = 7
RELEASES = 10
TRACES = 25


@dataclass(frozen=True)
class Took:
    """Seconds by the clock and of all processors together; the latter bear a busy machine."""

    wall: float
    cpu: float


@dataclass
class Measured:
    """Times by name, the peak of memory in MiB, and what else there is to say."""

    took: dict[str, Took] = field(default_factory=dict)
    memory: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


@contextmanager
def timing(took: dict[str, Took], name: str) -> Iterator[None]:
    """Time a block."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    took[name] = Took(time.perf_counter() - wall, time.process_time() - cpu)


def connect(memory: str = "2GB") -> duckdb.DuckDBPyConnection:
    """DuckDB on two threads with bounded memory."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": memory})
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    return connection


def make(folder: Path, edges: int) -> None:
    """Write nodes.parquet and edges.parquet with about so many edges."""
    records = edges * 19 // 50
    layer = -(-records // LAYERS)
    connection = connect("3GB")
    connection.execute(
        f"""
        CREATE TABLE records AS
          SELECT i, i // {layer} AS layer, md5(i::VARCHAR)::UUID AS id FROM range({records}) t(i);
        CREATE TABLE draws AS
          SELECT i, layer, hash(i, r) % 1000000 / 1e6 AS u, hash(r, i, 7) % 10 AS kind,
            if(layer > 1 AND hash(r, i, 9) % 5 = 0, hash(i, 3, r) % layer, layer - 1) AS above
          FROM records, range(3) t(r) WHERE layer > 0;
        CREATE TABLE releases AS
          SELECT k, sha256('release ' || k)[:32]::UUID AS id FROM range({RELEASES}) t(k);
        """
    )
    connection.execute(
        f"""COPY (
          SELECT id, 'record' AS kind, CASE WHEN layer = 0 THEN 'human'
            WHEN i % 11 = 0 THEN 'mixed' ELSE 'synthetic' END AS label, NULL::BIGINT AS own_depth
          FROM records UNION ALL SELECT id, 'release', NULL, NULL FROM releases
        ) TO '{folder}/nodes.parquet'"""
    )
    connection.execute(
        f"""COPY (
          SELECT c.id AS child, p.id AS parent, if(kind = 0, 'context', 'derived') AS relation,
            CASE WHEN kind < 6 THEN 'rephrase' WHEN kind < 8 THEN 'generate'
              WHEN kind = 8 THEN 'clean' END AS process, NULL::VARCHAR AS activity
          FROM draws JOIN records c USING (i)
          JOIN records p ON p.i = above * {layer} + (pow(u, 3) * {layer - 1})::BIGINT
          UNION ALL
          SELECT releases.id, records.id, 'derived', 'assemble', NULL
          FROM records JOIN releases ON hash(i, k) % 400 = 0 LIMIT {edges}
        ) TO '{folder}/edges.parquet'"""
    )


def ours(folder: Path) -> Measured:
    """Depth, Parquet to Parquet."""
    connection, measured = connect("1GB"), Measured()
    connection.execute("SET arrow_lossless_conversion = true")
    with timing(measured.took, "all"):
        nodes, edges = sources(folder)
        whole = lineage.number_graph(
            connection,
            f"(SELECT *, false AS proven FROM {nodes})",
            f"(SELECT *, 0 AS way, 0 AS choice, false AS found FROM {edges})",
        )
        written = whole.nodes.column("artificial").to_numpy().astype(bool)
        depth = lineage.propagate_depths(whole, written)
        with timing(measured.took, "write"):
            ids = whole.nodes.select(["id"])
            pq.write_table(ids.append_column("depth", pa.array(depth)), folder / "depths.parquet")
    measured.notes["answer"] = (int(depth.max()), int(depth.sum()))
    return measured


def recursive(folder: Path) -> Measured:
    """Depth alone, as one recursive query: every depth that a node has on some path."""
    nodes, edges = sources(folder)
    connection, measured = connect(), Measured()
    with timing(measured.took, "all"):
        connection.execute(
            f"""COPY (WITH RECURSIVE steps AS (
                SELECT e.child, e.parent, (c.kind = 'record' AND (e.process IS NULL
                  OR e.process IN ('generate', 'rephrase')))::INTEGER AS step
                FROM {edges} e JOIN {nodes} c ON c.id = e.child
              ), reached AS (
                SELECT id, (kind = 'record' AND label <> 'human')::INTEGER AS depth FROM {nodes}
                UNION
                SELECT steps.child, reached.depth + step
                FROM reached JOIN steps ON steps.parent = reached.id
              ) SELECT id, max(depth) AS depth FROM reached GROUP BY id
            ) TO '{folder}/recursive.parquet'"""
        )
    measured.notes["answer"] = connection.execute(
        f"SELECT max(depth), sum(depth) FROM '{folder}/recursive.parquet'"
    ).fetchone()
    return measured


def in_networkx(folder: Path) -> Measured:
    """Depth alone, in an object graph in memory."""
    import networkx as nx

    measured = Measured()
    with timing(measured.took, "all"):
        with timing(measured.took, "build"):
            numbers = numbered(folder)
            columns = (numbers[name].tolist() for name in ("parent", "child", "step"))
            graph = nx.DiGraph()
            graph.add_nodes_from(range(numbers["nodes"]))
            graph.add_weighted_edges_from(zip(*columns, strict=True))
        floors = numbers["floor"].tolist()
        for node in nx.topological_sort(graph):
            for child, data in graph.adj[node].items():
                floors[child] = max(floors[child], floors[node] + data["weight"])
    measured.notes["answer"] = (max(floors), sum(floors))
    return measured


def in_rustworkx(folder: Path) -> Measured:
    """Levels alone, in a compiled graph in memory; building starts from numbers, not from ids."""
    import rustworkx as rx

    measured = Measured()
    numbers = numbered(folder)
    pairs = list(zip(numbers["parent"].tolist(), numbers["child"].tolist(), strict=True))
    with timing(measured.took, "all"):
        with timing(measured.took, "build"):
            graph = rx.PyDiGraph(multigraph=True)
            graph.add_nodes_from(range(numbers["nodes"]))
            graph.add_edges_from_no_data(pairs)
        measured.notes["levels"] = len(list(rx.topological_generations(graph)))
    return measured


def numbered(folder: Path) -> dict[str, Any]:
    """The graph as numbers, for those that cannot take ids."""
    nodes, edges = sources(folder)
    connection = connect()
    connection.execute(
        "CREATE TABLE numbers AS SELECT id, kind, "
        f"(kind = 'record' AND label <> 'human')::INTEGER AS floor FROM {nodes}"
    )
    found = connection.execute(
        "SELECT p.rowid::INTEGER AS parent, c.rowid::INTEGER AS child, (c.kind = 'record' AND "
        "(process IS NULL OR process IN ('generate', 'rephrase')))::INTEGER AS step "
        f"FROM {edges} JOIN numbers c ON c.id = child JOIN numbers p ON p.id = parent"
    ).fetchnumpy()
    floors = connection.execute("SELECT floor FROM numbers ORDER BY rowid").fetchnumpy()["floor"]
    return {**found, "floor": floors, "nodes": len(floors)}


def traces(folder: Path) -> Measured:
    """Up, down and into releases, on an index that is there already."""
    connection, measured = connect(), Measured()
    nodes, edges = sources(folder)
    with timing(measured.took, "index"):
        both = f"(SELECT *, 0 AS way, 0 AS choice FROM {edges})"
        index = lineage.index_edges(connection, both, "sorted")
    roots = connection.execute(
        f"SELECT id FROM {nodes} WHERE kind = 'record' ORDER BY hash(id) LIMIT {TRACES}"
    ).fetchall()
    each: list[tuple[int, Took]] = []
    held = f"SELECT count(*) FROM walked JOIN {nodes} AS nodes USING (id) WHERE kind = 'release'"
    for (root,) in roots:
        one = f"(SELECT '{root}'::UUID AS id)"
        took: dict[str, Took] = {}
        with timing(took, "up"):
            lineage.ancestors(connection, index.up, one, None, "walked")
        each.append((count(connection, "walked"), took["up"]))
        with timing(took, "down to releases"):
            lineage.descendants(connection, index.down, one, None, "walked")
            connection.execute(held).fetchone()
        each.append((count(connection, "walked"), took["down to releases"]))
    least = 0
    for most in (10, 100, 1_000, 100_000_000):
        some = [took for size, took in each if least < size <= most]
        if some:
            name = f"{len(some)} traces of {least + 1} to {most:,} nodes, median"
            measured.took[name] = Took(
                statistics.median(took.wall for took in some),
                statistics.median(took.cpu for took in some),
            )
        least = most
    return measured


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def sources(folder: Path) -> tuple[str, str]:
    """The two relations as SQL text."""
    return f"'{folder}/nodes.parquet'", f"'{folder}/edges.parquet'"


def alone(task: Callable[[Path], Measured], folder: Path) -> Measured:
    """Run a task in a process of its own and note the most memory that it had."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_watched, (task, folder))


def _watched(task: Callable[[Path], Measured], folder: Path) -> Measured:
    measured = task(folder)
    measured.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return measured


def show(name: str, measured: Measured) -> None:
    """One line per figure."""
    print(f"{name}: peak {measured.memory:,} MiB")
    for what, took in measured.took.items():
        wall, cpu = took.wall * 1000, took.cpu * 1000
        print(f"  {what:<46}{wall:>12,.1f} ms{cpu:>12,.1f} ms of processors")
    for what, value in measured.notes.items():
        print(f"  {what:<46}{value}")


def ratio(what: str, mine: Took, theirs: Took) -> None:
    """How much less time one takes than the other."""
    wall, cpu = mine.wall / theirs.wall, mine.cpu / theirs.cpu
    print(f"{what}: time {wall:.3f}, processor time {cpu:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=300_000, help="edges for networkx")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        large, small = Path(scratch, "large"), Path(scratch, "small")
        for folder, edges in ((large, options.edges), (small, options.small)):
            folder.mkdir()
            alone_make(folder, edges)
        full = alone(ours, large)
        show(f"ours, {options.edges:,} edges", full)
        contenders = [("recursive SQL", recursive, large, full)]
        if importlib.util.find_spec("rustworkx"):
            contenders.append(("rustworkx", in_rustworkx, large, full))
        else:
            print("rustworkx is left out: it is not installed")
        contenders.append(("networkx", in_networkx, small, alone(ours, small)))
        for name, task, folder, mine in contenders:
            theirs = alone(task, folder)
            show(f"{name} on {folder.name}", theirs)
            ratio(f"ours / {name}", mine.took["all"], theirs.took["all"])
            print(f"ours / {name}: memory {mine.memory / theirs.memory:.3f}")
        show("traces", alone(traces, large))


def alone_make(folder: Path, edges: int) -> None:
    """Make the data in a process of its own, so that its memory is given back."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(make, (folder, edges))


if __name__ == "__main__":
    main()
