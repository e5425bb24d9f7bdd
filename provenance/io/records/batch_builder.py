"""Collect records and rejects one by one, and build batches of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from provenance.content.identity import MAX_SAFE_INTEGER, write_digest
from provenance.content.json_writer import compact_json, escape_surrogates
from provenance.io.contract.reader import BATCH_BYTES, BATCH_ROWS, REJECTS, Batch, ReadLayout
from provenance.io.contract.record_paths import Paths, Steps, printable, value_at
from provenance.io.records.turns_text import unpack_turns


def field_text(value: Any) -> str | None:
    """Write a value of a further field: strings unchanged, everything else as compact JSON.

    >>> field_text("a"), field_text(None), field_text(True), field_text({"a": [1, None]})
    ('a', None, 'true', '{"a":[1,null]}')
    """
    if value is None or isinstance(value, str):
        return value
    return str(value) if type(value) is int else compact_json(value)


def field_of(
    record: Mapping[str, Any], alternatives: Sequence[Steps], *, reference: bool
) -> str | None:
    """Return the text of the first steps that lead to a value; ``reference``: it is an id."""
    for steps in alternatives:
        value = record.get(steps[0] or "") if len(steps) == 1 else value_at(record, steps)
        if value is not None:
            text = field_text(value)
            return (
                without_fraction(text) if text and reference and isinstance(value, float) else text
            )
    return None


_DECIMAL = re.compile(r"([-+]?[0-9]+)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")


def without_fraction(number: str) -> str:
    """Write a whole decimal number as an integer; return any other text unchanged.

    >>> without_fraction("1.0"), without_fraction("-2.50"), without_fraction("1e3")
    ('1', '-2.50', '1000')
    """
    found = _DECIMAL.fullmatch(number)
    if found is None or not (found[2] or found[3]):
        return number
    if not found[3]:
        whole = found[1].removeprefix("+") if not found[2].strip(".0") else number
        return "0" if whole == "-0" else whole
    value = Decimal(number)
    exact = value == value.to_integral_value() and abs(value) <= MAX_SAFE_INTEGER
    return str(int(value)) if exact else number


class BatchBuilder:
    """Collects kept records and rejects until they make a batch.

    Which fields the chooser wants is known only at the end of a batch. Until then the fields of the
    previous batch are collected; for others the records are read again.

    Args:
        layout: what is read; it decides the types of the columns.
        original: whether every kept record comes with the text of its whole row.
        untyped: whether the values of records are written without types, as in CSV.
        again: makes a record of what is held of it; without, the records themselves are held.
    """

    def __init__(
        self,
        layout: ReadLayout,
        *,
        original: bool,
        untyped: bool = False,
        again: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        self._layout = layout
        self._untyped = untyped
        self._again = again
        self._wanted: tuple[str, ...] | None = None
        self.with_original = original
        self._clear()

    def _clear(self) -> None:
        self._rows: list[int] = []
        self._content: list[str | bytes] = []
        self._fields: list[list[str | None]] = [[] for _ in self._layout.fields]
        self._original: list[str | None] = []
        self._rejects: list[dict[str, Any]] = []
        self._size = 0
        self._paths = Paths()
        self._sources: list[Any] = []
        self._taken: list[list[str | None]] = [[] for _ in self._wanted or ()]
        self._alternatives: list[tuple[Steps, ...]] = []
        self._known = -1

    def keep(
        self,
        row: int,
        values: tuple[str | bytes, Sequence[str | None]],
        original: str | None,
        record: Mapping[str, Any],
        size: int,
        source: Any = None,
    ) -> None:
        """Add a record, whose strings are valid Unicode without lone surrogates.

        Args:
            values: its content, and the further fields of the layout.
            original: the text of its whole row, if that is wanted.
            record: the whole row, from which its chooser takes more.
            size: bytes of the row that are kept in memory; overhead is not counted.
            source: what the record can be rebuilt from.

        Raises:
            TooManyPathsError: the record has too many paths; it was not added.
        """
        if self._layout.chooser is not None:
            self._paths.add(record)
            self._sources.append(record if self._again is None else source)
            self._take(record)
        content, fields = values
        self._rows.append(row)
        self._content.append(content)
        for column, value in zip(self._fields, fields, strict=True):
            column.append(value)
        self._size += size
        if self.with_original:
            self._original.append(None if original is None else escape_surrogates(original))
            self._size += len(original) if original else 0

    def _take(self, record: Mapping[str, Any]) -> None:
        """Collect the fields that are expected to be wanted."""
        if self._wanted is None:
            self._wanted = self._chosen(self._paths.shape())
            self._taken = [[] for _ in self._wanted]
        if self._known != len(self._paths):
            self._known = len(self._paths)
            self._alternatives = list(map(self._paths.alternatives, self._wanted))
        for name, column, alternatives in zip(
            self._wanted, self._taken, self._alternatives, strict=True
        ):
            column.append(self._text(record, name, alternatives))

    def _chosen(self, shape: Mapping[str, str]) -> tuple[str, ...]:
        chooser, fixed = self._layout.chooser, self._layout.fields
        return tuple(name for name in chooser(shape) if name not in fixed) if chooser else ()

    def _text(
        self, record: Mapping[str, Any], name: str, alternatives: Sequence[Steps]
    ) -> str | None:
        """Return the text of a chosen field, with unencodable characters replaced."""
        reference = name in self._layout.references
        text = field_of(record, alternatives, reference=reference)
        if text and reference and self._untyped:
            text = without_fraction(text)
        return text and printable(text)

    def reject(
        self,
        row: int | None,
        offset: int | None,
        reason: str,
        raw: bytes | memoryview | None,
    ) -> None:
        """Add a refused record; of its raw bytes, digest and length are kept."""
        digest = None if raw is None else write_digest(hashlib.sha256(raw).digest())
        size = None if raw is None else memoryview(raw).nbytes
        self.reject_hashed(row, offset, reason, digest, size)

    def reject_hashed(
        self,
        row: int | None,
        offset: int | None,
        reason: str,
        raw_digest: str | None,
        raw_bytes: int | None,
    ) -> None:
        """Add a refused record whose raw bytes are hashed already."""
        self._rejects.append(
            {
                "row": row,
                "offset": offset,
                # A reason may quote the data, which may hold what no column of text can.
                "reason": reason.encode("utf-8", "backslashreplace").decode(),
                "raw_digest": raw_digest,
                "raw_bytes": raw_bytes,
            }
        )

    @property
    def full(self) -> bool:
        """Whether the batch has reached its limit of bytes, records or paths."""
        gathered = len(self._rows) + len(self._rejects)
        return self._size >= BATCH_BYTES or gathered >= BATCH_ROWS or self._paths.full

    @property
    def empty(self) -> bool:
        """Whether the batch has no records and no rejects."""
        return not self._rows and not self._rejects

    def batch(self) -> Batch:
        """Build the batch, and begin a new one."""
        binary = self._layout.kind == "binary"
        names = list(self._layout.fields)
        columns = [pa.array(column, pa.string()) for column in self._fields]
        shape: dict[str, str] = {}
        if self._layout.chooser is not None:
            shape = self._paths.shape()
            wanted = self._chosen(shape)
            columns += [pa.array(column, pa.string()) for column in self._columns(wanted)]
            names += wanted
            self._wanted = wanted
        content = pa.array(self._content, pa.binary() if binary else pa.string())
        if self._layout.kind == "structured" and self._layout.turns:
            content = unpack_turns(content)
        batch = Batch(
            rows=pa.array(self._rows, pa.int64()),
            content=content,
            fields=pa.RecordBatch.from_arrays(columns, names)
            if columns
            else empty_fields(len(self._rows)),
            rejects=pa.Table.from_pylist(self._rejects, REJECTS) if self._rejects else _NONE,
            original=pa.array(self._original, pa.string()) if self.with_original else None,
            shape=shape,
        )
        self._clear()
        return batch

    def _columns(self, names: Sequence[str]) -> list[list[str | None]]:
        """Build the columns of chosen fields; read the records again for unexpected ones."""
        taken = dict(zip(self._wanted or (), self._taken, strict=True))
        missing = [(name, self._paths.alternatives(name)) for name in names if name not in taken]
        if missing:
            for name, _ in missing:
                taken[name] = []
            for source in self._sources:
                record = source if self._again is None else self._again(source)
                for name, alternatives in missing:
                    taken[name].append(self._text(record, name, alternatives))
        return [taken[name] for name in names]


_NONE = REJECTS.empty_table()


def empty_fields(rows: int) -> pa.RecordBatch:
    """Make a record batch of n rows without columns, which ``from_arrays`` cannot."""
    nothing = pa.nulls(rows, pa.struct([]))
    return pa.RecordBatch.from_struct_array(nothing)


def split_batch(batch: Batch) -> Iterator[Batch]:
    """Split a batch without rejects into pieces of at most ``BATCH_ROWS`` records."""
    for start in range(0, len(batch.rows), BATCH_ROWS):
        original = batch.original
        yield Batch(
            rows=batch.rows.slice(start, BATCH_ROWS),
            content=batch.content.slice(start, BATCH_ROWS),
            fields=batch.fields.slice(start, BATCH_ROWS),
            original=None if original is None else original.slice(start, BATCH_ROWS),
            shape=batch.shape,
        )
