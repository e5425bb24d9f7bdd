"""Find columns that hold pictures, sounds or films, as bytes or as ``datasets`` writes them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.types as pt

from provenance.io.columns.to_text import is_bytes, storage_type, to_storage
from provenance.io.readers.media import HEAD, media_type

_MEMBERS = {"bytes", "path"}
"""Members of a feature ``Image``, ``Audio`` or ``Video`` of the library ``datasets``."""


def may_be_media(kind: pa.DataType) -> bool:
    """Check whether a column of this type holds bytes, which may be media."""
    return is_bytes(storage_type(kind))


def media_in(schema: pa.Schema, rows: pa.RecordBatch | None) -> Iterator[str]:
    """Yield the paths of the bytes of media.

    Args:
        rows: the first rows, if known, by which a column of bytes is recognised.
    """
    for field in schema:
        kind = storage_type(field.type)
        if pt.is_struct(kind) and {each.name for each in kind} == _MEMBERS:
            if is_bytes(storage_type(kind.field("bytes").type)):
                yield f"{field.name}.bytes"
        elif may_be_media(kind) and rows is not None and field.name in rows.schema.names:
            first = next(iter(to_storage(rows.column(field.name)).drop_null()), None)
            if first is not None and media_type(first.as_buffer()[:HEAD].to_pybytes()):
                yield field.name
