"""Define the protocol of recognisers, their input, and the columns of the claims they return."""

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
"""The claim that a field looks like a mark whose meaning is not known."""

WHOLE_ROW = "*"
"""The content field that stands for the whole row."""

BASIS_CHARS = 80
"""Longest value that a basis quotes."""


@dataclass(frozen=True, slots=True)
class RowBatch:
    """One batch of records as input of a recogniser.

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

    def take(self, index: pa.Array) -> RowBatch:
        """Select rows by their positions."""
        fields = {name: column.take(index) for name, column in self.fields.items()}
        return RowBatch(self.content.take(index), fields, self.kind, self.names)


class HiddenFields(NamedTuple):
    """Fields that are hidden from the later recognisers in some rows.

    Attributes:
        fields: their names; members of theirs are hidden with them.
        rows: bool[n], in which rows.
    """

    fields: tuple[str, ...]
    rows: pa.Array


class Recogniser(Protocol):
    """Recognises the marks of one producer, or one family of generic marks.

    ``wanted`` gets the paths that have a value in some row of a batch (``metadata.model``,
    ``messages[].model``, each with its kind) and the names of the content fields. It returns
    ``None`` when the recogniser does not apply to such rows, else the fields that it reads as
    text. This only saves work: whether a row is claimed depends on the values of that row alone,
    and never on other rows of the batch. Fields that it ``hides`` in a row are null for later
    recognisers. A ``fallback`` runs only on rows that no other recogniser claimed.
    """

    @property
    def name(self) -> str: ...

    @property
    def fallback(self) -> bool: ...

    def wanted(
        self, fields: Mapping[str, str], content: tuple[str, ...]
    ) -> tuple[str, ...] | None: ...

    def claims(self, rows: RowBatch) -> pa.Table: ...

    def hides(self, rows: RowBatch) -> HiddenFields | None: ...


def no_claims() -> pa.Table:
    """No claims."""
    return CLAIMS.empty_table()


def positions(mask: pa.Array) -> pa.Array:
    """Positions at which a mask is true; null counts as false."""
    return pc.indices_nonzero(pc.fill_null(mask, False)).cast(_INT)


def claims(index: pa.Array, observer: str | pa.Array, **columns: Any) -> pa.Table:
    """Make a table of claims about the records at ``index``.

    Args:
        index: positions in the batch.
        observer: the name of the recogniser.
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
    """Make questions: the records at ``index`` carry something that looks like a mark."""
    return claims(index, observer, tier=Tier.TOOL, claim=QUESTION, **columns)


def _column(value: Any, kind: pa.DataType, length: int) -> pa.Array:
    if isinstance(value, pa.Array):
        return value.cast(kind)
    return pa.repeat(pa.scalar(value, kind), length)


def generators(names: pa.Array) -> dict[str, pa.Array]:
    """Normalise model names and look up their families, once per distinct name."""
    encoded = names.cast(_STR).dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    folded = [fold_name(name[:LONGEST_NAME]) if name else None for name in distinct]
    known = [family_of(name) for name in distinct]
    return {
        "generator": pa.array(folded, _STR).take(encoded.indices),
        "generator_family": pa.array(known, _STR).take(encoded.indices),
    }


def any_valid(columns: Iterable[pa.Array], length: int) -> pa.Array:
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
    """Positions among ``count`` rows without a claim in any table; questions do not count."""
    free = np.ones(count, np.bool_)
    for table in claimed:
        spoken = table.filter(pc.not_equal(table.column("claim"), QUESTION))
        free[spoken.column("index").to_numpy()] = False
    return pa.array(np.flatnonzero(free), _INT)
