"""Skip files that are not data, after checking their first bytes for data."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import IO

from provenance.io.discovery.file_names import (
    DESCRIBES,
    LINK_TO_NOTHING,
    METADATA_FILE,
    NOT_REGULAR,
    Skipped,
    printable_path,
)
from provenance.io.discovery.metadata_files import is_metadata_document, is_metadata_file
from provenance.io.discovery.sniff import HEAD, DataContent, detect_data, promises_data
from provenance.io.discovery.sniff_packed import data_if_packed, data_in_member
from provenance.io.discovery.sniff_text import BLANK
from provenance.io.streams.sparse_files import is_sparse

_SMALLEST_SPARSE = 16 << 20
_CHUNK = 16 << 20
_LARGEST_OBJECT = 64 << 20
"""Most bytes of the vocabulary or settings of a model."""

NAMED_LIKE = {
    METADATA_FILE: "named like metadata, but holds data",
    DESCRIBES: "named like a description of the data, but holds data",
}
"""Skip reason of a file whose content contradicts its name, by the reason of the name."""


def skipped_file(path: str, reason: str) -> Skipped:
    """Skip a file, and note the data that it seems to hold; never open a pipe or device.

    Args:
        path: as it was met.
        reason: why it is skipped.
    """
    try:
        state = os.stat(path)
    except OSError:
        return _by_name(
            path, LINK_TO_NOTHING if os.path.islink(path) else reason, "what is named like data"
        )
    if stat.S_ISDIR(state.st_mode):
        return Skipped(printable_path(path), reason)
    if not stat.S_ISREG(state.st_mode):
        return _by_name(path, NOT_REGULAR, "a pipe, a socket or a device")
    found = data_in_file(path, state)
    if found is None:
        return Skipped(printable_path(path), reason)
    return Skipped(printable_path(path), NAMED_LIKE.get(reason, reason), found, state.st_size)


def _by_name(path: str, reason: str, description: str) -> Skipped:
    """Skip what cannot be opened; it counts as data if it is named like data."""
    found = DataContent(description) if promises_data(path) else None
    return Skipped(printable_path(path), reason, found)


def data_in_file(path: str, state: os.stat_result) -> DataContent | None:
    """Describe the data in a regular file; ``None`` for code, licences, metadata, nothing."""
    if not state.st_size:
        return None
    if is_sparse_file(path):
        return DataContent("a sparse file")
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
            if not head.lstrip(b"\xff\xfe" + BLANK):
                head = _behind_blanks(file)
        is_packed, found = data_if_packed(Path(path), head)
        if is_packed:
            return found
        found = detect_data(head, path)
        return None if found and is_metadata_file(Path(path), head) else found
    except OSError:
        return DataContent("a file that cannot be opened")


def _behind_blanks(file: IO[bytes]) -> bytes:
    """Read the first bytes that are not blank."""
    while part := file.read(_CHUNK):
        if found := part.lstrip(BLANK):
            return (found + file.read(HEAD))[:HEAD]
    return b""


def is_one_object(path: str) -> bool:
    """Check whether a file is a single JSON object, like the settings of a model."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_OBJECT + 1)
        return len(data) <= _LARGEST_OBJECT and isinstance(json.loads(data), dict)
    except (OSError, ValueError, RecursionError):
        return False


def data_in_head(head: bytes, name: str, *, whole: bool) -> DataContent | None:
    """Describe the data in an object of which only the first bytes are available.

    Args:
        whole: whether that is all of it.
    """
    found = data_in_member(head, name)
    if found is None or not whole or head.lstrip()[:1] != b"{":
        return found
    try:
        return None if is_metadata_document(json.loads(head)) else found
    except (ValueError, RecursionError):
        return found


def is_sparse_file(path: str) -> bool:
    """Check whether almost nothing of the size of a file is stored; small files are not."""
    try:
        if os.stat(path).st_size < _SMALLEST_SPARSE:
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return is_sparse(descriptor, _SMALLEST_SPARSE)
    finally:
        os.close(descriptor)
