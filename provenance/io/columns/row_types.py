"""Infer and merge the types of rows, so that one column type holds the values of many sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from provenance.io.columns.to_text import storage_type

MOST_MEMBERS = 1_000
"""Most members of an object that is a column type."""

INT64 = (-(1 << 63), (1 << 63) - 1)
_EXACT = 1 << 53


@dataclass(frozen=True, slots=True)
class LeafType:
    """A type without parts; for integers, with the range of values seen."""

    type: pa.DataType
    low: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one type; of fixed length where all lists have it."""

    item: RowType
    length: int | None = None
    large: bool = False


@dataclass(frozen=True, slots=True)
class StructType:
    """An object, whose values need not have all members."""

    members: Mapping[str, RowType]


@dataclass(frozen=True, slots=True)
class Untyped:
    """Values that no single type holds, and the reason."""

    reason: str


RowType = LeafType | ListOf | StructType | Untyped

NOTHING = LeafType(pa.null())
"""Only nulls so far."""

TEXT = LeafType(pa.string())
TRUTH = LeafType(pa.bool_())
NUMBER = LeafType(pa.float64())
SEVERAL = Untyped("values of several types")
_SURROGATE = Untyped("a lone surrogate, which is no text")
_DECIMAL_DIGITS = 38
_LONG_DECIMAL = Untyped(f"decimals of more than {_DECIMAL_DIGITS} digits")
_HUGE = Untyped("a number beyond 64 bits")
_CROWD = Untyped(f"objects of more than {MOST_MEMBERS:,} names")


def integers(low: int, high: int) -> RowType:
    """Type of integers in a range; none beyond 64 bits."""
    if INT64[0] <= low and high <= INT64[1]:
        return LeafType(pa.int64(), low, high)
    return _HUGE


def kind_of_value(value: Any) -> RowType:
    """Infer the type of a JSON value.

    >>> kind_of_value([1, 2.5]) == ListOf(NUMBER)
    True
    """
    if isinstance(value, str):
        return TEXT if value.isascii() or not _has_surrogate(value) else _SURROGATE
    if isinstance(value, list):
        return ListOf(merge_row_types(map(kind_of_value, value)))
    if isinstance(value, dict):
        if any(_has_surrogate(name) for name in value):
            return _SURROGATE
        members = {name: kind_of_value(item) for name, item in value.items()}
        return StructType(members) if len(members) <= MOST_MEMBERS else _CROWD
    return NOTHING if value is None else _kind_of_number(value)


def _kind_of_number(value: Any) -> RowType:
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int):
        return integers(value, value)
    return NUMBER if abs(value) != float("inf") else _HUGE


def kind_of_type(kind: pa.DataType) -> RowType:
    """Convert an Arrow type, without extensions, dictionaries, views and runs."""
    kind = storage_type(kind)
    if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        return kind_of_type(kind.value_type)
    if pt.is_map(kind):
        entry = {"key": kind_of_type(kind.key_type), "value": kind_of_type(kind.item_type)}
        return ListOf(StructType(entry))
    if pt.is_struct(kind):
        members = [kind.field(position) for position in range(kind.num_fields)]
        return StructType({member.name: kind_of_type(member.type) for member in members})
    if pt.is_union(kind) or pt.is_interval(kind):
        return Untyped(f"values of the type {kind}")
    if pt.is_nested(kind):
        length = kind.list_size if pt.is_fixed_size_list(kind) else None
        large = pt.is_large_list(kind) or pt.is_large_list_view(kind)
        return ListOf(kind_of_type(kind.value_type), length, large)
    return _leaf_of_type(kind)


