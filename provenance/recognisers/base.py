"""What a recogniser is handed, what it answers, and the columns of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.recognisers.families import family_of

_INT, _STR = pa.int64(), pa.string()

CLAIMS = pa.schema(
    [
        pa.field("index", _INT, nullable=False),
        pa.field("tier", _STR, nullable=False),
        pa.field("claim", _STR, nullable=False),
        pa.field("whole", pa.bool_(), nullable=False),
        pa.field("part_bytes", _INT),
        pa.field("part_chars", _INT),
        pa.field("part_words", _INT),
        pa.field("process", _STR),
        pa.field("generator", _STR),
        pa.field("generator_family", _STR),
        pa.field("observer", _STR, nullable=False),
        pa.field("basis", _STR, nullable=False),
        pa.field("field", _STR),
    ]
)
"""One row per claim: ``index`` is a record's position in the batch, ``part_*`` counts text."""

WHOLE_ROW = "*"
"""The content field that stands for the whole row."""

BASIS_CHARS = 80
"""Longest value that a basis quotes."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One batch as a recogniser sees it.

    Attributes:
        content: the records' content: strings, JSON objects as text, or binary.
        fields: the columns that the recogniser wanted, by name; nullable strings.
        kind: ``text``, ``structured`` or ``binary``.
        names: the fields that the content was taken from; ``("*",)`` for the whole row.
    """

    content: pa.Array
    fields: Mapping[str, pa.Array]
    kind: str
    names: tuple[str, ...]

    def take(self, index: pa.Array) -> Rows:
        """Some of the rows."""
        fields = {name: column.take(index) for name, column in self.fields.items()}
        return Rows(self.content.take(index), fields, self.kind, self.names)


class Recogniser(Protocol):
    """One producer's marks, or one family of generic ones.

    ``wanted`` sees the shape of a file (top-level field to ``string``, ``number``, ``boolean``,
    ``object``, ``list``, ``messages`` or ``null``) and the names of its content fields. It answers
    ``None`` when the recogniser has nothing to say about such a file, else the fields that it reads
    as text. What it reads is hidden from the recognisers after it, even on rows where it stays
    silent. A ``fallback`` is only asked about rows that nobody else spoke of.
    """

    @property
    def name(self) -> str: ...

    @property
    def fallback(self) -> bool: ...

    def wanted(
        self, fields: Mapping[str, str], content: tuple[str, ...]
    ) -> tuple[str, ...] | None: ...

    def claims(self, rows: Rows) -> pa.Table: ...


def nothing() -> pa.Table:
    """No claims."""
    return CLAIMS.empty_table()


def positions(mask: pa.Array) -> pa.Array:
    """Where a mask is true; null is not true."""
    return pc.indices_nonzero(pc.fill_null(mask, False)).cast(_INT)


def claims(index: pa.Array, observer: str, **columns: Any) -> pa.Table:
    """A table of claims about the records at ``index``.

    Args:
        index: positions in the batch.
        observer: who says so.
        columns: further columns of ``CLAIMS``, each an array as long as ``index`` or one value for
            all; what is left out is null, ``whole`` is true, and the family follows the generator.
    """
    given = {"whole": True, **columns, "index": index, "observer": observer}
    if given.get("generator") is not None and "generator_family" not in given:
        given["generator_family"] = families(given["generator"])
    return pa.Table.from_arrays(
        [_column(given.get(field.name), field.type, len(index)) for field in CLAIMS],
        schema=CLAIMS,
    )


def _column(value: Any, kind: pa.DataType, length: int) -> pa.Array:
    if isinstance(value, pa.Array):
        return value.cast(kind)
    return pa.repeat(pa.scalar(value, kind), length)


def families(generators: pa.Array) -> pa.Array:
    """The family of every generator; each distinct name is looked at once."""
    named = generators.dictionary_encode()
    known = pa.array([family_of(name) for name in named.dictionary.to_pylist()], _STR)
    return known.take(named.indices)


def basis(field: str, values: pa.Array, note: str = "") -> pa.Array:
    """``field=value``, the value on one line and shortened, then the note in brackets."""
    stated = pc.binary_join_element_wise(field, shorten(values), "=")
    return pc.binary_join_element_wise(stated, f"({note})", " ") if note else stated


def shorten(values: pa.Array) -> pa.Array:
    """Values on one line, without control characters, of at most ``BASIS_CHARS`` characters."""
    # Cut first, so that a value of megabytes costs nothing.
    head = pc.utf8_slice_codeunits(values, 0, BASIS_CHARS + 1)
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(head, 0, BASIS_CHARS - 1), "…", "")
    short = pc.if_else(pc.greater(pc.utf8_length(head), BASIS_CHARS), cut, head)
    return pc.replace_substring_regex(short, r"[\x00-\x1f\x7f-\x{9f}]+", " ")


def unclaimed(count: int, claimed: list[pa.Table]) -> pa.Array:
    """Positions among ``count`` rows that none of the tables speaks of."""
    free = np.ones(count, np.bool_)
    for table in claimed:
        free[table.column("index").to_numpy()] = False
    return pa.array(np.flatnonzero(free), _INT)
