"""Atomically write the files that options name: reports, baselines, receipts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from provenance import StorageError


def write_text(path: str, text: str) -> None:
    """Write a text file atomically.

    Raises:
        StorageError: it cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str, content: bytes) -> None:
    """Write a file atomically.

    Raises:
        StorageError: it cannot be written.
    """
    with staged(path) as file:
        file.write(content)


@contextmanager
def staged(path: str) -> Iterator[BinaryIO]:
    """Open a temporary file that is renamed to ``path`` on success and removed on failure.

    Raises:
        StorageError: it cannot be written.
    """
    target = Path(path)
    staging = None
    try:
        descriptor, staging = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(descriptor, "wb") as file:
            yield file
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(staging, 0o666 & ~mask)
        os.replace(staging, target)
        staging = None
    except OSError as error:
        raise StorageError(f"`{path}` cannot be written: {error.strerror}") from error
    finally:
        if staging is not None:
            os.unlink(staging)
