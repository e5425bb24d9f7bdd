"""The page is self-contained, well-formed, harmless and complete."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import product

import pytest
from support.report_pages import Page

from provenance.model.reports.facts import Facts
from provenance.reports.render import number, render
from provenance.reports.render.sections import SHOWN

ELEMENTS = frozenset(
    {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "main",
        "footer",
        "nav",
        "section",
        "div",
        "p",
        "h1",
        "h2",
        "span",
        "strong",
        "code",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "desc",
        "rect",
    }
)
ATTRIBUTES = frozenset(
    {
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "href",
        "id",
        "aria-label",
        "aria-labelledby",
        "aria-hidden",
        "role",
        "tabindex",
        "scope",
        "data-label",
        "x",
        "y",
        "width",
        "height",
        "rx",
    }
)


def test_it_loads_nothing_and_runs_nothing(facts: Facts) -> None:
    source = render(facts, "html")
    page = Page(source)
    assert {name for name, _ in page.elements} <= ELEMENTS
    for _, attributes in page.elements:
        assert set(attributes) <= ATTRIBUTES
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import|<script|javascript:", source, re.IGNORECASE)


def test_its_policy_allows_its_own_style_and_nothing_else(facts: Facts) -> None:
    source = render(facts, "html")
    (style,) = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (m["content"] for m in Page(source).all("meta") if "http-equiv" in m)
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "\r" not in style


def test_hostile_text_stays_text(hostile_facts: Facts, hostile: str) -> None:
    source = render(hostile_facts, "html")
    page = Page(source)
    assert {name for name, _ in page.elements} <= ELEMENTS
    for _, attributes in page.elements:
        assert set(attributes) <= ATTRIBUTES
        assert (attributes.get("href") or "#").startswith("#")
    assert all(c == "\n" or c.isprintable() for c in source)
    assert "x" * 300 not in source
    if hostile.isprintable() and len(hostile) < 240:
        assert page.tables["By source"][1][0] == (hostile or '""')


def test_anchors_lead_somewhere(facts: Facts) -> None:
    page = Page(render(facts, "html"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(link["href"] or "")[1:] for link in page.all("a")} <= set(ids)
    assert {part["aria-labelledby"] for part in page.all("section")} <= set(ids)


def test_readers_of_all_kinds_find_their_way(facts: Facts) -> None:
    page = Page(render(facts, "html"))
    names = [name for name, _ in page.elements]
    assert names.count("table") == names.count("caption") > 10
    assert all(cell.get("scope") in {"row", "col"} for cell in page.all("th"))
    assert all(names.count(landmark) == 1 for landmark in ("header", "main", "footer", "nav", "h1"))
    for position, (name, attributes) in enumerate(page.elements):
        if name == "svg" and attributes.get("role") == "img":
            assert names[position + 1 : position + 3] == ["title", "desc"]
        elif name == "svg":
            assert attributes["aria-hidden"] == "true"


def test_the_header_answers_first(facts: Facts) -> None:
    source = render(facts, "html")
    head = source[: source.index("</header>")]
    share = facts.share("bytes")
    assert "Fails the policy" in head
    assert (
        f"Synthetic: at least {number.at_least(share.lo, share.size)}, "
        f"at most {number.at_most(share.hi, share.size)} of bytes." in head
    )
    assert "Not known: " in head


def test_budgets_that_need_attention_come_first(facts: Facts) -> None:
    rows = Page(render(facts, "html")).tables["Verdict of each budget"][1:]
    verdicts = [row[1] for row in rows]
    assert verdicts == sorted(verdicts, key=["fail", "undecided", "pass"].index)
    assert len(rows) == len(facts.budgets)


def test_long_tables_are_cut_and_say_so(facts: Facts) -> None:
    cut = facts.breakdown("source")
    rows = tuple(cut.rows[0].model_copy(update={"key": f"s{n}"}) for n in range(SHOWN + 30))
    longer = cut.model_copy(update={"rows": rows, "groups": 5_000})
    source = render(
        facts.model_copy(update={"breakdowns": (longer, *facts.breakdowns[1:])}), "html"
    )
    assert len(Page(source).tables["By source"]) == SHOWN + 1
    assert "and 4,800 more" in source


def test_an_empty_answer_is_said_in_words(facts: Facts) -> None:
    share = facts.share("bytes").model_copy(update={"hi": facts.share("bytes").lo})
    none = facts.conflicts.model_copy(update={"total": 0, "listed": ()})
    settled = facts.model_copy(
        update={
            "shares": tuple(share if one.unit == "bytes" else one for one in facts.shares),
            "unsettled": (),
            "unsettled_sources": 0,
            "conflicts": none,
            "short_conflicts": none,
            "findings": (),
        }
    )
    text = " ".join(Page(render(settled, "html")).text)
    assert "The origin of every byte is known." in text
    assert "the origin of every record is known" in text
    assert "Findings" not in text


def colours(css: str, dark: bool) -> dict[str, str]:
    light, _, rest = css.partition("@media (prefers-color-scheme: dark)")
    block = rest.partition("* {")[0] if dark else light
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_can_be_told_apart(facts: Facts, dark: bool) -> None:
    found = colours(render(facts, "html"), dark)
    for text, ground in product(("ink", "soft"), ("paper", "sheet")):
        assert contrast(found[text], found[ground]) >= 4.5
    for verdict in ("pass", "indeterminate", "fail"):
        assert contrast(found[verdict], found[f"{verdict}-tint"]) >= 4.5
        assert contrast(found[verdict], found["track"]) >= 3
    for part in ("synthetic", "open", "human"):
        assert contrast(found[part], found["paper"]) >= 3
