"""Read from an Arrow schema which fields records have and of what kind."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.types as pt

from provenance.io.columns.to_text import is_textual, storage_type
from provenance.io.contract.reader import Shape

_SPEAKER = {"role", "from"}
_SPEECH = {"content", "value", "text"}


def shape_of(schema: pa.Schema) -> Shape:
    """Make the shape of the columns of a table."""
    fields = {each.name: kind_word(each.type) for each in schema}
    nested = tuple(path for each in schema for path in _nested(each.name, each.type))
    return Shape(fields, nested)


def type_at(schema: pa.Schema, name: str) -> pa.DataType | None:
    """Return the type of a column, or of a member of a column by a dotted name."""
    if name in schema.names:
        return schema.types[schema.names.index(name)]
    head, *path = name.split(".")
    if head not in schema.names:
        return None
    kind = storage_type(schema.types[schema.names.index(head)])
    for member in path:
        position = kind.get_field_index(member) if pt.is_struct(kind) else -1
        if position < 0:
            return None
        kind = storage_type(kind.field(position).type)
    return kind


def has_repeated_member(kind: pa.DataType) -> bool:
    """Check whether a struct, at any depth, has two members of one name."""
    members = _members(kind)
    names = [member.name for member in members] if pt.is_struct(storage_type(kind)) else []
    repeated = len(set(names)) < len(names)
    return repeated or any(has_repeated_member(member.type) for member in members)


def kind_word(kind: pa.DataType) -> str:
    """Return the kind of a type in the words of ``Shape``."""
    kind = storage_type(kind)
    if is_textual(kind) or isinstance(kind, pa.UuidType):
        return "string"
    if pt.is_null(kind):
        return "null"
    if pt.is_boolean(kind):
        return "boolean"
    if pt.is_struct(kind) or pt.is_map(kind):
        return "object"
    if is_list(kind):
        return "messages" if _is_turns(kind.value_type) else "list"
    # Times and dates are no candidates for content, and are written like numbers: unquoted.
    return "number"


def _nested(path: str, kind: pa.DataType) -> Iterator[str]:
    """List paths at and below a column that hold lists of objects other than turns."""
    kind = storage_type(kind)
    if is_list(kind) and pt.is_struct(storage_type(kind.value_type)):
        if not _is_turns(kind.value_type):
            yield path
        kind = storage_type(kind.value_type)
    if pt.is_struct(kind):
        for member in _members(kind):
            yield from _nested(f"{path}.{member.name}", member.type)


def _is_turns(kind: pa.DataType) -> bool:
    names = (
        {member.name for member in _members(kind)} if pt.is_struct(storage_type(kind)) else set()
    )
    return bool(names & _SPEAKER and names & _SPEECH)


def is_list(kind: pa.DataType) -> bool:
    """Check whether values of a type are lists, however they are stored."""
    return bool(
        pt.is_list(kind)
        or pt.is_large_list(kind)
        or pt.is_fixed_size_list(kind)
        or pt.is_list_view(kind)
        or pt.is_large_list_view(kind)
    )


def _members(kind: pa.DataType) -> list[pa.Field]:
    kind = storage_type(kind)
    if pt.is_dictionary(kind):
        kind = kind.value_type
    return (
        [kind.field(position) for position in range(kind.num_fields)] if pt.is_nested(kind) else []
    )
