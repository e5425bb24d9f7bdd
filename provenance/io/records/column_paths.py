"""Collect the paths of Arrow columns that have values, and read the column at a path.

The paths are those that ``record_paths`` finds in the same records written as JSON. A map, or a
list of structs of ``key`` and ``value``, is an object whose keys are data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from provenance.io.columns.schema import is_list, kind_word
from provenance.io.columns.to_text import (
    entries,
    entries_type,
    is_textual,
    storage_type,
    to_json,
    to_storage,
    to_text,
)
from provenance.io.contract.record_paths import (
    KINDS,
    MAX_PATHS,
    MAX_ROW_PATHS,
    Steps,
    TooManyPathsError,
    steps_of,
)
from provenance.io.records.batch_builder import without_fraction

Rows = npt.NDArray[np.int64]

_PAIR = {"key", "value"}
_FRACTION = r"^([-+]?[0-9]+)\.0+$"


class ColumnPaths:
    """Paths of some rows or, without rows, all that a schema can have."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[Steps, str]] = {}
        self._keys = 0

    @classmethod
    def of(cls, table: pa.RecordBatch) -> ColumnPaths:
        """Collect the paths that have a value in some row.

        Raises:
            TooManyPathsError: its maps have too many keys.
        """
        paths = cls()
        for name, column in zip(table.schema.names, table.columns, strict=True):
            paths._column(column.type, column, name, (name,))
        return paths

    @classmethod
    def possible(cls, fields: Iterable[pa.Field]) -> ColumnPaths:
        """Collect the paths that columns may have; those of maps are unknown."""
        paths = cls()
        for field in fields:
            paths._column(field.type, None, field.name, (field.name,))
        return paths

    @property
    def full(self) -> bool:
        """Whether it has so many map keys that fewer rows should be read at once."""
        return self._keys > MAX_PATHS

    def shape(self) -> dict[str, str]:
        """Map every path to its kind, in the order of the paths."""
        return {
            path: min(self._kinds[path].values(), key=KINDS.index) for path in sorted(self._kinds)
        }

    def alternatives(self, path: str) -> tuple[Steps, ...]:
        """List the steps that a path stands for, the shortest first."""
        found = sorted(self._kinds.get(path, ()), key=lambda steps: (len(steps), str(steps)))
        return tuple(found) or steps_of(path)

    def _column(self, kind: pa.DataType, array: pa.Array | None, path: str, steps: Steps) -> None:
        """Add a column or member; without an array, all paths that it may have."""
        if array is not None:
            array = _values(array)
            if array.null_count == len(array):
                return
            kind = array.type
        kind = _unpacked(kind)
        if pt.is_null(kind):
            return
        if pt.is_map(kind) and not is_map(kind):  # of keys that are no names
            array = None if array is None else entries(to_storage(array))
            kind = entries_type(kind)
        self._kinds.setdefault(path, {})[steps] = kind_word(kind)
        if pt.is_struct(kind):
            parts = [None] * kind.num_fields if array is None else array.flatten()
            for position, part in enumerate(parts):
                member = kind.field(position)
                self._column(member.type, part, f"{path}.{member.name}", (*steps, member.name))
        elif is_map(kind):
            if array is not None:
                self._map(array, path, steps)
        elif is_list(kind):
            self._list(kind, array, path, steps)

    def _list(self, kind: pa.DataType, array: pa.Array | None, path: str, steps: Steps) -> None:
        while is_list(kind) and not is_map(kind):
            kind = _unpacked(kind.value_type)
            array = None if array is None else _elements(array)
        if pt.is_struct(kind):
            below = ColumnPaths()
            below._column(kind, array, f"{path}[]", (*steps, None))
            below._kinds.pop(f"{path}[]", None)  # the elements themselves are no path
            self._add(below)
        elif is_map(kind) and array is not None:
            self._map(array, f"{path}[]", (*steps, None))

    def _map(self, array: pa.Array, path: str, steps: Steps) -> None:
        keys, values, _ = _pairs(array)
        valid = values.is_valid()
        names = pc.unique(keys.filter(valid)).drop_null().to_pylist()
        self._keys += len(names)
        if self._keys > MAX_ROW_PATHS:
            raise TooManyPathsError(f"more than {MAX_ROW_PATHS:,} fields in one record")
        kind = _unpacked(values.type)
        for name in names:
            if pt.is_nested(kind):
                mine = values.filter(pc.fill_null(pc.equal(keys, name), False))
                self._column(kind, mine, f"{path}.{name}", (*steps, name))
            else:
                found = self._kinds.setdefault(f"{path}.{name}", {})
                found[(*steps, name)] = kind_word(kind)

    def _add(self, other: ColumnPaths) -> None:
        for path, alternatives in other._kinds.items():
            self._kinds.setdefault(path, {}).update(alternatives)
        self._keys += other._keys


def column_at(
    table: pa.RecordBatch, alternatives: Sequence[Steps], *, reference: bool = False
) -> pa.Array:
    """Return the text at a path, by the first steps with a value; ``reference``: it is an id."""
    found = [_texts(table, steps, reference=reference) for steps in alternatives]
    found = [column for column in found if column is not None]
    return pc.coalesce(*found) if found else pa.nulls(table.num_rows, pa.string())


