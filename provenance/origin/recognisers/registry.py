"""List all recognisers in their order, and run them on a batch of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.model_names import fold_name
from provenance.origin.recognisers.base import (
    HiddenFields,
    Recogniser,
    RowBatch,
    no_claims,
    unclaimed,
)
from provenance.origin.recognisers.chat import ChatLog, ChatShape
from provenance.origin.recognisers.exported import ExportedColumns, is_ours
from provenance.origin.recognisers.gb45438 import Gb45438
from provenance.origin.recognisers.generic import GenericField
from provenance.origin.recognisers.oasst import Oasst
from provenance.origin.recognisers.producers import PRODUCERS

RECOGNISERS: tuple[Recogniser, ...] = (
    ExportedColumns(),
    Gb45438(),
    Oasst(),
    ChatLog(),
    *PRODUCERS,
    GenericField(),
    ChatShape(),
)
"""Specific before generic: fields that one of them reads in a row are hidden from later ones.

Columns of our own exports are read by the first alone.
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """A recogniser that applies to a batch: the fields that it reads, and the content fields."""

    recogniser: Recogniser
    fields: tuple[str, ...]
    content: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that stands as observer in evidence."""
        return self.recogniser.name


def applicable(
    fields: Mapping[str, str], content: Sequence[str], known: Iterable[str] = ()
) -> tuple[Applied, ...]:
    """Select the recognisers that apply to rows with these fields.

    Args:
        fields: every path with a value in some row, to its kind, as ``Batch.shape`` has them;
            top-level names alone, as a reader's ``Shape`` has them, will do for a first look.
        content: names of the content fields; ``("*",)`` for the whole row.
        known: models that are registered or were named as generators, in any spelling.
    """
    names = frozenset(map(fold_name, known))
    others = {name: kind for name, kind in fields.items() if not is_ours(name)}
    found = []
    for recogniser in RECOGNISERS:
        seen = fields if isinstance(recogniser, ExportedColumns) else others
        wanted = recogniser.wanted(seen, tuple(content))
        if wanted is not None:
            knows_names = isinstance(recogniser, GenericField) and names
            asked = GenericField(known=names) if knows_names else recogniser
            found.append(Applied(asked, wanted, tuple(content)))
    return tuple(found)


def wanted_fields(recognisers: Iterable[Applied]) -> tuple[str, ...]:
    """List the fields that a reader must return as text, each once."""
    return tuple(dict.fromkeys(name for applied in recognisers for name in applied.fields))


def recognise(
    recognisers: Sequence[Applied], content: pa.Array, fields: pa.RecordBatch, kind: str
) -> pa.Table:
    """Run recognisers on one batch; return claims with schema ``CLAIMS``, in no particular order.

    Args:
        recognisers: from ``applicable``.
        content: the content of n records.
        fields: n rows with at least ``wanted_fields``, nullable strings; a missing one is all null.
        kind: ``text``, ``structured`` or ``binary``.
    """
    found: list[pa.Table] = []
    columns = _columns(fields, wanted_fields(recognisers), len(content))
    for applied in recognisers:
        own = {name: columns[name] for name in applied.fields}
        rows = RowBatch(content, own, kind, applied.content)
        if applied.recogniser.fallback:
            free = unclaimed(len(content), found)
            if len(free) == len(content):
                found.append(applied.recogniser.claims(rows))
            elif len(free) > 0:
                found.append(_placed(applied.recogniser.claims(rows.take(free)), free))
            continue
        found.append(applied.recogniser.claims(rows))
        hidden = applied.recogniser.hides(rows)
        if hidden is not None:
            columns |= _without(columns, hidden)
    return pa.concat_tables(found).combine_chunks() if found else no_claims()


def _columns(fields: pa.RecordBatch, names: Sequence[str], length: int) -> dict[str, pa.Array]:
    """The wanted columns; all null where the batch has none of that name."""
    present = fields.schema.names
    return {
        name: fields.column(name) if name in present else pa.nulls(length, pa.string())
        for name in names
    }


def _without(columns: Mapping[str, pa.Array], hidden: HiddenFields) -> dict[str, pa.Array]:
    """The hidden columns and what lies in them, null where they are hidden."""
    null = pa.scalar(None, pa.string())
    inside = tuple(f"{field}{mark}" for field in hidden.fields for mark in ".[")
    names = [n for n in columns if n in hidden.fields or n.startswith(inside)]
    return {name: pc.if_else(hidden.rows, null, columns[name]) for name in names}


def _placed(claims: pa.Table, positions: pa.Array) -> pa.Table:
    """Claims about some rows of a batch, with their positions in the whole of it."""
    position = claims.schema.get_field_index("index")
    index = positions.take(claims.column(position).combine_chunks())
    return claims.set_column(position, claims.schema.field(position), index)
