"""The records of a table of text, one by one, each with its place and its defect."""

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
from provenance.io.contract.reader import too_long
from provenance.io.readers.tables.dialect import Dialect, joined_by_tabs
from provenance.io.readers.tables.encoding import physical_lines
from provenance.io.readers.tables.row_grammar import INSIDE, OUTSIDE, go_on
from provenance.io.readers.tables.dialect_fit import kept_escapes

# The module's own limit holds for the whole process and stops in the middle of a record; here the
# lines that it is fed are counted instead.
csv.field_size_limit(sys.maxsize)


@dataclass(slots=True)
class Row:
    """One record: its number, where it begins, its cells, or what is wrong with it."""

    number: int
    offset: int
    cells: list[str]
    defect: str
    digest: str
    size: int


class _TooLongError(Exception):
    """A record goes on beyond the limit."""


class _Lines:
    """Lines for ``csv`` to pull; those that the current record takes are at hand."""

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
        """A new record begins with the next line."""
        self.pulled, self.size, self.defect, self.quoted = [], 0, "", False

    def __iter__(self) -> _Lines:
        return self

    def by_tabs(self, columns: int) -> list[str] | None:
        """The cells of the next line if tabs alone make it a record; otherwise it is next again."""
        line = next(self)
        cells = joined_by_tabs(line, columns)
        if cells is not None and self._goes_on(line, columns):
            cells = None
        self._again = line if cells is None else ""
        return cells

    def _goes_on(self, line: str, columns: int) -> bool:
        """Whether a quote that a line leaves open closes behind lines that are no records."""
        state = self._grammar.after(line, OUTSIDE)
        held: list[bytes] = []
        size = 0
        while state == INSIDE and size <= self._limit and (raw := next(self.rest(), None)):
            held.append(raw)
            size += len(raw)
            text = self.decoded(raw)
            state = self._grammar.after(text, INSIDE)
            if text.count("\t") != columns - 1:
                self.put_back(held)
                return True
        self.put_back(held)
        if held and state == OUTSIDE and self._closed:
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
        """The next line as it stands in the file."""
        return self._back.popleft() if self._back else next(self._lines)

    def decoded(self, line: bytes) -> str:
        """A line as text, whatever is in it."""
        return line.decode(self._encoding, "replace")

    def text(self) -> str:
        """The current record as it is written."""
        return self.decoded(b"".join(self.pulled)).removeprefix("\ufeff")

    def rest(self) -> Iterator[bytes]:
        """All further lines."""
        while True:
            try:
                line = self.raw()
            except StopIteration:
                return
            yield line

    def put_back(self, lines: list[bytes]) -> None:
        """Lines that are the next again."""
        self._back.extendleft(reversed(lines))

    def rest_of_record(self, dialect: Dialect) -> Iterator[bytes]:
        """What remains of a record that is too long: up to a line end outside of quotes."""
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
        """Whether a line has an odd number of quotes."""
        found: list[str] = marks.findall(self.decoded(line))
        return found.count(self._quote) % 2 == 1


class Rows:
    """The records of a stream, header included."""

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
        """The records begin here.

        Args:
            names: of the columns; a record with another number of cells has a defect.
            header: the cells of the header line, which may come again where files were joined.
        """
        self.names, self._header = names, list(header)
        self.columns, self.number = len(names), 0

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
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

            after = go_on(lines.rest(), lines.decoded, self._dialect.grammar, self._limit, lose)
            lines.put_back(after)
            if more:
                defect += f"; {len(more):,} lines behind it may belong to it"
                size += sum(more)
        self.number += 1
        row = Row(self.number, self._offset, cells, defect, write_digest(state.digest()), size)
        self._offset += size
        return row

    def _parse(self) -> tuple[list[str], str, bool]:
        """The cells of a record, its defect, and whether quotes may be wrong in it."""
        lines = self._lines
        try:
            found = lines.by_tabs(self.columns) if self._tabs and self.columns else None
            cells = next(self._parser) if found is None else found
        except _TooLongError:
            return [], too_long(self._limit), False
        except csv.Error as error:
            return [], lines.defect or _reason(error), lines.quoted
        if lines.defect or not cells:
            return cells, lines.defect, False
        if found is None and lines.quoted and (defect := self._stray(cells)):
            return cells, defect, True
        return self._counted(cells, lines)

    def _counted(self, cells: list[str], lines: _Lines) -> tuple[list[str], str, bool]:
        """The cells of a record, as many as the header has, and the header no more."""
        if self._dialect.mixed and lines.pulled[-1].endswith(self._dialect.crlf):
            return cells, "the line ends in CR LF, and that of the header in LF", False
        if not self.columns:
            return cells, "", False
        if self._dialect.trailing and len(cells) == self.columns + 1 and not cells[-1]:
            cells.pop()
        if len(cells) != self.columns:
            said = f"row has {len(cells)} fields, header has {self.columns}"
            return cells, said, lines.quoted and len(lines.pulled) > 1
        if cells == self._header or self._is_marked_header(cells):
            return cells, "the header line once more", False
        if self._dialect.comments and self.columns == 1 and cells[0].startswith("#"):
            return cells, "a comment, it seems", False
        return cells, "", False

    def _is_marked_header(self, cells: list[str]) -> bool:
        """Whether it is the header with a byte order mark in front, where files were joined."""
        first, *others = cells
        if not first.startswith("\ufeff"):
            return False
        bare = first[1:].strip(self._dialect.grammar.quote)
        return [bare, *others] == self._header

    def _stray(self, cells: list[str]) -> str:
        """What is wrong with a record that has quotes where no cell begins or ends."""
        lines, grammar = self._lines, self._dialect.grammar
        if len(lines.pulled) == 1 and grammar.quote not in "".join(cells):
            return ""
        text = lines.text()
        if grammar.is_row(text):
            return ""
        bare = not text.startswith(grammar.quote) and grammar.delimiter + grammar.quote not in text
        loose = self._tabs or (bare and not self._dialect.quotes)
        if loose and len(lines.pulled) == 1:
            return ""
        return "a quote within a cell that is not quoted"


def _reason(error: csv.Error) -> str:
    """A reason in our words."""
    said = str(error)
    if "unexpected end of data" in said:
        return "file: a quoted field is not closed"
    if "new-line character" in said:
        return "a carriage return outside of quotes"
    return "text after a closing quote" if "expected after" in said else f"not CSV: {error}"
