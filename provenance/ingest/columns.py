"""Batches and measures as columns of the ledger's tables (pure)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from provenance.ingest.options import IngestOptions
from provenance.measure import Measured
from provenance.readers.base import Batch

_DESCRIPTIVE = ("url", "licence")
"""Standard attributes that are kept where a file has them, without being asked for."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which further field plays which part; ``fields`` is what the reader hands over."""

    fields: tuple[str, ...]
    external_id: str | None
    parent: str | None
    quoting: str | None
    lang: str | None
    attributes: Mapping[str, str]

    @classmethod
    def of(
        cls, options: IngestOptions, standard: Mapping[str, str], wanted: Sequence[str]
    ) -> Roles:
        """Roles from what was asked for, what the file offers, and what recognisers want."""
        external = options.id_field or standard.get("id")
        lang = options.attributes.get("lang") or standard.get("lang")
        attributes = {name: standard[name] for name in _DESCRIPTIVE if name in standard}
        attributes |= {name: field for name, field in options.attributes.items() if name != "lang"}
        quoting = options.parent_text
        named = [external, options.parent_field, quoting, lang, *attributes.values(), *wanted]
        fields = tuple(dict.fromkeys(name for name in named if name))
        return cls(fields, external, options.parent_field, quoting, lang, attributes)


def sighting_columns(
    batch: Batch,
    measured: Measured,
    roles: Roles,
    kind: str,
    readings: Sequence[tuple[uuid.UUID, int]],
) -> pa.Table:
    """Rows of the table ``sightings``, without ``commit_id``.

    Args:
        readings: which the rows are of, in order, and how many are of each.
    """
    count = len(batch.rows)
    ids = b"".join(reading.bytes * rows for reading, rows in readings)
    reading = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(ids)])
    return pa.table(
        {
            "reading_id": pa.ExtensionArray.from_storage(pa.uuid(), reading),
            "row": batch.rows,
            "record_id": measured.record_id,
            "digest_rest": measured.digest_rest,
            "norm_id": measured.norm_id,
            "kind": pa.repeat(pa.scalar(kind), count),
            "bytes": measured.bytes,
            "chars": measured.chars,
            "words": measured.words,
            "external_id": field_of(batch, roles.external_id),
            "lang": field_of(batch, roles.lang),
            "attributes": _attributes(batch, roles.attributes),
            "norm_chars": measured.norm_chars,
        }
    )


def field_of(batch: Batch, name: str | None) -> pa.Array:
    if name is None:
        return pa.nulls(len(batch.rows), pa.string())
    return batch.fields.column(name)


def _attributes(batch: Batch, attributes: Mapping[str, str]) -> pa.Array:
    if not attributes:
        return pa.nulls(len(batch.rows), pa.string())
    columns = [batch.fields.column(field).to_pylist() for field in attributes.values()]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    names = tuple(attributes)
    texts: list[str | None] = []
    for values in zip(*columns, strict=True):
        given = {
            name: value for name, value in zip(names, values, strict=True) if value is not None
        }
        texts.append(encode(given) if given else None)
    return pa.array(texts, pa.string())


def evidence_columns(claims: pa.Table, sightings: pa.Table) -> pa.Table:
    """Rows of the table ``evidence`` for claims about rows of one batch."""
    places = claims.column("index")
    subject = sightings.select(["reading_id", "row", "record_id"]).take(places)
    rest = claims.drop_columns(["index"])
    return pa.table(
        [*subject.columns, *rest.columns], names=subject.column_names + rest.column_names
    )


def part_columns(parts: pa.Table, sightings: pa.Table) -> pa.Table:
    """Rows of the table ``parts`` for the texts that the records of one batch are made of."""
    return evidence_columns(parts, sightings)


def count_labels(column: pa.Array) -> dict[str, int]:
    """How often each label stands in a column."""
    counted = pc.value_counts(column)
    return {str(item["values"]): int(item["counts"]) for item in counted.to_pylist()}
