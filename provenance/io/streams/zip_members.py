"""Iterate over the members of a zip archive by its directory, and check their bytes on reading."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from provenance.errors import InputError
from provenance.io.streams.compression import MAX_RATIO, MAX_RATIO_AFTER, DamagedError
from provenance.io.streams.tar_members import ArchiveEntry

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MOST_DIRECTORY = 256 << 20
"""Most bytes of a directory, which is held in memory."""

# The end of the directory (APPNOTE 4.3.16), its successor for large ones (4.3.14), and its locator.
_END, _END_SIZE, _COMMENT = b"PK\x05\x06", 22, 0xFFFF
_END_64, _LOCATOR_64 = b"PK\x06\x06", b"PK\x06\x07"

_FIELD = 4096
"""Most bytes between two members that are taken for fields of a header."""

_ENCRYPTED = 0x1
_LOCAL_HEADER = 30
_LINK = 0o120000

_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)

_FAILURES = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError),
    *(NotImplementedError, ValueError, OverflowError, struct.error),
)


def entries(path: Path, uri: str) -> Iterator[ArchiveEntry]:
    """List the members in their order in the file; ``position`` is their index in the directory.

    Raises:
        InputError: the directory is too large to be read.
        DamagedError: there is none, or its members overlap.
    """
    archive = _archive_at(path, uri)
    if between := unaccounted_bytes(archive, path.stat().st_size):
        raise DamagedError(
            f"{between:,} bytes of the zip archive belong to none of its members: {uri}",
            hint="it may be several archives in one file: take them apart, or write it again",
        )
    infos = archive.infolist()
    order = sorted(range(len(infos)), key=lambda position: infos[position].header_offset)
    for here, after in pairwise(order):
        end = infos[here].header_offset + _LOCAL_HEADER + infos[here].compress_size
        if end > infos[after].header_offset:
            raise DamagedError(
                f"members of the zip archive overlap, as in a decompression bomb: {uri}",
                hint="fetch or write the archive again",
            )
    for position in order:
        info = infos[position]
        if not is_folder(info):
            yield ArchiveEntry(info.filename, position, info.file_size, _defect(info))


def is_folder(info: zipfile.ZipInfo) -> bool:
    """Check whether a member is a folder; the library fails on an empty name."""
    return bool(info.filename) and info.is_dir()


def unaccounted_bytes(archive: zipfile.ZipFile, size: int) -> int:
    """Count the bytes outside of the members and the directory, beyond a small tolerance.

    Such bytes before the first member, between two or behind the directory are a sign of
    concatenated archives. Between members there may be fields of a header whose length is stated
    nowhere else.

    Args:
        size: of the file.
    """
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    end, most = 0, 0
    found = 0
    for info in infos:
        gap = info.header_offset - end
        found += gap if gap > most else 0
        end = info.header_offset + _LOCAL_HEADER + len(info.orig_filename) + info.compress_size
        most = _FIELD
    # The library reads the archive by its last directory.
    gap = archive.start_dir - end
    found += gap if gap > most else 0
    tail = _END_SIZE + len(archive.comment)
    file = archive.fp
    if file is not None:
        file.seek(max(0, size - tail))
        found += 0 if file.read(4) == _END else tail
    return found


def open_member(path: Path, uri: str, position: int) -> io.RawIOBase:
    """Open a member; reading raises ``DamagedError`` where its bytes are not sound."""
    archive = _archive_at(path, uri)
    try:
        return _Checked(archive.open(archive.infolist()[position]), uri)
    except _FAILURES as error:
        raise _damaged(uri, error) from error


def _defect(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if (info.external_attr >> 16) & 0o170000 == _LINK and info.create_system == 3:
        return "a link"
    if info.compress_type not in _METHODS:
        return f"compressed by method {info.compress_type}, which is not read"
    if info.file_size > max(MAX_RATIO_AFTER, MAX_RATIO * info.compress_size):
        return f"expands more than {MAX_RATIO}:1, like a decompression bomb"
    return ""


def _archive_at(path: Path, uri: str) -> zipfile.ZipFile:
    try:
        state = path.stat()
        return _archive(path, state.st_size, state.st_mtime_ns)
    except _FAILURES as error:
        raise _damaged(uri, error) from error


@lru_cache(maxsize=2)
def _archive(path: Path, size: int, _mtime_ns: int) -> zipfile.ZipFile:
    """Open an archive and its directory, cached while its members are read in turn."""
    with path.open("rb") as file:
        directory = _directory_bytes(file, size)
    if directory > _MOST_DIRECTORY:
        raise InputError(
            f"the directory of the zip archive has {directory:,} bytes, read are up to "
            f"{_MOST_DIRECTORY:,}: {path}",
            hint="unpack it",
        )
    return zipfile.ZipFile(path)


def _directory_bytes(file: BinaryIO, size: int) -> int:
    """Read the stated size of the directory, which the library reads whole."""
    file.seek(max(0, size - _END_SIZE - _COMMENT - 20))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        return 0
    found = int.from_bytes(tail[at + 12 : at + 16], "little")
    if tail[max(0, at - 20) : at].startswith(_LOCATOR_64):
        position = int.from_bytes(tail[at - 12 : at - 4], "little")
        file.seek(min(position, size))
        end = file.read(56)
        if end.startswith(_END_64):
            found = int.from_bytes(end[40:48], "little")
    return min(found, size)


def _damaged(uri: str, error: Exception) -> DamagedError:
    return DamagedError(
        f"the zip archive is damaged ({error}): {uri}", hint="fetch or write the archive again"
    )


class _Checked(io.RawIOBase):
    """A member whose errors are ours; the library compares its checksum at the end."""

    def __init__(self, stream: IO[bytes], uri: str) -> None:
        self._member = stream
        self._uri = uri

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._member.close()
        super().close()

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        try:
            data = self._member.read(len(view))
        except _FAILURES as error:
            raise _damaged(self._uri, error) from error
        view[: len(data)] = data
        return len(data)
