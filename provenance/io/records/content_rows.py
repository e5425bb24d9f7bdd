"""Extract the content of rows of Arrow columns, and the reasons of rows without valid content."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from provenance.content.identity import CanonicalError, canonical_json
from provenance.io.columns.to_text import (
    Mask,
    has_unsafe_number,
    invalid_rows,
    is_bytes,
    is_textual,
    nulls,
    to_json_objects,
    to_json_types,
    to_storage,
)
from provenance.io.columns.value_sizes import is_empty_value, value_sizes
from provenance.io.contract.reader import ReadLayout, too_long_reason
from provenance.io.records.content_fields import no_content
from provenance.io.records.turns_text import unpack_turns


class ContentRows:
    """Rows of columns, and the first reason why each refused row is refused."""

    def __init__(
        self, content: dict[str, pa.Array], fields: list[pa.Array], layout: ReadLayout
    ) -> None:
        self._content = content
        self._limit = limit = layout.max_record
        self._layout = layout
        self._count = len(next(iter(content.values())))
        self.refused: dict[int, str] = {}
        read = [*content.values(), *fields]
        size = np.zeros(self._count, dtype=np.int64)
        for column in filter(lambda each: is_textual(each.type), read):
            size += value_sizes(column)
        self._refuse(size > limit, too_long_reason(limit))
        for column in read:
            self._refuse(invalid_rows(column), "invalid UTF-8")

    def refuse_all(self, reason: str) -> None:
        """Refuse every row that is not refused yet."""
        self._refuse(np.ones(self._count, dtype=np.bool_), reason)

    def without_refused(self, column: pa.Array) -> pa.Array:
        """Remove the refused rows from a column."""
        return column.take(self.kept) if self.refused else column

    @property
    def kept(self) -> pa.Array:
        """Indices of the rows that are not refused."""
        mask = np.ones(self._count, dtype=np.bool_)
        mask[list(self.refused)] = False
        return pa.array(np.flatnonzero(mask), pa.int64())

    def texts(self, *, binary: bool) -> pa.Array:
        """Return the one content field as text, or as bytes."""
        ((name, column),) = self._content.items()
        elsewhere = ": its bytes are not in this file" if binary else ""
        self._refuse(nulls(column), f'field "{name}" is null{elsewhere}')
        self._refuse(value_sizes(column) == 0, f'field "{name}" is empty')
        kept = self.kept
        values = to_storage(self.without_refused(column))
        if binary:
            return values.cast(pa.binary())
        if is_bytes(values.type):
            values = values.cast(pa.binary()).view(pa.string())
            bad = invalid_rows(values)
            self.refused.update(dict.fromkeys(np.asarray(kept)[bad].tolist(), "invalid UTF-8"))
            values = values.filter(pa.array(~bad))
        return to_json_types(values)

    def objects(self) -> pa.Array:
        """Return the content fields as JSON objects."""
        columns = self._content.values()
        if self._layout.content != ("*",):
            absent = np.logical_and.reduce([nulls(column) for column in columns])
            self._refuse(absent, no_content(self._layout, "null"))
            silent = np.logical_and.reduce(
                [nulls(column) | is_empty_value(column) for column in columns]
            )
            self._refuse(silent, no_content(self._layout, "empty"))
        if any(has_unsafe_number(to_json_types(column.take(self.kept))) for column in columns):
            self._refuse_uncanonical()
        kept = self.kept
        lines = to_json_objects({name: col.take(kept) for name, col in self._content.items()})
        long = value_sizes(lines) > self._limit
        if long.any():
            places = np.asarray(kept)[long]
            self.refused.update(dict.fromkeys(places.tolist(), too_long_reason(self._limit)))
            lines = lines.filter(pa.array(~long))
        return unpack_turns(lines) if self._layout.turns else lines

    def _refuse_uncanonical(self) -> None:
        kept = self.kept
        rows = to_json_types(
            struct_of({name: col.take(kept) for name, col in self._content.items()})
        )
        for position, value in zip(kept.to_pylist(), rows.to_pylist(), strict=True):
            try:
                canonical_json(value)
            except CanonicalError as error:
                self.refused[position] = str(error)

    def _refuse(self, mask: Mask, reason: str) -> None:
        for position in np.flatnonzero(mask).tolist():
            self.refused.setdefault(position, reason)


def struct_of(columns: dict[str, pa.Array]) -> pa.Array:
    """Join columns to one struct column of JSON types."""
    parts = [to_json_types(column) for column in columns.values()]
    return pa.StructArray.from_arrays(parts, names=list(columns))
