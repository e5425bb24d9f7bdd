"""The way through a file of JSON documents: what is kept, what is refused, and where it ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from provenance.content.identity import write_digest
from provenance.content.json_reader import EXTRA, DefectError, parse
from provenance.errors import InputError
from provenance.io.contract.reader import Batch, Input, Layout, too_long
from provenance.io.readers.json.brackets import fits
from provenance.io.readers.json.enclosing_members import Beside
from provenance.io.readers.json.fast_path import FAST_ATTEMPTS, FAST_FROM, FastPath, Lines
from provenance.io.readers.json.json_records import Numbered, is_record
from provenance.io.readers.json.nested import nested_records
from provenance.io.readers.json.object_tables import rows_of
from provenance.io.readers.json.streamed_records import Node, of_bytes, of_file, streamed_records
from provenance.io.readers.json.splitter import Cutter, Piece
from provenance.io.records.batch_builder import split

MAX_DOCUMENT = 256 << 20
"""Bytes of the largest object that is read whole: columns, or one record. Arrays have no limit."""

ARRAY, OBJECT = ord("["), ord("{")


class DocumentReading:
    """One way through the documents of a file.

    Args:
        cutter: stands at the beginning.
        held: bytes of a document that is held while records at a path in it are looked for.
    """

    def __init__(
        self, source: Input, layout: Layout, cutter: Cutter, held: int, *, original: bool
    ) -> None:
        self._source = source
        self._layout = layout
        self._cutter = cutter
        self._held = held
        self._gathered = Numbered(layout, original=original)
        self._ended = False
        self._attempts = FAST_ATTEMPTS
        self.fast: FastPath | None = None

    def batches(self) -> Iterator[Batch]:
        """All that is read."""
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
        """Whether what is left was refused."""
        return self._ended

    def _another(self) -> bool:
        """Whether another document begins here, on a line of its own."""
        return self._cutter.broke and self._cutter.peek() in {ARRAY, OBJECT}

    def _array(self) -> Iterator[Batch]:
        self._cutter.take()
        for pieces in self._cutter.elements(self._layout.max_record):
            if (batch := self._try(pieces)) is not None:
                if not self._gathered.empty:
                    yield self._gathered.batch()
                self._gathered.row += len(pieces)
                yield from split(batch)
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

    def _try(self, pieces: list[Piece]) -> Batch | None:
        """The batch of many elements that are alike, if the fast path may read them."""
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
        batch = self.fast.read(Lines(buffer, ends - lengths, ends), rows, original=False)
        self._attempts = FAST_ATTEMPTS if batch else self._attempts - 1
        return batch

    def _piece(self, piece: Piece, cutter: Cutter, beside: Beside | None = None) -> None:
        """Keep or refuse an element of an array."""
        gathered = self._gathered
        if piece.raw is None:
            reason = too_long(self._layout.max_record)
            gathered.refuse(piece.offset, reason, piece.digest, piece.size)
            self._ended = piece.ended
        elif piece.ended:
            self._unfinished(piece, cutter, beside)
        elif piece.defect:
            gathered.refuse(piece.offset, piece.defect, *_hashed(b""))
        else:
            try:
                gathered.add_raw(piece.raw, piece.offset, beside)
            except DefectError as defect:
                if fits(piece.raw):
                    gathered.refuse(piece.offset, str(defect), *_hashed(piece.raw))
                else:
                    place = piece.offset + (defect.place or 0)
                    self._refuse_rest(cutter, str(defect), place, piece.offset)

    def _unfinished(self, piece: Piece, cutter: Cutter, beside: Beside | None) -> None:
        """What a text ends with that should go on: the last element may be whole."""
        reason, start, place = piece.defect, piece.offset, None
        if piece.raw:
            try:
                value = parse(piece.raw)
            except DefectError as defect:
                reason, place = str(defect), defect.place
            else:
                if piece.raw[-1:] in b'}]"' and is_record(value, self._layout):
                    self._gathered.add_raw(piece.raw, piece.offset, beside)
                    start = piece.offset + len(piece.raw)
                place = len(piece.raw)
        at = piece.offset + (len(piece.raw or b"") if place is None else place)
        self._refuse_rest(cutter, reason, at, start)

    def _object(self) -> Iterator[Batch]:
        """A document that is no array."""
        if self._cutter.peek() != OBJECT:
            piece = self._cutter.everything(MAX_DOCUMENT)
        elif self._layout.records:
            yield from self._root(self._cutter.document(self._held))
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
            at = None if defect.place is None else piece.offset + defect.place
            if self._goes_on_otherwise() or piece.ended or not fits(piece.raw):
                self._refuse_rest(self._cutter, str(defect), at, piece.offset)
            else:
                self._gathered.refuse(at, str(defect), *_hashed(piece.raw))

    def _value(self, piece: Piece) -> Any:
        """The value of a document, if nothing follows that is none.

        Raises:
            DefectError: it is no JSON, or something does.
        """
        value = parse(piece.raw or b"")
        if self._goes_on_otherwise():
            raise DefectError(EXTRA, self._cutter.offset - piece.offset)
        return value

    def _goes_on_otherwise(self) -> bool:
        """Whether something follows that is not another document."""
        return self._cutter.peek() != -1 and not self._another()

    def _require_no_lines(self, piece: Piece) -> None:
        """Refuse lines of JSON, of which the first is a document."""
        first = not self._gathered.row and b"\n" not in (piece.raw or b"")
        if first and self._cutter.peek() == OBJECT and self._cutter.broke and not piece.ended:
            raise InputError(
                f"one document is followed by another: {self._source.uri}",
                hint="if each line is a record, read it with --format jsonl",
            )

    def _root(self, piece: Piece) -> Iterator[Batch]:
        """The records at a path in a value."""
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
                    for record, beside in nested_records(root, path, self._layout):
                        self._gathered.add(record, beside=beside)
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

    def _node(self, node: Node) -> None:
        if node.piece is None or node.cutter is None:
            self._gathered.add(node.value, beside=node.beside)
        else:
            self._piece(node.piece, node.cutter, node.beside)

    def _refuse_root(self, piece: Piece, defect: DefectError) -> None:
        """Refuse what should have led to records."""
        if piece.ended or (piece.raw is not None and not fits(piece.raw)):
            self._refuse_rest(self._cutter, str(defect), defect.place, piece.offset)
            return
        digest, size = (piece.digest, piece.size) if piece.raw is None else _hashed(piece.raw)
        self._gathered.refuse(defect.place, str(defect), digest, size)

    def _refuse_rest(
        self, cutter: Cutter, reason: str, place: int | None, start: int | None = None
    ) -> None:
        """Refuse all that is left of the file.

        Args:
            place: where it goes wrong.
            start: the first byte of what is refused, if that is another.
        """
        self._ended = True
        digest, size = cutter.rest((place or 0) if start is None else start)
        self._gathered.refuse(place, reason, digest, size)


def _hashed(raw: bytes) -> tuple[str, int]:
    return write_digest(hashlib.sha256(raw).digest()), len(raw)


def _too_large(source: Input) -> InputError:
    return InputError(
        f"a JSON object of more than {MAX_DOCUMENT >> 20} MiB: {source.uri}",
        hint="name the list that holds the records with `--records PATH`, or write JSON lines; "
        "lists are read piece by piece",
    )
