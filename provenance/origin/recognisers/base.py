"""What a recogniser is handed, what it answers, and the columns of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.model_names import fold_name
from provenance.model.origin import Tier
from provenance.origin.recognisers.families import LONGEST_NAME, family_of

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
"""One row per claim: ``index`` is a record's position in the batch, ``part_*`` counts text.

``generator`` is a model's name in its one spelling, ``field`` the path of the field that says so.
"""

QUESTION = "question"
"""The claim that a field looks like a mark, and that nobody has said what it means."""

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


class Hidden(NamedTuple):
    """Fields that have had their say in some rows, and are not asked again there.

    Attributes:
        fields: their names; members of theirs are hidden with them.
        rows: bool[n], in which rows.
    """

    fields: tuple[str, ...]
    rows: pa.Array


class Recogniser(Protocol):
    """One producer's marks, or one family of generic ones.

    ``wanted`` sees which paths have a value in some row of a batch (``metadata.model``,
    ``messages[].model``, each with its kind) and the names of the content fields. It answers
    ``None`` when the recogniser has nothing to say about such rows, else the fields that it reads
    as text. It only spares work: whether a recogniser speaks of a row is decided by what is not
    null in that row, so that rows beside it make no difference. What it ``hides`` of a row is null
    for the recognisers after it. A ``fallback`` is only asked about rows that nobody else spoke of.
    """

    @property
    def name(self) -> str: ...

    @property
    def fallback(self) -> bool: ...

    def wanted(
        self, fields: Mapping[str, str], content: tuple[str, ...]
    ) -> tuple[str, ...] | None: ...

    def claims(self, rows: Rows) -> pa.Table: ...

    def hides(self, rows: Rows) -> Hidden | None: ...


def nothing() -> pa.Table:
    """No claims."""
    return CLAIMS.empty_table()


def positions(mask: pa.Array) -> pa.Array:
    """Where a mask is true; null is not true."""
    return pc.indices_nonzero(pc.fill_null(mask, False)).cast(_INT)


def claims(index: pa.Array, observer: str | pa.Array, **columns: Any) -> pa.Table:
    """A table of claims about the records at ``index``.

    Args:
        index: positions in the batch.
        observer: who says so.
        columns: further columns of ``CLAIMS``, each an array as long as ``index`` or one value for
            all; what is left out is null, ``whole`` is true. A generator is given as it is
            written: it is folded here, and the family follows it.
    """
    given = {"whole": True, **columns, "index": index, "observer": observer}
    if given.get("generator") is not None:
        named = generators(given["generator"])
        given = {**named, **given, "generator": named["generator"]}
    return pa.Table.from_arrays(
        [_column(given.get(field.name), field.type, len(index)) for field in CLAIMS],
        schema=CLAIMS,
    )


def questions(index: pa.Array, observer: str | pa.Array, **columns: Any) -> pa.Table:
    """Claims that the records at ``index`` carry what looks like a mark."""
    return claims(index, observer, tier=Tier.TOOL, claim=QUESTION, **columns)


def _column(value: Any, kind: pa.DataType, length: int) -> pa.Array:
    if isinstance(value, pa.Array):
        return value.cast(kind)
    return pa.repeat(pa.scalar(value, kind), length)


def generators(names: pa.Array) -> dict[str, pa.Array]:
    """Models in their one spelling, and their families; each distinct name is looked at once."""
    encoded = names.cast(_STR).dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    folded = [fold_name(name[:LONGEST_NAME]) if name else None for name in distinct]
    known = [family_of(name) for name in distinct]
    return {
        "generator": pa.array(folded, _STR).take(encoded.indices),
        "generator_family": pa.array(known, _STR).take(encoded.indices),
    }


def filled(columns: Iterable[pa.Array], length: int) -> pa.Array:
    """Rows in which at least one of some columns is not null."""
    found = pa.repeat(False, length)
    for column in columns:
        found = pc.or_(found, pc.is_valid(column))
    return found


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
    """Positions among ``count`` rows that none of the tables speaks of; a question is no word."""
    free = np.ones(count, np.bool_)
    for table in claimed:
        spoken = table.filter(pc.not_equal(table.column("claim"), QUESTION))
        free[spoken.column("index").to_numpy()] = False
    return pa.array(np.flatnonzero(free), _INT)
