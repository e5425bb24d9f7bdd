"""CSV and TSV with a header line: quoted the way spreadsheets do, read strictly."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from provenance.errors import InputError, MisuseError
from provenance.identity import write_digest
from provenance.readers.base import MAX_RECORD, Batch, Input, Layout, Portion, Shape
from provenance.readers.collect import Collector, compact_json, without_fraction
from provenance.readers.content import no_content
from provenance.readers.content_names import RESERVED
from provenance.readers.dialect import delimiter_of, joined_by_tabs
from provenance.readers.honest import require_columns
from provenance.readers.json_exact import too_long
from provenance.readers.looks import looked_at
from provenance.readers.paths import TooManyPathsError
from provenance.readers.stream import DamagedError, open_bytes

_PROBED_ROWS = 100
_LONGEST_NAME = 256
_CHUNK = 1 << 20
_NUMBER = re.compile(r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?", re.IGNORECASE)

# The module's own limit holds for the whole process and stops in the middle of a record; here the
# lines that it is fed are counted instead.
csv.field_size_limit(sys.maxsize)


class Delimited:
    """Reader of CSV and TSV; the records are what follows the header line."""

    names: Sequence[str] = ("csv", "tsv")

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """The columns that the header names; one without any text in the first rows is null."""
        delimiter, notes = delimiter_of(source)
        with open_bytes(source) as stream:
            rows = _Rows(stream, delimiter, MAX_RECORD)
            header = _header(rows, source)
            found = list(islice(_until_damage(rows), _PROBED_ROWS))
        records = [
            {name: cell for name, cell in zip(header, row.cells, strict=False) if cell}
            for row in found
        ]
        empty = set(header).difference(*records) if records else set()
        kinds = {name: "null" if name in empty else "string" for name in header}
        return looked_at(Shape(kinds, notes=notes), records)

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]:
        """Yield the records in order; ``part`` is not for this format."""
        if part is not None:
            raise ValueError("a quoted field may hold line ends: this format has no slices")
        if layout.kind == "binary":
            raise MisuseError("a table of text holds no binary content", hint="name a text column")
        collector = Collector(layout, original=original, untyped=True)
        delimiter, _ = delimiter_of(source)
        with open_bytes(source) as stream:
            rows = _Rows(stream, delimiter, layout.max_record)
            plan = _plan(layout, _header(rows, source))
            for row in rows:
                _gather(collector, row, plan, original=original)
                if collector.full:
                    yield collector.batch()
        if not collector.empty:
            yield collector.batch()


@dataclass(slots=True)
class _Row:
    """One record: its number, where it begins, its cells, or what is wrong with it."""

    number: int
    offset: int
    cells: list[str]
    defect: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """Places of the columns that a layout asks for."""

    header: list[str]
    text: bool
    nothing: str
    content: dict[str, int]
    fields: list[int | None]
    references: set[int]


def _plan(layout: Layout, header: list[str]) -> _Plan:
    places = {name: place for place, name in enumerate(header)}
    if layout.content == ("*",):
        content = {name: at for name, at in places.items() if not name.startswith(RESERVED)}
    else:
        content = {name: places[name] for name in layout.whole if name in places}
    if not content:
        raise InputError(
            f"no column {', '.join(layout.content)} in the file",
            hint=f"name one with `--content`; columns: {', '.join(header)}",
        )
    fields = [places.get(name) for name in layout.fields]
    text = layout.kind == "text"
    nothing = no_content(layout, "empty")
    references = {places[name] for name in layout.references if name in places}
    return _Plan(header, text, nothing, content, fields, references)


def _gather(collector: Collector, row: _Row, plan: _Plan, *, original: bool) -> None:
    defect, content = row.defect, ""
    if not defect and len(row.cells) != len(plan.header):
        defect = f"row has {len(row.cells)} fields, header has {len(plan.header)}"
    if not defect:
        content, defect = _content(row.cells, plan)
    if defect:
        collector.reject_hashed(row.number, row.offset, defect, row.digest, row.size)
        return
    fields = [_cell(row.cells, place, plan) for place in plan.fields]
    cells = (cell or None for cell in row.cells)
    record = dict(zip(plan.header, cells, strict=True))
    whole = compact_json(record) if original else None
    try:
        collector.keep(row.number, (content, fields), whole, record, row.size)
    except TooManyPathsError as error:
        collector.reject_hashed(row.number, row.offset, str(error), row.digest, row.size)


def _cell(cells: list[str], place: int | None, plan: _Plan) -> str | None:
    """A further field; an id that a tool wrote as a number with a fraction is a whole number."""
    if place is None:
        return None
    cell = cells[place] or None
    return without_fraction(cell) if cell and place in plan.references else cell


def _content(cells: list[str], plan: _Plan) -> tuple[str, str]:
    """The content of a record, or else the reason why it has none."""
    filled = {name: cells[place] for name, place in plan.content.items() if cells[place]}
    if filled:
        return next(iter(filled.values())) if plan.text else compact_json(filled), ""
    return "", plan.nothing


def _header(rows: _Rows, source: Input) -> list[str]:
    """The names of the columns.

    Raises:
        InputError: there is no such line, or it does not name every column once.
    """
    first = next(iter(rows), None)
    if first is None:
        raise InputError(f"no header line, the file is empty: {source.uri}")
    if first.defect:
        raise InputError(f"the header line cannot be read ({first.defect}): {source.uri}")
    cells = first.cells
    if all(map(_NUMBER.fullmatch, cells)) or any(
        len(cell) > _LONGEST_NAME or "\n" in cell for cell in cells
    ):
        raise InputError(
            f"the first line looks like a record, not like a header: {source.uri}",
            hint="begin the file with a line of column names",
        )
    # Tables with an index often leave its name out.
    header = [cell or f"column_{place}" for place, cell in enumerate(cells, start=1)]
    require_columns(len(header))
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if twice:
        raise InputError(
            f"column name {twice[0]!r} occurs twice: {source.uri}", hint="rename one of them"
        )
    rows.number = 0
    rows.columns = len(header)
    return header


def _until_damage(rows: _Rows) -> Iterator[_Row]:
    try:
        yield from rows
    except DamagedError:
        return


class _TooLongError(Exception):
    """A record goes on beyond the limit."""


class _Lines:
    """Lines for ``csv`` to pull; those that the current record takes are at hand."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._lines = _physical_lines(stream, limit)
        self._limit = limit
        self._first = True
        self._again = ""
        self.pulled: list[bytes] = []
        self.size = 0
        self.defect = ""

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.pulled, self.size, self.defect = [], 0, ""

    def __iter__(self) -> _Lines:
        return self

    def by_tabs(self, columns: int) -> list[str] | None:
        """The cells of the next line if tabs alone make it a record; otherwise it is next again."""
        line = next(self)
        cells = joined_by_tabs(line, columns)
        self._again = line if cells is None else ""
        return cells

    def __next__(self) -> str:
        if self._again:
            again, self._again = self._again, ""
            return again
        line = next(self._lines)
        self.pulled.append(line)
        self.size += len(line)
        if self.size > self._limit:
            raise _TooLongError
        if b"\0" in line:
            self.defect = "NUL byte"
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            self.defect = "invalid UTF-8"
            text = line.decode("utf-8", "replace")
        if self._first:
            self._first = False
            text = text.removeprefix("\ufeff")
        return text

    def rest_of_record(self) -> Iterator[bytes]:
        """What remains of a record that is too long: up to a line end outside of quotes."""
        quotes = sum(line.count(b'"') for line in self.pulled)
        last = self.pulled[-1]
        while quotes % 2 or not last.endswith((b"\n", b"\r")):
            following = next(self._lines, None)
            if following is None:
                return
            last = following
            quotes += last.count(b'"')
            yield last


