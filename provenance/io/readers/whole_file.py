"""Read a file that is one record: hash all of it, and keep it up to the record limit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from provenance.content.identity import write_digest
from provenance.io.contract.reader import Input
from provenance.io.streams.open_input import open_bytes

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileBytes:
    """Bytes, digest and size of a file.

    Attributes:
        data: all bytes, or those before the limit was passed.
        digest: of all of them.
        size: of all of them.
    """

    data: bytearray
    digest: str
    size: int


def read_file(source: Input, limit: int) -> FileBytes:
    """Read a file that is one record.

    Raises:
        DamagedError: it cannot be decompressed to its end.
    """
    state = hashlib.sha256()
    data = bytearray()
    size = 0
    with open_bytes(source) as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
            size += len(chunk)
            if size <= limit:
                data += chunk
    return FileBytes(data, write_digest(state.digest()), size)
