"""Small graphs for the tests of lineage, and plain Python answers about them from networkx."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import networkx as nx
from hypothesis import HealthCheck, settings, strategies as st

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
"""Hypothesis may use one database for all examples: each makes its own tables."""

GENERATIVE = (None, "generate", "rephrase", "translate", "feedback", "template")
GENTLE = ("clean", "edit", "annotate")
MACHINE = {"generate", "rephrase", "translate", "transcribe", "summarise", "distil", "template"}
SILENT = {"feedback", "annotate"}


class Node(NamedTuple):
    """A node by its number; ``label`` is None for all but records."""

    number: int
    kind: str = "record"
    label: str | None = None
    own_depth: int | None = None


class Edge(NamedTuple):
    """An edge by the numbers of its ends."""

    child: int
    parent: int | None
    relation: str = "derived"
    process: str | None = None
    activity: str | None = None
    way: int = 0
    choice: int = 0


SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835


def name(number: int) -> uuid.UUID:
    """The id of a node: in another order than the numbers."""
    return uuid.UUID(int=(number * SPREAD + 1) % 2**128)


def number_of(node: uuid.UUID) -> int:
    """The number of a node by its id."""
    return (node.int - 1) * pow(SPREAD, -1, 2**128) % 2**128


@dataclass(frozen=True)
class Graph:
    """Nodes and edges; an edge may lead to a node that is not there."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def tables(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the tables ``nodes`` and ``edges``."""
        connection.execute(
            "CREATE OR REPLACE TABLE nodes (id UUID, kind VARCHAR, label VARCHAR, own_depth BIGINT)"
        )
        columns = list(zip(*self.nodes, strict=True)) or [(), (), (), ()]
        connection.execute(
            "INSERT INTO nodes SELECT unnest(?::UUID[]), unnest(?::VARCHAR[]), "
            "unnest(?::VARCHAR[]), unnest(?::BIGINT[])",
            [[name(number) for number in columns[0]], *map(list, columns[1:])],
        )
        put_edges(connection, "edges", self.edges)

    def written(self, node: Node) -> bool:
        """Whether a node is a record that is synthetic or mixed."""
        return node.kind == "record" and node.label in {"synthetic", "mixed"}


def put_edges(connection: duckdb.DuckDBPyConnection, table: str, edges: Iterable[Edge]) -> None:
    """Make a table of edges."""
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} "
        "(child UUID, parent UUID, relation VARCHAR, process VARCHAR, activity VARCHAR, "
        "way INTEGER, choice INTEGER)"
    )
    columns = list(zip(*edges, strict=True)) or [()] * 7
    connection.execute(
        f"INSERT INTO {table} SELECT unnest(?::UUID[]), unnest(?::UUID[]), unnest(?::VARCHAR[]), "
        "unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[]), unnest(?::INTEGER[])",
        [
            *([None if n is None else name(n) for n in ends] for ends in columns[:2]),
            *map(list, columns[2:]),
        ],
    )


def put_ids(
    connection: duckdb.DuckDBPyConnection, table: str, numbers: Iterable[int], column: str = "id"
) -> None:
    """Make a table of ids."""
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT unnest(?::UUID[]) AS {column}",
        [[name(number) for number in numbers]],
    )


def known_edges(graph: Graph) -> list[tuple[Edge, Node, Node | None]]:
    """Edges whose child is a node, with both of their ends."""
    by_number = {node.number: node for node in graph.nodes}
    return [
        (edge, by_number[edge.child], by_number.get(edge.parent))
        for edge in graph.edges
        if edge.child in by_number
    ]


Recipes = dict[int, list[list[list[tuple[int | None, int]]]]]
"""By node its ways, each a list of choices, each a list of parents with their steps."""


def recipes(graph: Graph) -> Recipes:
    """All that hands on depth; only records that a machine wrote come about in ways."""
    found: dict[int, dict[int, dict[object, list[tuple[int | None, int]]]]] = {}
    present = {node.number for node in graph.nodes}
    for place, (edge, child, _) in enumerate(known_edges(graph)):
        if graph.written(child):
            way, step = edge.way, int(edge.process in GENERATIVE)
        elif child.kind != "record" and edge.relation == "derived":
            way, step = 0, 0
        else:
            continue
        # A reference that fits several parents is one of its way, and every other one of its own.
        one = ("same", edge.way, edge.choice) if edge.choice else ("own", place)
        parent = edge.parent if edge.parent in present else None
        ways = found.setdefault(edge.child, {})
        ways.setdefault(way, {}).setdefault(one, []).append((parent, step))
    return {
        node.number: [list(way.values()) for way in found.get(node.number, {}).values()]
        for node in graph.nodes
    }


