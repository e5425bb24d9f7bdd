"""Read JSON documents: arrays, tables, nested lists and trees; a file may have several."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any

from provenance.content.json_reader import DefectError, parse
from provenance.io.contract.reader import Batch, Input, Portion, ReadLayout, Shape
from provenance.io.readers.json.document_records import ARRAY, MAX_DOCUMENT, OBJECT, DocumentReading
from provenance.io.readers.json.fast_path import FastPath
from provenance.io.readers.json.json_content import require_readable
from provenance.io.readers.json.nested import nested_records, nested_sample
from provenance.io.readers.json.object_tables import sample_of
from provenance.io.readers.json.shape import shape_of
from provenance.io.readers.json.splitter import CHUNK, JsonSplitter
from provenance.io.readers.json.streamed_records import of_bytes, of_file, streamed_records
from provenance.io.streams.byte_feed import ByteFeed
from provenance.io.streams.open_input import open_bytes

__all__ = ["MAX_DOCUMENT", "JsonDocument", "nested_records"]

BUFFER_BYTES = 16 << 20
"""Bytes of a document that is buffered while the records at a path are searched for."""

_PROBE_RECORDS = 100


class JsonDocument:
    """Reader of files that are a JSON document, or several on lines of their own.

    An array holds records, and so does an object of equally long arrays, which are columns; any
    other object is one record. An element of an array that is no record is one reject. Where the
    brackets do not match, nothing after them can be separated: the rest of the file is one reject.

    Args:
        chunk: bytes that are read at once.
        buffer_bytes: bytes of a document that is buffered while the records at a path are searched
            for. Both affect speed and memory only.
    """

    names: Sequence[str] = ("json",)

    def __init__(self, chunk: int = CHUNK, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._chunk = chunk
        self._buffer_bytes = buffer_bytes

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Read the shape of the first hundred records, or of the records at a path."""
        layout = ReadLayout("structured", ("*",), records=nested)
        found: list[Any] = []
        with open_bytes(source) as stream:
            cutter = JsonSplitter(ByteFeed(stream), self._chunk)
            first = cutter.peek()
            if nested and first != -1:
                found = list(islice(self._nested(source, cutter, nested), _PROBE_RECORDS))
            elif first == ARRAY:
                found = list(islice(_first_elements(cutter, layout.max_record), _PROBE_RECORDS))
            elif first != -1:
                found = list(islice(_object_sample(cutter), _PROBE_RECORDS))
        return shape_of(found)

    def _nested(self, source: Input, cutter: JsonSplitter, path: str) -> Iterator[Any]:
        """Yield the values at a path that are valid JSON."""
        layout = ReadLayout("structured", ("*",), records=path)
        if cutter.peek() == ARRAY:
            roots = islice(_first_elements(cutter, layout.max_record), _PROBE_RECORDS)
            yield from (value for root in roots for value in nested_sample([root], path))
            return
        piece = cutter.document(self._buffer_bytes)
        opened = of_file(source)
        if piece.raw is not None and not piece.ended:
            opened = of_bytes(piece.raw, piece.offset)
            with contextlib.suppress(DefectError):
                yield from nested_sample([parse(piece.raw)], path)
                return
        with contextlib.suppress(DefectError):
            for node in streamed_records(opened, piece.offset, path, layout, self._chunk):
                if node.piece is None:
                    yield node.value
                elif node.piece.raw:
                    with contextlib.suppress(DefectError):
                        yield parse(node.piece.raw)

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the batches of a document; rows count its records.

        Raises:
            InputError: lines of JSON, too large an object, or a damaged compression.
        """
        require_readable(layout)
        if part is not None:
            raise ValueError("a document cannot be cut")
        with ExitStack() as stack:
            cutter = JsonSplitter(ByteFeed(stack.enter_context(open_bytes(source))), self._chunk)
            reading = DocumentReading(source, layout, cutter, self._buffer_bytes, original=original)
            if layout.kind == "text" and not layout.records and not original:
                reading.fast = stack.enter_context(FastPath(layout))
            yield from reading.batches()


def _first_elements(cutter: JsonSplitter, limit: int) -> Iterator[Any]:
    """Yield the valid elements of an array; none where the first is too long."""
    cutter.take()
    for pieces in cutter.elements(limit):
        for piece in pieces:
            if piece.raw and not piece.ended:
                with contextlib.suppress(DefectError):
                    yield parse(piece.raw)


def _object_sample(cutter: JsonSplitter) -> Iterator[Any]:
    """Yield the rows of an object."""
    with contextlib.suppress(DefectError):
        whole = cutter.peek() == OBJECT
        piece = cutter.document(MAX_DOCUMENT) if whole else cutter.everything(MAX_DOCUMENT)
        if piece.raw:
            yield from sample_of(parse(piece.raw))
