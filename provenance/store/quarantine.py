"""Write rejects to Parquet: the place, the reason, and the digest of what was refused."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.io.files import storage_errors
from provenance.io.objects import Location
from provenance.store.data_files import publish
from provenance.store.layout import Layout

_JOIN = "-"


def both(one: str | None, other: str | None) -> str | None:
    """Where the rejects of two units of one commit are: a file, or a pattern for several."""
    if one is None or other is None or one == other:
        return one or other
    return f"{one.rpartition(_JOIN)[0]}{_JOIN}*.parquet"


class Quarantine:
    """One file of rejects, made when the first one comes.

    Files of one commit have the first half of their name in common: ``<commit>-<unit>.parquet``.
    """

    def __init__(self, layout: Layout, commit_id: uuid.UUID) -> None:
        self._folder = layout.quarantine
        self._name = f"{commit_id.hex}{_JOIN}{uuid.uuid4().hex[:8]}"
        self._staging = layout.staging(self._folder, self._name)
        self._writer: pq.ParquetWriter | None = None

    @property
    def path(self) -> Path | Location:
        """Where the rejects will be."""
        return self._folder / f"{self._name}.parquet"

    def add(self, uri: str, rejects: pa.Table) -> None:
        """Set rejects of a file aside."""
        if rejects.num_rows == 0:
            return
        table = rejects.add_column(0, "uri", pa.repeat(pa.scalar(uri), rejects.num_rows))
        with storage_errors(self._staging):
            if self._writer is None:
                self._staging.parent.mkdir(parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(
                    self._staging, table.schema, write_page_checksum=True
                )
            self._writer.write_table(table.cast(self._writer.schema))

    def finish(self) -> str | None:
        """Make the file durable and visible; its path, or ``None`` when nothing was refused."""
        if self._writer is None:
            return None
        with storage_errors(self._staging):
            self._writer.close()
            descriptor = os.open(self._staging, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
            publish(self._staging, self.path)
        return str(self.path)

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            with contextlib.suppress(OSError, pa.ArrowInvalid):
                self._writer.close()
            self._staging.unlink(missing_ok=True)
