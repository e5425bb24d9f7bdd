"""Make rows of the tables ``edges`` and ``quotes`` from the parents that a batch names (pure)."""

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
class _ParentColumns:
    """Named parents as columns; ``positions`` are positions of the children in the batch."""

    positions: list[int] = field(default_factory=list)
    parents: list[bytes | None] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    rows: list[int | None] = field(default_factory=list)
    kinds: list[NodeKind] = field(default_factory=list)

    def add(self, position: int, reference: str) -> None:
        """Add a parent by record digest, by kind and name, or by external id."""
        reference = plain_reference(reference)
        kind, parent = parse_reference(reference)
        self.positions.append(position)
        self.parents.append(parent)
        self.refs.append(reference)
        self.rows.append(None)
        self.kinds.append(kind)

    def add_row(self, position: int, uri: str, row: int) -> None:
        """Add the record in the same row of another file as a parent."""
        self.positions.append(position)
        self.parents.append(None)
        self.refs.append(uri)
        self.rows.append(row)
        self.kinds.append("record")


def edge_columns(
    batch: Batch, sightings: pa.Table, roles: Roles, options: IngestOptions
) -> pa.Table:
    """Make rows of the table ``edges``, one per parent that a record names."""
    named = _ParentColumns()
    if roles.parent is not None:
        for position, value in enumerate(field_of(batch, roles.parent).to_pylist()):
            for reference in split_references(value):
                named.add(position, reference)
    if options.parent_file is not None:
        for position, row in enumerate(batch.rows.to_pylist()):
            named.add_row(position, options.parent_file, row)
    count = len(named.positions)
    subject = _subjects(sightings, named.positions)
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
            **_edge_kind(options, count),
            "activity": pa.nulls(count, pa.string()),
        }
    )


def quote_columns(
    batch: Batch, sightings: pa.Table, roles: Roles, options: IngestOptions
) -> pa.Table:
    """Make rows of the table ``quotes`` from the field that quotes a record's parent."""
    positions: list[int] = []
    pieces: list[bytes] = []
    for position, text in enumerate(field_of(batch, roles.quoting).to_pylist()):
        if text:
            found = quoted_ids(text)
            positions += [position] * len(found)
            pieces += found
    return pa.table(
        {
            **_subjects(sightings, positions),
            "norm_id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array(pieces, pa.binary(16))),
            **_edge_kind(options, len(positions)),
        }
    )


def _subjects(sightings: pa.Table, positions: list[int]) -> dict[str, pa.ChunkedArray]:
    rows = sightings.select(["reading_id", "row", "record_id"]).take(
        pa.array(positions, pa.int64())
    )
    return dict(zip(("reading_id", "row", "child"), rows.columns, strict=True))


def _edge_kind(options: IngestOptions, count: int) -> dict[str, pa.Array]:
    return {
        "relation": pa.repeat(pa.scalar(options.relation), count),
        "process": pa.repeat(pa.scalar(options.process, pa.string()), count),
    }