def depth(graph: Graph) -> dict[int, int]:
    """Generative steps back to human text: loop by loop, and within each by trying again."""
    floors = {}
    for node in graph.nodes:
        if graph.written(node):
            floors[node.number] = max(node.own_depth or 1, 1)
        else:
            floors[node.number] = 0 if node.kind == "record" else max(node.own_depth or 0, 0)
    ways = recipes(graph)
    shape = nx.DiGraph()
    shape.add_nodes_from(floors)
    for child, listed in ways.items():
        parents = {p for way in listed for choice in way for p, _ in choice if p is not None}
        shape.add_edges_from((child, parent) for parent in parents)
    groups = nx.condensation(shape)
    values: dict[int | None, float] = {None: 0}
    for group in reversed(list(nx.topological_sort(groups))):
        values |= settled(floors, ways, values, groups.nodes[group]["members"])
    return {number: int(values[number]) for number in floors}


def settled(
    floors: dict[int, int], ways: Recipes, outside: dict[int | None, float], group: set[int]
) -> dict[int, float]:
    """The depths of nodes of which each may rest on each."""
    values = dict(outside) | dict.fromkeys(group, math.inf)
    for _ in group:
        values |= {n: asked(floors[n], ways[n], values, set()) for n in group}
    rest = {n for n in group if values[n] == math.inf}
    values |= {n: floors[n] for n in rest}
    before = None
    while before != values:
        before = dict(values)
        values |= {n: asked(floors[n], ways[n], before, rest) for n in rest}
    return {n: values[n] for n in group}


def asked(
    floor: int,
    ways: list[list[list[tuple[int | None, int]]]],
    values: dict[int | None, float],
    level: set[int],
) -> float:
    """What a node has to be, by what its parents are; a step from some of them counts nothing."""
    least = [
        max(
            min(values[parent] + (0 if parent in level else step) for parent, step in choice)
            for choice in way
        )
        for way in ways
    ]
    return max(floor, min(least, default=0))


def looped(edges: Iterable[Edge]) -> list[set[int]]:
    """Groups of nodes that lie on loops together."""
    shape = nx.DiGraph((edge.child, edge.parent) for edge in edges if edge.parent is not None)
    return [
        group
        for group in nx.strongly_connected_components(shape)
        if len(group) > 1 or shape.has_edge(*(list(group) * 2))
    ]


def hops(edges: Iterable[Edge], roots: set[int], *, up: bool) -> dict[int, int]:
    """Distances from the nearest of some nodes."""
    shape = nx.DiGraph((edge.child, edge.parent) for edge in edges if edge.parent is not None)
    shape.add_nodes_from(roots)
    shape = shape if up else shape.reverse()
    return dict(nx.multi_source_dijkstra_path_length(shape, roots, weight=None))


NODES = st.sampled_from(
    [
        *[("record", label) for label in ("human", "synthetic", "mixed", "unknown")] * 3,
        *[(kind, None) for kind in ("release", "model", "source")],
    ]
)
PROCESSES = st.sampled_from([*GENERATIVE, *GENTLE])


@st.composite
def graphs(
    draw: st.DrawFn, *, acyclic: bool = False, most: int = 12, told: bool | None = None
) -> Graph:
    """Any graph: nodes of every kind, edges of every sort, some of them dangling.

    Args:
        told: whether ways are told apart; either where it is not said.
    """
    size = draw(st.integers(1, most))
    kinds = draw(st.lists(NODES, min_size=size, max_size=size))
    own = draw(st.lists(st.sampled_from([None] * 6 + [0, 3]), min_size=size, max_size=size))
    nodes = tuple(Node(i, *kind, own[i]) for i, kind in enumerate(kinds))
    ends = st.tuples(st.integers(0, size), st.integers(0, size))
    if acyclic:
        ends = ends.filter(lambda pair: pair[0] != pair[1]).map(lambda pair: (max(pair), min(pair)))
    pairs = draw(st.lists(ends, max_size=3 * size))
    dangling = draw(st.lists(st.integers(0, size - 1), max_size=2))
    told = draw(st.booleans()) if told is None else told
    makings = st.tuples(st.integers(1, 3), st.sampled_from([0, 0, 1, 2]))
    edges = [
        Edge(
            child,
            parent,
            draw(st.sampled_from(["derived"] * 3 + ["context"])),
            draw(PROCESSES),
            None,
            *(draw(makings) if told else (0, 0)),
        )
        for child, parent in [*pairs, *((child, None) for child in dangling)]
    ]
    return Graph(nodes, tuple(edges))
