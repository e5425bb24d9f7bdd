"""Columns that hold pictures, sounds or films: as bytes, or as ``datasets`` writes them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.types as pt

from provenance.io.columns.to_text import is_bytes, storage, stored
from provenance.io.readers.media import HEAD, media_type

_MEMBERS = {"bytes", "path"}
"""Of a feature ``Image``, ``Audio`` or ``Video`` of the library ``datasets``."""


def may_be_media(kind: pa.DataType) -> bool:
    """Whether bytes stand in a column of this type, which have to be looked at."""
    return is_bytes(storage(kind))


def media_in(schema: pa.Schema, rows: pa.RecordBatch | None) -> Iterator[str]:
    """Paths of the bytes of media.

    Args:
        rows: the first ones, where they are known; a column of mere bytes is told by them.
    """
    for field in schema:
        kind = storage(field.type)
        if pt.is_struct(kind) and {each.name for each in kind} == _MEMBERS:
            if is_bytes(storage(kind.field("bytes").type)):
                yield f"{field.name}.bytes"
        elif may_be_media(kind) and rows is not None and field.name in rows.schema.names:
            first = next(iter(stored(rows.column(field.name)).drop_null()), None)
            if first is not None and media_type(first.as_buffer()[:HEAD].to_pybytes()):
                yield field.name
