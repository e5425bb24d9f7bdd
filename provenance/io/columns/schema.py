"""What an Arrow schema says about the records of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.types as pt

from provenance.io.columns.to_text import is_textual, storage
from provenance.io.contract.reader import Shape

_SPEAKER = {"role", "from"}
_SPEECH = {"content", "value", "text"}


def shape_of(schema: pa.Schema) -> Shape:
    """What the columns of a table look like."""
    fields = {each.name: kind_word(each.type) for each in schema}
    nested = tuple(path for each in schema for path in _nested(each.name, each.type))
    return Shape(fields, nested)


def type_at(schema: pa.Schema, name: str) -> pa.DataType | None:
    """The type of a column, or of a member of a column by a name with dots."""
    if name in schema.names:
        return schema.types[schema.names.index(name)]
    head, *path = name.split(".")
    if head not in schema.names:
        return None
    kind = storage(schema.types[schema.names.index(head)])
    for member in path:
        place = kind.get_field_index(member) if pt.is_struct(kind) else -1
        if place < 0:
            return None
        kind = storage(kind.field(place).type)
    return kind


def has_repeated_member(kind: pa.DataType) -> bool:
    """Whether a struct, at any depth, has two members of the same name."""
    members = _members(kind)
    names = [member.name for member in members] if pt.is_struct(storage(kind)) else []
    repeated = len(set(names)) < len(names)
    return repeated or any(has_repeated_member(member.type) for member in members)


def kind_word(kind: pa.DataType) -> str:
    """The kind of the values of a type in the words of ``Shape``."""
    kind = storage(kind)
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
    """Paths below (and at) a column that hold lists of objects other than turns."""
    kind = storage(kind)
    if is_list(kind) and pt.is_struct(storage(kind.value_type)):
        if not _is_turns(kind.value_type):
            yield path
        kind = storage(kind.value_type)
    if pt.is_struct(kind):
        for member in _members(kind):
            yield from _nested(f"{path}.{member.name}", member.type)


def _is_turns(kind: pa.DataType) -> bool:
    names = {member.name for member in _members(kind)} if pt.is_struct(storage(kind)) else set()
    return bool(names & _SPEAKER and names & _SPEECH)


def is_list(kind: pa.DataType) -> bool:
    """Whether values of this type are lists, in whatever way they are stored."""
    return bool(
        pt.is_list(kind)
        or pt.is_large_list(kind)
        or pt.is_fixed_size_list(kind)
        or pt.is_list_view(kind)
        or pt.is_large_list_view(kind)
    )


def _members(kind: pa.DataType) -> list[pa.Field]:
    kind = storage(kind)
    if pt.is_dictionary(kind):
        kind = kind.value_type
    return [kind.field(place) for place in range(kind.num_fields)] if pt.is_nested(kind) else []
