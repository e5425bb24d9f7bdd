"""What every reader must keep, as functions that each reader's tests run their files through."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from provenance.content.identity import canonical_json
from provenance.io.contract.reader import (
    BATCH_BYTES,
    BATCH_ROWS,
    REJECTS,
    Batch,
    Input,
    Reader,
    ReadLayout,
    Slice,
)

KINDS = {"string", "number", "boolean", "object", "list", "messages", "null"}


@dataclass
class Reading:
    """All batches of one reading, put together; two readings are equal if they say the same."""

    rows: list[int] = field(default_factory=list)
    content: list[str | bytes] = field(default_factory=list)
    fields: list[tuple[str | None, ...]] = field(default_factory=list)
    rejects: list[dict[str, object]] = field(default_factory=list)
    original: list[str] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        """Why records were refused, in file order."""
        return [str(reject["reason"]) for reject in self.rejects]

    @property
    def read(self) -> int:
        """Records read."""
        return len(self.rows) + len(self.rejects)


def gather(batches: Iterable[Batch], layout: ReadLayout, *, original: bool = False) -> Reading:
    """Put batches together, each of them checked."""
    reading = Reading()
    for batch in batches:
        check_batch(batch, layout, original=original)
        reading.rows += batch.rows.to_pylist()
        reading.content += batch.content.to_pylist()
        columns = [column.to_pylist() for column in batch.fields.columns]
        reading.fields += list(zip(*columns, strict=True)) if columns else [()] * len(batch.rows)
        reading.rejects += batch.rejects.to_pylist()
        if batch.original is not None:
            reading.original += batch.original.to_pylist()
    return reading


def read_all(
    reader: Reader,
    source: Input,
    layout: ReadLayout,
    part: Slice | None = None,
    *,
    original: bool = False,
) -> Reading:
    """Read a file or a slice of it to its end, with every batch checked."""
    return gather(reader.read(source, layout, part, original=original), layout, original=original)


def check_batch(batch: Batch, layout: ReadLayout, *, original: bool) -> None:
    """The invariants that ``Batch`` states."""
    count = len(batch.rows)
    assert count + batch.rejects.num_rows <= BATCH_ROWS, "more records than a batch may hold"
    assert batch.read == count + batch.rejects.num_rows
    assert batch.rows.type == pa.int64()
    assert batch.rows.null_count == 0
    wanted = pa.binary() if layout.kind == "binary" else pa.string()
    assert batch.content.type == wanted
    assert len(batch.content) == count
    assert batch.content.null_count == 0
    assert isinstance(batch.fields, pa.RecordBatch)
    assert batch.fields.num_rows == count
    assert tuple(batch.fields.schema.names) == layout.fields
    assert all(column.type == pa.string() for column in batch.fields.columns)
    assert batch.rejects.schema.equals(REJECTS)
    assert (batch.original is not None) is original
    for column in [batch.content, *batch.fields.columns, batch.rows]:
        column.validate(full=True)
    batch.rejects.validate(full=True)
    assert all(batch.content.to_pylist()), "empty content is a reject"
    sizes = [len(value) for value in batch.content.to_pylist()]
    assert sum(sizes) <= BATCH_BYTES + layout.max_record, "more bytes than a batch may hold"
    if layout.kind == "structured":
        for text in batch.content.to_pylist():
            check_structured(text, layout)
    if batch.original is not None:
        check_original(batch)
    for reject in batch.rejects.to_pylist():
        check_reject(reject)


def check_structured(text: str, layout: ReadLayout) -> None:
    """Structured content is an object of the content fields, and has a canonical form."""
    value = json.loads(text)
    assert isinstance(value, dict)
    assert value or layout.content == ("*",)
    assert None not in value.values()
    if layout.content == ("*",):
        assert not any(name.startswith("prov_") for name in value)
    else:
        assert set(value) <= set(layout.content)
    canonical_json(value)


def check_original(batch: Batch) -> None:
    """The original is the whole row, one JSON object for each record."""
    assert batch.original.type == pa.string()
    assert len(batch.original) == len(batch.rows)
    assert batch.original.null_count == 0
    batch.original.validate(full=True)
    for text in batch.original.to_pylist():
        assert isinstance(json.loads(text), dict)


def check_reject(reject: dict[str, object]) -> None:
    """A reject says why, in one line, and names its raw bytes by digest and length or neither."""
    reason, digest = str(reject["reason"]), reject["raw_digest"]
    assert reason.strip() == reason
    assert reason
    assert "\n" not in reason
    assert digest is None or (str(digest).startswith("sha256:") and len(str(digest)) == 71)
    assert (reject["raw_bytes"] is None) or int(str(reject["raw_bytes"])) >= 0
    if digest is not None:
        assert reject["raw_bytes"] is not None


def check_reader(reader: Reader, source: Input, layout: ReadLayout) -> Reading:
    """Everything that holds for any file: run a reader over it in each way, and compare.

    Returns the reading, for what the caller knows about this very file.
    """
    assert source.format in reader.names
    shape = reader.probe(source)
    assert set(shape.fields.values()) <= KINDS
    assert all(isinstance(path, str) and path for path in shape.nested)
    reading = read_all(reader, source, layout)
    assert read_all(reader, source, layout) == reading, "a second reading differs"
    whole = read_all(reader, source, layout, original=True)
    assert len(whole.original) == len(whole.rows)
    assert (whole.rows, whole.content, whole.fields) == (
        reading.rows,
        reading.content,
        reading.fields,
    )
    assert whole.rejects == reading.rejects, "asking for the original changes what is refused"
    check_order(reading)
    check_fields_do_not_matter(reader, source, layout, reading)
    return reading


def check_order(reading: Reading) -> None:
    """Rows count from 1 upwards; no place is both kept and refused, or named twice."""
    assert reading.rows == sorted(set(reading.rows))
    refused = [int(str(r["row"])) for r in reading.rejects if r["row"] is not None]
    assert refused == sorted(set(refused))
    assert not set(refused) & set(reading.rows)
    assert min([*reading.rows, *refused], default=1) >= 1
    offsets = [int(str(r["offset"])) for r in reading.rejects if r["offset"] is not None]
    assert offsets == sorted(offsets)
    ends = [place for place, reason in enumerate(reading.reasons) if reason.startswith("file: ")]
    assert ends in ([], [len(reading.rejects) - 1]), "something follows the defect that ends a file"


def check_fields_do_not_matter(
    reader: Reader, source: Input, layout: ReadLayout, reading: Reading
) -> None:
    """A field that no record has is null everywhere, and changes nothing else."""
    absent = "no such field \N{SNOWMAN}"
    more = ReadLayout(
        kind=layout.kind,
        content=layout.content,
        fields=(*layout.fields, absent),
        records=layout.records,
        max_record=layout.max_record,
    )
    found = read_all(reader, source, more)
    assert found.content == reading.content
    assert found.rejects == reading.rejects
    assert found.fields == [(*fields, None) for fields in reading.fields]