def reference_text(array: pa.Array) -> pa.Array:
    """Return the text of a column of ids; whole numbers are written as integers."""
    texts = to_text(array)
    kind = _unpacked(array.type)
    if not (pt.is_floating(kind) or pt.is_decimal(kind)):
        return texts
    texts = pc.replace_substring_regex(texts, _FRACTION, r"\1")
    if pc.any(pc.match_substring_regex(texts, "[eE]|^-0$")).as_py():
        texts = pa.array([v and without_fraction(v) for v in texts.to_pylist()], pa.string())
    return texts


def has_open_keys(kind: pa.DataType) -> bool:
    """Check whether a type contains maps, whose keys are unknown before reading."""
    kind = _unpacked(kind)
    if is_map(kind):
        return True
    members = [kind.field(position).type for position in range(kind.num_fields)]
    return any(has_open_keys(member) for member in members)


def is_map(kind: pa.DataType) -> bool:
    """Check whether values of a type are maps, or lists of map entries."""
    if pt.is_map(kind):
        return is_textual(kind.key_type)
    entry = _unpacked(kind.value_type) if is_list(kind) else kind
    if not pt.is_struct(entry) or entry is kind or entry.num_fields != len(_PAIR):
        return False
    names = {entry.field(position).name for position in range(entry.num_fields)}
    return names == _PAIR and is_textual(entry.field("key").type)


def _texts(table: pa.RecordBatch, steps: Steps, *, reference: bool) -> pa.Array | None:
    if steps[0] not in table.schema.names:
        return None
    array, rows = table.column(steps[0]), None
    for step in steps[1:]:
        found = _below(to_storage(array), step)
        if found is None:
            return None
        array, own = found
        if own is not None:
            rows = own if rows is None else rows[own]
    if rows is None:
        return reference_text(array) if reference else to_text(array)
    valid = np.flatnonzero(np.asarray(array.is_valid()))
    array, rows = array.take(pa.array(valid)), rows[valid]
    if None not in steps and len(np.unique(rows)) == len(rows):
        places = np.full(table.num_rows, -1)
        places[rows] = np.arange(len(rows))
        texts = reference_text(array) if reference else to_text(array)
        return texts.take(pa.array(places, mask=places < 0))
    return _listed(to_json(array), rows, table.num_rows)


def _below(array: pa.Array, step: str | None) -> tuple[pa.Array, Rows | None] | None:
    """Go one step down from some values; return the rows that the results belong to."""
    kind = array.type
    if step is None:
        rows: Rows | None = None
        array = entries(array) if pt.is_map(kind) else array
        while is_list(array.type) and not is_map(array.type):
            own = _owners(array)
            rows = own if rows is None else rows[own]
            array = to_storage(array.flatten())
        return None if rows is None else (array, rows)
    if pt.is_struct(kind):
        return (pc.struct_field(array, step), None) if kind.get_field_index(step) >= 0 else None
    if not is_map(kind):
        return None
    keys, values, owners = _pairs(array)
    mine = np.flatnonzero(np.asarray(pc.fill_null(pc.equal(keys, step), False)))
    return values.take(pa.array(mine)), owners[mine]


def _pairs(array: pa.Array) -> tuple[pa.Array, pa.Array, Rows]:
    """Return keys and values of maps, and the map that each belongs to."""
    if pt.is_map(array.type):
        array = entries(array)
    pairs = to_storage(array.flatten())
    keys = to_text(pc.struct_field(pairs, "key"))
    return keys, to_storage(pc.struct_field(pairs, "value")), _owners(array)


def _owners(array: pa.Array) -> Rows:
    """Return the index of the list that each flattened value comes from."""
    lengths = np.asarray(pc.list_value_length(array).fill_null(0), dtype=np.int64)
    return np.repeat(np.arange(len(array)), lengths)


def _listed(values: pa.Array, rows: Rows, count: int) -> pa.Array:
    """Join JSON texts to one JSON list per row; null for rows without any."""
    valid = np.flatnonzero(np.asarray(values.is_valid()))
    values, rows = values.take(pa.array(valid)), rows[valid]
    sizes = np.bincount(rows, minlength=count)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), values)
    joined = pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")
    return pc.if_else(pa.array(sizes > 0), joined, pa.scalar(None, pa.string()))


def _values(array: pa.Array) -> pa.Array:
    """Return the stored values, each once: unpacked they could be any number.

    All members of a dictionary of nested values count, whether they are used or not.
    """
    while True:
        kind = array.type
        if isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.UuidType):
            array = array.storage
        elif pt.is_run_end_encoded(kind):
            array = array.values
        elif pt.is_dictionary(kind) and pt.is_nested(_unpacked(kind)):
            array = array.dictionary
        else:
            return array


def _elements(array: pa.Array) -> pa.Array:
    """Return the elements of lists; of list views, which may share them, as stored."""
    views = pt.is_list_view(array.type) or pt.is_large_list_view(array.type)
    return _values(array.values if views else array.flatten())


def _unpacked(kind: Any) -> pa.DataType:
    """Return the type of the values without extensions, dictionaries and runs."""
    while True:
        kind = storage_type(kind)
        if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            return kind
