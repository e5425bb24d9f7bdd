"""Small text files that a user names or asks for: policies, contracts, baselines, reports."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from provenance.errors import InputError, NotFoundError, StorageError


def read_text(path: str) -> str:
    """The text of a file.

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
    """Write a file, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    target = Path(path)
    try:
        descriptor, staging = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(staging, 0o666 & ~mask)
        os.replace(staging, target)
    except OSError as error:
        raise StorageError(f"`{path}` cannot be written: {error.strerror}") from error
