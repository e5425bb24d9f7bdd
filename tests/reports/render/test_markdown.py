"""Markdown says what the page and the JSON say, and nothing in data becomes markup."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from support.report_pages import Page

from provenance.content.display import visible
from provenance.model.finding import Finding, Judgement
from provenance.model.reports.facts import Facts
from provenance.reports.render import Subject, render
from provenance.reports.render.markdown import SHOWN, code, prose

PARSER = MarkdownIt("commonmark").enable("table")


def inline(source: str) -> list[Token]:
    return [child for token in PARSER.parse(source) for child in token.children or []]


def tables(source: str) -> list[list[list[str]]]:
    """Tables as the text of their cells."""
    found: list[list[list[str]]] = []
    inside = False
    for token in PARSER.parse(source):
        inside = token.type == "table_open" or (inside and token.type != "table_close")
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and inside:
            words = (c for c in token.children or [] if c.type != "html_inline")
            found[-1][-1].append("".join(child.content for child in words))
    return found


@given(
    st.text(st.characters(exclude_categories=()), max_size=60) | st.text("|`\\\\ a<", max_size=9)
)
def test_code_holds_what_is_shown_in_a_table_and_outside(text: str) -> None:
    said = visible(text) or " "
    table = f"| a | b |\n| --- | --- |\n| {code(text)} | c |\n"
    assert tables(table) == [[["a", "b"], [said, "c"]]]
    for source in (table, f"x {code(text)} y"):
        tokens = inline(source)
        assert "link_open" not in {token.type for token in tokens}
        html = {token.content for token in tokens if token.type == "html_inline"}
        assert html <= {"<code>", "</code>"}
        if not html:
            assert said in [token.content for token in tokens if token.type == "code_inline"]


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_prose_has_no_markup(text: str) -> None:
    kinds = {(token.type, token.content) for token in inline(f"x {prose(text)} y")}
    assert {kind for kind, _ in kinds} <= {"text", "text_special", "html_inline"}
    assert {content for kind, content in kinds if kind == "html_inline"} <= {"<!-- -->"}


def test_hostile_text_stays_text(hostile_facts: Facts) -> None:
    source = render(hostile_facts, "markdown")
    assert all(c == "\n" or c.isprintable() for c in source)
    for token in inline(source):
        assert token.type not in {"link_open", "image"}
        if token.type == "html_inline":
            assert token.content in {"<!-- -->", "<code>", "</code>"}
    widths = {len({len(row) for row in table}) for table in tables(source)}
    assert widths == {1}


def test_a_comment_on_hostile_data_is_harmless(hostile_judgement: Judgement, hostile: str) -> None:
    source = render(hostile_judgement, "markdown", Subject(hostile, hostile))
    assert all(c == "\n" or c.isprintable() for c in source)
    html = {t.content for t in inline(source) if t.type == "html_inline"}
    assert html <= {"<!-- -->", "<code>", "</code>"}
    blocks = [t.content.strip() for t in PARSER.parse(source) if t.type == "html_block"]
    assert blocks == ["<details>\n<summary>Findings: 2</summary>", "</details>"]


def test_the_three_formats_of_a_release_agree(facts: Facts) -> None:
    said = json.loads(render(facts, "json"))
    pages = Page(render(facts, "html")).tables
    headings = [
        line.removeprefix("### ")
        for line in render(facts, "markdown").splitlines()
        if line.startswith("### ")
    ]
    of_cuts = dict(zip(headings, tables(render(facts, "markdown"))[2:], strict=False))
    for cut in said["breakdowns"]:
        title = f"By {'model' if cut['by'] == 'generator' else cut['by']}"
        exact = [
            [f"{row[name]:,}" for name in ("records", "bytes", "lo_bytes", "hi_bytes")]
            for row in cut["rows"]
        ]
        assert [row[1:5] for row in pages[title][1:]] == exact
        assert [row[1:5] for row in of_cuts[title][1:]] == exact
        if cut["by"] != "label":
            labels = [[f"{n:,}" for n in row["labels"].values()] for row in cut["rows"]]
            assert [row[6:] for row in pages[title][1:]] == labels
            assert [row[5:] for row in of_cuts[title][1:]] == labels
    budgets = tables(render(facts, "markdown"))[0][1:]
    assert [row[4:7] for row in budgets] == [
        row[3:6] for row in pages["Verdict of each budget"][1:]
    ]
    shares = tables(render(facts, "markdown"))[1][1:]
    assert shares == pages["The whole set"][1:]
    assert [int(row[1].replace(",", "")) for row in shares] == [s["size"] for s in said["shares"]]


@pytest.mark.parametrize("more", [0, 25])
def test_a_long_comment_is_cut_and_says_so(judgement: Judgement, more: int) -> None:
    finding = Finding(code="c", severity="note", subject="s", reason="r")
    many = judgement.model_copy(update={"findings": (finding,) * (SHOWN + more)})
    source = render(many, "markdown")
    assert source.count("- **note**") == SHOWN
    assert ("and 25 more" in source) == bool(more)


def test_accepted_findings_are_marked(judgement: Judgement) -> None:
    known = frozenset({judgement.findings[0].fingerprint})
    source = render(judgement, "markdown", Subject("s", baseline=known))
    assert source.count("accepted before") == 1
