"""Read CSV and TSV strictly, in the dialect in which they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from provenance.content.json_writer import compact_json
from provenance.errors import InputError, MisuseError
from provenance.io.contract.reader import MAX_RECORD, Batch, Input, Portion, ReadLayout, Shape
from provenance.io.contract.record_paths import TooManyPathsError
from provenance.io.readers.tables.dialect import Dialect, detect_dialect
from provenance.io.readers.tables.header import SAY_HEADER, column_names
from provenance.io.readers.tables.table_rows import TableRow, TableRows
from provenance.io.records.batch_builder import BatchBuilder, without_fraction
from provenance.io.records.content_fields import no_content
from provenance.io.records.content_names import RESERVED
from provenance.io.records.value_shapes import with_looks
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes
from provenance.io.streams.size_limits import require_columns

_PROBED_ROWS = 100


class Delimited:
    """Reader of CSV and TSV; rows count the records after the header line, if there is one."""

    names: Sequence[str] = ("csv", "tsv")

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Read the columns; one that is empty in the first rows is null."""
        dialect = detect_dialect(source)
        with open_bytes(source) as stream:
            rows = TableRows(stream, dialect, MAX_RECORD)
            header = _header(rows, dialect, source)
            found = list(islice(_until_damage(rows), _PROBED_ROWS))
        records = [
            {name: cell for name, cell in zip(header, row.cells, strict=False) if cell}
            for row in found
        ]
        empty = set(header).difference(*records) if records else set()
        kinds = {name: "null" if name in empty else "string" for name in header}
        return with_looks(Shape(kinds, notes=dialect.notes), records)

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the records in order; ``part`` is not for this format."""
        if part is not None:
            raise ValueError("a quoted field may hold line ends: this format has no slices")
        if layout.kind == "binary":
            raise MisuseError("a table of text holds no binary content", hint="name a text column")
        collector = BatchBuilder(layout, original=original, untyped=True)
        dialect = detect_dialect(source)
        with open_bytes(source) as stream:
            rows = TableRows(stream, dialect, layout.max_record)
            plan = _plan(layout, _header(rows, dialect, source))
            for row in rows:
                _gather(collector, row, plan, original=original)
                if collector.full:
                    yield collector.batch()
        if not collector.empty:
            yield collector.batch()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Indices of the columns that a layout asks for."""

    header: list[str]
    text: bool
    nothing: str
    content: dict[str, int]
    fields: list[int | None]
    references: set[int]


def _plan(layout: ReadLayout, header: list[str]) -> _Plan:
    places = {name: position for position, name in enumerate(header)}
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


def _gather(collector: BatchBuilder, row: TableRow, plan: _Plan, *, original: bool) -> None:
    defect, content = row.defect, ""
    if not defect:
        content, defect = _content(row.cells, plan)
    if defect:
        collector.reject_hashed(row.number, row.offset, defect, row.digest, row.size)
        return
    fields = [_cell(row.cells, position, plan) for position in plan.fields]
    cells = (cell or None for cell in row.cells)
    record = dict(zip(plan.header, cells, strict=True))
    whole = compact_json(record) if original else None
    try:
        collector.keep(row.number, (content, fields), whole, record, row.size)
    except TooManyPathsError as error:
        collector.reject_hashed(row.number, row.offset, str(error), row.digest, row.size)


def _cell(cells: list[str], position: int | None, plan: _Plan) -> str | None:
    """Return a further field; a whole-number id is written without its fraction."""
    if position is None:
        return None
    cell = cells[position] or None
    return without_fraction(cell) if cell and position in plan.references else cell


def _content(cells: list[str], plan: _Plan) -> tuple[str, str]:
    """Return the content of a record, or the reason why it has none."""
    filled = {name: cells[position] for name, position in plan.content.items() if cells[position]}
    if filled:
        return next(iter(filled.values())) if plan.text else compact_json(filled), ""
    return "", plan.nothing


def _header(rows: TableRows, dialect: Dialect, source: Input) -> list[str]:
    """Read the names of the columns.

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
        rows.begin([f"column{position}" for position in range(1, dialect.columns + 1)])
    return rows.names


def _until_damage(rows: TableRows) -> Iterator[TableRow]:
    try:
        yield from rows
    except DamagedError:
        return