def _leaf_of_type(kind: pa.DataType) -> RowType:
    if pt.is_integer(kind):
        bits = kind.bit_width - pt.is_signed_integer(kind)
        return LeafType(kind, -(1 << bits) if pt.is_signed_integer(kind) else 0, (1 << bits) - 1)
    if pt.is_decimal256(kind):
        fits = kind.precision <= _DECIMAL_DIGITS
        return LeafType(pa.decimal128(kind.precision, kind.scale)) if fits else _LONG_DECIMAL
    if isinstance(kind, pa.UuidType) or pt.is_string_view(kind) or pt.is_large_string(kind):
        return TEXT
    return LeafType(pa.binary() if pt.is_binary_view(kind) else kind)


def merge_row_types(kinds: Iterable[RowType]) -> RowType:
    """Merge types into one that holds the values of all without changing any.

    >>> merge_row_types([integers(1, 1), NUMBER]) == NUMBER
    True
    >>> merge_row_types([TEXT, TRUTH]) == SEVERAL
    True
    """
    found: RowType = NOTHING
    for kind in kinds:
        found = _merge(found, kind)
    return found


def _merge(one: RowType, other: RowType) -> RowType:
    if one == NOTHING or other in (one, NOTHING):
        return other if one == NOTHING else one
    untyped = next((kind for kind in (one, other) if isinstance(kind, Untyped)), None)
    if untyped is not None:
        return untyped
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        same = one.length if one.length == other.length else None
        return ListOf(_merge(one.item, other.item), same, one.large or other.large)
    if isinstance(one, StructType) and isinstance(other, StructType):
        return _merge_members(one.members, other.members)
    if isinstance(one, LeafType) and isinstance(other, LeafType):
        return _merge_leaves(one, other)
    return SEVERAL


def _merge_members(one: Mapping[str, RowType], other: Mapping[str, RowType]) -> RowType:
    members = {name: _merge(kind, other.get(name, NOTHING)) for name, kind in one.items()}
    members.update({name: kind for name, kind in other.items() if name not in one})
    return StructType(members) if len(members) <= MOST_MEMBERS else _CROWD


def _merge_leaves(one: LeafType, other: LeafType) -> RowType:
    whole = [leaf for leaf in (one, other) if pt.is_integer(leaf.type)]
    broken = [leaf for leaf in (one, other) if pt.is_float32(leaf.type) or leaf == NUMBER]
    low = min(one.low, other.low)
    high = max(one.high, other.high)
    if len(whole) == 2:
        return LeafType(one.type, low, high) if one.type == other.type else integers(low, high)
    if len(broken) == 2:
        return NUMBER
    if len(whole) == len(broken) == 1 and low >= -_EXACT and high <= _EXACT:
        return NUMBER
    return SEVERAL


def arrow_type(kind: RowType, nothing: pa.DataType | None = None) -> pa.DataType | None:
    """Return the column type for every reader of Parquet, or ``None`` where there is none.

    Args:
        nothing: the type of what holds only nulls.
    """
    if why_untyped(kind):
        return None
    if isinstance(kind, LeafType):
        return (nothing or kind.type) if kind == NOTHING else kind.type
    if isinstance(kind, ListOf):
        item = arrow_type(kind.item, nothing)
        if kind.length is not None:
            return pa.list_(item, kind.length)
        return pa.large_list(item) if kind.large else pa.list_(item)
    members = kind.members.items() if isinstance(kind, StructType) else ()
    return pa.struct([(name, arrow_type(item, nothing)) for name, item in members])


def why_untyped(kind: RowType) -> str:
    """Return why a row type has no column type; empty where it has one."""
    if isinstance(kind, Untyped):
        return kind.reason
    if isinstance(kind, ListOf):
        return why_untyped(kind.item)
    return _why_no_object(kind.members) if isinstance(kind, StructType) else ""


def _why_no_object(members: Mapping[str, RowType]) -> str:
    names = {name.casefold() for name in members}
    if not names:
        return "objects without members"
    if "" in names:
        return "a member without a name"
    if len(names) < len(members):
        return "members whose names differ in case alone"
    return next(filter(None, map(why_untyped, members.values())), "")


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
