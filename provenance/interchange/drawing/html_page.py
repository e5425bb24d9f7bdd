"""Small lineage as one HTML page that loads nothing, and is a picture and two tables without JS."""

from __future__ import annotations

import base64
import hashlib
import html
import unicodedata
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from provenance.content.display import visible
from provenance.errors import MisuseError
from provenance.interchange.drawing.layered_layout import COLUMN, ROW, Drawing, draw
from provenance.interchange.graph import CONTEXT, Graph, drawn, rows
from provenance.interchange.text import shorten

MAX_NODES, MAX_EDGES = 1_000, 4_000
"""Beyond these a picture shows nothing, and laying it out takes long."""

_WIDTH, _HEIGHT, _MARGIN = 216, 46, 24
_LETTERS = 25
_NUMBERS, _RIGHT = frozenset({"Synthetic share", "Depth"}), ' class="number"'
_LABELS = frozenset({"human", "synthetic", "mixed", "unknown"})


def to_html(graph: Graph, title: str) -> str:
    """The page, with the graph drawn in layers: ancestors left, descendants right.

    Raises:
        MisuseError: more nodes or edges than a picture can show.
    """
    nodes = drawn(graph)
    edges = list(rows(graph.edges))
    if len(nodes) > MAX_NODES or len(edges) > MAX_EDGES:
        raise MisuseError(
            f"{len(nodes):,} nodes and {len(edges):,} edges are too many to draw "
            f"(at most {MAX_NODES:,} and {MAX_EDGES:,})",
            hint="trace fewer hops, or export GraphML for a graph tool",
        )
    places = {node["id"]: number for number, node in enumerate(nodes)}
    page, style, script = _pieces()
    return page.substitute(
        title=_text(title),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        summary=f"{_count(len(nodes), 'node')}, {_count(len(edges), 'edge')}, "
        f"{_count(graph.activities.num_rows, 'activity', 'activities')}.",
        picture=_picture(nodes, edges, places),
        nodes=_node_table(nodes),
        edges=_edge_table(edges, places, graph),
    )


