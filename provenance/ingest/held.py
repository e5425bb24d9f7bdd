"""Small batches of many files kept until they are worth writing, as one batch."""

from __future__ import annotations

from typing import Generic, TypeVar

import pyarrow as pa

from provenance.readers.base import Batch
from provenance.readers.collect import no_fields

SMALL = 256
"""Rows up to which a batch is kept: measuring and writing cost more by the batch than by rows."""

_ENOUGH_ROWS, _ENOUGH_BYTES = 8_192, 8 << 20

Look = TypeVar("Look")
Owner = TypeVar("Owner")


class Held(Generic[Look, Owner]):
    """Batches of files that look alike.

    Attributes:
        look: what they have in common; ``None`` when there are none.
    """

    def __init__(self) -> None:
        self.look: Look | None = None
        self._batches: list[Batch] = []
        self._owners: list[tuple[Owner, int]] = []
        self._rows = self._bytes = 0

    def takes(self, batch: Batch, look: Look) -> bool:
        """Whether a batch goes with what is held: it looks alike, is small, and there is room."""
        if batch.read > SMALL or self._rows >= _ENOUGH_ROWS or self._bytes >= _ENOUGH_BYTES:
            return False
        return self.look is None or self.look is look

    def add(self, batch: Batch, look: Look, owner: Owner) -> None:
        """Keep the rows of a batch; its rejects are the caller's."""
        self.look = look
        self._batches.append(batch)
        self._owners.append((owner, len(batch.rows)))
        self._rows += len(batch.rows)
        self._bytes += batch.content.nbytes

    def take(self) -> tuple[Batch, list[tuple[Owner, int]]]:
        """All rows as one batch, and how many of them, in order, are whose; nothing stays."""
        batches, owners = self._batches, self._owners
        self.look, self._batches, self._owners, self._rows, self._bytes = None, [], [], 0, 0
        fields = [batch.fields for batch in batches]
        # A table without rows has no batches, and one without columns has forgotten its rows.
        joined = pa.Table.from_batches(fields).combine_chunks().to_batches() or fields[:1]
        rows = pa.concat_arrays([batch.rows for batch in batches])
        named = joined[0].num_columns > 0
        return Batch(
            rows=rows,
            content=pa.concat_arrays([batch.content for batch in batches]),
            fields=joined[0] if named else no_fields(len(rows)),
        ), owners
