"""JSON lines as Parquet, with the types that the lines have and none guessed from strings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import InputError
from provenance.model.base import quote_literal

_LONGEST_LINE = 1 << 30


def jsonl_to_parquet(lines: Path, target: Path) -> None:
    """Write a file of JSON objects as Parquet, with page checksums, synced.

    Raises:
        InputError: a member has values of types that no one column can hold.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET preserve_insertion_order = true")
        source = json_lines(lines)
        row = connection.execute(f"SELECT json_group_structure(json) FROM {source}").fetchone()
        structure = _columns(json.loads(row[0]) if row and row[0] else {}, ())
        typed = quote_literal(json.dumps(structure))
        reader = connection.execute(
            f"SELECT unnest(from_json(json, {typed})) FROM {source}"
        ).to_arrow_reader(10_000)
        _write(reader, target)


def json_lines(path: Path) -> str:
    """A file of JSON objects as a relation of one column ``json``, in SQL."""
    return (
        f"read_json_objects({quote_literal(_literal(path))}, format = 'newline_delimited', "
        f"maximum_object_size = {_LONGEST_LINE})"
    )


def _literal(path: Path) -> str:
    """A path that DuckDB takes for itself and not for a pattern."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def _columns(structure: Any, path: tuple[str, ...]) -> Any:
    if isinstance(structure, dict):
        return {name: _columns(inner, (*path, name)) for name, inner in structure.items()}
    if isinstance(structure, list):
        return [_columns(inner, path) for inner in structure]
    if structure == "NULL":
        return "VARCHAR"
    if structure == "JSON":
        raise InputError(
            f"the field `{'.'.join(path)}` has values of several types, which Parquet cannot hold",
            hint="export with `--format jsonl`",
        )
    return structure


def _write(reader: pa.RecordBatchReader, target: Path) -> None:
    with target.open("xb") as file:
        with pq.ParquetWriter(
            file, reader.schema, compression="zstd", write_page_checksum=True
        ) as writer:
            for batch in reader:
                writer.write_batch(batch)
        file.flush()
        os.fsync(file.fileno())
