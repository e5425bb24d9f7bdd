"""Move records that are rejected after measuring from a batch to its rejects."""

from __future__ import annotations

import pyarrow as pa

from provenance.content.measure import Measured
from provenance.io.contract.reader import REJECTS, Batch


def drop_rejects(batch: Batch, measured: Measured) -> Batch:
    """Return a batch without the rejected records, which are added to its rejects."""
    if not measured.refused:
        return batch
    return Batch(
        rows=batch.rows.take(measured.kept),
        content=batch.content.take(measured.kept),
        fields=batch.fields.take(measured.kept),
        rejects=pa.concat_tables([batch.rejects, _refusals(batch.rows, measured.refused)]),
        kind=batch.kind,
        names=batch.names,
    )


def _refusals(rows: pa.Array, refused: dict[int, str]) -> pa.Table:
    positions = list(refused)
    none = [None] * len(positions)
    columns = [rows.take(pa.array(positions, pa.int64())), none, list(refused.values()), none, none]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, REJECTS, strict=True)],
        schema=REJECTS,
    )
