"""Plan one schema for all rows of an export, and the source column of each of its columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from provenance.io.columns.row_types import (
    NOTHING,
    TEXT,
    RowType,
    arrow_type,
    merge_row_types,
    why_untyped,
)
from provenance.io.columns.typed_rows import JSON_TEXT
from provenance.io.contract.reader import Kind as ContentKind
from provenance.io.exports.added_columns import content_columns, is_export_column

_FEATURES = b"huggingface"
"""Key of the schema metadata in which ``datasets`` stores the meaning of columns."""

ColumnKey = tuple[str, bool]
"""Name of a source column, and whether it must be renamed."""


@dataclass(slots=True)
class SourceGroup:
    """Rows of sources that are read alike.

    Attributes:
        kind, content: what is content in them, as in ``Layout``.
        is_json: whether they come as JSON text.
        columns: their members, each with the kind of its values.
        features: what ``datasets`` knows of columns.
    """

    kind: ContentKind
    content: tuple[str, ...]
    is_json: bool
    columns: dict[str, RowType] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)

    def content_columns(self) -> list[str]:
        """List the columns that hold the content."""
        return content_columns(self.content, self.columns)

    def add(self, columns: Mapping[str, RowType]) -> None:
        """Merge the members of more rows."""
        for name, kind in columns.items():
            self.columns[name] = merge_row_types((self.columns.get(name, NOTHING), kind))

    def kind_of(self, name: str) -> RowType:
        """Return the type of a column; text content is a string however it was stored."""
        return TEXT if self.kind == "text" and name in self.content else self.columns[name]


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column of an export.

    Attributes:
        source: its name in the sources.
        type: ``None`` where it goes out as JSON text.
        untyped: why it does.
    """

    name: str
    source: str
    type: pa.DataType | None
    untyped: str = ""

    @property
    def field(self) -> pa.Field:
        """The column in a schema."""
        if self.type is None:
            return pa.field(self.name, pa.string(), metadata=JSON_TEXT)
        return pa.field(self.name, self.type)


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """The columns of an export.

    Attributes:
        columns: all of them, besides ours.
        members: for each group, in the order of the columns, the member that goes there.
        features: what ``datasets`` shall know of them.
        ours_first: whether ours have to come first, so that a reader to whom case is nothing
            finds them under their names.
    """

    columns: tuple[ExportColumn, ...]
    members: tuple[tuple[str | None, ...], ...]
    features: Mapping[str, Any]
    ours_first: bool

    def schema(self, ours: pa.Schema) -> pa.Schema:
        """Make the schema of every file of the export."""
        fields = [column.field for column in self.columns]
        fields = [*ours, *fields] if self.ours_first else [*fields, *ours]
        text = json.dumps({"info": {"features": dict(self.features)}})
        return pa.schema(fields, metadata={_FEATURES: text.encode()} if self.features else None)


def features_of(schema: pa.Schema) -> dict[str, Any]:
    """Read what ``datasets`` recorded of the columns of a file, such as class names."""
    try:
        features = json.loads((schema.metadata or {})[_FEATURES])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return (
        {k: v for k, v in features.items() if k in schema.names}
        if isinstance(features, dict)
        else {}
    )


def make_plan(groups: Sequence[SourceGroup]) -> ExportPlan:
    """Plan the columns of an export.

    Columns of one name become one column in the type that holds all of their values, or JSON text
    where there is none. A content column keeps its name; another column that would change its type,
    or differs from it in case only, is renamed.
    """
    kinds, places = _merged_columns(groups)
    contents = {name for group in groups for name in group.content_columns()}
    names = _names(kinds, contents)
    untyped = {where: why_untyped(kind) for where, kind in kinds.items()}
    columns = []
    for where, kind in kinds.items():
        with_json = any(g.is_json for g, p in zip(groups, places, strict=True) if where in p)
        found = arrow_type(kind, pa.string() if with_json else None)
        columns.append(ExportColumn(names[where], where[0], found, untyped[where]))
    return ExportPlan(
        columns=tuple(columns),
        members=tuple(tuple(position.get(where) for where in kinds) for position in places),
        features=_features(groups, places, columns, list(kinds)),
        ours_first=any(is_export_column(name) for name in contents),
    )


def _merged_columns(
    groups: Sequence[SourceGroup],
) -> tuple[dict[ColumnKey, RowType], list[dict[ColumnKey, str]]]:
    """Merge the types of every column; map each group's members to columns."""
    contents: dict[str, RowType] = {}
    for group in groups:
        for name in group.content_columns():
            contents[name] = merge_row_types((contents.get(name, NOTHING), group.kind_of(name)))
    kinds: dict[ColumnKey, RowType] = {}
    places: list[dict[ColumnKey, str]] = []
    for group in groups:
        position: dict[ColumnKey, str] = {}
        heads = set(group.content_columns())
        for name in group.columns:
            if is_export_column(name) and name not in heads:
                continue
            kind = contents[name] if name in heads else group.columns[name]
            where = (name, False)
            if name not in heads and name in contents:
                joined = merge_row_types((contents[name], kind))
                where = (name, bool(why_untyped(joined)) and not why_untyped(contents[name]))
                contents[name] = contents[name] if where[1] else joined
            kinds[where] = merge_row_types((kinds.get(where, NOTHING), kind))
            position[where] = name
        places.append(position)
    return kinds, places


def _names(kinds: Iterable[ColumnKey], contents: set[str]) -> dict[ColumnKey, str]:
    taken = {name.casefold() for name in contents}
    names = {}
    for where in kinds:
        source, moved = where
        if source in contents and not moved:
            names[where] = source
            continue
        stem = source or "unnamed"
        free, number = stem, 1
        while free.casefold() in taken:
            number += 1
            free = f"{stem}_{number}"
        taken.add(free.casefold())
        names[where] = free
    return names


def _features(
    groups: Sequence[SourceGroup],
    places: Sequence[Mapping[ColumnKey, str]],
    columns: Sequence[ExportColumn],
    wheres: Sequence[ColumnKey],
) -> dict[str, Any]:
    """Collect the features of columns whose sources all agree on them."""
    known = {}
    for where, column in zip(wheres, columns, strict=True):
        stated = [
            json.dumps(group.features.get(position[where]), sort_keys=True)
            for group, position in zip(groups, places, strict=True)
            if where in position
        ]
        if column.type is not None and set(stated) != {"null"} and len(set(stated)) == 1:
            known[column.name] = json.loads(stated[0])
    return known