class _Rows:
    """The records of a stream, header included, each with its place and its defect."""

    def __init__(self, stream: BinaryIO, delimiter: str, limit: int) -> None:
        self._lines = _Lines(stream, limit)
        self._parser = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._tabs = delimiter == "\t"
        self._limit = limit
        self._offset = 0
        self.number = 0
        self.columns = 0

    def __iter__(self) -> Iterator[_Row]:
        return self

    def __next__(self) -> _Row:
        lines = self._lines
        while True:
            lines.begin()
            cells, defect = self._parse()
            if not cells and not defect:  # a blank line
                self._offset += lines.size
                continue
            whole = hashlib.sha256(b"".join(lines.pulled))
            size = lines.size
            if size > self._limit:
                for line in lines.rest_of_record():
                    whole.update(line)
                    size += len(line)
            self.number += 1
            row = _Row(self.number, self._offset, cells, defect, write_digest(whole.digest()), size)
            self._offset += size
            return row

    def _parse(self) -> tuple[list[str], str]:
        try:
            found = self._lines.by_tabs(self.columns) if self._tabs and self.columns else None
            cells = next(self._parser) if found is None else found
        except _TooLongError:
            return [], too_long(self._limit)
        except csv.Error as error:
            return [], self._lines.defect or _reason(error)
        return cells, self._lines.defect


def _reason(error: csv.Error) -> str:
    """A reason in our words."""
    if "unexpected end of data" in str(error):
        return "file: a quoted field is not closed"
    return "text after a closing quote" if "expected after" in str(error) else f"not CSV: {error}"


def _physical_lines(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """Lines that end in LF, CR LF or CR; one beyond the limit comes in pieces."""
    rest = b""
    while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]
        lines = (rest + chunk).splitlines(keepends=True)
        # A CR at the very end may be half of a CR LF.
        rest = b"" if lines[-1].endswith(b"\n") or len(lines[-1]) > limit else lines.pop()
        yield from lines
    if rest:
        yield rest
