"""Read and atomically write the small files that options name: policies, baselines, reports."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from provenance.errors import InputError, NotFoundError, StorageError


def read_text(path: str) -> str:
    """Read a text file.

    Raises:
        NotFoundError, InputError: it is not there, or is no UTF-8 text.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file `{path}`") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"`{path}` cannot be read: {reason}") from error


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
