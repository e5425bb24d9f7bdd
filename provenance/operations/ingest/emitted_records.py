"""Claims and edges of records that the ``emit`` rules of a source make from one row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from provenance.io.contract.reader import Batch
from provenance.io.readers.multi_record_rows import GENERATOR, LABEL, NAME, PARENTS, PROCESS
from provenance.model.origin import GENERATIVE, Label, Process
from provenance.origin.declarations import declared_generator, declared_label
from provenance.origin.recognisers.base import CLAIMS
from provenance.views.evidence_in_force import BY_CONTRACT

if TYPE_CHECKING:
    from provenance.operations.ingest.worker_contract import FileResult


_WRITES = GENERATIVE - {Process.FEEDBACK}
"""Processes that generate the text of a record, even if no model is named."""


def emitted_claims(batch: Batch) -> pa.Table:
    """Make the claims about each record; schema ``CLAIMS``.

    Without a label, a generative process claims synthetic, whether a model is named or not.
    """
    columns = [batch.fields.column(name).to_pylist() for name in (LABEL, GENERATOR, PROCESS, NAME)]
    rows: list[dict[str, Any]] = []
    for position, (label, generator, process, name) in enumerate(zip(*columns, strict=True)):
        claim = declared_label(
            Label(label) if label else None, Process(process) if process else None, generator, None
        )
        if label is None and process in _WRITES:
            claim = Label.SYNTHETIC
        if claim is Label.UNKNOWN:
            continue
        rows.append(
            {
                "index": position,
                "tier": "declared",
                "claim": claim.value,
                "whole": True,
                "process": process,
                **declared_generator(generator, None, {}),
                "observer": BY_CONTRACT,
                "basis": f"emit {name}: label {claim.value}",
            }
        )
    return pa.Table.from_pylist(rows, CLAIMS)


def emitted_edges(
    batch: Batch, sightings: pa.Table, owners: Sequence[tuple[FileResult, int]], source: str
) -> Iterator[pa.Table]:
    """Make rows of the table ``edges``: parents among the records of the same row.

    Args:
        owners: files and their numbers of rows, in row order.
    """
    start = 0
    for result, count in owners:
        fields = batch.fields.slice(start, count)
        uri = result.task.source.uri
        yield _edges(fields, sightings.slice(start, count), uri, source)
        start += count


def _edges(fields: pa.RecordBatch, sightings: pa.Table, uri: str, source: str) -> pa.Table:
    positions: list[int] = []
    rows: list[int] = []
    relations: list[str] = []
    processes: list[str | None] = []
    columns = zip(
        fields.column(PARENTS).to_pylist(),
        fields.column(PROCESS).to_pylist(),
        strict=True,
    )
    for position, (parents, process) in enumerate(columns):
        for row, relation in json.loads(parents) if parents else ():
            positions.append(position)
            rows.append(row)
            relations.append(relation)
            processes.append(process)
    count = len(positions)
    subject = sightings.select(["reading_id", "row", "record_id"]).take(
        pa.array(positions, pa.int64())
    )
    nothing = pa.nulls(count, pa.string())
    parent = pa.ExtensionArray.from_storage(pa.uuid(), pa.nulls(count, pa.binary(16)))
    return pa.table(
        {
            **dict(zip(("reading_id", "row", "child"), subject.columns, strict=True)),
            "child_ref": nothing,
            "child_source": nothing,
            "parent": parent,
            "parent_ref": pa.repeat(pa.scalar(uri), count),
            "parent_source": pa.repeat(pa.scalar(source), count),
            "parent_row": pa.array(rows, pa.int64()),
            "parent_kind": pa.repeat(pa.scalar("record"), count),
            "relation": pa.array(relations, pa.string()),
            "process": pa.array(processes, pa.string()),
            "activity": nothing,
        }
    )