@cache
def _pieces() -> tuple[Template, str, str]:
    folder = resources.files("provenance.interchange")
    page, style, script = (
        (folder / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")
    )
    return Template(page), style, script


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _picture(
    nodes: list[dict[str, Any]], edges: list[dict[str, Any]], places: dict[str, int]
) -> str:
    pairs = [(places[edge["parent"]], places[edge["child"]]) for edge in edges]
    drawing = draw(len(nodes), pairs)
    width = drawing.width - (COLUMN - _WIDTH) + 2 * _MARGIN
    height = drawing.height - (ROW - _HEIGHT) + 2 * _MARGIN
    lines = "".join(
        _line(edge, pair, number, drawing)
        for number, (edge, pair) in enumerate(zip(edges, pairs, strict=True))
    )
    boxes = "".join(_box(node, number, drawing) for number, node in enumerate(nodes))
    return (
        f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'role="group" aria-label="Lineage, ancestors left, descendants right">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>{lines}{boxes}</svg>'
    )


def _line(edge: dict[str, Any], pair: tuple[int, int], number: int, drawing: Drawing) -> str:
    marks = ["edge"]
    marks += ["context"] if edge["relation"] == CONTEXT else []
    marks += ["backward"] if number in drawing.backward else []
    how = " ".join(part for part in (edge["relation"], edge["process"]) if part)
    said = f"{how}: {edge['parent']} to {edge['child']}"
    return (
        f'<path class="{" ".join(marks)}" data-from="{pair[0]}" data-to="{pair[1]}" '
        f'marker-end="url(#tip)" d="{_path(number, pair, drawing)}">'
        f"<title>{_text(said)}</title></path>"
    )


def _path(number: int, pair: tuple[int, int], drawing: Drawing) -> str:
    """From the right side of the parent to the left side of the child, level across columns."""
    points = [(x + _MARGIN, y + _MARGIN + _HEIGHT / 2) for x, y in drawing.lines[number]]
    if not points:
        x, y = drawing.places[pair[0]]
        x, y = x + _MARGIN + _WIDTH, y + _MARGIN + _HEIGHT / 2
        bend = f"C{x + 32:.0f} {y + 30:.1f},{x + 32:.0f} {y - 30:.1f}"
        return f"M{x:.0f} {y + 8:.1f}{bend},{x:.0f} {y - 8:.1f}"
    enter, leave = (_WIDTH, 0) if number in drawing.backward else (0, _WIDTH)
    x, y = points[0][0] + leave, points[0][1]
    parts = [f"M{x:.0f} {y:.1f}"]
    for next_x, next_y in points[1:]:
        half = (x + next_x + enter) / 2
        parts.append(
            f"C{half:.0f} {y:.1f},{half:.0f} {next_y:.1f},{next_x + enter:.0f} {next_y:.1f}"
        )
        x, y = next_x + leave, next_y
        parts.append(f"H{x:.0f}")
    return "".join(parts[:-1])


def _box(node: dict[str, Any], number: int, drawing: Drawing) -> str:
    x, y = (round(value + _MARGIN, 1) for value in drawing.places[number])
    label = node["label"] if node["label"] in _LABELS else "none"
    name, about = node["external_id"] or node["id"], _about(node)
    return (
        f'<g class="node {label}" aria-label="{_text(name)}, {_text(about)}">'
        f"<title>{_text(node['id'])}</title>"
        f'<rect class="box" x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<rect class="mark" x="{x}" y="{y + 8}" width="4" height="{_HEIGHT - 16}" rx="2"/>'
        f'<text x="{x + 14}" y="{y + 20}">{_text(_fitting(name, _LETTERS))}</text>'
        f'<text class="about" x="{x + 14}" y="{y + 36}">'
        f"{_text(_fitting(about, _LETTERS + 4))}</text></g>"
    )


def _about(node: dict[str, Any]) -> str:
    depth = f"depth {node['depth']}" if node["depth"] is not None else None
    said = [part for part in (node["kind"], node["label"], depth) if part]
    return ", ".join(said) or "not known here"


def _fitting(text: str, letters: int) -> str:
    """As much of a text as a box holds; letters of some scripts are twice as wide."""
    shown = visible(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in shown[:letters])
    return shorten(shown, max(letters - (wide + 1) // 2, 4))


def _node_table(nodes: list[dict[str, Any]]) -> str:
    heads = ("Node", "Kind", "Origin", "Synthetic share", "Depth", "Generator", "Known as")
    body = "".join(
        f'<tr id="r{number}"><th scope="row">{_text(node["id"])}</th>'
        f"<td>{_text(node['kind'])}</td><td>{_text(node['label'])}</td>"
        f'<td class="number">{_text(_share(node))}</td><td class="number">{_text(node["depth"])}'
        f"</td><td>{_text(node['generator'])}</td><td>{_text(node['external_id'])}</td></tr>"
        for number, node in enumerate(nodes)
    )
    return _table(heads, body)


def _edge_table(edges: list[dict[str, Any]], places: dict[str, int], graph: Graph) -> str:
    activities = {row["activity"]: row for row in rows(graph.activities)}
    heads = ("Child", "Parent", "Relation", "Process", "Activity", "By")
    body = "".join(
        f"<tr>{_link(edge['child'], places)}{_link(edge['parent'], places)}"
        f"<td>{_text(edge['relation'])}</td><td>{_text(edge['process'])}</td>"
        f"<td>{_text(_called(activities.get(edge['activity']), edge['activity']))}</td>"
        f"<td>{_text(activities.get(edge['activity'], {}).get('agent'))}</td></tr>"
        for edge in edges
    )
    return _table(heads, body)


def _called(activity: dict[str, Any] | None, otherwise: str | None) -> str | None:
    if activity is None:
        return otherwise
    return activity["name"] or activity["kind"] or otherwise


def _link(node: str, places: dict[str, int]) -> str:
    return f'<td><a href="#r{places[node]}">{_text(node)}</a></td>'


def _table(heads: tuple[str, ...], body: str) -> str:
    head = "".join(
        f'<th scope="col"{_RIGHT if name in _NUMBERS else ""}>{name}</th>' for name in heads
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _share(node: dict[str, Any]) -> str | None:
    lo, hi = node["share_lo"], node["share_hi"]
    if lo is None or hi is None:
        return None
    return f"{lo:.3g}" if lo == hi else f"{lo:.3g} to {hi:.3g}"


def _text(value: object) -> str:
    """A value from anywhere as harmless text, invisible characters shown."""
    return "" if value is None else html.escape(visible(str(value)))


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"
