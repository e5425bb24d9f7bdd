"""Tell whether the first line of a table is a header, a comment or a record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from provenance.errors import InputError
from provenance.io.contract.reader import Input

_LONGEST_NAME = 256
_NUMBER = re.compile(r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.+Z -]*)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME = re.compile(r"#?[^\W\d][\w .:/()\[\]-]{0,63}")
"""Usual form of a column name."""
_SENTENCE = re.compile(r"(?:\S+\s+){3,}\S+[.!]")

SAY_HEADER = (
    "begin the file with a line of column names, or say `--no-header` if every line is a record "
    "and `--header` if the first one is none"
)


def check_header(rows: Sequence[Sequence[str]], source: Input) -> None:
    """Refuse a first row that looks like a record.

    Raises:
        InputError: it does.
    """
    if not rows:
        return
    first, later = rows[0], [row for row in rows[1:] if row != rows[0]]
    if _is_no_name(first) or any(
        _like_record(first, position, [row[position] for row in later if len(row) == len(first)])
        for position in range(len(first))
    ):
        raise InputError(
            f"the first line looks like a record, not like a header: {source.uri}", hint=SAY_HEADER
        )


def _is_no_name(first: Sequence[str]) -> bool:
    return all(map(_NUMBER.fullmatch, first)) or any(
        len(cell) > _LONGEST_NAME or "\n" in cell for cell in first
    )


def _like_record(first: Sequence[str], position: int, column: Sequence[str]) -> bool:
    """Check whether the first cell of a column is of the kind of those below it."""
    cell, filled = first[position], [value for value in column if value]
    if not cell or not filled:
        return False
    if _NUMBER.fullmatch(cell) and all(map(_NUMBER.fullmatch, filled)):
        return not _numbered(first)
    if _DATE.fullmatch(cell):
        return all(map(_DATE.fullmatch, filled))
    if _SENTENCE.fullmatch(cell):
        return any(map(_SENTENCE.fullmatch, filled))
    return not cell.isidentifier() and cell in filled


def _numbered(first: Sequence[str]) -> bool:
    """Check whether numbers are column names: years, or indices after an unnamed index."""
    numbers = [cell for cell in first if _NUMBER.fullmatch(cell)]
    if len(numbers) > 1 and all(map(_YEAR.fullmatch, numbers)):
        return True
    return not first[0] and numbers == [str(n) for n in range(len(numbers))]


def column_names(cells: Sequence[str], source: Input) -> list[str]:
    """Return the names of the columns; an unnamed one is named by its number.

    Raises:
        InputError: two have one name.
    """
    # Tables with an index often leave its name out.
    header = [cell or f"column_{position}" for position, cell in enumerate(cells, start=1)]
    twice = sorted(name for name, times in Counter(header).items() if times > 1)
    if twice:
        raise InputError(
            f"column name {twice[0]!r} occurs twice: {source.uri}", hint="rename one of them"
        )
    return header


def leading_comments(
    lines: Sequence[str],
    source: Input,
    header: bool | None,
    rows_of: Callable[[Sequence[str]], list[list[str]]],
) -> int:
    """Count the comment lines at the beginning (``# made by X``), with blank lines among them.

    A header may begin with ``#`` as well (``#id``): it has as many cells as the rows.

    Args:
        header: whether there is a header, where that was said.
        rows_of: the rows of some lines.

    Raises:
        InputError: nothing tells which it is.
    """
    if not next((line for line in lines if line.strip()), "").startswith("#"):
        return 0
    comments = [n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    if not comments:
        return 0
    start = comments[0]
    rows = rows_of(lines[start:])
    width = len(rows[0]) if rows else 0
    last = max(n for n in range(start) if lines[n].startswith("#"))
    cells = rows_of([lines[last], *lines[start:]])[0]
    if header is False:
        return start if width > 1 and len(cells) != width else 0
    if len(cells) != width or (width == 1 and lines[last].startswith("# ")):
        return start
    names, below = (all(map(_NAME.fullmatch, row)) for row in (cells, rows[0]))
    if below and not names:
        return start
    if header or (names and not below):
        return last
    raise InputError(
        f"line {last + 1} may be a comment, or the header: {source.uri}",
        hint="leave it out, or the `#` at its beginning",
    )
