"""Read Parquet columns that an export wrote as JSON text, marked as such in their metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from provenance.io.columns.typed_rows import is_marked_json


class JsonTextFile(pq.ParquetFile):  # type: ignore[misc]
    """Parquet file in which marked columns have the type ``arrow.json``."""

    @property
    def schema_arrow(self) -> pa.Schema:
        """Columns of the file."""
        schema = super().schema_arrow
        for position, field in enumerate(schema):
            if is_marked_json(field):
                schema = schema.set(position, field.with_type(pa.json_()))
        return schema

    def iter_batches(self, *given: Any, **options: Any) -> Iterator[pa.RecordBatch]:
        """Iterate over the rows of the file."""
        for batch in super().iter_batches(*given, **options):
            found = batch
            for position, field in enumerate(batch.schema):
                # What is read as a dictionary, is read to look at that.
                if is_marked_json(field) and pt.is_string(field.type):
                    values = pa.ExtensionArray.from_storage(pa.json_(), batch.column(position))
                    found = found.set_column(position, field.with_type(values.type), values)
            yield found
