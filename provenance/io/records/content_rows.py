"""Rows of columns as content: which are refused, and why, and what the others say."""

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
    json_objects,
    nulls,
    plain,
    stored,
)
from provenance.io.columns.value_sizes import blank, sizes_of
from provenance.io.contract.reader import Layout, too_long
from provenance.io.records.content_fields import no_content
from provenance.io.records.turns_text import unpack


class ContentRows:
    """Some rows, and the reasons why some of them are refused; the first reason stands."""

    def __init__(
        self, content: dict[str, pa.Array], fields: list[pa.Array], layout: Layout
    ) -> None:
        self._content = content
        self._limit = limit = layout.max_record
        self._layout = layout
        self._count = len(next(iter(content.values())))
        self.refused: dict[int, str] = {}
        read = [*content.values(), *fields]
        size = np.zeros(self._count, dtype=np.int64)
        for column in filter(lambda each: is_textual(each.type), read):
            size += sizes_of(column)
        self._refuse(size > limit, too_long(limit))
        for column in read:
            self._refuse(invalid_rows(column), "invalid UTF-8")

    def refuse_all(self, reason: str) -> None:
        """Refuse every row that is not refused yet."""
        self._refuse(np.ones(self._count, dtype=np.bool_), reason)

    def without_refused(self, column: pa.Array) -> pa.Array:
        """The values of the rows that are not refused; mostly the very same."""
        return column.take(self.kept) if self.refused else column

    @property
    def kept(self) -> pa.Array:
        """Places of the rows that are not refused."""
        mask = np.ones(self._count, dtype=np.bool_)
        mask[list(self.refused)] = False
        return pa.array(np.flatnonzero(mask), pa.int64())

    def texts(self, *, binary: bool) -> pa.Array:
        """The one content field as text, or as bytes."""
        ((name, column),) = self._content.items()
        elsewhere = ": its bytes are not in this file" if binary else ""
        self._refuse(nulls(column), f'field "{name}" is null{elsewhere}')
        self._refuse(sizes_of(column) == 0, f'field "{name}" is empty')
        kept = self.kept
        values = stored(self.without_refused(column))
        if binary:
            return values.cast(pa.binary())
        if is_bytes(values.type):
            values = values.cast(pa.binary()).view(pa.string())
            bad = invalid_rows(values)
            self.refused.update(dict.fromkeys(np.asarray(kept)[bad].tolist(), "invalid UTF-8"))
            values = values.filter(pa.array(~bad))
        return plain(values)

    def objects(self) -> pa.Array:
        """The content fields as JSON objects; what is nested in them is not looked into."""
        columns = self._content.values()
        if self._layout.content != ("*",):
            absent = np.logical_and.reduce([nulls(column) for column in columns])
            self._refuse(absent, no_content(self._layout, "null"))
            silent = np.logical_and.reduce([nulls(column) | blank(column) for column in columns])
            self._refuse(silent, no_content(self._layout, "empty"))
        if any(has_unsafe_number(plain(column.take(self.kept))) for column in columns):
            self._refuse_uncanonical()
        kept = self.kept
        lines = json_objects({name: col.take(kept) for name, col in self._content.items()})
        long = sizes_of(lines) > self._limit
        if long.any():
            places = np.asarray(kept)[long]
            self.refused.update(dict.fromkeys(places.tolist(), too_long(self._limit)))
            lines = lines.filter(pa.array(~long))
        return unpack(lines) if self._layout.turns else lines

    def _refuse_uncanonical(self) -> None:
        kept = self.kept
        rows = plain(struct_of({name: col.take(kept) for name, col in self._content.items()}))
        for place, value in zip(kept.to_pylist(), rows.to_pylist(), strict=True):
            try:
                canonical_json(value)
            except CanonicalError as error:
                self.refused[place] = str(error)

    def _refuse(self, mask: Mask, reason: str) -> None:
        for place in np.flatnonzero(mask).tolist():
            self.refused.setdefault(place, reason)


def struct_of(columns: dict[str, pa.Array]) -> pa.Array:
    parts = [plain(column) for column in columns.values()]
    return pa.StructArray.from_arrays(parts, names=list(columns))
