"""Trace lineage from one node: its ancestors or its descendants."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import Field

from provenance.errors import MisuseError
from provenance.interchange.drawing.draw import draw
from provenance.interchange.graph import Graph
from provenance.lineage import DOWN, UP, Direction, ancestors, descendants, edges_walked
from provenance.model.base import Contract
from provenance.store.connection import Database
from provenance.store.ledger_store import Store
from provenance.views.edge_index import Paths, make_paths
from provenance.views.ledger_graph import NAMED, chain_text, node_names, resolve_node
from provenance.views.subset import id_list, origins_for_ids

_REACHED, _BETWEEN = "trace_reached", "trace_between"

LIMIT = 10_000
"""Most nodes in an answer."""

REASONS = 100
"""Most named nodes in an answer with a path."""

_KINDS = frozenset({"release", "model", "source", "entity"})


class TraceNode(Contract):
    """A node that was reached, and in how many hops."""

    id: str
    kind: str
    label: str | None
    depth: int | None = Field(description="Generative steps, a lower bound; records only.")
    hops: int


class TraceEdge(Contract):
    """An edge between two nodes of the answer."""

    child: str
    parent: str
    relation: str
    process: str | None
    activity: str | None


class Reason(Contract):
    """A shortest path from the root to a named node."""

    node: str
    path: tuple[TraceEdge, ...]
    text: str


class Trace(Contract):
    """The nodes and edges reached from a root."""

    root: str
    direction: str
    nodes: tuple[TraceNode, ...]
    edges: tuple[TraceEdge, ...]
    because: tuple[Reason, ...] = Field(
        default=(), description="A path to every release, model and source that was reached."
    )
    dangling: tuple[str, ...] = Field(
        default=(), description="Parents that are named but not in the ledger."
    )
    complete: bool = Field(default=True, description="False if the answer is cut at the limit.")


def trace(store: Store, text: str, *, down: bool = False, hops: int | None = None) -> Trace:
    """Find the ancestors of a node, or (``down``) its descendants.

    Raises:
        NotFoundError, MisuseError: there is no such node, or there are several.
    """
    with store.snapshot() as connection:
        edges = make_paths(connection)
        kind, root = resolve_node(connection, text)
        connection.execute("CREATE OR REPLACE TEMP TABLE trace_root (id UUID)")
        connection.execute("INSERT INTO trace_root VALUES (?)", [root])
        if kind == "source":
            # The records of a source are roots, too: there are no edges from them to the source.
            connection.execute(
                """INSERT INTO trace_root SELECT DISTINCT s.record_id FROM sightings s
                JOIN graph_named n ON n.id = ? AND n.name = s.source""",
                [root],
            )
        if down:
            descendants(connection, edges.down, "trace_root", hops, _REACHED)
        else:
            ancestors(connection, edges.up, "trace_root", hops, _REACHED)
        return _answer(connection, edges, root, DOWN if down else UP)


PICTURES = ("dot", "mermaid", "html")
"""Formats of ``draw_trace``."""


def draw_trace(trace: Trace, format: str) -> str:  # noqa: A002 - the word of the option
    """Draw a trace as a picture: ``dot``, ``mermaid`` or a ``html`` page, as text.

    Raises:
        MisuseError: there is no such format, or the trace is too large to be looked at.
    """
    if format not in PICTURES:
        raise MisuseError(f"there is no format `{format}`", hint=f"one of: {', '.join(PICTURES)}")
    return draw(_graph(trace), format, f"Lineage of {trace.root}")


def _graph(found: Trace) -> Graph:
    """A trace as the graph that pictures are drawn from."""
    return Graph.of_rows(
        [{"id": n.id, "kind": n.kind, "label": n.label, "depth": n.depth} for n in found.nodes],
        [edge.model_dump() for edge in found.edges],
        [],
        [],
    )


def _answer(connection: Database, graph: Paths, root: uuid.UUID, direction: Direction) -> Trace:
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE trace_shown AS
        SELECT id, min(hops) AS hops FROM {_REACHED} GROUP BY id ORDER BY hops, id LIMIT {LIMIT}""")
    names = node_names(connection, "trace_shown")
    shown = id_list(connection, "trace_shown")
    nodes = connection.execute(f"""
        SELECT t.id, coalesce(n.kind, 'record'), r.label, r.depth, t.hops
        FROM trace_shown t LEFT JOIN {NAMED} n USING (id)
        LEFT JOIN ({origins_for_ids(shown)}) r ON r.record_id = t.id
        ORDER BY t.hops, t.id""").fetchall()
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_BETWEEN} AS
        SELECT DISTINCT e.child, e.parent, e.relation, e.process, e.activity
        FROM {graph.into("trace_shown")} e SEMI JOIN trace_shown c ON c.id = e.child
        WHERE e.parent IS NULL OR e.parent IN (SELECT id FROM trace_shown)""")
    edges = connection.execute(
        f"SELECT * FROM {_BETWEEN} WHERE parent IS NOT NULL ORDER BY ALL"
    ).fetchall()
    total = connection.execute(f"SELECT count(DISTINCT id) FROM {_REACHED}").fetchone()
    return Trace(
        root=_name(names, root),
        direction="down" if direction is DOWN else "up",
        nodes=tuple(
            TraceNode(id=_name(names, n[0]), kind=n[1], label=n[2], depth=n[3], hops=n[4])
            for n in nodes
        ),
        edges=tuple(_edge(names, *edge) for edge in edges),
        because=_because(connection, nodes, names, direction),
        dangling=_dangling(connection),
        complete=total is not None and total[0] <= LIMIT,
    )


def _edge(
    names: dict[uuid.UUID, str],
    child: uuid.UUID,
    parent: uuid.UUID,
    relation: str,
    process: str | None,
    activity: str | None,
) -> TraceEdge:
    return TraceEdge(
        child=_name(names, child),
        parent=_name(names, parent),
        relation=relation,
        process=process,
        activity=activity,
    )


def _because(
    connection: Database, nodes: list[Any], names: dict[uuid.UUID, str], direction: Direction
) -> tuple[Reason, ...]:
    """The way to each of the named things that were reached, the nearest first."""
    ends = [node[0] for node in nodes if node[1] in _KINDS and node[4] > 0][:REASONS]
    found = []
    for end in ends:
        steps = edges_walked(connection, _BETWEEN, _REACHED, end, direction)
        path = tuple(
            _edge(names, s.child, s.parent, s.relation, s.process, s.activity)
            for s in reversed(steps)
        )
        upwards = steps if direction is DOWN else steps[::-1]
        found.append(
            Reason(node=_name(names, end), path=path, text=chain_text(connection, upwards))
        )
    return tuple(found)


def _name(names: dict[uuid.UUID, str], node: uuid.UUID) -> str:
    """Name a node; a record that is only in edges is named by its id."""
    return names.get(node, f"sha256:{node.hex}")


def _dangling(connection: Database) -> tuple[str, ...]:
    if not connection.execute(f"SELECT 1 FROM {_BETWEEN} WHERE parent IS NULL").fetchone():
        return ()
    rows = connection.execute("""
        SELECT DISTINCT l.parent_ref FROM lineage l SEMI JOIN trace_shown t ON t.id = l.child
        WHERE l.parent IS NULL ORDER BY 1 LIMIT 100""").fetchall()
    return tuple(row[0] for row in rows)
