"""Bytes of an input, decompressed, with every defect of the compression named."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import zstandard
from isal import isal_zlib

from provenance.errors import InputError, NotFoundError, StorageError
from provenance.readers.base import Input

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_RATIO = 200
"""Decoded bytes per compressed byte beyond which a stream is taken for a decompression bomb …"""

MAX_RATIO_AFTER = 1 << 30
"""… once this much came out of it: small files of one repeated line are honest."""

BUFFER = 1 << 20
"""Bytes that are buffered."""

_SECTOR = 512
"""Bytes in which the system counts what a file takes of its disk."""

_MAX_WINDOW = 1 << 31
"""Public dumps are written with ``zstd --long=31``."""


class DamagedError(InputError):
    """Compressed data that is truncated, corrupt, or a bomb."""

    code = "damaged"


@contextmanager
def open_bytes(source: Input) -> Iterator[BinaryIO]:
    """Open an input for reading its decompressed bytes; seekable only when not compressed.

    What was decoded before a defect is handed out first: ``read1`` gives all of it and then raises,
    ``read(n)`` may raise where the defect lies within the n bytes.

    Raises:
        NotFoundError, StorageError: the path cannot be opened or read.
        DamagedError: the compression is truncated, corrupt, or a bomb.
    """
    codec = _codec(source.compression) if source.compression else None
    raw = _open(source.path)
    if codec is not None:
        raw = _Decoded(raw, codec, source.uri)
    with io.BufferedReader(raw, BUFFER) as stream:
        yield cast("BinaryIO", stream)


def drain(stream: BinaryIO) -> None:
    """Read what is left of a stream, of which nothing is wanted but whether it can be read.

    Raises:
        DamagedError: it cannot.
    """
    while stream.read(BUFFER):
        pass


def _open(path: Path) -> io.RawIOBase:
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


class _Frame(Protocol):
    """The decoder of one gzip member or one zstd frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Codec:
    """A compression: how a frame is begun, what its errors are, and how much to feed at once."""

    name: str
    begin: Callable[[], _Frame]
    error: type[Exception]
    chunk: int
    padding: bytes


def _codec(name: str) -> _Codec:
    if name == "gz":
        # Deflate expands at most 1032:1, so a chunk decodes to no more than 66 MB.
        return _Codec(
            "gzip",
            lambda: cast("_Frame", isal_zlib.decompressobj(31)),
            cast("type[Exception]", isal_zlib.IsalError),  # its stub says an instance
            64 << 10,
            b"\0",
        )
    if name == "zst":
        # A zstd block of 4 bytes may hold 128 KiB: a chunk decodes to no more than 256 MiB.
        decoder = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
        return _Codec(
            "zstd",
            lambda: cast("_Frame", decoder.decompressobj()),
            zstandard.ZstdError,
            8 << 10,
            b"",
        )
    raise InputError(f"unknown compression: {name!r}", hint="gz and zst are read")


class _Decoded(io.RawIOBase):
    """Concatenated compressed frames as one stream of decoded bytes."""

    def __init__(self, raw: io.RawIOBase, codec: _Codec, uri: str) -> None:
        self._raw = raw
        self._codec = codec
        self._uri = uri
        self._frame: _Frame | None = None
        self._left = b""
        self._decoded = memoryview(b"")
        self._bytes_in = 0
        self._bytes_out = 0
        self._frames = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        while not self._decoded:
            chunk = self._left or self._raw.read(self._codec.chunk) or b""
            if not chunk:
                if self._frame is not None:
                    raise self._damage("is truncated")
                return 0
            self._decoded = memoryview(self._decode(chunk))
        size = min(len(view), len(self._decoded))
        view[:size] = self._decoded[:size]
        self._decoded = self._decoded[size:]
        return size

    def _decode(self, chunk: bytes) -> bytes:
        if not self._left:
            self._bytes_in += len(chunk)
        self._left = b""
        if self._frame is None:
            if self._frames:
                # Tapes and block devices pad the last gzip member with zeros.
                chunk = chunk.lstrip(self._codec.padding) if self._codec.padding else chunk
            if not chunk:
                return b""
            self._frame = self._codec.begin()
        try:
            data = self._frame.decompress(chunk)
        except self._codec.error as error:
            raise self._damage(f"is corrupt ({error})") from error
        if self._frame.eof:
            self._left = self._frame.unused_data
            self._frame = None
            self._frames += 1
        self._bytes_out += len(data)
        if self._bytes_out > MAX_RATIO_AFTER and self._bytes_out > MAX_RATIO * self._bytes_in:
            raise self._damage(f"expands more than {MAX_RATIO}:1, like a decompression bomb")
        return data

    def _damage(self, what: str) -> DamagedError:
        message = (
            f"{self._codec.name} data {what}, after {self._bytes_out} decoded bytes: {self._uri}"
        )
        return DamagedError(message, hint="fetch or write the file again")
