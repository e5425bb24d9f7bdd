"""Make rows of the tables ``sightings``, ``evidence`` and ``parts`` from batches (pure)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.json_writer import encode_json
from provenance.content.measure import Measured
from provenance.io.contract.reader import Batch

# Not a name, language or address: blank, a boolean, or a nested value.
_NOT_PLAIN = r"^\s*$|^(?:true|false)$"
_NESTED = r"^\s*[\[{]"


@dataclass(frozen=True, slots=True)
class Roles:
    """Fields other than the content, by role; of several, the first with a value in a row counts.

    Attributes:
        attributes: names to fields.
        asked: fields that the user named; every value in them is used unchanged.
    """

    external_id: tuple[str, ...]
    parent: str | None
    quoting: str | None
    lang: tuple[str, ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]
    asked: frozenset[str] = frozenset()

    @property
    def fields(self) -> tuple[str, ...]:
        """All of the fields, each once."""
        named = [name for _, fields in self.attributes for name in fields]
        return tuple(
            dict.fromkeys(
                name
                for name in (*self.external_id, self.parent, self.quoting, *self.lang, *named)
                if name
            )
        )


def sighting_columns(
    batch: Batch,
    measured: Measured,
    roles: Roles,
    kind: str,
    readings: Sequence[tuple[uuid.UUID, int]],
) -> pa.Table:
    """Make rows of the table ``sightings``, without ``commit_id``.

    Args:
        readings: readings and their numbers of rows, in row order.
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
            "external_id": first_of(batch, roles.external_id, roles.asked),
            "lang": first_of(batch, roles.lang, roles.asked),
            "attributes": _attributes(batch, roles),
            "norm_chars": measured.norm_chars,
            "former_id": measured.former_id,
            "former_rest": measured.former_rest,
        }
    )


def field_of(batch: Batch, name: str | None) -> pa.Array:
    """Get the texts of a field; all null for ``None``."""
    if name is None:
        return pa.nulls(len(batch.rows), pa.string())
    return batch.fields.column(name)


def first_of(batch: Batch, names: Sequence[str], asked: Collection[str]) -> pa.Array:
    """Coalesce fields row by row; an empty text is no value."""
    columns = [_plain(batch.fields.column(name), any_value=name in asked) for name in names]
    return pc.coalesce(*columns) if columns else pa.nulls(len(batch.rows), pa.string())


def _plain(column: pa.Array, *, any_value: bool) -> pa.Array:
    """Set empty, boolean and nested values to null."""
    none = pc.equal(column, "") if any_value else pc.match_substring_regex(column, _NOT_PLAIN)
    if not any_value and pc.any(pc.match_substring_regex(column, _NESTED)).as_py():
        none = pc.or_(none, pa.array([_is_nested(text) for text in column.to_pylist()]))
    if not pc.any(none).as_py():
        return column
    return pc.if_else(pc.fill_null(none, False), pa.scalar(None, pa.string()), column)


def _is_nested(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or "0"), (dict, list))
    except (ValueError, RecursionError):
        return False


def attributes_in(batch: Batch, roles: Roles) -> tuple[str, ...]:
    """List the attributes that occur in a batch, and those that the user named."""
    return tuple(
        name
        for name, fields in roles.attributes
        if roles.asked.issuperset(fields)
        or first_of(batch, fields, roles.asked).null_count < len(batch.rows)
    )


def _attributes(batch: Batch, roles: Roles) -> pa.Array:
    if not roles.attributes:
        return pa.nulls(len(batch.rows), pa.string())
    columns = [first_of(batch, fields, roles.asked).to_pylist() for _, fields in roles.attributes]
    names = tuple(name for name, _ in roles.attributes)
    texts: list[str | None] = []
    for values in zip(*columns, strict=True):
        given = {
            name: value for name, value in zip(names, values, strict=True) if value is not None
        }
        texts.append(encode_json(given) if given else None)
    return pa.array(texts, pa.string())


def evidence_columns(claims: pa.Table, sightings: pa.Table) -> pa.Table:
    """Make rows of the table ``evidence`` from claims about rows of one batch."""
    positions = claims.column("index")
    subject = sightings.select(["reading_id", "row", "record_id"]).take(positions)
    rest = claims.drop_columns(["index"])
    return pa.table(
        [*subject.columns, *rest.columns], names=subject.column_names + rest.column_names
    )


def part_columns(parts: pa.Table, sightings: pa.Table) -> pa.Table:
    """Make rows of the table ``parts`` from the parts of the records of one batch."""
    return evidence_columns(parts, sightings)
