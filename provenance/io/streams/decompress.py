"""Bytes of an input, decompressed, with every defect of the compression named."""

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
"""Bytes that are buffered."""

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
        if is_sparse(file.fileno(), MAX_RATIO_AFTER):
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
