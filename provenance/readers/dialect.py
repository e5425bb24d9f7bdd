"""How a table of text is written: what parts its columns, and what its quotes mean."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice

from provenance.errors import InputError
from provenance.readers.base import Input
from provenance.readers.stream import DamagedError, open_bytes

_PROMISED = {"csv": ",", "tsv": "\t"}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_ODD = re.compile(r"[^\w\s\-.\"'()\[\]{}?!,;|]|[\x01-\x08\x0e-\x1f]")
"""What may part columns, and is none of the delimiters."""
_SAMPLE_BYTES = 256 << 10
_SAMPLE_ROWS = 200
_CLOSED = re.compile(r'"(?:[^"]|"")*+"')


def delimiter_of(source: Input) -> tuple[str, tuple[str, ...]]:
    """What parts the columns of a table, and a note where that is not what its name promises.

    Of the delimiters that part the header line, the promised one is taken if the rows have as many
    cells as the header, else another one of which that is true.

    Raises:
        InputError: only another one parts the header line, and the rows do not bear it out; or
            none does, but something else is as often in the rows as in that line.
    """
    promised = _PROMISED[source.format]
    sample = _sample(source)
    fits = {each: fit for each in _DELIMITERS if (fit := _fit(sample, each)) is not None}
    if not fits and (odd := _odd_delimiter(sample)):
        raise InputError(
            f"the columns seem to be parted by {odd!r}, which is not read: {source.uri}",
            hint=f"write the table with {_DELIMITERS[promised]} between its columns",
        )
    if not fits or fits.get(promised) == 1:
        return promised, ()
    others = [each for each in fits if each != promised]
    good = [each for each in others if fits[each] == 1]
    if len(good) != 1:
        if promised in fits:
            return promised, ()
        good = [each for each in others if fits[each] > 0.5]
    if len(good) != 1:
        named = " or ".join(_DELIMITERS[each] for each in others)
        raise InputError(
            f"the columns may be parted by {named}, which the rows do not bear out: {source.uri}",
            hint=f"write the table with {_DELIMITERS[promised]} between its columns",
        )
    return good[0], (f"its columns are parted by {_DELIMITERS[good[0]]}",)


def joined_by_tabs(line: str, columns: int) -> list[str] | None:
    """The cells of a line that tabs alone make a record, where a quote in it closes in no cell.

    Tables with tabs are mostly written without quotes: one at the start of a cell is text then. A
    line with another number of cells may begin a quoted cell of several lines.

    >>> joined_by_tabs('"Hello\\tb', 2), joined_by_tabs('"a, b"\\tc', 2)
    (['"Hello', 'b'], None)
    """
    if '"' not in line or line.count("\t") != columns - 1:
        return None
    cells = line.rstrip("\r\n").split("\t")
    closed = [bool(_CLOSED.fullmatch(cell)) for cell in cells]
    if all(shut or not cell.startswith('"') for cell, shut in zip(cells, closed, strict=True)):
        return None
    return [
        cell[1:-1].replace('""', '"') if shut else cell
        for cell, shut in zip(cells, closed, strict=True)
    ]


def _sample(source: Input) -> str:
    """Whole lines from the beginning of a file."""
    head = bytearray()
    try:
        with open_bytes(source) as stream:
            while len(head) < _SAMPLE_BYTES and (part := stream.read1(_SAMPLE_BYTES)):  # type: ignore[attr-defined]
                head += part
    except DamagedError:
        pass
    text = head[:_SAMPLE_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    return text if len(head) <= _SAMPLE_BYTES else text[: text.rfind("\n") + 1] or text


def _fit(sample: str, delimiter: str) -> float | None:
    """The part of the rows with as many cells as the header; ``None`` if that has only one."""
    header, *rows = _rows(sample, delimiter) or [[]]
    if len(header) < 2:
        return None
    return sum(len(row) == len(header) for row in rows) / len(rows) if rows else 1


def _odd_delimiter(sample: str) -> str | None:
    """What is in the one-column header line, and in most of the lines after it as often."""
    unquoted = re.sub(r'"[^"]*"', "", sample)
    header, *lines = [line for line in re.split(r"\r?\n|\r", unquoted) if line.strip()] or [""]
    lines = lines[:_SAMPLE_ROWS]
    marks: Counter[str] = Counter(_ODD.findall(header))
    for mark, count in marks.items():
        same = sum(line.count(mark) == count for line in lines)
        if same * 2 > len(lines):
            return mark
    return None


def _rows(sample: str, delimiter: str) -> list[list[str]]:
    lines = io.StringIO(sample, newline="")
    if delimiter == "\t":
        found = (line.rstrip("\r\n").split("\t") for line in lines if line.strip("\r\n"))
        return list(islice(found, _SAMPLE_ROWS))
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # cut off in a quoted cell, or no such table
    return rows
