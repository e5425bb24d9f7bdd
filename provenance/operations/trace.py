"""Follow lineage from one node: what it came from, or what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import Field

from provenance.errors import MisuseError
from provenance.interchange.drawing.draw import draw
from provenance.interchange.graph import Graph
from provenance.lineage import DOWN, UP, Way, ancestors, descendants, trail
from provenance.model.base import Contract
from provenance.store.catalog import Database
from provenance.store.ledger_store import Store
from provenance.views.edge_index import Paths, make_paths
from provenance.views.ledger_graph import NAMED, chain_text, node_names, resolve_node
from provenance.views.subset import few_of, origins_of

_REACHED, _BETWEEN = "trace_reached", "trace_between"

LIMIT = 10_000
"""Most nodes of an answer."""

REASONS = 100
"""Most named things of an answer whose way is told."""

_KINDS = frozenset({"release", "model", "source", "entity"})


class TraceNode(Contract):
    """A thing that was reached, and in how many hops."""

    id: str
    kind: str
    label: str | None
    depth: int | None = Field(description="Generative steps, a lower bound; records only.")
    hops: int


class TraceEdge(Contract):
    """A step between two nodes of the answer."""

    child: str
    parent: str
    relation: str
    process: str | None
    activity: str | None


class Reason(Contract):
    """Why a named thing was reached: the edges of a shortest way, from the root to it."""

    node: str
    path: tuple[TraceEdge, ...]
    text: str


class Trace(Contract):
    """What was reached from a root."""

    root: str
    direction: str
    nodes: tuple[TraceNode, ...]
    edges: tuple[TraceEdge, ...]
    because: tuple[Reason, ...] = Field(
        default=(), description="For every release, model and source that was reached, the way."
    )
    dangling: tuple[str, ...] = Field(
        default=(), description="Parents that are named but not in the ledger."
    )
    complete: bool = Field(default=True, description="False when there is more than is shown.")


def trace(store: Store, text: str, *, down: bool = False, hops: int | None = None) -> Trace:
    """Everything that a node came from, or (``down``) that came of it.

    Raises:
        NotFoundError, MisuseError: there is no such node, or there are several.
    """
    with store.snapshot() as connection:
        edges = make_paths(connection)
        kind, root = resolve_node(connection, text)
        connection.execute("CREATE OR REPLACE TEMP TABLE trace_root (id UUID)")
        connection.execute("INSERT INTO trace_root VALUES (?)", [root])
        if kind == "source":
            # Its records stand for it: an edge for every sighting would be a ledger more.
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


def _answer(connection: Database, graph: Paths, root: uuid.UUID, way: Way) -> Trace:
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE trace_shown AS
        SELECT id, min(hops) AS hops FROM {_REACHED} GROUP BY id ORDER BY hops, id LIMIT {LIMIT}""")
    names = node_names(connection, "trace_shown")
    shown = few_of(connection, "trace_shown")
    nodes = connection.execute(f"""
        SELECT t.id, coalesce(n.kind, 'record'), r.label, r.depth, t.hops
        FROM trace_shown t LEFT JOIN {NAMED} n USING (id)
        LEFT JOIN ({origins_of(shown)}) r ON r.record_id = t.id
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
        direction="down" if way is DOWN else "up",
        nodes=tuple(
            TraceNode(id=_name(names, n[0]), kind=n[1], label=n[2], depth=n[3], hops=n[4])
            for n in nodes
        ),
        edges=tuple(_edge(names, *edge) for edge in edges),
        because=_because(connection, nodes, names, way),
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
    connection: Database, nodes: list[Any], names: dict[uuid.UUID, str], way: Way
) -> tuple[Reason, ...]:
    """The way to each of the named things that were reached, the nearest first."""
    ends = [node[0] for node in nodes if node[1] in _KINDS and node[4] > 0][:REASONS]
    found = []
    for end in ends:
        steps = trail(connection, _BETWEEN, _REACHED, end, way)
        path = tuple(
            _edge(names, s.child, s.parent, s.relation, s.process, s.activity)
            for s in reversed(steps)
        )
        upwards = steps if way is DOWN else steps[::-1]
        found.append(
            Reason(node=_name(names, end), path=path, text=chain_text(connection, upwards))
        )
    return tuple(found)


def _name(names: dict[uuid.UUID, str], node: uuid.UUID) -> str:
    """A record that the ledger has an edge of, but never saw, is called by its id."""
    return names.get(node, f"sha256:{node.hex}")


def _dangling(connection: Database) -> tuple[str, ...]:
    if not connection.execute(f"SELECT 1 FROM {_BETWEEN} WHERE parent IS NULL").fetchone():
        return ()
    rows = connection.execute("""
        SELECT DISTINCT l.parent_ref FROM lineage l SEMI JOIN trace_shown t ON t.id = l.child
        WHERE l.parent IS NULL ORDER BY 1 LIMIT 100""").fetchall()
    return tuple(row[0] for row in rows)
