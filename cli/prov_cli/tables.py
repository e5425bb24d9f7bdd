"""Format tables for a terminal: aligned, escaped, without colour."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from provenance import visible

_LONGEST = 240


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    right: Sequence[str] = (),
    width: int = 120,
) -> str:
    """Format rows as a table: numbers right-aligned, empty values as a dash."""
    if not rows:
        return "(none)"
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, name in enumerate(header):
        numeric = name in right or all(
            isinstance(row[index], int | float) or row[index] is None for row in rows
        )
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(value)) for value in row))
    out = io.StringIO()
    Console(file=out, width=width, no_color=True, highlight=False, legacy_windows=False).print(
        drawn
    )
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))


def cell(value: Any) -> str:
    """Format one value for a table cell."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return visible(", ".join(map(str, value)))
    return visible(str(value))


def shortened(text: str) -> str:
    """One value that may be long: safe to look at, with its end left out."""
    return visible(text, longest=_LONGEST)


def size(count: float) -> str:
    """Format a number of bytes with a decimal unit.

    >>> size(1_270_000_000)
    '1.27 GB'
    """
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if abs(count) < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    raise AssertionError(count)
