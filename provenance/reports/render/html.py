"""A release as one HTML page: self-contained, without a script, readable on paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template

from provenance.model.reports.facts import Facts, Share
from provenance.reports.render import chart, number, sections, wording
from provenance.reports.render.markup import Markup, join, tag, text


def facts_html(facts: Facts) -> str:
    """The page; it loads nothing from anywhere and holds every number of the JSON report."""
    parts = [section for section in sections.all_of(facts) if section.body]
    return page(
        f"Release {facts.release}: {wording.VERDICTS[facts.verdict]}",
        _header(facts, parts),
        parts,
        _footer(facts),
        skip=("budgets", "the budgets"),
    )


def page(
    title: str,
    header: Markup,
    parts: Sequence[sections.Section],
    footer: Markup,
    *,
    skip: tuple[str, str],
) -> str:
    """A whole page of this house.

    Args:
        title: of the window.
        header: what stands above the sections.
        parts: the sections.
        footer: what stands below them.
        skip: the anchor that a keyboard gets to first, and what it is called.
    """
    template, style = _pieces()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return template.substitute(
        style=style,
        style_hash=f"sha256-{digest}",
        title=text(title),
        header=header,
        main=join(*(_section(part) for part in parts)),
        footer=footer,
        start=skip[0],
        start_name=text(skip[1]),
    )


@cache
def _pieces() -> tuple[Template, str]:
    folder = resources.files("provenance.reports.render")
    page = (folder / "page.html").read_text(encoding="utf-8")
    return Template(page), (folder / "page.css").read_text(encoding="utf-8")


def _header(facts: Facts, parts: list[sections.Section]) -> Markup:
    links = (tag("li", tag("a", part.title, href=f"#{part.anchor}")) for part in parts)
    return tag(
        "header",
        tag("p", "Release report", class_="eyebrow"),
        tag("h1", facts.release),
        tag(
            "p",
            tag("span", wording.OUTCOMES[facts.verdict], class_=f"verdict {facts.verdict.value}"),
            tag("span", "Policy ", tag("strong", facts.policy), ": ", wording.tally(facts.budgets)),
            class_="outcome",
        ),
        composition(facts.share("bytes"), wording.synthetic(facts), wording.unknown(facts)),
        _figures(facts),
        tag("nav", tag("ul", *links), aria_label="Sections"),
    )


def composition(share: Share, first: str, second: str) -> Markup:
    """The first answers of a page: how much is synthetic, how much is not known, as a bar."""
    legend = (
        ("synthetic", "Synthetic", f"at least {number.at_least(share.lo, share.size)}"),
        ("open", "Not known", number.at_most(share.hi - share.lo, share.size)),
        ("human", "Human", f"at least {number.at_least(share.size - share.hi, share.size)}"),
    )
    return tag(
        "div",
        tag("p", first, class_="first"),
        tag("p", second, class_="second"),
        chart.share_bar(share),
        tag(
            "dl",
            *(
                tag("div", tag("dt", name), tag("dd", said), class_=key)
                for key, name, said in legend
            ),
            class_="legend",
        ),
        class_="answers",
    )


def _figures(facts: Facts) -> Markup:
    shown = [
        ("Records", number.count(facts.records)),
        ("Size", number.size(facts.totals["bytes"])),
        ("Words", number.count(facts.totals["words"])),
        ("Sources", number.count(facts.breakdown("source").groups)),
        ("Sealed", f"{facts.created_at:%d %B %Y}".lstrip("0")),
    ]
    return figures(shown)


def figures(shown: Sequence[tuple[str, str]]) -> Markup:
    """The numbers below the first answers."""
    return tag(
        "dl",
        *(tag("div", tag("dt", name), tag("dd", value)) for name, value in shown),
        class_="figures",
    )


def _section(part: sections.Section) -> Markup:
    return tag(
        "section",
        tag("h2", part.title, id=f"{part.anchor}-title"),
        tag("p", part.lead) if part.lead else None,
        part.body,
        id=part.anchor,
        aria_labelledby=f"{part.anchor}-title",
    )


def _footer(facts: Facts) -> Markup:
    return tag(
        "footer",
        tag("p", "Body digest ", tag("code", facts.body_digest)),
        tag(
            "p",
            "To check this release, run ",
            tag("code", f"prov verify {facts.release}"),
            ". It re-reads the sealed manifest and its members, and compares their digests with "
            "this one. The body digest is the SHA-256 of the manifest's body in canonical JSON "
            "(RFC 8785), so it can be recomputed without this tool.",
        ),
        tag("p", f"Sealed {facts.created_at.isoformat()} by prov {facts.tool_version}."),
    )
