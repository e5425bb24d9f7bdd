"""Split JSON text into its values while reading, in bounded memory, without parsing them.

Values end where their brackets do. So a value that is broken inside ends where it should, and the
next one can be read, as long as its brackets match.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from provenance.content.identity import write_digest
from provenance.content.json_reader import DefectError, parse
from provenance.io.readers.json.brackets import COMMA, BracketScan
from provenance.io.readers.json.scalars import NEWLINE, QUOTE, Places
from provenance.io.streams.byte_feed import ByteFeed

CHUNK = 4 << 20
"""Bytes that are read at once."""

_SPACE = np.zeros(256, np.bool_)
_SPACE[list(b" \t\r\n")] = True
_WHITE = b" \t\r\n"
_PEEK_BYTES = 4_096
_SHORT = 64
_LONGEST_KEY = 16 << 20
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
EARLY = "not JSON: ends too early"
"""Reject reason of a text that ends within a value."""

_TRAILING = "not JSON: trailing comma"
_EMPTY = "not JSON: unexpected ','"
_CLOSED = "not JSON: unexpected '}'"
_NONE: Places = np.zeros(0, np.int64)


class JsonPiece(NamedTuple):
    """The text of a value.

    Attributes:
        offset: its first byte in the decompressed file.
        raw: its bytes; ``None`` where they are too many and went by.
        digest: of bytes that went by.
        size: how many they are.
        defect: why there is no value, or none but an unfinished one.
        ended: whether the values after it cannot be separated.
    """

    offset: int
    raw: bytes | None
    digest: str = ""
    size: int = 0
    defect: str = ""
    ended: bool = False


class JsonSplitter:
    """Position in a text, from which the next values are read.

    Args:
        chunk: bytes that are read at once.

    Attributes:
        chunk: the same.
        broke: whether a line ended in the white space that was passed since the last value.
    """

    def __init__(self, feed: ByteFeed, chunk: int = CHUNK) -> None:
        self.feed = feed
        self.chunk = chunk
        self._scan = BracketScan()
        self._data = np.empty(0, np.uint8)
        self._marks, self._depths = _NONE, _NONE
        self._commas = np.zeros(0, np.bool_)
        self._at = self._next = self._depth = 0
        self._base = feed.offset
        self.broke = False

    @property
    def offset(self) -> int:
        """Offset in the decompressed file."""
        return self._base + self._at

    def peek(self) -> int:
        """Skip white space, and return the next byte; -1 at the end of the text."""
        while True:
            window = self._data[self._at : self._at + _PEEK_BYTES]
            solid = np.flatnonzero(~_SPACE[window])
            passed = int(solid[0]) if solid.size else window.size
            self.broke = self.broke or bool((window[:passed] == NEWLINE).any())
            self._at += passed
            if solid.size:
                return int(self._data[self._at])
            if self._at == self._data.size and not self._more():
                return -1

    def take(self) -> None:
        """Skip one byte."""
        if self._next < self._marks.size and self._marks[self._next] == self._at:
            self._depth = int(self._depths[self._next])
            self._next += 1
        self._at += 1

    def key(self) -> str:
        """Read a key and the colon after it.

        Raises:
            DefectError: there is no key here.
        """
        if self.peek() != QUOTE:
            raise self.unexpected()
        window = _SHORT
        while (found := _STRING.match(self._data[self._at : self._at + window].tobytes())) is None:
            if window >= self._data.size - self._at and not self._more():
                raise DefectError(EARLY, self.offset)
            window *= 8
            if window > _LONGEST_KEY:
                raise DefectError("a key is too long", self.offset)
        name = parse(found[0])
        self._at += found.end()
        if self.peek() != ord(":"):
            raise self.unexpected()
        self.take()
        return str(name)

    def unexpected(self) -> DefectError:
        """Make the error of an unexpected byte."""
        byte = self.peek()
        if byte == -1:
            return DefectError(EARLY, self.offset)
        shown = chr(byte) if byte < 128 else "\ufffd"
        return DefectError(f"not JSON: unexpected {shown!r}", self.offset)

    def value(self, limit: int) -> JsonPiece:
        """Read up to the next comma or enclosing bracket, exclusive."""
        self.peek()
        return self._until(limit, whole=False)

    def document(self, limit: int) -> JsonPiece:
        """Read a bracketed value, up to its closing bracket."""
        self.peek()
        return self._until(limit, whole=True)

    def everything(self, limit: int) -> JsonPiece:
        """Read all that is left, or its first ``limit`` bytes."""
        while self._data.size - self._at < limit and self._more():
            pass
        offset = self.offset
        raw = self._data[self._at : self._at + limit].tobytes()
        self._at, self._next = self._data.size, self._marks.size
        self.broke = False
        return JsonPiece(offset, raw.rstrip(_WHITE))

    def elements(self, limit: int) -> Iterator[list[JsonPiece]]:
        """Yield the elements of the list whose opening bracket was read.

        As many are yielded at once as are in the buffer. It ends after the closing bracket, or with
        a piece whose defect says why there is none.
        """
        level = self._depth
        first = True
        while True:
            pieces = self._at_hand(level)
            if pieces and first and self._depth < level and not pieces[0].raw and len(pieces) == 1:
                pieces = []  # of an empty list
            elif not pieces and self._data.size - self._at > max(limit, self.chunk):
                self.peek()
                pieces = [self._until(limit, whole=False)]
                if not pieces[0].ended:
                    self.take()
            if self._depth < level:
                self.broke = False
                if self._data[self._at - 1] != ord("]"):
                    pieces.append(JsonPiece(self.offset - 1, b"", defect=_CLOSED, ended=True))
            first = first and not pieces
            if pieces:
                yield pieces
            if self._depth < level or (pieces and pieces[-1].ended):
                return
            if not pieces and not self._more():
                self.peek()
                yield [self._cut_short(self.offset, None, 0)]
                return

    def _at_hand(self, level: int) -> list[JsonPiece]:
        """Return the elements of a list that are completely in the buffer."""
        depths = self._depths[self._next :]
        below = depths < level
        stops = np.flatnonzero(below | (self._commas[self._next :] & (depths == level)))
        closing = np.flatnonzero(below[stops])
        if closing.size:
            stops = stops[: closing[0] + 1]
        if not stops.size:
            return []
        ends = self._marks[self._next + stops]
        starts = [self._at, *(ends[:-1] + 1).tolist()]
        self._at = int(ends[-1]) + 1
        self._next += int(stops[-1]) + 1
        self._depth = int(self._depths[self._next - 1])
        view, base = self._data.data, self._base
        pieces = []
        for start, end in zip(starts, ends.tolist(), strict=True):
            text = bytes(view[start:end])
            body = text.lstrip(_WHITE)
            position = base + end - len(body)
            empty = "" if body else _EMPTY if self._data[end] == COMMA else _TRAILING
            pieces.append(JsonPiece(position, body.rstrip(_WHITE), defect=empty))
        return pieces

    def rest(self, start: int) -> tuple[str, int]:
        """Hash everything from an offset in the buffer to the end; return digest and size."""
        sha = hashlib.sha256(self._data[max(0, start - self._base) :].data)
        size = self._data.size - max(0, start - self._base)
        buffer = np.empty(CHUNK, np.uint8)
        while got := self.feed.fill(buffer):
            sha.update(buffer[:got].data)
            size += got
        self._at = self._data.size
        return write_digest(sha.digest()), size

    def _until(self, limit: int, *, whole: bool) -> JsonPiece:
        """Read to the end of a value; hash one beyond the limit without keeping it.

        Args:
            whole: whether it ends with its last bracket and not where what is around it goes on.
        """
        level, offset, looked = self._depth, self.offset, self._next
        self.broke = False
        sha = None
        size = 0
        while True:
            end, looked = self._stop(level, looked, whole=whole)
            available = (self._data.size if end is None else end) - self._at
            if sha is None and size + available > max(limit, self.chunk):
                sha = hashlib.sha256()
            if end is not None or sha is not None:
                stop = self._at + available
                piece = self._data[self._at : stop]
                if sha is not None:
                    sha.update(piece.data)
                    size += available
                raw = piece.tobytes() if sha is None else b""
                self._at, self._next = stop, looked
                if end is not None:
                    break
            left = self._next
            if not self._more():
                return self._cut_short(offset, sha, size)
            looked -= left
        if sha is not None:
            return JsonPiece(offset, None, write_digest(sha.digest()), size)
        return JsonPiece(offset, raw.rstrip(_WHITE))

    def _stop(self, level: int, looked: int, *, whole: bool) -> tuple[int | None, int]:
        """Find the end of the value in the buffer, and the first mark after it."""
        step = 64
        while looked < self._marks.size:
            depths = self._depths[looked : looked + step]
            if whole:
                found = depths <= level
            else:
                found = (depths < level) | (
                    (depths == level) & self._commas[looked : looked + step]
                )
            places = np.flatnonzero(found)
            if places.size:
                mark = looked + int(places[0])
                if whole:
                    self._depth = level
                    return int(self._marks[mark]) + 1, mark + 1
                return int(self._marks[mark]), mark
            looked += depths.size
            step *= 8
        return None, looked

    def _cut_short(self, offset: int, sha: hashlib._Hash | None, size: int) -> JsonPiece:
        rest = self._data[self._at :]
        self._at = self._data.size
        if sha is None:
            return JsonPiece(offset, rest.tobytes().rstrip(_WHITE), defect=EARLY, ended=True)
        sha.update(rest.data)
        size += rest.size
        return JsonPiece(offset, None, write_digest(sha.digest()), size, defect=EARLY, ended=True)

    def _more(self) -> bool:
        """Read more into the buffer, and drop what was read; a long value in ever larger chunks."""
        kept = self._data[self._at :]
        fresh = np.empty(max(self.chunk, kept.size), np.uint8)
        got = self.feed.fill(fresh)
        if not got:
            return False
        fresh = fresh[:got]
        marks, depths = self._scan.feed(fresh)
        commas = fresh[marks] == COMMA
        self._marks = np.concatenate([self._marks[self._next :] - self._at, marks + kept.size])
        self._depths = np.concatenate([self._depths[self._next :], depths])
        self._commas = np.concatenate([self._commas[self._next :], commas])
        self._data = np.concatenate([kept, fresh]) if kept.size else fresh
        self._base += self._at
        self._at = self._next = 0
        return True
