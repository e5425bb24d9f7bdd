"""Refuse tables that no single delimiter splits: fixed-width, space-separated and Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provenance.errors import InputError
from provenance.io.readers.tables.dialect_fit import GrammarFit

_RULE = re.compile(r"[\s|+:-]*-{3,}[\s|+:-]*")
_GAP = re.compile(r"[ \t]{2,}")
_QUOTED = re.compile(r'(?:\A| )"[^"]*"(?= |[\r\n]|\Z)')
_ROWS = 200
_SAY = "state the delimiter with `--delimiter`, or write the table as CSV or TSV"


def refuse_ruled(lines: Sequence[str], uri: str) -> None:
    """Refuse a table whose second line is a rule, like Markdown or a database printout.

    Raises:
        InputError: it is such.
    """
    first, second = ([line for line in lines[:20] if line.strip()] + ["", ""])[:2]
    parted = "|" in second or "+" in second or "|" in first
    if parted and _RULE.fullmatch(second):
        raise InputError(
            f"the file is a Markdown table or a database printout: {uri}",
            hint="write it as CSV or TSV, without the line of dashes",
        )


def refuse_blanks(lines: Sequence[str], by_blanks: GrammarFit, uri: str) -> None:
    """Refuse a table of one column that spaces split into several.

    Args:
        by_blanks: its rows with a blank as the delimiter.

    Raises:
        InputError: header and most rows have as many cells, with wide gaps between them, or with
            single blanks and quotes around some.
    """
    header, *rows = [line for line in lines[: _ROWS + 1] if line.strip()] or [""]
    cells = len(_GAP.split(header.strip()))
    alike = sum(len(_GAP.split(row.strip())) == cells for row in rows)
    if cells > 1 and 2 * alike > len(rows):
        raise InputError(f"the columns seem to be of fixed widths: {uri}", hint=_SAY)
    parts = len(by_blanks.rows) > 1 and len(by_blanks.rows[0]) > 1 and by_blanks.share > 0.9
    if parts and any(map(_QUOTED.search, rows)):
        raise InputError(
            f"the columns seem to be separated by blanks: {uri}", hint="say `--delimiter ' '`"
        )
