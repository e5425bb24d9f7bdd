"""Batches and measures as columns of the ledger's tables (pure)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from provenance.ingest.options import IngestOptions
from provenance.measure import Measured
from provenance.readers.base import Batch

_RECORD_ID = re.compile(r"^(sha256:)?[0-9a-f]{64}$")

_DESCRIPTIVE = ("url", "licence")
"""Standard attributes that are kept where a file has them, without being asked for."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which further field plays which part; ``fields`` is what the reader hands over."""

    fields: tuple[str, ...]
    external_id: str | None
    parent: str | None
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
        named = [external, options.parent_field, lang, *attributes.values(), *wanted]
        fields = tuple(dict.fromkeys(name for name in named if name))
        return cls(fields, external, options.parent_field, lang, attributes)


def sighting_columns(
    batch: Batch, measured: Measured, roles: Roles, kind: str, reading_id: uuid.UUID
) -> pa.Table:
    """Rows of the table ``sightings``, without ``commit_id``."""
    count = len(batch.rows)
    reading = pa.repeat(pa.scalar(reading_id.bytes, pa.binary(16)), count)
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
            "external_id": _field(batch, roles.external_id),
            "lang": _field(batch, roles.lang),
            "attributes": _attributes(batch, roles.attributes),
        }
    )


def _field(batch: Batch, name: str | None) -> pa.Array:
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


def edge_columns(
    batch: Batch, sightings: pa.Table, roles: Roles, options: IngestOptions
) -> pa.Table:
    """Rows of the table ``edges``: one per parent that a record names.

    A parent is named by a digest or by an external id of the same source; the second kind is
    resolved by the view, so that parents may come later.
    """
    named = _field(batch, roles.parent)
    places: list[int] = []
    parents: list[bytes | None] = []
    refs: list[str] = []
    for place, value in enumerate(named.to_pylist()):
        for ref in _references(value):
            places.append(place)
            refs.append(ref)
            known = _RECORD_ID.match(ref)
            parents.append(bytes.fromhex(ref.removeprefix("sha256:"))[:16] if known else None)
    subject = sightings.select(["reading_id", "row", "record_id"]).take(
        pa.array(places, pa.int64())
    )
    count = len(places)
    return pa.table(
        {
            "reading_id": subject.column("reading_id"),
            "row": subject.column("row"),
            "child": subject.column("record_id"),
            "parent": pa.ExtensionArray.from_storage(pa.uuid(), pa.array(parents, pa.binary(16))),
            "parent_ref": pa.array(refs, pa.string()),
            "parent_kind": pa.repeat(pa.scalar("record"), count),
            "relation": pa.repeat(pa.scalar(options.relation), count),
            "process": pa.repeat(pa.scalar(options.process, pa.string()), count),
            "activity": pa.nulls(count, pa.string()),
        }
    )


def _references(value: str | None) -> list[str]:
    """The ids in a parent field: one, or a list of them."""
    if not value:
        return []
    if value.startswith("["):
        try:
            listed = json.loads(value)
        except ValueError:
            return [value]
        return [str(item) for item in listed if item is not None and item != ""]
    return [value]


def count_labels(column: pa.Array) -> dict[str, int]:
    """How often each label stands in a column."""
    counted = pc.value_counts(column)
    return {str(item["values"]): int(item["counts"]) for item in counted.to_pylist()}
