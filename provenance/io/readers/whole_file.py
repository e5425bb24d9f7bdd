"""A file that is one record: hashed whole, and held as far as a record may be large."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from provenance.content.identity import write_digest
from provenance.io.contract.reader import Input
from provenance.io.streams.open_input import open_bytes

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Whole:
    """The bytes of a file.

    Attributes:
        held: all of them, or those that came before the limit was passed.
        digest: of all of them.
        size: of all of them.
    """

    held: bytearray
    digest: str
    size: int


def load(source: Input, limit: int) -> Whole:
    """Read a file that is one record.

    Raises:
        DamagedError: it cannot be decompressed to its end.
    """
    state = hashlib.sha256()
    held = bytearray()
    size = 0
    with open_bytes(source) as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
            size += len(chunk)
            if size <= limit:
                held += chunk
    return Whole(held, write_digest(state.digest()), size)
