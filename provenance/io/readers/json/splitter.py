"""Cuts JSON text into its values while it is read, whatever their number; none of them is parsed.

Where a value ends is told by its brackets. So one that is broken inside ends where it would end
otherwise, and the next one is read, as long as its brackets fit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from provenance.content.identity import write_digest
from provenance.content.json_reader import DefectError, parse
from provenance.io.readers.json.brackets import COMMA, Scan
from provenance.io.readers.json.scalars import NEWLINE, QUOTE, Places
from provenance.io.streams.byte_feed import ByteFeed

CHUNK = 4 << 20
"""Bytes that are read at once."""

_SPACE = np.zeros(256, np.bool_)
_SPACE[list(b" \t\r\n")] = True
_WHITE = b" \t\r\n"
_NEAR = 4_096
_SHORT = 64
_LONGEST_KEY = 16 << 20
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
EARLY = "not JSON: ends too early"
"""Why a text that stops within a value is refused."""

_TRAILING = "not JSON: trailing comma"
_EMPTY = "not JSON: unexpected ','"
_CLOSED = "not JSON: unexpected '}'"
_NONE: Places = np.zeros(0, np.int64)


class Piece(NamedTuple):
    """A value as it stands in the text.

    Attributes:
        offset: its first byte in the decompressed file.
        raw: its bytes; ``None`` where they are too many and went by.
        digest: of bytes that went by.
        size: how many they are.
        defect: why there is no value, or none but an unfinished one.
        ended: whether nothing behind it can be told apart.
    """

    offset: int
    raw: bytes | None
    digest: str = ""
    size: int = 0
    defect: str = ""
    ended: bool = False


class Cutter:
    """Stands at a place of a text and hands out what comes next.

    Args:
        chunk: bytes that are read at once.

    Attributes:
        chunk: the same.
        broke: whether a line ended in the white space that was passed since the last value.
    """

    def __init__(self, feed: ByteFeed, chunk: int = CHUNK) -> None:
        self.feed = feed
        self.chunk = chunk
        self._scan = Scan()
        self._data = np.empty(0, np.uint8)
        self._marks, self._depths = _NONE, _NONE
        self._commas = np.zeros(0, np.bool_)
        self._at = self._next = self._depth = 0
        self._base = feed.offset
        self.broke = False

    @property
    def offset(self) -> int:
        """The place in the decompressed file."""
        return self._base + self._at

    def peek(self) -> int:
        """The next byte that is no white space, which is passed; -1 at the end of the text."""
        while True:
            near = self._data[self._at : self._at + _NEAR]
            solid = np.flatnonzero(~_SPACE[near])
            passed = int(solid[0]) if solid.size else near.size
            self.broke = self.broke or bool((near[:passed] == NEWLINE).any())
            self._at += passed
            if solid.size:
                return int(self._data[self._at])
            if self._at == self._data.size and not self._more():
                return -1

    def take(self) -> None:
        """Pass one byte."""
        if self._next < self._marks.size and self._marks[self._next] == self._at:
            self._depth = int(self._depths[self._next])
            self._next += 1
        self._at += 1

    def key(self) -> str:
        """A key and the colon behind it.

        Raises:
            DefectError: that is not what stands here.
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
        """Why it cannot go on here."""
        byte = self.peek()
        if byte == -1:
            return DefectError(EARLY, self.offset)
        shown = chr(byte) if byte < 128 else "\ufffd"
        return DefectError(f"not JSON: unexpected {shown!r}", self.offset)

    def value(self, limit: int) -> Piece:
        """What stands here up to the next comma or closing bracket around it; those stay."""
        self.peek()
        return self._until(limit, whole=False)

    def document(self, limit: int) -> Piece:
        """The value that begins here with a bracket, up to its last one."""
        self.peek()
        return self._until(limit, whole=True)

    def everything(self, limit: int) -> Piece:
        """All that is left, or of more than a limit its beginning."""
        while self._data.size - self._at < limit and self._more():
            pass
        offset = self.offset
        raw = self._data[self._at : self._at + limit].tobytes()
        self._at, self._next = self._data.size, self._marks.size
        self.broke = False
        return Piece(offset, raw.rstrip(_WHITE))

    def elements(self, limit: int) -> Iterator[list[Piece]]:
        """The elements of the list whose bracket was passed, as many at once as are at hand.

        It ends behind the closing bracket, or with a piece that says why there is none.
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
                    pieces.append(Piece(self.offset - 1, b"", defect=_CLOSED, ended=True))
            first = first and not pieces
            if pieces:
                yield pieces
            if self._depth < level or (pieces and pieces[-1].ended):
                return
            if not pieces and not self._more():
                self.peek()
                yield [self._cut_short(self.offset, None, 0)]
                return

    def _at_hand(self, level: int) -> list[Piece]:
        """The elements of a list that are held to their ends."""
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
            place = base + end - len(body)
            empty = "" if body else _EMPTY if self._data[end] == COMMA else _TRAILING
            pieces.append(Piece(place, body.rstrip(_WHITE), defect=empty))
        return pieces

    def rest(self, start: int) -> tuple[str, int]:
        """Digest and size of everything from a byte on that is still held, to the end."""
        sha = hashlib.sha256(self._data[max(0, start - self._base) :].data)
        size = self._data.size - max(0, start - self._base)
        buffer = np.empty(CHUNK, np.uint8)
        while got := self.feed.fill(buffer):
            sha.update(buffer[:got].data)
            size += got
        self._at = self._data.size
        return write_digest(sha.digest()), size

    def _until(self, limit: int, *, whole: bool) -> Piece:
        """From here to the end of a value; what is longer than a limit goes by without being held.

        Args:
            whole: whether it ends with its last bracket and not where what is around it goes on.
        """
        level, offset, looked = self._depth, self.offset, self._next
        self.broke = False
        sha = None
        size = 0
        while True:
            end, looked = self._stop(level, looked, whole=whole)
            held = (self._data.size if end is None else end) - self._at
            if sha is None and size + held > max(limit, self.chunk):
                sha = hashlib.sha256()
            if end is not None or sha is not None:
                stop = self._at + held
                piece = self._data[self._at : stop]
                if sha is not None:
                    sha.update(piece.data)
                    size += held
                raw = piece.tobytes() if sha is None else b""
                self._at, self._next = stop, looked
                if end is not None:
                    break
            left = self._next
            if not self._more():
                return self._cut_short(offset, sha, size)
            looked -= left
        if sha is not None:
            return Piece(offset, None, write_digest(sha.digest()), size)
        return Piece(offset, raw.rstrip(_WHITE))

    def _stop(self, level: int, looked: int, *, whole: bool) -> tuple[int | None, int]:
        """Where the value ends, if that is at hand, and the first mark that is not in it."""
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

    def _cut_short(self, offset: int, sha: hashlib._Hash | None, size: int) -> Piece:
        rest = self._data[self._at :]
        self._at = self._data.size
        if sha is None:
            return Piece(offset, rest.tobytes().rstrip(_WHITE), defect=EARLY, ended=True)
        sha.update(rest.data)
        size += rest.size
        return Piece(offset, None, write_digest(sha.digest()), size, defect=EARLY, ended=True)

    def _more(self) -> bool:
        """Read on; what was passed is let go. A long value is read in ever longer pieces."""
        held = self._data[self._at :]
        fresh = np.empty(max(self.chunk, held.size), np.uint8)
        got = self.feed.fill(fresh)
        if not got:
            return False
        fresh = fresh[:got]
        marks, depths = self._scan.feed(fresh)
        commas = fresh[marks] == COMMA
        self._marks = np.concatenate([self._marks[self._next :] - self._at, marks + held.size])
        self._depths = np.concatenate([self._depths[self._next :], depths])
        self._commas = np.concatenate([self._commas[self._next :], commas])
        self._data = np.concatenate([held, fresh]) if held.size else fresh
        self._base += self._at
        self._at = self._next = 0
        return True
