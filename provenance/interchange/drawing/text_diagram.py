"""Write a small lineage graph as text for drawing tools: Graphviz DOT and Mermaid."""

from __future__ import annotations

import re
from typing import Any

from provenance.content.display import visible
from provenance.errors import MisuseError
from provenance.interchange.graph import CONTEXT, Graph, drawn, rows
from provenance.interchange.text import shorten

MAX_MERMAID_EDGES = 500
"""Edges beyond which Mermaid refuses to draw."""

_LONGEST = 48
_SHAPES = {"source": "cylinder", "release": "folder", "model": "component"}
_BRACKETS = {"source": ("[(", ")]"), "release": ("[[", "]]"), "model": ("{{", "}}")}
_COLOURS = {"human": "#2b7196", "synthetic": "#c4561b", "mixed": "#8a5c00", "unknown": "#8b939c"}


def to_dot(graph: Graph) -> str:
    """Write the graph in DOT, parents above their children; context edges are dashed."""
    nodes = drawn(graph)
    numbers = {node["id"]: number for number, node in enumerate(nodes)}
    lines = [
        "digraph lineage {",
        "  rankdir=BT;",
        '  node [shape=box, style=rounded, fontname="Helvetica"];',
        '  edge [fontname="Helvetica", fontsize=10];',
    ]
    for number, node in enumerate(nodes):
        marks = [f"label={_quoted(_caption(node, chr(10)))}", f"tooltip={_quoted(node['id'])}"]
        if node["kind"] in _SHAPES:
            marks.append(f"shape={_SHAPES[node['kind']]}")
        if node["label"] in _COLOURS:
            marks.append(f'color="{_COLOURS[node["label"]]}"')
        lines.append(f"  n{number} [{', '.join(marks)}];")
    for edge in rows(graph.edges):
        marks = [f"label={_quoted(edge['process'])}"] if edge["process"] else []
        if edge["relation"] == CONTEXT:
            marks.append("style=dashed")
        suffix = f" [{', '.join(marks)}]" if marks else ""
        lines.append(f"  n{numbers[edge['child']]} -> n{numbers[edge['parent']]}{suffix};")
    return "\n".join([*lines, "}", ""])


def to_mermaid(graph: Graph) -> str:
    """Write the graph as a Mermaid flowchart, parents above children; context edges are dotted.

    Raises:
        MisuseError: more edges than Mermaid draws.
    """
    if graph.edges.num_rows > MAX_MERMAID_EDGES:
        raise MisuseError(
            f"{graph.edges.num_rows:,} edges, and Mermaid draws at most {MAX_MERMAID_EDGES}",
            hint="trace fewer hops, or take another format: dot, html, graphml",
        )
    nodes = drawn(graph)
    numbers = {node["id"]: number for number, node in enumerate(nodes)}
    lines = ["flowchart BT"]
    for number, node in enumerate(nodes):
        opened, closed = _BRACKETS.get(node["kind"], ("[", "]"))
        mark = f":::{node['label']}" if node["label"] in _COLOURS else ""
        lines.append(f'  n{number}{opened}"{_entities(_caption(node, " "))}"{closed}{mark}')
    for edge in rows(graph.edges):
        line = "-.->" if edge["relation"] == CONTEXT else "-->"
        label = f'|"{_entities(edge["process"])}"|' if edge["process"] else ""
        lines.append(f"  n{numbers[edge['child']]} {line}{label} n{numbers[edge['parent']]}")
    lines += [f"  classDef {name} stroke:{colour}" for name, colour in _COLOURS.items()]
    return "\n".join([*lines, ""])


def _caption(node: dict[str, Any], between: str) -> str:
    parts = [shorten(visible(node["external_id"] or node["id"]), _LONGEST)]
    about = [node["label"], f"depth {node['depth']}" if node["depth"] is not None else None]
    if any(about):
        parts.append(", ".join(visible(part) for part in about if part))
    return between.join(parts)


def _quoted(text: str) -> str:
    """Quote a DOT string; in a label a backslash begins an escape and an ampersand an entity."""
    lines = (visible(line).translate(_DOT) for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


_DOT = str.maketrans({"\\": "\\\\", '"': '\\"', "&": "&amp;"})

# What Mermaid may take for markup; a dash or a number at the start would be a list.
_MARKUP = re.compile(r"[^\w ,:/….-]|^-|(?<=\d)\.")


def _entities(text: str) -> str:
    """Escape a Mermaid label: every character that might be markup becomes its number."""
    return _MARKUP.sub(lambda match: f"#{ord(match[0])};", visible(text))
