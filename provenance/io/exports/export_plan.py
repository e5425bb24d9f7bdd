"""One schema for all rows of an export: which columns there are, and what goes into each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from provenance.io.columns.row_types import NOTHING, TEXT, Kind, arrow_type, merged, why_untyped
from provenance.io.columns.typed_rows import JSON_TEXT
from provenance.io.contract.reader import Kind as ContentKind
from provenance.io.exports.added_columns import content_columns, is_ours

_FEATURES = b"huggingface"
"""Key of the schema metadata in which the library ``datasets`` keeps what its columns mean."""

Where = tuple[str, bool]
"""A column of the sources by its name, and whether it is one that had to leave its name."""


@dataclass(slots=True)
class Group:
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
    columns: dict[str, Kind] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)

    def content_columns(self) -> list[str]:
        """The columns that hold the content, of a name with dots the one in which it lies."""
        return content_columns(self.content, self.columns)

    def add(self, columns: Mapping[str, Kind]) -> None:
        """Take in the members of more rows."""
        for name, kind in columns.items():
            self.columns[name] = merged((self.columns.get(name, NOTHING), kind))

    def kind_of(self, name: str) -> Kind:
        """The kind of a column; content that is text is a string however it was stored."""
        return TEXT if self.kind == "text" and name in self.content else self.columns[name]


@dataclass(frozen=True, slots=True)
class Column:
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
class Plan:
    """The columns of an export.

    Attributes:
        columns: all of them, besides ours.
        members: for each group, in the order of the columns, the member that goes there.
        features: what ``datasets`` shall know of them.
        ours_first: whether ours have to come first, so that a reader to whom case is nothing
            finds them under their names.
    """

    columns: tuple[Column, ...]
    members: tuple[tuple[str | None, ...], ...]
    features: Mapping[str, Any]
    ours_first: bool

    def schema(self, ours: pa.Schema) -> pa.Schema:
        """The schema of every file of the export."""
        fields = [column.field for column in self.columns]
        fields = [*ours, *fields] if self.ours_first else [*fields, *ours]
        text = json.dumps({"info": {"features": dict(self.features)}})
        return pa.schema(fields, metadata={_FEATURES: text.encode()} if self.features else None)


def features_of(schema: pa.Schema) -> dict[str, Any]:
    """What ``datasets`` wrote down of the columns of a file, such as the names of its classes."""
    try:
        said = json.loads((schema.metadata or {})[_FEATURES])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return {k: v for k, v in said.items() if k in schema.names} if isinstance(said, dict) else {}


def make_plan(groups: Sequence[Group]) -> Plan:
    """Decide on the columns of an export.

    Columns of one name are one column in the type that holds all of their values, or JSON text
    where there is none. A column of content keeps its very name; another that would change its
    type, or that differs from it in case alone, gets a name of its own.
    """
    kinds, places = _merged_columns(groups)
    contents = {name for group in groups for name in group.content_columns()}
    names = _names(kinds, contents)
    untyped = {where: why_untyped(kind) for where, kind in kinds.items()}
    columns = []
    for where, kind in kinds.items():
        with_json = any(g.is_json for g, p in zip(groups, places, strict=True) if where in p)
        found = arrow_type(kind, pa.string() if with_json else None)
        columns.append(Column(names[where], where[0], found, untyped[where]))
    return Plan(
        columns=tuple(columns),
        members=tuple(tuple(place.get(where) for where in kinds) for place in places),
        features=_features(groups, places, columns, list(kinds)),
        ours_first=any(is_ours(name) for name in contents),
    )


def _merged_columns(groups: Sequence[Group]) -> tuple[dict[Where, Kind], list[dict[Where, str]]]:
    """The kind of every column, and of every group which member goes into which column."""
    contents: dict[str, Kind] = {}
    for group in groups:
        for name in group.content_columns():
            contents[name] = merged((contents.get(name, NOTHING), group.kind_of(name)))
    kinds: dict[Where, Kind] = {}
    places: list[dict[Where, str]] = []
    for group in groups:
        place: dict[Where, str] = {}
        heads = set(group.content_columns())
        for name in group.columns:
            if is_ours(name) and name not in heads:
                continue
            kind = contents[name] if name in heads else group.columns[name]
            where = (name, False)
            if name not in heads and name in contents:
                joined = merged((contents[name], kind))
                where = (name, bool(why_untyped(joined)) and not why_untyped(contents[name]))
                contents[name] = contents[name] if where[1] else joined
            kinds[where] = merged((kinds.get(where, NOTHING), kind))
            place[where] = name
        places.append(place)
    return kinds, places


def _names(kinds: Iterable[Where], contents: set[str]) -> dict[Where, str]:
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
    groups: Sequence[Group],
    places: Sequence[Mapping[Where, str]],
    columns: Sequence[Column],
    wheres: Sequence[Where],
) -> dict[str, Any]:
    """What is known of columns whose values all come from files that say the same of them."""
    known = {}
    for where, column in zip(wheres, columns, strict=True):
        said = [
            json.dumps(group.features.get(place[where]), sort_keys=True)
            for group, place in zip(groups, places, strict=True)
            if where in place
        ]
        if column.type is not None and set(said) != {"null"} and len(set(said)) == 1:
            known[column.name] = json.loads(said[0])
    return known
