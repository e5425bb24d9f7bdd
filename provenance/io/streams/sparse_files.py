"""Recognise sparse files: their size claims far more bytes than are stored on the disk."""

from __future__ import annotations

import os

from provenance.io.streams.compression import MAX_RATIO

_SECTOR = 512
"""Bytes per block in ``st_blocks`` (POSIX leaves it open; Linux and macOS use 512)."""

_MOST_EXTENTS = 4_096
"""Extents that are counted; a file of more of them is taken for full."""


def is_sparse(descriptor: int, smallest: int) -> bool:
    """Whether a file has over ``MAX_RATIO`` bytes of size per byte of data that is stored.

    Some file systems report no blocks, and some compress them, so the holes decide. The position of
    the descriptor is at the beginning of the file afterwards.

    Args:
        descriptor: an open regular file.
        smallest: size in bytes from which files are checked.
    """
    state = os.fstat(descriptor)
    size = state.st_size
    if size < smallest or getattr(state, "st_blocks", size) * _SECTOR * MAX_RATIO >= size:
        return False
    stored = _stored_bytes(descriptor, size)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return stored * MAX_RATIO < size


def _stored_bytes(descriptor: int, size: int) -> int:
    """Bytes outside of holes; of a file with very many extents, its size."""
    position = stored = 0
    for _ in range(_MOST_EXTENTS):
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
            position = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError:
            return stored  # no data behind the position
        stored += position - start
        if position >= size:
            return stored
    return size
