"""Iterate over the members of a tar archive in order, without writing to disk."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from provenance.io.streams.compression import DamagedError

BLOCK = tarfile.BLOCKSIZE

_MOST_HEADER = 8 << 20
"""Most bytes of one header, with long names and extended attributes."""

_PIECE = 1 << 20

_KINDS = {
    tarfile.LNKTYPE: "a link",
    tarfile.SYMTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """A member that is not a folder.

    Attributes:
        position: offset of its bytes in the decoded archive.
        defect: why it cannot be read as a file: it is a link, a device, …; empty for a file.
    """

    name: str
    position: int
    size: int
    defect: str = ""


def is_tar(head: bytes, *, named: bool = False) -> bool:
    """Check whether a tar archive begins with these bytes, by the checksum of its first header.

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


class ForwardStream:
    """Forward-only stream that guards a tar parser against hostile headers.

    A header can claim any length, and an offset before its own.
    """

    def __init__(self, stream: BinaryIO, uri: str) -> None:
        self._stream = stream
        self._uri = uri
        self._position = 0
        self._ahead = b""
        self.last = b""
        """What was read last."""

    def tell(self) -> int:
        """Bytes before the next one."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes.

        Raises:
            DamagedError: more are asked for than a header has.
        """
        if not 0 <= size <= _MOST_HEADER:
            raise self.damage("has a header that is too long")
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        if len(data) < size:
            data += self._stream.read(size - len(data))
        self._position += len(data)
        self.last = data
        return data

    def read_all(self, size: int) -> bytes:
        """Read the bytes of a member, fewer at the end of the archive."""
        parts = []
        while size and (part := self.read(min(_PIECE, size))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def unread(self, data: bytes) -> None:
        """Push back bytes that were just read."""
        self._ahead = data + self._ahead
        self._position -= len(data)

    def seek(self, position: int) -> None:
        """Skip forward to a position.

        Raises:
            DamagedError: the position is before the current one.
        """
        if position < self._position:
            raise self.damage("has a header that points backwards")
        if self._stream.seekable() and not self._ahead:
            self._stream.seek(position - self._position, io.SEEK_CUR)
            self._position = position
            return
        while self._position < position and self.read(min(_PIECE, position - self._position)):
            pass

    def damage(self, problem: str) -> DamagedError:
        """Make an error that names the archive and the position."""
        message = f"the tar archive {problem}, at byte {self._position:,}: {self._uri}"
        return DamagedError(message, hint="fetch or write the archive again")


def entries(stream: ForwardStream) -> Iterator[ArchiveEntry]:
    """Iterate over the members in order, with the stream at the first byte of the current one.

    The caller may read the bytes of the current member and none behind them. Concatenated archives
    are read to the end of the last one.

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


def _at_header(stream: ForwardStream) -> bool:
    """Skip padding, and check whether another header follows."""
    while block := stream.read(BLOCK):
        if block.strip(b"\0"):
            if not is_tar(block, named=True):
                raise stream.damage("has bytes after its end that are no archive")
            stream.unread(block)
            return True
    return False


def _entry(info: tarfile.TarInfo) -> ArchiveEntry:
    defect = _KINDS.get(info.type, "")
    if info.issparse():
        defect = "a sparse file"
    elif not defect and not info.isreg():
        defect = "not a regular file"
    return ArchiveEntry(info.name, info.offset_data, info.size, defect)
