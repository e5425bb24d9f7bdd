"""The members of a tar archive in their order, without a byte of them on disk."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from provenance.io.streams.compression import DamagedError

BLOCK = tarfile.BLOCKSIZE

_MOST_HEADER = 8 << 20
"""Bytes of one header, long names and extended attributes included."""

_PIECE = 1 << 20

_KINDS = {
    tarfile.LNKTYPE: "a link",
    tarfile.SYMTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A member that is no folder.

    Attributes:
        place: where its bytes begin in the decoded archive.
        defect: why it cannot be read as a file: it is a link, a device, …; empty for a file.
    """

    name: str
    place: int
    size: int
    defect: str = ""


def is_tar(head: bytes, *, named: bool = False) -> bool:
    """Whether a tar archive begins with these bytes, by the checksum of its first header.

    Args:
        named: whether it is called so; then the oldest form, which has no magic, counts as well,
            and an archive of nothing.
    """
    first = head[:BLOCK]
    if named and first and not first.strip(b"\0"):
        return True
    if len(first) < BLOCK or not (named or first[257:262] == b"ustar"):
        return False
    try:
        tarfile.TarInfo.frombuf(first, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class Forward:
    """A stream that goes forward only: what a reader of tar needs, and nothing that hurts.

    A header can claim any length, and a place before its own.
    """

    def __init__(self, stream: BinaryIO, uri: str) -> None:
        self._stream = stream
        self._uri = uri
        self._place = 0
        self._ahead = b""
        self.last = b""
        """What was read last."""

    def tell(self) -> int:
        """Bytes before the next one that is read."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes, fewer at the end.

        Raises:
            DamagedError: more are asked for than a header has.
        """
        if not 0 <= size <= _MOST_HEADER:
            raise self.damage("has a header that is longer than any")
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        if len(data) < size:
            data += self._stream.read(size - len(data))
        self._place += len(data)
        self.last = data
        return data

    def read_all(self, size: int) -> bytes:
        """The bytes of a member, as many as there are of them."""
        parts = []
        while size and (part := self.read(min(_PIECE, size))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def unread(self, data: bytes) -> None:
        """Have bytes read once more that were read just now."""
        self._ahead = data + self._ahead
        self._place -= len(data)

    def seek(self, place: int) -> None:
        """Go forward to a place.

        Raises:
            DamagedError: it lies before this one.
        """
        if place < self._place:
            raise self.damage("has a header that leads back")
        if self._stream.seekable() and not self._ahead:
            self._stream.seek(place - self._place, io.SEEK_CUR)
            self._place = place
            return
        while self._place < place and self.read(min(_PIECE, place - self._place)):
            pass

    def damage(self, what: str) -> DamagedError:
        """An error that names the archive and the place."""
        message = f"the tar archive {what}, at byte {self._place:,}: {self._uri}"
        return DamagedError(message, hint="fetch or write the archive again")


def entries(stream: Forward) -> Iterator[Entry]:
    """The members in order; while one is looked at, the stream stands where its bytes begin.

    Who looks at one may read its bytes, and none behind them. Archives that were joined are read to
    the end of the last one.

    Raises:
        DamagedError: a header is broken or the archive is cut off, or what packs it is damaged.
    """
    while _at_header(stream):
        try:
            # A reader of tar asks of a stream what there is of it here.
            with tarfile.TarFile(fileobj=cast("IO[bytes]", stream)) as archive:
                while (info := archive.next()) is not None:
                    cast("Any", archive).members.clear()  # it would hold all of them
                    if not info.isdir():
                        yield _entry(info)
        except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
            raise stream.damage(f"is damaged ({error})") from error
        if stream.last.strip(b"\0"):
            raise stream.damage("is damaged (no header where one should be)")


def _at_header(stream: Forward) -> bool:
    """Whether another header comes, behind whatever padding; the stream is brought before it."""
    while block := stream.read(BLOCK):
        if block.strip(b"\0"):
            if not is_tar(block, named=True):
                raise stream.damage("has bytes behind its end that are no archive")
            stream.unread(block)
            return True
    return False


def _entry(info: tarfile.TarInfo) -> Entry:
    defect = _KINDS.get(info.type, "")
    if info.issparse():
        defect = "a sparse file"
    elif not defect and not info.isreg():
        defect = "not a regular file"
    return Entry(info.name, info.offset_data, info.size, defect)
