"""Build HTML and SVG elements: a string is text and is escaped, only ``Markup`` is markup."""

from __future__ import annotations

from markupsafe import Markup, escape

from provenance.content.display import shown, visible

VOID = frozenset({"meta", "br"})
"""HTML elements without an end tag."""


def text(value: str) -> Markup:
    """Escape a value of bounded length, with invisible characters shown."""
    return escape(shown(value))


def whole(value: str) -> Markup:
    """Escape a text of any length, with its line breaks."""
    return Markup("<br>").join(visible(line) for line in value.splitlines())


def tag(element: str, *content: str | None, **attributes: str | int | None) -> Markup:
    """Build an element; content that is not ``Markup`` is escaped, ``None`` is left out.

    Attribute names drop a trailing underscore; inner underscores become hyphens.

    >>> str(tag("td", "a<b", class_="number", aria_label=None))
    '<td class="number">a&lt;b</td>'
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if element in VOID:
        return Markup(f"<{element}{named}>")  # noqa: S704 - every part of it is escaped
    return Markup(f"<{element}{named}>{join(*content)}</{element}>")  # noqa: S704


def join(*parts: str | None) -> Markup:
    """Join pieces, each escaped unless it is ``Markup``."""
    return Markup().join(
        part if isinstance(part, Markup) else text(part) for part in parts if part is not None
    )
