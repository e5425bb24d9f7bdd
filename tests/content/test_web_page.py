"""Pages are made of templates in which every value is text."""

from __future__ import annotations

import base64
import hashlib
import re

import jinja2
import pytest

from provenance.content.web_page import Skip, render_page

HOSTILE = "<script>alert('1')</script>\u202e\x1b"


def lineage(**values: object) -> str:
    known: dict[str, object] = {
        "summary": "",
        "width": 1,
        "height": 1,
        "box_width": 1,
        "box_height": 20,
        "lines": [],
        "boxes": [],
        "nodes": [],
        "edges": [],
        **values,
    }
    return render_page(
        "provenance.interchange.drawing",
        "lineage.html",
        title=HOSTILE,
        skip=Skip("nodes", HOSTILE),
        style="lineage.css",
        script="lineage.js",
        **known,
    )


def test_values_are_text() -> None:
    columns = ("id", "kind", "label", "share", "depth", "generator", "external_id")
    page = lineage(summary=HOSTILE, nodes=[dict.fromkeys(columns, HOSTILE)])
    assert page.count("<script>") == 1
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;\\u202e\\x1b") == 11


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render_page("provenance.interchange.drawing", "lineage.html", title="", skip=Skip("a", "a"))


@pytest.mark.parametrize(("element", "policy"), [("style", "style-src"), ("script", "script-src")])
def test_the_policy_allows_what_is_in_the_page_and_nothing_else(element: str, policy: str) -> None:
    page = lineage()
    [text] = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert f"{policy} 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
