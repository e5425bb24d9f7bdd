"""Write a lineage graph of any size as GraphML, a batch at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.compute as pc

from provenance.interchange.graph import EDGES, NODES, Graph, rows
from provenance.interchange.text import NOT_XML

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns'
    ' http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n'
)
_TYPES = {pa.string(): "string", pa.float64(): "double", pa.int64(): "long"}
_ENDS = ("child", "parent")
_ACTIVITY = {"kind": "activity_kind", "name": "activity_name", "agent": "activity_agent"}
"""Columns of an activity that are written on its edges: GraphML has no activities."""

_UNSAFE_ID = re.compile("[%\x00-\x20\x7f]")
_FLUSH = 1 << 20


def to_graphml(graph: Graph, stream: BinaryIO) -> None:
    """Write the graph; an edge leads from the child to the parent.

    Node ids are the ids of the graph, space, control characters and ``%`` percent-encoded. Ends of
    edges without a row of their own are nodes of kind ``unknown``.
    """
    buffer: list[bytes] = []
    size = 0
    for piece in _pieces(graph):
        data = piece.encode()
        buffer.append(data)
        size += len(data)
        if size >= _FLUSH:
            stream.write(b"".join(buffer))
            buffer, size = [], 0
    stream.write(b"".join(buffer))


def _pieces(graph: Graph) -> Iterator[str]:
    yield _HEAD
    for field in NODES:
        if field.name != "id":
            yield _key("node", field.name, _TYPES[field.type])
    for field in EDGES:
        if field.name not in _ENDS:
            yield _key("edge", field.name, "string")
    for name in _ACTIVITY.values():
        yield _key("edge", name, "string")
    yield '<graph id="lineage" edgedefault="directed">\n'
    for node in rows(graph.nodes):
        yield _element("node", f"id={_id(node.pop('id'))}", node)
    for end in _unknown(graph):
        yield _element("node", f"id={_id(end)}", {"kind": "unknown"})
    activities = {a["activity"]: a for a in rows(graph.activities)}
    for number, edge in enumerate(rows(graph.edges)):
        ends = f"source={_id(edge.pop('child'))} target={_id(edge.pop('parent'))}"
        activity = activities.get(edge["activity"], {})
        values = edge | {called: activity.get(name) for name, called in _ACTIVITY.items()}
        yield _element("edge", f'id="e{number}" {ends}', values)
    yield "</graph>\n</graphml>\n"


def _unknown(graph: Graph) -> Iterator[str]:
    edges = graph.edges
    ends = pc.unique(
        pa.chunked_array([*edges["child"].chunks, *edges["parent"].chunks], type=pa.string())
    )
    yield from ends.filter(
        pc.invert(pc.is_in(ends, graph.nodes["id"].combine_chunks()))
    ).to_pylist()


def _key(where: str, name: str, kind: str) -> str:
    return f'<key id="{where}_{name}" for="{where}" attr.name="{name}" attr.type="{kind}"/>\n'


def _element(kind: str, head: str, values: Mapping[str, Any]) -> str:
    data = "".join(
        f'<data key="{kind}_{name}">{_text(value)}</data>'
        for name, value in values.items()
        if value is not None
    )
    return f"<{kind} {head}>{data}</{kind}>\n"


def _id(node: str) -> str:
    # An attribute value loses line ends and tabs on the way, and an id may not change.
    if _UNSAFE_ID.search(node) or NOT_XML.search(node):
        node = NOT_XML.sub(_percent, _UNSAFE_ID.sub(_percent, node))
    return quoteattr(node)


def _percent(match: re.Match[str]) -> str:
    return quote(match[0], safe="")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return repr(value)
    # A parser reads a bare carriage return as a line feed.
    return escape(NOT_XML.sub("\ufffd", value), {"\r": "&#13;"})
