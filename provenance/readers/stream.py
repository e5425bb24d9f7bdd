"""Bytes of an input, decompressed, with every defect of the compression named."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from provenance.errors import InputError, NotFoundError, StorageError
from provenance.readers.base import Input
from provenance.readers.compression import (
    MAX_RATIO,
    MAX_RATIO_AFTER,
    DamagedError,
    Decoded,
    codec,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 1 << 20
"""Bytes that are buffered; who asks ``readinto1`` for more may lose them to a later defect."""

__all__ = [
    "BUFFER",
    "MAX_RATIO",
    "MAX_RATIO_AFTER",
    "DamagedError",
    "decoded",
    "open_bytes",
    "open_path",
    "open_raw",
]


@contextmanager
def open_bytes(source: Input) -> Iterator[BinaryIO]:
    """Open an input for reading its decompressed bytes; seekable only when not compressed.

    What was decoded before a defect is handed out first: ``read1`` gives all of it and then raises,
    ``read(n)`` may raise where the defect lies within the n bytes.

    Raises:
        NotFoundError, StorageError: the path cannot be opened or read.
        DamagedError: the compression is truncated, corrupt, or a bomb.
    """
    with decoded(open_raw(source), source.compression, source.uri) as stream:
        yield stream


def open_raw(source: Input) -> io.RawIOBase:
    """An input as it lies on disk, or in its archive.

    Raises:
        NotFoundError, StorageError: the path cannot be opened.
        DamagedError: the archive is not sound.
    """
    if source.member is None or source.member.fetched:
        return open_path(source.path)
    from provenance.readers.members import open_member

    return open_member(source.member, source.uri)


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
        return _Plain(path)
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
