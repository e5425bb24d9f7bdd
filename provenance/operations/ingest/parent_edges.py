"""What a batch says of parents, as rows of the ledger's tables ``edges`` and ``quotes`` (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from provenance.content.quotations import quoted_ids
from provenance.io.contract.reader import Batch
from provenance.lineage.references import parse_reference, plain_reference, split_references
from provenance.model.edge import NodeKind
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.table_rows import Roles, field_of


@dataclass(slots=True)
class _Named:
    """Parents that were named, column by column; ``places`` are positions in the batch."""

    places: list[int] = field(default_factory=list)
    parents: list[bytes | None] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    rows: list[int | None] = field(default_factory=list)
    kinds: list[NodeKind] = field(default_factory=list)

    def add(self, place: int, reference: str) -> None:
        """One parent: a record by digest, something else by kind and name, or an external id."""
        reference = plain_reference(reference)
        kind, parent = parse_reference(reference)
        self.places.append(place)
        self.parents.append(parent)
        self.refs.append(reference)
        self.rows.append(None)
        self.kinds.append(kind)

    def add_row(self, place: int, uri: str, row: int) -> None:
        """The record in the same row of another file."""
        self.places.append(place)
        self.parents.append(None)
        self.refs.append(uri)
        self.rows.append(row)
        self.kinds.append("record")


def edge_columns(
    batch: Batch, sightings: pa.Table, roles: Roles, options: IngestOptions
) -> pa.Table:
    """Rows of the table ``edges``: one per parent that a record names."""
    named = _Named()
    if roles.parent is not None:
        for place, value in enumerate(field_of(batch, roles.parent).to_pylist()):
            for reference in split_references(value):
                named.add(place, reference)
    if options.parent_file is not None:
        for place, row in enumerate(batch.rows.to_pylist()):
            named.add_row(place, options.parent_file, row)
    count = len(named.places)
    subject = _subjects(sightings, named.places)
    parents = pa.array(named.parents, pa.binary(16))
    return pa.table(
        {
            **subject,
            "child_ref": pa.nulls(count, pa.string()),
            "child_source": pa.nulls(count, pa.string()),
            "parent": pa.ExtensionArray.from_storage(pa.uuid(), parents),
            "parent_ref": pa.array(named.refs, pa.string()),
            "parent_source": pa.repeat(pa.scalar(options.parent_source, pa.string()), count),
            "parent_row": pa.array(named.rows, pa.int64()),
            "parent_kind": pa.array(named.kinds, pa.string()),
            **_how(options, count),
            "activity": pa.nulls(count, pa.string()),
        }
    )


def quote_columns(
    batch: Batch, sightings: pa.Table, roles: Roles, options: IngestOptions
) -> pa.Table:
    """Rows of the table ``quotes``: the pieces of the field that quotes a record's parent."""
    places: list[int] = []
    pieces: list[bytes] = []
    for place, text in enumerate(field_of(batch, roles.quoting).to_pylist()):
        if text:
            found = quoted_ids(text)
            places += [place] * len(found)
            pieces += found
    return pa.table(
        {
            **_subjects(sightings, places),
            "norm_id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array(pieces, pa.binary(16))),
            **_how(options, len(places)),
        }
    )


def _subjects(sightings: pa.Table, places: list[int]) -> dict[str, pa.ChunkedArray]:
    rows = sightings.select(["reading_id", "row", "record_id"]).take(pa.array(places, pa.int64()))
    return dict(zip(("reading_id", "row", "child"), rows.columns, strict=True))


def _how(options: IngestOptions, count: int) -> dict[str, pa.Array]:
    return {
        "relation": pa.repeat(pa.scalar(options.relation), count),
        "process": pa.repeat(pa.scalar(options.process, pa.string()), count),
    }
