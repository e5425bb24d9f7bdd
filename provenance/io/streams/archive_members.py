"""Read one member of an archive in place, or extract it to a temporary file."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from provenance.errors import InputError, ProvError
from provenance.io.contract.formats import STREAMED
from provenance.io.contract.reader import Input, Member
from provenance.io.streams import zip_members
from provenance.io.streams.decompress import DamagedError, open_decoded, open_path

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_FETCHED = 16 << 30
"""Most bytes of a member that is extracted to the temporary folder."""

_PIECE = 1 << 20
_NAME = 80


def open_member(member: Member, uri: str) -> io.RawIOBase:
    """Open a member in place; in an uncompressed tar it is seekable.

    Raises:
        NotFoundError, StorageError: the archive cannot be opened.
        DamagedError: it is not sound.
    """
    if member.archive == "zip":
        return zip_members.open_member(member.container, uri, member.position)
    if not member.compression:
        return _Window(open_path(member.container), member, uri)
    stream = open_decoded(open_path(member.container), member.compression, uri)
    _pass_over(stream, member.position)
    return _Window(stream, member, uri)


def _pass_over(stream: BinaryIO, count: int) -> None:
    while count and (piece := stream.read(min(_PIECE, count))):
        count -= len(piece)


class _Window(io.RawIOBase):
    """A byte range of a stream as a stream of its own."""

    def __init__(self, stream: io.RawIOBase | BinaryIO, member: Member, uri: str) -> None:
        self._stream = stream
        self._uri = uri
        self._start, self._size, self._at = member.position, member.size, 0
        if stream.seekable():
            stream.seek(self._start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        self._stream.seek(self._start + self._at)
        return self._at

    def close(self) -> None:
        self._stream.close()
        super().close()

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        wanted = min(len(view), max(0, self._size - self._at))
        data = self._stream.read(wanted) or b""
        if wanted and not data:
            raise _cut_off(self._uri)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def _cut_off(uri: str) -> DamagedError:
    return DamagedError(
        f"the tar archive is cut off within this member: {uri}", hint="fetch the archive again"
    )


@dataclass(slots=True)
class _Unpacking:
    """A compressed tar that is being decoded, and the position reached."""

    container: Path
    bytes: int
    stream: BinaryIO
    position: int


class MemberFiles:
    """Gives readers access to archive members; members of one archive are best read in order.

    A member of a compressed tar is extracted to the temporary folder, so that the archive is
    decoded once; so is one whose reader needs a file. Others are read in place.
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._unpacking: _Unpacking | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._unpacking is not None:
            self._unpacking.stream.close()
        if self._folder is not None:
            self._folder.cleanup()

    @contextmanager
    def opened(self, source: Input) -> Iterator[Input]:
        """Provide an input that a reader can open; an input outside of archives is unchanged.

        Raises:
            InputError: the member is too large to be fetched.
            DamagedError: the archive is not sound.
        """
        member = source.member
        if member is None or member.fetched or not _is_fetched(member, source.format):
            yield source
            return
        path = self._path(source)
        try:
            self._fetch(member, source.uri, path)
            yield replace(source, path=path, member=replace(member, fetched=True))
        except ProvError as error:
            if str(path) not in error.message:
                raise
            message = error.message.replace(str(path), source.uri)
            raise type(error)(message, hint=error.hint) from error
        finally:
            path.unlink(missing_ok=True)

    def _path(self, source: Input) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="prov-")
        self._count += 1
        name = re.sub(r"[^A-Za-z0-9._-]", "_", source.uri.rpartition("/")[2])[-_NAME:]
        return Path(self._folder.name) / f"{self._count}-{name}"

    def _fetch(self, member: Member, uri: str, path: Path) -> None:
        with path.open("wb") as target:
            if member.archive == "tar" and member.compression:
                self._unpack(member, uri, target)
                return
            with open_member(member, uri) as raw:
                while piece := raw.read(_PIECE):
                    target.write(piece)

    def _unpack(self, member: Member, uri: str, target: BinaryIO) -> None:
        """Decode the archive up to the member, from its start where the member is behind."""
        at, self._unpacking = self._unpacking, None
        same = at and (at.container, at.bytes) == (member.container, member.container_bytes)
        if at and not (same and at.position <= member.position):
            at.stream.close()
            at = None
        if at is None:
            stream = open_decoded(open_path(member.container), member.compression, uri)
            at = _Unpacking(member.container, member.container_bytes, stream, 0)
        try:
            _pass_over(at.stream, member.position - at.position)
            left = member.size
            while left and (piece := at.stream.read(min(_PIECE, left))):
                target.write(piece)
                left -= len(piece)
            if left:
                raise _cut_off(uri)
        except BaseException:
            at.stream.close()
            raise
        at.position = member.position + member.size
        self._unpacking = at


def _is_fetched(member: Member, form: str) -> bool:
    """Check whether a member is extracted for its reader."""
    streams = form in STREAMED
    packed = member.archive == "tar" and bool(member.compression)
    if streams and (not packed or member.size > MOST_FETCHED):
        return False
    if member.size > MOST_FETCHED:
        raise InputError(
            f"a member of {member.size:,} bytes, fetched are up to {MOST_FETCHED:,}: "
            f"{member.container}!/{member.name}",
            hint="unpack it",
        )
    return True
