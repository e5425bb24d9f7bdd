"""Open an input, a file or a member of an archive, for reading its bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from provenance.io.contract.reader import Input
from provenance.io.streams.archive_members import open_member
from provenance.io.streams.decompress import open_decoded, open_path


@contextmanager
def open_bytes(source: Input) -> Iterator[BinaryIO]:
    """Open an input for reading its decompressed bytes; seekable only when not compressed.

    What was decoded before a defect is handed out first: ``read1`` gives all of it and then raises,
    ``read(n)`` may raise where the defect lies within the n bytes.

    Raises:
        NotFoundError, StorageError: the path cannot be opened or read.
        DamagedError: the compression is truncated, corrupt, or a bomb.
    """
    with open_decoded(open_raw(source), source.compression, source.uri) as stream:
        yield stream


def open_raw(source: Input) -> io.RawIOBase:
    """Open an input without decompressing it.

    Raises:
        NotFoundError, StorageError: the path cannot be opened.
        DamagedError: the archive is not sound.
    """
    if source.member is None or source.member.fetched:
        return open_path(source.path)

    return open_member(source.member, source.uri)
