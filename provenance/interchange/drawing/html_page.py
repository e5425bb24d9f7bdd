"""Draw a small lineage graph as an HTML page: a picture and two tables."""

from __future__ import annotations

import unicodedata
from typing import Any

from provenance.content.display import visible
from provenance.content.web_page import Skip, render_page
from provenance.errors import MisuseError
from provenance.interchange.drawing.layered_layout import COLUMN, ROW, Drawing, draw
from provenance.interchange.graph import CONTEXT, Graph, drawn, rows
from provenance.interchange.text import shorten

MAX_NODES, MAX_EDGES = 1_000, 4_000
"""Largest graph that is drawn: a larger picture cannot be read, and its layout takes long."""

_WIDTH, _HEIGHT, _MARGIN = 216, 46, 24
_LETTERS = 24
_LABELS = frozenset({"human", "synthetic", "mixed", "unknown"})


def to_html(graph: Graph, title: str) -> str:
    """Render the page, with the graph drawn in layers: ancestors left, descendants right.

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
    row_of = {node["id"]: number for number, node in enumerate(nodes)}
    pairs = [(row_of[edge["parent"]], row_of[edge["child"]]) for edge in edges]
    drawing = draw(len(nodes), pairs)
    activities = {row["activity"]: row for row in rows(graph.activities)}
    return render_page(
        "provenance.interchange.drawing",
        "lineage.html",
        title=title,
        skip=Skip("nodes", "the tables"),
        style="lineage.css",
        script="lineage.js",
        summary=f"{_count(len(nodes), 'node')}, {_count(len(edges), 'edge')}, "
        f"{_count(graph.activities.num_rows, 'activity', 'activities')}.",
        width=f"{drawing.width - (COLUMN - _WIDTH) + 2 * _MARGIN:.0f}",
        height=f"{drawing.height - (ROW - _HEIGHT) + 2 * _MARGIN:.0f}",
        box_width=_WIDTH,
        box_height=_HEIGHT,
        lines=[_line(edge, pairs[at], at, drawing) for at, edge in enumerate(edges)],
        boxes=[_box(node, drawing.centres[at]) for at, node in enumerate(nodes)],
        nodes=[{**node, "share": _share(node)} for node in nodes],
        edges=[_edge(edge, row_of, activities.get(edge["activity"])) for edge in edges],
    )


def _line(
    edge: dict[str, Any], pair: tuple[int, int], number: int, drawing: Drawing
) -> dict[str, Any]:
    marks = ["edge"]
    marks += ["context"] if edge["relation"] == CONTEXT else []
    marks += ["backward"] if number in drawing.backward else []
    how = " ".join(part for part in (edge["relation"], edge["process"]) if part)
    return {
        "marks": " ".join(marks),
        "parent": pair[0],
        "child": pair[1],
        "path": _path(number, pair, drawing),
        "name": f"{how}: {edge['parent']} to {edge['child']}",
    }


def _path(number: int, pair: tuple[int, int], drawing: Drawing) -> str:
    """From the right side of the parent to the left side of the child, level across columns."""
    points = [(x + _MARGIN, y + _MARGIN + _HEIGHT / 2) for x, y in drawing.lines[number]]
    if not points:
        x, y = drawing.centres[pair[0]]
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


def _box(node: dict[str, Any], corner: tuple[float, float]) -> dict[str, Any]:
    x, y = (round(value + _MARGIN, 1) for value in corner)
    name, about = node["external_id"] or node["id"], _about(node)
    return {
        "x": x,
        "y": y,
        "id": node["id"],
        "label": node["label"] if node["label"] in _LABELS else "none",
        "name": name,
        "about": about,
        "short_name": _fitting(name, _LETTERS),
        "short_about": _fitting(about, _LETTERS + 4),
    }


def _about(node: dict[str, Any]) -> str:
    depth = f"depth {node['depth']}" if node["depth"] is not None else None
    parts = [part for part in (node["kind"], node["label"], depth) if part]
    return ", ".join(parts) or "not known here"


def _fitting(text: str, letters: int) -> str:
    """Shorten a text to the width of a box; letters of some scripts are twice as wide."""
    shown = visible(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in shown[:letters])
    return shorten(shown, max(letters - (wide + 1) // 2, 4))


def _edge(
    edge: dict[str, Any], row_of: dict[str, int], activity: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        **edge,
        "child_row": row_of[edge["child"]],
        "parent_row": row_of[edge["parent"]],
        "activity": _called(activity, edge["activity"]),
        "agent": activity["agent"] if activity else None,
    }


def _called(activity: dict[str, Any] | None, otherwise: str | None) -> str | None:
    if activity is None:
        return otherwise
    return activity["name"] or activity["kind"] or otherwise


def _share(node: dict[str, Any]) -> str | None:
    lo, hi = node["share_lo"], node["share_hi"]
    if lo is None or hi is None:
        return None
    return f"{lo:.3g}" if lo == hi else f"{lo:.3g} to {hi:.3g}"


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"
