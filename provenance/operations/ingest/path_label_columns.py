"""Write attributes from file paths into the columns of the table ``sightings`` (pure)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.json_writer import encode_json

PathAttributes = tuple[tuple[str, str], ...]
"""Attribute names and values that were read from a path."""

_COLUMNS = ("lang", "split")
"""Names with a column of their own."""


def attributes_of(words: PathAttributes) -> list[str]:
    """List the names without a column of their own."""
    return [name for name, _ in words if name not in _COLUMNS]


def add_path_attributes(
    sightings: pa.Table, owners: Sequence[tuple[PathAttributes, int]]
) -> pa.Table:
    """Fill language and attributes from file paths where the records have none.

    Args:
        owners: path attributes and number of rows of each file, in row order.
    """
    if not any(words for words, _ in owners):
        return sightings
    langs = _spread([(dict(words).get("lang"), count) for words, count in owners])
    column_index = sightings.schema.get_field_index("lang")
    lang = pc.coalesce(sightings.column("lang"), langs)
    sightings = sightings.set_column(column_index, "lang", lang)
    given = [({n: w for n, w in words if n not in _COLUMNS}, count) for words, count in owners]
    if not any(words for words, _ in given):
        return sightings
    column_index = sightings.schema.get_field_index("attributes")
    own = iter(sightings.column("attributes").to_pylist())
    texts: list[str | None] = []
    for words, count in given:
        plain = encode_json(words) if words else None
        for _ in range(count):
            text = next(own)
            texts.append(plain if text is None else encode_json({**words, **json.loads(text)}))
    return sightings.set_column(column_index, "attributes", pa.array(texts, pa.string()))


def _spread(values: Sequence[tuple[str | None, int]]) -> pa.Array:
    parts = [pa.repeat(pa.scalar(value, pa.string()), count) for value, count in values]
    return pa.concat_arrays(parts)
