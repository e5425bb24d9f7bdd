"""Iterate over the records of a file of JSON documents, and refuse what is no record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from provenance.content.identity import write_digest
from provenance.content.json_reader import EXTRA, DefectError, parse
from provenance.errors import InputError
from provenance.io.contract.reader import Batch, Input, ReadLayout, too_long_reason
from provenance.io.readers.json.brackets import is_balanced
from provenance.io.readers.json.enclosing_members import Enclosing
from provenance.io.readers.json.fast_path import FAST_ATTEMPTS, FAST_FROM, BlockLines, FastPath
from provenance.io.readers.json.json_records import NumberedRecords, is_record
from provenance.io.readers.json.nested import nested_records
from provenance.io.readers.json.object_tables import rows_of
from provenance.io.readers.json.splitter import JsonPiece, JsonSplitter
from provenance.io.readers.json.streamed_records import (
    PathNode,
    of_bytes,
    of_file,
    streamed_records,
)
from provenance.io.records.batch_builder import split_batch

MAX_DOCUMENT = 256 << 20
"""Most bytes of an object that is read whole: columns, or one record. Arrays have no limit."""

ARRAY, OBJECT = ord("["), ord("{")


class DocumentReading:
    """One reading of the documents of a file.

    Args:
        cutter: at the beginning of the file.
        buffer_bytes: bytes of a document that is buffered while the records at a path are searched
            for.
    """

    def __init__(
        self,
        source: Input,
        layout: ReadLayout,
        cutter: JsonSplitter,
        buffer_bytes: int,
        *,
        original: bool,
    ) -> None:
        self._source = source
        self._layout = layout
        self._cutter = cutter
        self._buffer_bytes = buffer_bytes
        self._gathered = NumberedRecords(layout, original=original)
        self._ended = False
        self._attempts = FAST_ATTEMPTS
        self.fast: FastPath | None = None

    def batches(self) -> Iterator[Batch]:
        """Yield all batches."""
        if self._cutter.peek() == -1:
            self._refuse_rest(self._cutter, "empty document", None)
        while not self._ended and (first := self._cutter.peek()) != -1:
            if first == ARRAY:
                yield from self._array()
            else:
                yield from self._object()
            if not self._is_ended() and self._goes_on_otherwise():
                self._refuse_rest(self._cutter, EXTRA, self._cutter.offset)
        if not self._gathered.empty:
            yield self._gathered.batch()

    def _is_ended(self) -> bool:
        """Whether the rest of the file was refused."""
        return self._ended

    def _another(self) -> bool:
        """Check whether another document begins here, on a line of its own."""
        return self._cutter.broke and self._cutter.peek() in {ARRAY, OBJECT}

    def _array(self) -> Iterator[Batch]:
        self._cutter.take()
        for pieces in self._cutter.elements(self._layout.max_record):
            if (batch := self._try(pieces)) is not None:
                if not self._gathered.empty:
                    yield self._gathered.batch()
                self._gathered.row += len(pieces)
                yield from split_batch(batch)
                continue
            for piece in pieces:
                if self._layout.records and piece.raw and not piece.ended:
                    yield from self._root(piece)
                else:
                    self._piece(piece, self._cutter)
                if self._ended:
                    return
                if self._gathered.full:
                    yield self._gathered.batch()

    def _try(self, pieces: list[JsonPiece]) -> Batch | None:
        """Read many similar elements by the fast path, if it applies."""
        raws = [piece.raw or b"" for piece in pieces]
        size = sum(map(len, raws))
        if self.fast is None or not self._attempts or size < FAST_FROM:
            return None
        lengths = np.fromiter(map(len, raws), np.int64, len(raws))
        if not lengths.min() or lengths.max() > self._layout.max_record or pieces[-1].ended:
            return None
        ends = np.cumsum(lengths + 1) - 1
        buffer = np.frombuffer(b"\n".join(raws), np.uint8)
        rows = self._gathered.row + 1 + np.arange(len(raws))
        batch = self.fast.read(BlockLines(buffer, ends - lengths, ends), rows, original=False)
        self._attempts = FAST_ATTEMPTS if batch else self._attempts - 1
        return batch

    def _piece(
        self, piece: JsonPiece, cutter: JsonSplitter, enclosing: Enclosing | None = None
    ) -> None:
        """Keep or refuse an element of an array."""
        gathered = self._gathered
        if piece.raw is None:
            reason = too_long_reason(self._layout.max_record)
            gathered.refuse(piece.offset, reason, piece.digest, piece.size)
            self._ended = piece.ended
        elif piece.ended:
            self._unfinished(piece, cutter, enclosing)
        elif piece.defect:
            gathered.refuse(piece.offset, piece.defect, *_hashed(b""))
        else:
            try:
                gathered.add_raw(piece.raw, piece.offset, enclosing)
            except DefectError as defect:
                if is_balanced(piece.raw):
                    gathered.refuse(piece.offset, str(defect), *_hashed(piece.raw))
                else:
                    position = piece.offset + (defect.position or 0)
                    self._refuse_rest(cutter, str(defect), position, piece.offset)

    def _unfinished(
        self, piece: JsonPiece, cutter: JsonSplitter, enclosing: Enclosing | None
    ) -> None:
        """Handle the end of a truncated text, whose last element may be complete."""
        reason, start, position = piece.defect, piece.offset, None
        if piece.raw:
            try:
                value = parse(piece.raw)
            except DefectError as defect:
                reason, position = str(defect), defect.position
            else:
                if piece.raw[-1:] in b'}]"' and is_record(value, self._layout):
                    self._gathered.add_raw(piece.raw, piece.offset, enclosing)
                    start = piece.offset + len(piece.raw)
                position = len(piece.raw)
        at = piece.offset + (len(piece.raw or b"") if position is None else position)
        self._refuse_rest(cutter, reason, at, start)

    def _object(self) -> Iterator[Batch]:
        """Read a document that is no array."""
        if self._cutter.peek() != OBJECT:
            piece = self._cutter.everything(MAX_DOCUMENT)
        elif self._layout.records:
            yield from self._root(self._cutter.document(self._buffer_bytes))
            return
        else:
            piece = self._cutter.document(MAX_DOCUMENT)
        if piece.raw is None:
            raise _too_large(self._source)
        self._require_no_lines(piece)
        try:
            for row in rows_of(self._value(piece)):
                self._gathered.add(row)
                if self._gathered.full:
                    yield self._gathered.batch()
        except DefectError as defect:
            at = None if defect.position is None else piece.offset + defect.position
            if self._goes_on_otherwise() or piece.ended or not is_balanced(piece.raw):
                self._refuse_rest(self._cutter, str(defect), at, piece.offset)
            else:
                self._gathered.refuse(at, str(defect), *_hashed(piece.raw))

    def _value(self, piece: JsonPiece) -> Any:
        """Parse a document, if nothing but another document follows.

        Raises:
            DefectError: it is no JSON, or something does.
        """
        value = parse(piece.raw or b"")
        if self._goes_on_otherwise():
            raise DefectError(EXTRA, self._cutter.offset - piece.offset)
        return value

    def _goes_on_otherwise(self) -> bool:
        """Check whether something other than a document follows."""
        return self._cutter.peek() != -1 and not self._another()

    def _require_no_lines(self, piece: JsonPiece) -> None:
        """Refuse lines of JSON, the first of which is a document."""
        first = not self._gathered.row and b"\n" not in (piece.raw or b"")
        if first and self._cutter.peek() == OBJECT and self._cutter.broke and not piece.ended:
            raise InputError(
                f"one document is followed by another: {self._source.uri}",
                hint="if each line is a record, read it with --format jsonl",
            )

    def _root(self, piece: JsonPiece) -> Iterator[Batch]:
        """Read the records at a path in a value."""
        path = self._layout.records or ""
        opened = of_file(self._source)
        try:
            if piece.raw is not None and not piece.ended:
                opened = of_bytes(piece.raw, piece.offset)
                try:
                    root = parse(piece.raw)
                except DefectError:
                    if piece.raw[:1] != b"{":
                        raise
                else:
                    for record, enclosing in nested_records(root, path, self._layout):
                        self._gathered.add(record, enclosing=enclosing)
                        if self._gathered.full:
                            yield self._gathered.batch()
                    return
            for node in streamed_records(
                opened, piece.offset, path, self._layout, self._cutter.chunk
            ):
                self._node(node)
                if self._ended:
                    return
                if self._gathered.full:
                    yield self._gathered.batch()
        except DefectError as defect:
            self._refuse_root(piece, defect)

    def _node(self, node: PathNode) -> None:
        if node.piece is None or node.cutter is None:
            self._gathered.add(node.value, enclosing=node.enclosing)
        else:
            self._piece(node.piece, node.cutter, node.enclosing)

    def _refuse_root(self, piece: JsonPiece, defect: DefectError) -> None:
        """Refuse a value that should hold records."""
        if piece.ended or (piece.raw is not None and not is_balanced(piece.raw)):
            self._refuse_rest(self._cutter, str(defect), defect.position, piece.offset)
            return
        digest, size = (piece.digest, piece.size) if piece.raw is None else _hashed(piece.raw)
        self._gathered.refuse(defect.position, str(defect), digest, size)

    def _refuse_rest(
        self, cutter: JsonSplitter, reason: str, position: int | None, start: int | None = None
    ) -> None:
        """Refuse the rest of the file.

        Args:
            position: where it goes wrong.
            start: the first byte of what is refused, if that is another.
        """
        self._ended = True
        digest, size = cutter.rest((position or 0) if start is None else start)
        self._gathered.refuse(position, reason, digest, size)


def _hashed(raw: bytes) -> tuple[str, int]:
    return write_digest(hashlib.sha256(raw).digest()), len(raw)


def _too_large(source: Input) -> InputError:
    return InputError(
        f"a JSON object of more than {MAX_DOCUMENT >> 20} MiB: {source.uri}",
        hint="name the list that holds the records with `--records PATH`, or write JSON lines; "
        "lists are read piece by piece",
    )
