"""Parse a block of JSON lines with DuckDB, where its bytes prove that this is safe.

DuckDB reads more than RFC 8259: NaN and infinities, trailing commas, repeated keys; and it writes
numbers anew. A block may take this path when every line is the first line with other scalars in it:
the same keys, literally and in the same order, with the same bytes between the values, no arrays.

Why that is proof, given that DuckDB accepted every line:

- Inside a string a quote stands behind an odd number of backslashes, outside there are none. So a
  quote behind an even number, with a colon next to it or after white space, ends a key or begins a
  string of the form ``":…``. Each line has exactly as many of them as the first one has keys, and
  before each stands ``"key`` after a structural byte; a string cannot begin there. So these are
  all the keys.
- The bytes from the end of a value to the next key are compared with those of the first line, which
  the exact parser has read: nothing can be there that is not JSON. Going back from a key, every
  byte up to the first quote, digit or letter is structure, so this also fixes where a value ends.
- What is left of a line are its scalars. The first byte of each excludes containers, the last one
  NaN and infinities, and it shows that nothing but the scalar is there.

Where no string has a quote or an escape in it, which counting shows, the bytes prove the block
without DuckDB (``scalars``).

The exact path decides every other block. All give the same batches (a property test holds that).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.json_reader import DefectError
from provenance.io.contract.reader import Batch, ReadLayout
from provenance.io.readers.json.json_content import MISSING, lookup, parse_object
from provenance.io.readers.json.scalars import (
    QUOTE,
    Bytes,
    Places,
    ScalarColumn,
    is_plain_block,
    plain_column,
    raw_scalars,
    raw_strings,
)
from provenance.io.records.batch_builder import empty_fields, without_fraction

FAST_FROM = 128 << 10
"""Fewest bytes of a block for the fast path."""

FAST_ATTEMPTS = 4
"""Failed blocks in a row after which the fast path is given up."""

_MAX_KEYS = 100
_MAX_NUMBER = 400
_MAX_RUN = 64
_MAX_BLOCK = (1 << 31) - 1

_GLUE = re.compile(rb'([{}, ]*)"([A-Za-z0-9_-]+)": ?')
_SCALAR = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?[0-9][0-9.eE+-]*|true|false|null')
_TAIL = re.compile(rb"[{} ]+")

COLON = ord(":")
_NULL = ord("n")
_WORDS = {_NULL, ord("t"), ord("f")}


def _members(members: bytes) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(members)] = True
    return table


_BEGINS_SCALAR = _members(b"0123456789-tfn")
_ENDS_SCALAR = _members(b"0123456789el")
_SPACE = _members(b" \t\r\n")
_BACKSLASH = _members(b"\\")


@dataclass(frozen=True, slots=True)
class BlockLines:
    """Non-blank lines in a buffer: start and end of each, without its line break."""

    buffer: Bytes
    starts: Places
    ends: Places


@dataclass(frozen=True, slots=True)
class Template:
    """What the lines of a block have in common: everything but the scalars.

    Attributes:
        glue: what stands before value j, from the end of the value before it.
        opens: whether value j is an object; its members are keys of their own, so it has no bytes.
        tail: what follows the last value.
        paths: names that lead to value j from the top.
        tree: the record with the number j of each scalar in place of the scalar.
    """

    glue: tuple[bytes, ...]
    opens: tuple[bool, ...]
    tail: bytes
    paths: tuple[tuple[str, ...], ...]
    tree: dict[str, Any]

    @property
    def quotes(self) -> int:
        """Number of quotes of a line outside of its scalars."""
        return sum(glue.count(b'"') for glue in self.glue)


def template_of(line: bytes) -> Template | None:
    """Make the template of a line; ``None`` for a line that the proof does not cover."""
    try:
        parse_object(line)
    except DefectError:
        return None
    glue: list[bytes] = []
    opens: list[bool] = []
    paths: list[tuple[str, ...]] = []
    tree: dict[str, Any] = {}
    path: list[str] = []
    position = 0
    while key := _GLUE.match(line, position):
        name = key[2].decode("ascii")
        for brace in key[1]:
            if brace == ord("{") and paths:
                path.append(paths[-1][-1])
            elif brace == ord("}"):
                path.pop()
        glue.append(key[0])
        paths.append((*path, name))
        position = key.end()
        opens.append(line[position] == ord("{"))
        holder = tree
        for step in path:
            holder = holder[step]
        holder[name] = {} if opens[-1] else len(paths) - 1
        if not opens[-1]:
            scalar = _SCALAR.match(line, position)
            if scalar is None:
                return None
            position = scalar.end()
    tail = line[position:]
    if not (0 < len(paths) <= _MAX_KEYS and _TAIL.fullmatch(tail)):
        return None
    return Template(tuple(glue), tuple(opens), tail, tuple(paths), tree)


def prove_block(lines: BlockLines, template: Template) -> list[ScalarColumn] | None:
    """Locate the values of a block if all lines fit the template; else ``None``."""
    keys = _key_ends(lines.buffer)
    count = len(template.glue)
    if keys is None or keys.size != lines.starts.size * count:
        return None
    keys = keys.reshape(-1, count)
    begins: list[Places] = []
    values: list[Places] = []
    for column, glue in zip(keys.T, template.glue, strict=True):
        begin = column - glue.rindex(b'":')
        if not _all_equal(lines.buffer, begin, glue):
            return None
        begins.append(begin)
        values.append(begin + len(glue))
    tails = lines.ends - len(template.tail)
    if not np.array_equal(begins[0], lines.starts) or not _all_equal(
        lines.buffer, tails, template.tail
    ):
        return None
    found = [
        _scalars(lines.buffer, start, end, opens)
        for start, end, opens in zip(values, [*begins[1:], tails], template.opens, strict=True)
    ]
    proven = [column for column in found if column is not None]
    return proven if len(proven) == count else None


def _key_ends(buffer: Bytes) -> Places | None:
    """Find the quotes before a colon (white space between) that are no part of a text."""
    colons: Places = np.flatnonzero(buffer == COLON)
    places = _skip_back(buffer, colons - 1, _SPACE)
    if places is None:
        return None
    quotes = places[buffer[places] == QUOTE]
    before = _skip_back(buffer, quotes - 1, _BACKSLASH)
    return None if before is None else quotes[(quotes - before) % 2 == 1]


def _skip_back(buffer: Bytes, places: Places, members: npt.NDArray[np.bool_]) -> Places | None:
    """Move each offset back while its byte is in the set."""
    places = places.copy()
    on = np.flatnonzero(members[buffer[places]])
    for _ in range(_MAX_RUN):
        if not on.size:
            return places
        places[on] -= 1
        on = on[members[buffer[places[on]]]]
    return None


def _all_equal(buffer: Bytes, places: Places, expected: bytes) -> bool:
    """Check whether these bytes are at each of the offsets."""
    if places[0] < 0 or places.min() < 0 or places.max() + len(expected) > buffer.size:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(buffer, len(expected))
    return bool((windows[places] == np.frombuffer(expected, np.uint8)).all())


def _scalars(buffer: Bytes, starts: Places, ends: Places, opens: bool) -> ScalarColumn | None:
    """Return a column of values if each is one scalar of strict JSON, or an object if ``opens``."""
    if opens:
        return ScalarColumn(starts, ends, _NONE) if np.array_equal(starts, ends) else None
    if not (ends > starts).all():
        return None
    first, last = buffer[starts], buffer[ends - 1]
    strings = first == QUOTE
    # NaN and infinities, however DuckDB takes them written, end in none of the last bytes.
    others = _BEGINS_SCALAR[first] & _ENDS_SCALAR[last] & (ends - starts <= _MAX_NUMBER)
    good = np.where(strings, (last == QUOTE) & (ends - starts >= 2), others)
    return ScalarColumn(starts, ends, strings) if good.all() else None


_NONE = np.zeros(0, np.bool_)


class FastPath:
    """Reads blocks of lines whose content is one string; returns ``None`` where it may not."""

    def __init__(self, layout: ReadLayout) -> None:
        self._layout = layout
        self._duckdb = duckdb.connect(config={"threads": 1})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._duckdb.close()

    def read(self, lines: BlockLines, rows: Places, *, original: bool) -> Batch | None:
        """Read a block without rejects; ``None`` leaves it to the exact path."""
        template = template_of(lines.buffer[lines.starts[0] : lines.ends[0]].tobytes())
        content = lookup(template.tree, self._layout.content[0]) if template else None
        if template is None or not isinstance(content, int):
            return None
        values = prove_block(lines, template)
        if values is None or not values[content].strings.all():
            return None
        shape: dict[str, str] = {}
        names = self._layout.fields
        if self._layout.chooser is not None:
            shape = _shape(lines.buffer, template, values)
            names += tuple(name for name in self._layout.chooser(shape) if name not in names)
        places = [content, *(lookup(template.tree, name) for name in names)]
        if any(isinstance(position, dict) for position in places):
            return None
        text = _arrow_lines(lines)
        if text is None:
            return None
        if is_plain_block(lines.buffer, template.quotes * rows.size, values):
            nothing = pa.nulls(rows.size, pa.string())
            columns: list[pa.Array] | None = [
                nothing if position is MISSING else plain_column(lines.buffer, values[position])
                for position in places
            ]
        else:
            columns = self._columns(lines, text, template, values, places)
        if columns is None or int(pc.min(pc.binary_length(columns[0])).as_py()) == 0:
            return None
        for at, name in enumerate(names, start=1):
            if name in self._layout.references and places[at] is not MISSING:
                columns[at] = _whole_numbers(columns[at], values[places[at]])
        return Batch(
            rows=pa.array(rows),
            content=columns[0],
            fields=_record_batch(names, columns[1:], rows.size),
            original=pc.utf8_rtrim(text, characters="\r\n") if original else None,
            shape=shape,
        )

    def _columns(
        self,
        lines: BlockLines,
        text: pa.Array,
        template: Template,
        values: list[ScalarColumn],
        places: list[Any],
    ) -> list[pa.Array] | None:
        """Make one column of text per position; DuckDB parses those with escapes."""
        parsed: dict[int, pa.Array | None] = {places[0]: None}
        ready: dict[int, pa.Array] = {}
        for position in {position for position in places[1:] if position is not MISSING} - {
            places[0]
        }:
            column = values[position]
            if not column.strings.any():
                raw = raw_scalars(lines.buffer, column)
                if raw is None:
                    return None
                ready[position] = raw
            elif column.strings.all() and (raw := raw_strings(lines.buffer, column)) is not None:
                ready[position] = raw
            elif (column.strings | (lines.buffer[column.starts] == ord("n"))).all():
                parsed[position] = None
            else:
                return None
        found = self._parse(text, [template.paths[position] for position in parsed])
        if found is None:
            return None
        ready.update(zip(parsed, found, strict=True))
        nothing = pa.nulls(len(text), pa.string())
        return [nothing if position is MISSING else ready[position] for position in places]

    def _parse(self, text: pa.Array, paths: list[tuple[str, ...]]) -> list[pa.Array] | None:
        # Names are [A-Za-z0-9_-]+ here, so the paths need no escaping.
        wanted = ["$" + "".join(f'."{name}"' for name in path) for path in paths]
        self._duckdb.register("lines", pa.table({"line": text}))
        try:
            answer = self._duckdb.execute(
                f"SELECT json_extract_string(line, {wanted!r}) FROM lines"
            ).to_arrow_table()
        except duckdb.InvalidInputException:  # malformed JSON in some line
            return None
        finally:
            self._duckdb.unregister("lines")
        chunks = [chunk.flatten() for chunk in answer.column(0).chunks]
        flat = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
        if len(flat) != len(text) * len(paths):
            return None
        if len(paths) == 1:
            columns = [flat]
        else:
            places = range(len(paths))
            columns = [flat.take(pa.array(np.arange(i, len(flat), len(paths)))) for i in places]
        return columns if columns[0].null_count == 0 else None


def _arrow_lines(lines: BlockLines) -> pa.Array | None:
    """Make an Arrow column over the memory of the lines; ``None`` if they are not UTF-8."""
    if lines.buffer.size > _MAX_BLOCK:
        return None
    offsets = np.append(lines.starts, lines.buffer.size).astype(np.int32)
    if (np.diff(offsets) > lines.ends - lines.starts + 2).any():
        return None  # blank lines in between
    text = pa.StringArray.from_buffers(
        lines.starts.size, pa.py_buffer(offsets), pa.py_buffer(lines.buffer)
    )
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return text


def _record_batch(names: tuple[str, ...], columns: list[pa.Array], rows: int) -> pa.RecordBatch:
    if not columns:
        return empty_fields(rows)
    return pa.RecordBatch.from_arrays(columns, list(names))


def _shape(buffer: Bytes, template: Template, values: list[ScalarColumn]) -> dict[str, str]:
    """Map the paths of a block that have a value in some line to their kinds."""
    kinds = {}
    for path, opens, column in zip(template.paths, template.opens, values, strict=True):
        kind = "object" if opens else _kind(buffer, column)
        if kind:
            kinds[".".join(path)] = kind
    return {path: kinds[path] for path in sorted(kinds)}


def _kind(buffer: Bytes, column: ScalarColumn) -> str:
    """Return the kind of a column of scalars; empty if all are null."""
    if column.strings.any():
        return "string"
    first = set(np.unique(buffer[column.starts]).tolist())
    if first - _WORDS:
        return "number"
    return "boolean" if first - {_NULL} else ""


def _whole_numbers(column: pa.Array, values: ScalarColumn) -> pa.Array:
    """Write ids that are whole numbers with a fraction as integers."""
    if values.strings.all():
        return column
    whole = [
        text if string or text is None else without_fraction(text)
        for text, string in zip(column.to_pylist(), values.strings.tolist(), strict=True)
    ]
    return pa.array(whole, pa.string())
