"""Parquet columns that an export wrote as JSON text, and that say so in their metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from provenance.io.columns.typed_rows import says_json


class JsonTextFile(pq.ParquetFile):  # type: ignore[misc]
    """A Parquet file in which such columns are of the type ``arrow.json``, as what they hold."""

    @property
    def schema_arrow(self) -> pa.Schema:
        """The columns of the file."""
        schema = super().schema_arrow
        for place, field in enumerate(schema):
            if says_json(field):
                schema = schema.set(place, field.with_type(pa.json_()))
        return schema

    def iter_batches(self, *given: Any, **options: Any) -> Iterator[pa.RecordBatch]:
        """The rows of the file."""
        for batch in super().iter_batches(*given, **options):
            found = batch
            for place, field in enumerate(batch.schema):
                # What is read as a dictionary, is read to look at that.
                if says_json(field) and pt.is_string(field.type):
                    values = pa.ExtensionArray.from_storage(pa.json_(), batch.column(place))
                    found = found.set_column(place, field.with_type(values.type), values)
            yield found
