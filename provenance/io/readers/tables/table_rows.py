"""Read the records of a text table one by one, with their offsets and defects."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from provenance.content.identity import write_digest
from provenance.io.contract.reader import too_long_reason
from provenance.io.readers.tables.dialect import Dialect, joined_by_tabs
from provenance.io.readers.tables.dialect_fit import kept_escapes
from provenance.io.readers.tables.encoding import physical_lines
from provenance.io.readers.tables.row_grammar import INSIDE, OUTSIDE, resume_after_defect

# The module's own limit holds for the whole process and stops in the middle of a record; here the
# lines that it is fed are counted instead.
csv.field_size_limit(sys.maxsize)


@dataclass(slots=True)
class TableRow:
    """One record: its number, offset and cells, or its defect."""

    number: int
    offset: int
    cells: list[str]
    defect: str
    digest: str
    size: int


class _TooLongError(Exception):
    """A record is longer than the limit."""


class _Lines:
    """Lines for the ``csv`` module, which keeps those of the current record."""

    def __init__(self, stream: BinaryIO, dialect: Dialect, limit: int) -> None:
        self._lines = physical_lines(stream, limit, dialect.encoding, dialect.end)
        self._encoding = dialect.encoding
        self._named = f"invalid {dialect.encoding.upper()}"
        self._grammar = dialect.grammar
        self._closed = dialect.closed
        self._quote = dialect.grammar.quote
        self._escapes = kept_escapes(dialect.grammar) if dialect.grammar.escape else None
        self._limit = limit
        self._first = True
        self._again = ""
        self._back: deque[bytes] = deque()
        self.pulled: list[bytes] = []
        self.size = 0
        self.defect = ""
        self.quoted = False

    def begin(self) -> None:
        """Begin a new record."""
        self.pulled, self.size, self.defect, self.quoted = [], 0, "", False

    def __iter__(self) -> _Lines:
        return self

    def by_tabs(self, columns: int) -> list[str] | None:
        """Return the cells of the next line if tabs alone split it; else leave it unread."""
        line = next(self)
        cells = joined_by_tabs(line, columns)
        if cells is not None and self._goes_on(line, columns):
            cells = None
        self._again = line if cells is None else ""
        return cells

    def _goes_on(self, line: str, columns: int) -> bool:
        """Check whether an open quote closes after lines that are no records."""
        state = self._grammar.after(line, OUTSIDE)
        lookahead: list[bytes] = []
        size = 0
        while state == INSIDE and size <= self._limit and (raw := next(self.rest(), None)):
            lookahead.append(raw)
            size += len(raw)
            text = self.decoded(raw)
            state = self._grammar.after(text, INSIDE)
            if text.count("\t") != columns - 1:
                self.put_back(lookahead)
                return True
        self.put_back(lookahead)
        if lookahead and state == OUTSIDE and self._closed:
            self.defect = "a quote may open a cell of several lines, or be text"
        return bool(self.defect)

    def __next__(self) -> str:
        if self._again:
            again, self._again = self._again, ""
            return again
        line = self._back.popleft() if self._back else next(self._lines)
        self.pulled.append(line)
        self.size += len(line)
        if self.size > self._limit:
            raise _TooLongError
        try:
            text = line.decode(self._encoding)
        except UnicodeDecodeError:
            self.defect = self._named
            text = self.decoded(line)
        if "\0" in text:
            self.defect = self.defect or "NUL byte"
        if self._first:
            self._first = False
            text = text.removeprefix("\ufeff")
        if self._quote in text:
            self.quoted = True
        return self._escapes(text) if self._escapes else text

    def raw(self) -> bytes:
        """Return the bytes of the next line."""
        return self._back.popleft() if self._back else next(self._lines)

    def decoded(self, line: bytes) -> str:
        """Decode a line, replacing invalid bytes."""
        return line.decode(self._encoding, "replace")

    def text(self) -> str:
        """Return the text of the current record."""
        return self.decoded(b"".join(self.pulled)).removeprefix("\ufeff")

    def rest(self) -> Iterator[bytes]:
        """Yield all further lines."""
        while True:
            try:
                line = self.raw()
            except StopIteration:
                return
            yield line

    def put_back(self, lines: list[bytes]) -> None:
        """Push lines back."""
        self._back.extendleft(reversed(lines))

    def rest_of_record(self, dialect: Dialect) -> Iterator[bytes]:
        """Yield the rest of an oversized record, up to a line end outside of quotes."""
        escape = dialect.grammar.escape
        inside = False
        marks = re.compile(
            (re.escape(escape) + r"[\s\S]|" if escape else "") + re.escape(self._quote)
        )
        ends = tuple(sign.encode(self._encoding) for sign in "\n\r")
        for line in self.pulled:
            inside ^= self._odd(marks, line)
        last = self.pulled[-1]
        while inside or not last.endswith(ends):
            following = next(self.rest(), None)
            if following is None:
                return
            last = following
            inside ^= self._odd(marks, last)
            yield last

    def _odd(self, marks: re.Pattern[str], line: bytes) -> bool:
        """Check whether a line has an odd number of quotes."""
        found: list[str] = marks.findall(self.decoded(line))
        return found.count(self._quote) % 2 == 1


class TableRows:
    """Iterator over the records of a stream, including the header."""

    def __init__(self, stream: BinaryIO, dialect: Dialect, limit: int) -> None:
        grammar = dialect.grammar
        self._lines = _Lines(stream, dialect, limit)
        self._parser = csv.reader(
            self._lines,
            delimiter=grammar.delimiter,
            quotechar=grammar.quote,
            escapechar=grammar.escape or None,
            strict=True,
        )
        self._dialect = dialect
        self._tabs = grammar.delimiter == "\t" and not grammar.escape
        self._limit = limit
        self._offset = 0
        self.number = 0
        self.columns = 0
        self.names: list[str] = []
        self._header: list[str] = []
        for _ in range(dialect.skipped):
            self._offset += len(next(self._lines.rest(), b""))

    def begin(self, names: list[str], header: Sequence[str] = ()) -> None:
        """Begin the records after the header.

        Args:
            names: of the columns; a record with another number of cells has a defect.
            header: the cells of the header line, which may come again where files were joined.
        """
        self.names, self._header = names, list(header)
        self.columns, self.number = len(names), 0

    def __iter__(self) -> Iterator[TableRow]:
        return self

    def __next__(self) -> TableRow:
        lines = self._lines
        while True:
            lines.begin()
            cells, defect, broken = self._parse()
            if cells or defect:
                break
            self._offset += lines.size  # a blank line
        size = lines.size
        state = hashlib.sha256(b"".join(lines.pulled))
        if size > self._limit:
            for line in lines.rest_of_record(self._dialect):
                state.update(line)
                size += len(line)
        elif broken:
            more: list[int] = []

            def lose(line: bytes) -> None:
                state.update(line)
                more.append(len(line))

            after = resume_after_defect(
                lines.rest(), lines.decoded, self._dialect.grammar, self._limit, lose
            )
            lines.put_back(after)
            if more:
                defect += f"; {len(more):,} lines behind it may belong to it"
                size += sum(more)
        self.number += 1
        row = TableRow(self.number, self._offset, cells, defect, write_digest(state.digest()), size)
        self._offset += size
        return row

    def _parse(self) -> tuple[list[str], str, bool]:
        """Return the cells of a record, its defect, and whether its quotes may be wrong."""
        lines = self._lines
        try:
            found = lines.by_tabs(self.columns) if self._tabs and self.columns else None
            cells = next(self._parser) if found is None else found
        except _TooLongError:
            return [], too_long_reason(self._limit), False
        except csv.Error as error:
            return [], lines.defect or _reason(error), lines.quoted
        if lines.defect or not cells:
            return cells, lines.defect, False
        if found is None and lines.quoted and (defect := self._stray(cells)):
            return cells, defect, True
        return self._counted(cells, lines)

    def _counted(self, cells: list[str], lines: _Lines) -> tuple[list[str], str, bool]:
        """Check the number of cells, and refuse a repeated header."""
        if self._dialect.mixed and lines.pulled[-1].endswith(self._dialect.crlf):
            return cells, "the line ends in CR LF, and that of the header in LF", False
        if not self.columns:
            return cells, "", False
        if self._dialect.trailing and len(cells) == self.columns + 1 and not cells[-1]:
            cells.pop()
        if len(cells) != self.columns:
            reason = f"row has {len(cells)} fields, header has {self.columns}"
            return cells, reason, lines.quoted and len(lines.pulled) > 1
        if cells == self._header or self._is_marked_header(cells):
            return cells, "the header line once more", False
        if self._dialect.comments and self.columns == 1 and cells[0].startswith("#"):
            return cells, "a comment, it seems", False
        return cells, "", False

    def _is_marked_header(self, cells: list[str]) -> bool:
        """Check for the header after a byte order mark, in concatenated files."""
        first, *others = cells
        if not first.startswith("\ufeff"):
            return False
        bare = first[1:].strip(self._dialect.grammar.quote)
        return [bare, *others] == self._header

    def _stray(self, cells: list[str]) -> str:
        """Return the defect of a record with quotes inside of cells."""
        lines, grammar = self._lines, self._dialect.grammar
        if len(lines.pulled) == 1 and grammar.quote not in "".join(cells):
            return ""
        text = lines.text()
        if grammar.is_row(text):
            return ""
        bare = not text.startswith(grammar.quote) and grammar.delimiter + grammar.quote not in text
        lenient = self._tabs or (bare and not self._dialect.quotes)
        if lenient and len(lines.pulled) == 1:
            return ""
        return "a quote within a cell that is not quoted"


def _reason(error: csv.Error) -> str:
    """Word a parser error ourselves."""
    reason = str(error)
    if "unexpected end of data" in reason:
        return "file: a quoted field is not closed"
    if "new-line character" in reason:
        return "a carriage return outside of quotes"
    return "text after a closing quote" if "expected after" in reason else f"not CSV: {error}"
