"""Define the exported files of a release, as reports describe them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provenance.model.base import Contract

ColumnType = Literal["text", "integer", "number", "boolean", "date", "datetime", "object", "other"]
"""What a column holds; ``object`` has members, ``other`` is what has no name here."""


class Column(Contract):
    """One field of the rows of a file, or of the objects in such a field."""

    name: str
    type: ColumnType
    repeated: bool = Field(default=False, description="Whether it holds a list of these.")
    members: tuple[Column, ...] = Field(default=(), description="Of an object, its fields.")


class ReleaseFile(Contract):
    """A file of rows, named from the folder of the export, or from where the report stands."""

    path: str
    format: Literal["parquet", "jsonl"]
    split: str | None = Field(description="The split that it holds; null where there are none.")
    rows: int
    bytes: int
    sha256: str
    columns: tuple[Column, ...]
