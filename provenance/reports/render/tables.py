"""Build the HTML tables of report pages: a heading for each row, in a region that scrolls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from provenance.reports.render.markup import tag

Cells = Sequence[str | Markup]
"""The cells of one row; the first is the heading of the row."""


class TableColumn(NamedTuple):
    """A column's heading, and the CSS class of its cells."""

    title: str | Markup
    kind: str = ""


def table(
    name: str,
    columns: Sequence[TableColumn],
    rows: Iterable[Cells],
    *,
    caption: str | None = None,
    named: bool = True,
    kind: str | None = None,
) -> Markup:
    """Build a table in a region that scrolls sideways on a narrow screen.

    Args:
        name: of the table, read out by screen readers.
        columns: one for each cell of a row.
        rows: the rows, in the order of the columns.
        caption: a sentence below the name.
        named: whether the name is seen; it is read out in any case.
        kind: CSS classes of the table.
    """
    heads = (tag("th", title, scope="col", class_=style or None) for title, style in columns)
    return tag(
        "div",
        tag(
            "table",
            tag("caption", tag("strong", name, class_=None if named else "unseen"), caption),
            tag("thead", tag("tr", *heads)),
            tag("tbody", *(_row(columns, row) for row in rows)),
            class_=kind,
        ),
        class_="scroll",
        role="region",
        aria_label=name,
        tabindex="0",
    )


def _row(columns: Sequence[TableColumn], row: Cells) -> Markup:
    cells = [tag("th", row[0], scope="row")]
    for (name, kind), value in zip(columns[1:], row[1:], strict=True):
        label = None if isinstance(name, Markup) else name
        quiet = " zero" if value == "0" else ""
        cells.append(tag("td", value, class_=f"{kind}{quiet}".strip() or None, data_label=label))
    return tag("tr", *cells)


def missing(text: str) -> Markup:
    """Build the cell of a value that is not there: a word in a soft colour."""
    return tag("span", text, class_="none")
