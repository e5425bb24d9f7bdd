"""Buffer small batches of many files until they are written as one batch."""

from __future__ import annotations

from typing import Generic, TypeVar

import pyarrow as pa

from provenance.io.contract.reader import Batch
from provenance.io.records.batch_builder import empty_fields

SMALL_BATCH_ROWS = 256
"""Largest batch that is buffered: measuring and writing have a fixed cost per batch."""

_MAX_BUFFERED_ROWS, _MAX_BUFFERED_BYTES = 8_192, 8 << 20
_MOST_BUFFERS = 64

Key = TypeVar("Key")
Owner = TypeVar("Owner")


class SmallBatchBuffer(Generic[Key, Owner]):
    """A buffer of batches with the same schema key, and the owners of their rows.

    Attributes:
        key: schema key of the batches.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self._batches: list[Batch] = []
        self._owners: list[tuple[Owner, int]] = []
        self.rows = self.bytes = 0

    def add(self, batch: Batch, owner: Owner) -> None:
        """Buffer the rows of a batch; the caller handles its rejects."""
        self._batches.append(batch)
        self._owners.append((owner, len(batch.rows)))
        self.rows += len(batch.rows)
        self.bytes += batch.content.nbytes

    def take(self) -> tuple[Batch, list[tuple[Owner, int]]]:
        """Empty the buffer; return its rows as one batch, and the owners with their row counts."""
        batches, owners = self._batches, self._owners
        self._batches, self._owners, self.rows, self.bytes = [], [], 0, 0
        fields = [batch.fields for batch in batches]
        # A table without rows has no batches, and one without columns loses its row count.
        joined = pa.Table.from_batches(fields).combine_chunks().to_batches() or fields[:1]
        rows = pa.concat_arrays([batch.rows for batch in batches])
        named = joined[0].num_columns > 0
        return Batch(
            rows=rows,
            content=pa.concat_arrays([batch.content for batch in batches]),
            fields=joined[0] if named else empty_fields(len(rows)),
            kind=batches[0].kind,
            names=batches[0].names,
        ), owners


class SmallBatchBuffers(Generic[Key, Owner]):
    """Buffers by schema key, for files whose fields differ."""

    def __init__(self) -> None:
        self._buffers: list[SmallBatchBuffer[Key, Owner]] = []

    def add(self, batch: Batch, key: Key, owner: Owner) -> list[SmallBatchBuffer[Key, Owner]]:
        """Buffer a batch; return all buffers, to be written, if the limits are reached."""
        buffer = next((each for each in self._buffers if each.key == key), None)
        if buffer is None:
            buffer = SmallBatchBuffer(key)
            self._buffers.append(buffer)
        buffer.add(batch, owner)
        rows = sum(each.rows for each in self._buffers)
        size = sum(each.bytes for each in self._buffers)
        full = (
            rows >= _MAX_BUFFERED_ROWS
            or size >= _MAX_BUFFERED_BYTES
            or len(self._buffers) > _MOST_BUFFERS
        )
        return self.all() if full else []

    def all(self) -> list[SmallBatchBuffer[Key, Owner]]:
        """Return all buffers, to be written, and forget them."""
        everything, self._buffers = self._buffers, []
        return everything
