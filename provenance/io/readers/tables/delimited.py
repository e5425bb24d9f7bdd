"""CSV, TSV and their kin, in whatever dialect they are written, read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from provenance.content.json_writer import compact_json
from provenance.errors import InputError, MisuseError
from provenance.io.contract.reader import MAX_RECORD, Batch, Input, Layout, Portion, Shape
from provenance.io.contract.record_paths import TooManyPathsError
from provenance.io.readers.tables.dialect import Dialect, dialect_of
from provenance.io.readers.tables.header import SAY_HEADER, column_names
from provenance.io.readers.tables.table_rows import Row, Rows
from provenance.io.records.batch_builder import Collector, without_fraction
from provenance.io.records.content_fields import no_content
from provenance.io.records.content_names import RESERVED
from provenance.io.records.value_shapes import looked_at
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes
from provenance.io.streams.size_limits import require_columns

_PROBED_ROWS = 100


class Delimited:
    """Reader of CSV and TSV; the records are what follows the header line, if there is one."""

    names: Sequence[str] = ("csv", "tsv")

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """The columns that the header names; one without any text in the first rows is null."""
        dialect = dialect_of(source)
        with open_bytes(source) as stream:
            rows = Rows(stream, dialect, MAX_RECORD)
            header = _header(rows, dialect, source)
            found = list(islice(_until_damage(rows), _PROBED_ROWS))
        records = [
            {name: cell for name, cell in zip(header, row.cells, strict=False) if cell}
            for row in found
        ]
        empty = set(header).difference(*records) if records else set()
        kinds = {name: "null" if name in empty else "string" for name in header}
        return looked_at(Shape(kinds, notes=dialect.notes), records)

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]:
        """Yield the records in order; ``part`` is not for this format."""
        if part is not None:
            raise ValueError("a quoted field may hold line ends: this format has no slices")
        if layout.kind == "binary":
            raise MisuseError("a table of text holds no binary content", hint="name a text column")
        collector = Collector(layout, original=original, untyped=True)
        dialect = dialect_of(source)
        with open_bytes(source) as stream:
            rows = Rows(stream, dialect, layout.max_record)
            plan = _plan(layout, _header(rows, dialect, source))
            for row in rows:
                _gather(collector, row, plan, original=original)
                if collector.full:
                    yield collector.batch()
        if not collector.empty:
            yield collector.batch()


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


def _gather(collector: Collector, row: Row, plan: _Plan, *, original: bool) -> None:
    defect, content = row.defect, ""
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


def _header(rows: Rows, dialect: Dialect, source: Input) -> list[str]:
    """The names of the columns.

    Raises:
        InputError: there is no such line, or it does not name every column once.
    """
    if dialect.header:
        first = next(iter(rows), None)
        if first is None:
            raise InputError(f"no header line, the file is empty: {source.uri}")
        if first.defect:
            raise InputError(
                f"the header line cannot be read ({first.defect}): {source.uri}", hint=SAY_HEADER
            )
        require_columns(len(first.cells))
        rows.begin(column_names(first.cells, source), first.cells)
    elif not dialect.columns:
        raise InputError(f"no record, the file is empty: {source.uri}")
    else:
        rows.begin([f"column{place}" for place in range(1, dialect.columns + 1)])
    return rows.names


def _until_damage(rows: Rows) -> Iterator[Row]:
    try:
        yield from rows
    except DamagedError:
        return
