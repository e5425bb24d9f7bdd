"""Bytes of an input, decompressed, with every defect of the compression named."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from provenance.errors import InputError, NotFoundError, StorageError
from provenance.io.streams.compression import (
    MAX_RATIO,
    MAX_RATIO_AFTER,
    DamagedError,
    Decoded,
    codec,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 1 << 20
"""Bytes that are buffered."""

_SECTOR = 512
"""Bytes in which the system counts what a file takes of its disk."""

__all__ = ["BUFFER", "DamagedError", "decoded", "drain", "open_path"]


def drain(stream: BinaryIO) -> None:
    """Read what is left of a stream, of which nothing is wanted but whether it can be read.

    Raises:
        DamagedError: it cannot.
    """
    while stream.read(BUFFER):
        pass


def decoded(raw: io.RawIOBase, compression: str, uri: str) -> BinaryIO:
    """Raw bytes without their compression, buffered; it is seekable where there is none.

    Raises:
        InputError: there is no such compression.
    """
    if compression:
        try:
            raw = Decoded(raw, codec(compression), uri)
        except InputError:
            raw.close()
            raise
    return cast("BinaryIO", io.BufferedReader(raw, BUFFER))


def open_path(path: Path) -> io.RawIOBase:
    """A file whose read errors are ours.

    Raises:
        NotFoundError, StorageError: it cannot be opened.
    """
    try:
        file = _Plain(path)
        if _is_hollow(file.fileno()):
            file.close()
            raise DamagedError(
                f"almost all of it is a hole, like a decompression bomb: {path}",
                hint="fetch or write the file again",
            )
        return file
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file: {path}", hint="check the path") from error
    except OSError as error:
        raise StorageError(
            f"cannot open {path}: {error.strerror}", hint="check the permissions of the file"
        ) from error


def _is_hollow(descriptor: int) -> bool:
    """Whether a file takes far less of its disk than it says: to read it would take as long."""
    told = os.fstat(descriptor)
    taken = getattr(told, "st_blocks", told.st_size) * _SECTOR
    if told.st_size <= max(MAX_RATIO_AFTER, MAX_RATIO * taken):
        return False
    # Some disks do not say what a file takes, but of a hole they would say that, too.
    hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return hole < told.st_size


class _Plain(io.FileIO):
    """A file whose read errors are ours."""

    def readinto(self, target: WriteableBuffer, /) -> int:
        try:
            # None is for non-blocking files only, which a path does not open.
            return super().readinto(target) or 0
        except OSError as error:
            raise StorageError(
                f"cannot read {self.name}: {error.strerror}", hint="check the disk"
            ) from error
