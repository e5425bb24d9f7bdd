"""Describe the data in a compressed file or an archive, unpacking no more than needed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from provenance.io.discovery.sniff import HEAD, DataContent, detect_data
from provenance.io.streams.compression import compression_at
from provenance.io.streams.zip_members import is_folder, unaccounted_bytes

MOST_MEMBERS = 1_000
MOST_BYTES = 64 << 20
"""Bytes of an archive that are searched; one that continues counts as data."""

MOST_DIRECTORY = 16 << 20
"""Most bytes of a zip directory; more is a million members, or a bomb."""

_SPREADSHEET = (b"opendocument.spreadsheet", b"opendocument.spreadsheet-template")
"""End of the member ``mimetype`` of an OpenDocument spreadsheet."""

_WINDOW = 256 << 20

Opener = Callable[[IO[bytes]], IO[bytes]]


def _zstd(file: IO[bytes]) -> IO[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    return cast("IO[bytes]", decoder.stream_reader(file, read_across_frames=True))


_OPENED: tuple[tuple[bytes, str, Opener], ...] = (
    (b"\x1f\x8b", "gzip", lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file))),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMAFile),
    (b"BZh", "bzip2", bz2.BZ2File),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    *((bytes([n]) + b"\x2a\x4d\x18", "zstd", _zstd) for n in range(0x50, 0x60)),
    (b"]\x00\x00", "lzma", lzma.LZMAFile),
)
_CLOSED: tuple[tuple[bytes, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\x04\x22\x4d\x18", "an lz4 stream"),
    (b"\x02\x21\x4c\x18", "an lz4 stream"),
    (b"\xff\x06\x00\x00sNaPpY", "a snappy stream"),
    (b"LZIP\x01", "an lzip stream"),
    (b"\x1f\x9d", "a compress stream"),
)
"""Archives and streams that are not unpacked and count as data."""

_PACKED = (b"PK\x03\x04", *(magic for magic, _ in _CLOSED))

_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, NotImplementedError, RuntimeError, zlib.error),
    *(lzma.LZMAError, zstandard.ZstdError, tarfile.TarError, zipfile.BadZipFile),
    *(zipfile.LargeZipFile, MemoryError, OverflowError),
)


def data_if_packed(path: Path, head: bytes) -> tuple[bool, DataContent | None]:
    """Tell whether a file is compressed or an archive, and describe the data in it.

    What cannot be unpacked counts as data.

    Args:
        head: its first ``HEAD`` bytes.
    """
    for magic, description in _CLOSED:
        if head.startswith(magic):
            return True, DataContent(description)
    try:
        with path.open("rb") as file:
            if head.startswith(b"PK\x03\x04"):
                many = _directory_of_zip(file) > MOST_DIRECTORY
                zipped = "a zip archive"
                found = (
                    DataContent(f"{zipped} of many members")
                    if many
                    else _among(zipped, _of_zip(path))
                )
                return True, found
            if _is_tar(head):
                return True, _among("a tar archive", _of_tar(_Careful(file), "r:"))
            for magic, codec, opener in _OPENED:
                if head.startswith(magic):
                    return True, _within(file, codec, opener, path.name)
    except _DAMAGE:
        return True, DataContent("an archive that is damaged or locked")
    return False, None


def _within(file: IO[bytes], codec: str, opener: Opener, name: str) -> DataContent | None:
    """Describe the data in a compressed stream; a tar archive in it is searched."""
    head, whole = _decoded(opener(file))
    if _is_tar(head):
        file.seek(0)
        return _among(f"a tar archive in {codec}", _of_tar(_Limited(opener(file)), "r|"))
    if compression_at(head) or head.startswith(_PACKED):
        return DataContent(f"a compressed stream or an archive in {codec}")
    inner = detect_data(head, name)
    if inner is None and not whole and not head:
        return DataContent(f"a {codec} stream that is damaged")
    return inner and DataContent(f"{inner.description} in {codec}", inner.medium)


def _decoded(stream: IO[bytes]) -> tuple[bytes, bool]:
    """Decode the first bytes; also return whether they were sound."""
    parts: list[bytes] = []
    left = HEAD
    try:
        while left > 0 and (part := stream.read(min(left, 4096))):
            parts.append(part)
            left -= len(part)
    except _DAMAGE:
        return b"".join(parts), False
    return b"".join(parts), True


def _among(archive: str, members: Iterator[tuple[str, bytes]]) -> DataContent | None:
    """Describe the first data among the members; media only where there is no other data."""
    medium: DataContent | None = None
    for seen, (name, data) in enumerate(members):
        if seen >= MOST_MEMBERS:
            return DataContent(f"{archive} of many members")
        found = data_in_member(data, name)
        if found and not found.medium:
            return DataContent(f"{archive} with {found.description}")
        medium = medium or found
    return medium and DataContent(f"{archive} with {medium.description}", medium=True)


def data_in_member(data: bytes, name: str) -> DataContent | None:
    """Describe the data in a member by its first bytes; an archive in it counts as data.

    An archive in it counts as data.
    """
    if _is_tar(data) or data.startswith(b"PK\x03\x04"):
        return DataContent("an archive")
    for magic, description in _CLOSED:
        if data.startswith(magic):
            return DataContent(description)
    for magic, codec, opener in _OPENED:
        if data.startswith(magic):
            try:
                return _within(io.BytesIO(data), codec, opener, name)
            except _DAMAGE:
                return DataContent(f"a {codec} stream")  # of which only the beginning is at hand
    return detect_data(data, name)


def _directory_of_zip(file: IO[bytes]) -> int:
    """Return the size of a zip directory, as its end record states (APPNOTE 4.3.16)."""
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        if unaccounted_bytes(archive, path.stat().st_size):
            raise ValueError("bytes of none of its members")
        for member in archive.infolist():
            if is_folder(member) or not member.file_size:
                continue
            with archive.open(member) as stream:
                data = stream.read(HEAD)
            # The sheets of a workbook are tables, though they are written as XML.
            sheet = "worksheets/" in member.filename or data.endswith(_SPREADSHEET)
            yield member.filename, b"a,b\n1,2\n" if sheet else data


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _of_tar(file: Any, mode: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for member in archive:
            if member.isreg() and member.size:
                yield member.name, archive.extractfile(member).read(HEAD)


class _Careful:
    """File that refuses large reads, which only a damaged header asks for."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read; a too large size is damage."""
        if size < 0 or size > MOST_BYTES:
            raise ValueError("a header that is longer than any")
        return self._file.read(size)


class _Limited:
    """Decoded stream that fails beyond the limit of the search."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MOST_BYTES

    def read(self, size: int) -> bytes:
        """Read from the stream."""
        if self._left <= 0:
            raise ValueError("it goes on for longer than it is looked through")
        part = self._stream.read(min(size, self._left))
        self._left -= len(part)
        return part
