"""Hash files, make names durable, and translate errors of the operating system."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from provenance.errors import ReadOnlyError, StorageError

_HASH_BLOCK = 1 << 20


_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file in hex."""
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            state.update(block)
    return state.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Translate errors of the operating system about a path of the ledger."""
    try:
        yield
    except OSError as error:
        if error.errno in _READ_ONLY:
            raise ReadOnlyError(
                f"the ledger cannot be written: `{path.parent}`: {error.strerror}",
                hint="reading it still works; write with an account that may, or copy the folder",
            ) from error
        raise StorageError(
            f"writing `{path}` failed: {error.strerror or error}", hint="is the disk full?"
        ) from error
