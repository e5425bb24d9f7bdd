"""Write a new folder atomically: complete or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provenance.errors import MisuseError
from provenance.io.files import storage_errors, sync_folder


@contextmanager
def new_folder(folder: Path, option: str) -> Iterator[Path]:
    """Provide a folder to write to; it gets its name at the end and is removed on an error.

    Args:
        folder: where it shall be; an empty folder may be there already.
        option: the option that names it, for the hint.

    Raises:
        MisuseError: something is there already.
        StorageError: it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MisuseError(f"`{folder}` is not an empty folder", hint=f"choose another {option}")
    folder = folder.absolute()
    staging = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
    with storage_errors(staging):
        staging.mkdir(parents=True)
    try:
        yield staging
        with storage_errors(folder):
            if folder.exists():
                folder.rmdir()
            staging.rename(folder)
            sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
