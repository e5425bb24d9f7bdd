"""Fill buffers with the bytes of a file or slice, without its byte order mark."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from provenance.content.json_reader import BOM
from provenance.io.contract.reader import Slice
from provenance.io.streams.decompress import BUFFER

Bytes = npt.NDArray[np.uint8]

_PIECE = 1 << 20


class ByteFeed:
    """Source of bytes that fills buffers.

    Args:
        start: byte of the decompressed file to begin at.
    """

    def __init__(self, stream: BinaryIO, part: Slice | None = None, start: int = 0) -> None:
        self._stream = stream
        self._left = part.end - part.start if part else None
        self.offset = part.start if part else 0
        if part:
            stream.seek(part.start)
        if start:
            self._pass(start)
        self._head = b"" if self.offset else self._without_mark()

    def _pass(self, size: int) -> None:
        self.offset = size
        if self._stream.seekable():
            self._stream.seek(size)
            return
        piece = memoryview(bytearray(_PIECE))
        while size and (got := self._read(piece[: min(size, _PIECE)])):
            size -= got

    def _without_mark(self) -> bytes:
        head = bytearray(len(BOM))
        size = self._read(memoryview(head))
        if head == BOM:
            self.offset = size
            return b""
        return bytes(head[:size])

    def fill(self, target: Bytes) -> int:
        """Fill a buffer, or less of it at the end of the bytes."""
        view = target.data
        size = min(len(self._head), len(view))
        view[:size] = self._head[:size]
        self._head = self._head[size:]
        return size + self._read(view[size:])

    def _read(self, view: memoryview) -> int:
        filled = 0
        wanted = len(view) if self._left is None else min(len(view), self._left)
        while filled < wanted:
            target = view[filled : min(wanted, filled + BUFFER)]
            got = self._stream.readinto1(target)  # type: ignore[attr-defined]
            if not got:
                break
            filled += got
        if self._left is not None:
            self._left -= filled
        return filled
