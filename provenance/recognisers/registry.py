"""All recognisers in the order in which they are asked, and the asking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from provenance.recognisers.base import Recogniser, Rows, nothing, unclaimed
from provenance.recognisers.chat import ChatLog, ChatShape
from provenance.recognisers.gb45438 import Gb45438
from provenance.recognisers.generic import GenericField
from provenance.recognisers.oasst import Oasst
from provenance.recognisers.producers import PRODUCERS

RECOGNISERS: tuple[Recogniser, ...] = (
    Gb45438(),
    Oasst(),
    ChatLog(),
    *PRODUCERS,
    GenericField(),
    ChatShape(),
)
"""Specific before generic: a field that one of them reads is hidden from those after it."""

OUR_PREFIX = "prov_"
"""Columns that an export of ours adds; they repeat a conclusion and are never evidence."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A recogniser at work on one file: the fields that it reads, and what the content is."""

    recogniser: Recogniser
    fields: tuple[str, ...]
    content: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that stands as observer in evidence."""
        return self.recogniser.name


def applicable(fields: Mapping[str, str], content: Sequence[str]) -> tuple[Applied, ...]:
    """The recognisers that have something to look for in a file.

    Args:
        fields: top-level field name to its kind, as a reader's ``Shape`` has them.
        content: names of the content fields; ``("*",)`` for the whole row.
    """
    left = {name: kind for name, kind in fields.items() if not name.lower().startswith(OUR_PREFIX)}
    found = []
    for recogniser in RECOGNISERS:
        wanted = recogniser.wanted(left, tuple(content))
        if wanted is not None:
            found.append(Applied(recogniser, wanted, tuple(content)))
            left = {name: kind for name, kind in left.items() if name not in wanted}
    return tuple(found)


def wanted_fields(recognisers: Iterable[Applied]) -> tuple[str, ...]:
    """The fields that a reader has to hand over as text, each once."""
    return tuple(dict.fromkeys(name for applied in recognisers for name in applied.fields))


def recognise(
    recognisers: Sequence[Applied], content: pa.Array, fields: pa.RecordBatch, kind: str
) -> pa.Table:
    """What the marks in one batch claim; schema ``CLAIMS``, in no particular order.

    Args:
        recognisers: from ``applicable``.
        content: the content of n records.
        fields: n rows with at least ``wanted_fields``, nullable strings; a missing one is all null.
        kind: ``text``, ``structured`` or ``binary``.
    """
    found: list[pa.Table] = []
    for applied in recognisers:
        rows = Rows(content, _columns(fields, applied.fields, len(content)), kind, applied.content)
        if not applied.recogniser.fallback:
            found.append(applied.recogniser.claims(rows))
            continue
        free = unclaimed(len(content), found)
        if len(free) > 0:
            found.append(_placed(applied.recogniser.claims(rows.take(free)), free))
    return pa.concat_tables(found).combine_chunks() if found else nothing()


def _columns(fields: pa.RecordBatch, names: Sequence[str], length: int) -> dict[str, pa.Array]:
    """The wanted columns; all null where the batch has none of that name."""
    held = fields.schema.names
    return {
        name: fields.column(name) if name in held else pa.nulls(length, pa.string())
        for name in names
    }


def _placed(claims: pa.Table, positions: pa.Array) -> pa.Table:
    """Claims about some rows of a batch, with their positions in the whole of it."""
    place = claims.schema.get_field_index("index")
    index = positions.take(claims.column(place).combine_chunks())
    return claims.set_column(place, claims.schema.field(place), index)
