"""Base class of readers for which a library yields one record at a time."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import islice
from typing import Any, ClassVar

from provenance.content.json_reader import DefectError
from provenance.io.columns.to_text import text_or_base64
from provenance.io.contract.reader import MAX_RECORD, Batch, Input, Portion, ReadLayout, Shape
from provenance.io.readers.columnar.batches import end_of_file, failure_reason
from provenance.io.readers.json.json_records import NumberedRecords
from provenance.io.readers.json.shape import shape_of

PROBED = 100

RecordOrDefect = Mapping[str, Any] | DefectError
"""A row as JSON, or why it is none."""


class RecordReader(ABC):
    """Reader of files that a library reads record by record."""

    names: ClassVar[Sequence[str]]
    failures: ClassVar[tuple[type[Exception], ...]]
    """What the library raises on damaged files."""

    @abstractmethod
    def opened(
        self, source: Input, records: str | None, limit: int
    ) -> AbstractContextManager[Iterator[RecordOrDefect]]:
        """Open the records of a file.

        Args:
            records: what ``--records`` says.
            limit: longest value in bytes that has to be read.

        Raises:
            InputError: nothing of it can be read.
        """

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Read the shape of the first records."""
        found: list[dict[str, Any]] = []
        opened = self.opened(source, nested, MAX_RECORD)
        # Damage is reported when the file is read.
        with opened as records, suppress(*self.failures):
            found += (dict(row) for row in islice(records, PROBED) if isinstance(row, Mapping))
        return shape_of(found)

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the records in order; ``part`` is not for such formats."""
        if part is not None:
            raise ValueError("only uncompressed line-oriented files are read in slices")
        with self.opened(source, layout.records, layout.max_record) as records:
            gathered = NumberedRecords(layout, original=original)
            try:
                for record in records:
                    gathered.add(record if isinstance(record, DefectError) else dict(record))
                    if gathered.full:
                        yield gathered.batch()
            except self.failures as error:
                if not gathered.empty:
                    yield gathered.batch()
                yield end_of_file(layout, failure_reason(error), original=original)
            else:
                if not gathered.empty:
                    yield gathered.batch()


def json_value(value: Any) -> Any:
    """Convert a value to the types of JSON, as ``to_text`` writes them; not finite is null.

    >>> json_value({"at": dt.datetime(2020, 1, 1), "raw": b"a", "n": float("nan")})
    {'at': '2020-01-01T00:00:00', 'raw': 'a', 'n': None}
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return text_or_base64(bytes(value))
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)
