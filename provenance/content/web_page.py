"""Render HTML pages from templates: values are escaped, one base style, a strict content policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from provenance.content.display import shown

if TYPE_CHECKING:
    import jinja2

_BASE = "provenance.content"


class Skip(NamedTuple):
    """The link that a keyboard reaches first: the anchor that it leads to, and its name."""

    anchor: str
    name: str


class Inline(NamedTuple):
    """A style or a script within the page, and the hash by which the content policy allows it."""

    text: Markup
    hash: str


def render_page(package: str, template: str, *, title: str, skip: Skip, **values: Any) -> str:
    """Render an HTML page that loads nothing.

    Every value is text and is escaped, characters that cannot be seen included; only ``Markup`` is
    markup. ``style`` and ``script``, where given, name files in the folder ``templates`` of the
    package; the base style comes before them.

    Args:
        package: the package whose folder ``templates`` holds the template.
        template: name of the template, which extends ``base.html``.
        title: of the window.
        skip: where the first link leads.
        values: what the template asks for.

    Raises:
        jinja2.UndefinedError: the template asks for a value that is not given.
    """
    own = (values.get("style"), values.get("script"))
    style, script = (_read(package, f"templates/{name}") if name else "" for name in own)
    values["style"] = _inline(_read(_BASE, "pages/base.css") + style)
    values["script"] = _inline(script) if script else None
    page = _environment(package).get_template(template)
    return page.render(title=title, skip=skip, **values)


def as_text(value: object) -> str | Markup:
    """Write a value for a page: nothing for ``None``, ``Markup`` as it is, else visible text.

    The text is of bounded length: see ``shown``.
    """
    if value is None:
        return ""
    return value if isinstance(value, Markup) else shown(str(value))


@cache
def _environment(package: str) -> jinja2.Environment:
    import jinja2  # only a page needs it

    loaders = [jinja2.PackageLoader(package), jinja2.PackageLoader(_BASE, "pages")]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=as_text,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _read(package: str, name: str) -> str:
    return (resources.files(package) / name).read_text(encoding="utf-8")


def _inline(text: str) -> Inline:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Inline(Markup(text), f"sha256-{digest}")  # noqa: S704 - a file of this package
