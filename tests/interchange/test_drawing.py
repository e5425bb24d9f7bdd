"""GraphML, DOT, Mermaid and the page: every node and edge is there, and text stays text."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import time
from collections import Counter
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import networkx as nx
import pytest
from hypothesis import given, settings, strategies as st
from support.drawing_pages import Page
from support.lineage_documents import HOSTILE, chain, edge, graphs, told

from provenance.errors import MisuseError
from provenance.interchange.drawing.html_page import to_html
from provenance.interchange.drawing.layered_layout import ROW, draw
from provenance.interchange.drawing.text_diagram import to_dot, to_mermaid
from provenance.interchange.graph import Graph, drawn
from provenance.interchange.graphml import to_graphml

SVG = "{http://www.w3.org/2000/svg}"


def graphml(graph: Graph) -> bytes:
    stream = io.BytesIO()
    to_graphml(graph, stream)
    return stream.getvalue()


def hostile() -> Graph:
    """Each hostile text as id, as label and as everything else."""
    nodes = [
        {"id": said, "kind": said, "label": said, "generator": said, "external_id": said}
        for said in HOSTILE
    ]
    edges = [edge(said, HOSTILE[0], process=said, activity=said) for said in HOSTILE]
    return Graph.of_rows(nodes, edges, [{"activity": HOSTILE[3], "agent": HOSTILE[3]}], [])


@pytest.mark.slow
@given(graph=graphs())
def test_networkx_reads_every_node_and_edge(graph: Graph) -> None:
    read = nx.read_graphml(io.BytesIO(graphml(graph)), force_multigraph=True)
    rows = drawn(graph)
    assert {unquote(node) for node in read.nodes} == {row["id"] for row in rows}
    assert Counter((unquote(a), unquote(b)) for a, b in read.edges()) == Counter(
        (row["child"], row["parent"]) for row in graph.edges.to_pylist()
    )
    said = {unquote(node): values for node, values in read.nodes(data=True)}
    for row in graph.nodes.to_pylist():
        assert said[row["id"]].get("depth") == row["depth"]
        assert said[row["id"]].get("share_lo") == row["share_lo"]


def test_graphml_says_what_an_edge_says() -> None:
    read = nx.read_graphml(io.BytesIO(graphml(told())))
    assert read.edges["record:s", "model:ours"] == {
        "id": "e3",
        "relation": "derived",
        "process": "generate",
        "activity": "generate-1",
        "activity_kind": "generate",
        "activity_name": "replies",
        "activity_agent": "ours",
    }
    assert read.nodes["record:elsewhere"] == {"kind": "unknown"}
    assert read.nodes["record:s"]["external_id"] == "doc 7"


def test_graphml_of_many_is_written_in_pieces() -> None:
    class Pieces(io.RawIOBase):
        sizes: list[int] = []  # noqa: RUF012

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.sizes.append(len(data))
            return len(data)

    stream = Pieces()
    start = time.process_time()
    to_graphml(chain(20_000), stream)  # type: ignore[arg-type]
    assert time.process_time() - start < 10
    assert len(stream.sizes) > 2
    assert max(stream.sizes) < 2 << 20


DOT_STRING = r'"(?:[^"\\\n]|\\.)*"'
DOT_LINE = re.compile(
    rf"  (?:n\d+(?: -> n\d+)?(?: \[\w+=(?:{DOT_STRING}|\w+)(?:, \w+=(?:{DOT_STRING}|\w+))*\])?;)"
)


@given(graph=graphs())
def test_dot_is_well_formed(graph: Graph) -> None:
    check_dot(graph)


def test_dot_survives_hostile_text() -> None:
    check_dot(hostile())


def check_dot(graph: Graph) -> None:
    text = to_dot(graph)
    head, body = text.splitlines()[:4], text.splitlines()[4:-1]
    assert head[0] == "digraph lineage {"
    assert text.endswith("\n}\n")
    for line in body:
        assert DOT_LINE.fullmatch(line), line
        assert line.isprintable()
    assert sum("->" in re.sub(DOT_STRING, "", line) for line in body) == graph.edges.num_rows
    assert len(body) == len(drawn(graph)) + graph.edges.num_rows


MERMAID_LINE = re.compile(
    r'  n\d+(\["[^"]*"\]|\[\("[^"]*"\)\]|\[\["[^"]*"\]\]|\{\{"[^"]*"\}\})(:::\w+)?'
    r'|  n\d+ (-->|-\.->)(\|"[^"]*"\|)? n\d+|  classDef \w+ stroke:#\w{6}'
)


@given(graph=graphs())
def test_mermaid_is_well_formed(graph: Graph) -> None:
    check_mermaid(graph)


def test_mermaid_survives_hostile_text() -> None:
    check_mermaid(hostile())


def check_mermaid(graph: Graph) -> None:
    first, *lines = to_mermaid(graph).split("\n")[:-1]
    assert first == "flowchart BT"
    for line in lines:
        assert MERMAID_LINE.fullmatch(line), line
        said = "".join(re.findall(r'"([^"]*)"', line))
        assert not set("<>&`'\"\\[]{}()|;%") & set(re.sub(r"#\d+;", "", said)), line


def test_mermaid_refuses_what_it_would_not_draw() -> None:
    with pytest.raises(MisuseError, match="501 edges"):
        to_mermaid(chain(502))


@given(graph=graphs(), title=st.sampled_from(HOSTILE))
def test_the_page_shows_every_node_and_edge(graph: Graph, title: str) -> None:
    check_page(graph, title)


def test_the_page_survives_hostile_text() -> None:
    html = check_page(hostile(), "</title><script>alert(1)</script>")
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "\x00" not in html


def check_page(graph: Graph, title: str) -> str:
    html = to_html(graph, title)
    page = Page(html)
    nodes = drawn(graph)
    assert len(page.of_class("node")) == len(nodes)
    assert len(page.of_class("edge")) == graph.edges.num_rows
    assert sum(tag == "tr" for tag, _ in page.elements) == len(nodes) + graph.edges.num_rows + 2
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    for tag, said in page.elements:
        if tag not in {"meta", "html"}:
            assert not {name for name in said if name.startswith("on") or name in {"style", "src"}}
        assert said.get("href", "#").startswith("#"), tag
    picture = ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    assert picture.tag == "svg"
    return html


def test_the_policy_of_the_page_names_its_own_pieces() -> None:
    page = Page(to_html(told(), "x"))
    policy = next(
        said["content"] for tag, said in page.elements if tag == "meta" and "http-equiv" in said
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for kind in ("style", "script"):
        digest = hashlib.sha256(page.raw[kind].encode()).digest()
        assert f"{kind}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert "http" not in page.raw["script"]
    assert "url(" not in page.raw["style"]


def test_a_page_of_two_hundred_nodes_takes_moments() -> None:
    start = time.process_time()
    to_html(chain(200), "x")
    assert time.process_time() - start < 2


def test_too_much_to_draw_is_refused() -> None:
    with pytest.raises(MisuseError, match="1,001 nodes"):
        to_html(chain(1_001), "x")


pairs = st.integers(1, 14).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=30),
    )
)


@given(pairs)
@settings(max_examples=150)
def test_the_layout(case: tuple[int, list[tuple[int, int]]]) -> None:
    nodes, edges = case
    drawing = draw(nodes, edges)
    for number, (parent, child) in enumerate(edges):
        line = drawing.lines[number]
        if parent == child:
            assert line == []
            continue
        assert (line[0], line[-1]) == (drawing.centres[parent], drawing.centres[child])
        left_to_right = drawing.centres[parent][0] < drawing.centres[child][0]
        assert left_to_right == (number not in drawing.backward)
    columns: dict[float, list[float]] = {}
    for x, y in drawing.centres:
        columns.setdefault(x, []).append(y)
        assert 0 <= x < drawing.width
        assert 0 <= y <= drawing.height - ROW + 1e-6
    for ys in columns.values():
        ys.sort()
        assert all(b - a >= ROW - 1e-6 for a, b in pairwise(ys))
    graph = nx.MultiDiGraph(edges)
    if nx.is_directed_acyclic_graph(graph):
        assert drawing.backward == set()


def test_a_tree_has_no_crossings() -> None:
    edges = [(n // 2, n) for n in range(2, 32)]
    drawing = draw(32, edges)
    by_column: dict[float, list[tuple[float, float]]] = {}
    for parent, child in edges:
        (x, y), (_, to) = drawing.centres[parent], drawing.centres[child]
        by_column.setdefault(x, []).append((y, to))
    for lines in by_column.values():
        lines.sort()
        assert [to for _, to in lines] == sorted(to for _, to in lines)


def test_long_edges_do_not_make_the_layout_long() -> None:
    line = [(n, n + 1) for n in range(999)]
    start = time.process_time()
    draw(1_000, line + [(0, n) for n in range(2, 1_000)])
    assert time.process_time() - start < 5
