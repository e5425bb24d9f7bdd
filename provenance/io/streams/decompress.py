"""Open files and decompress them, with errors that name the defect."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from provenance.errors import InputError, NotFoundError, StorageError
from provenance.io.streams.compression import (
    MAX_RATIO_AFTER,
    DamagedError,
    Decoded,
    codec,
)
from provenance.io.streams.sparse_files import is_sparse

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 1 << 20
"""Bytes of the read buffer."""

__all__ = ["BUFFER", "DamagedError", "drain", "open_decoded", "open_path"]


def drain(stream: BinaryIO) -> None:
    """Read a stream to its end, to find out whether it can be read.

    Raises:
        DamagedError: it cannot.
    """
    while stream.read(BUFFER):
        pass


def open_decoded(raw: io.RawIOBase, compression: str, uri: str) -> BinaryIO:
    """Wrap raw bytes in a decompressing, buffered stream; seekable only without compression.

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
    """Open a file; its read errors are ours.

    Raises:
        NotFoundError, StorageError: it cannot be opened.
    """
    try:
        file = _Plain(path)
        if is_sparse(file.fileno(), MAX_RATIO_AFTER):
            file.close()
            raise DamagedError(
                f"almost nothing of its size is stored, like a decompression bomb: {path}",
                hint="fetch or write the file again",
            )
        return file
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file: {path}", hint="check the path") from error
    except OSError as error:
        raise StorageError(
            f"cannot open {path}: {error.strerror}", hint="check the permissions of the file"
        ) from error


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
