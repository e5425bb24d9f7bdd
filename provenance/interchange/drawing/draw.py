"""Draw a graph in one of the formats for pictures."""

from __future__ import annotations

from provenance.interchange.graph import Graph


def draw(graph: Graph, form: str, title: str) -> str:
    """A graph as a picture: ``dot``, ``mermaid`` or a ``html`` page.

    Raises:
        MisuseError: it is too large to be looked at.
    """
    from provenance.interchange.drawing.html_page import to_html
    from provenance.interchange.drawing.text_diagram import to_dot, to_mermaid

    if form == "html":
        return to_html(graph, title)
    return to_dot(graph) if form == "dot" else to_mermaid(graph)
