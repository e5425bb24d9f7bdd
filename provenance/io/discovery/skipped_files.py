"""What is passed over on the way: looked at by its first bytes, for it may hold data."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import IO

from provenance.io.discovery.metadata_files import describes, is_description
from provenance.io.discovery.file_names import (
    DESCRIBES,
    LINK_TO_NOTHING,
    METADATA_FILE,
    NOT_REGULAR,
    Skipped,
    printable,
)
from provenance.io.discovery.sniff import HEAD, Holds, holds, promises_data
from provenance.io.discovery.sniff_packed import held_packed, packed
from provenance.io.discovery.sniff_text import BLANK
from provenance.io.streams.sparse_files import is_sparse

_SMALLEST_SPARSE = 16 << 20
_CHUNK = 16 << 20
_LARGEST_OBJECT = 64 << 20
"""Bytes of the one object that the words of a model come to."""

NAMED_LIKE = {
    METADATA_FILE: "named like metadata, but holds data",
    DESCRIBES: "named like a description of the data, but holds data",
}
"""What to say of a file whose name is not borne out by what is in it."""


def passed_over(path: str, reason: str) -> Skipped:
    """A file that is not read, with what of data it holds; a pipe or device is never opened.

    Args:
        path: as it was met.
        reason: why it is passed over.
    """
    try:
        state = os.stat(path)
    except OSError:
        return _by_name(
            path, LINK_TO_NOTHING if os.path.islink(path) else reason, "what is named like data"
        )
    if stat.S_ISDIR(state.st_mode):
        return Skipped(printable(path), reason)
    if not stat.S_ISREG(state.st_mode):
        return _by_name(path, NOT_REGULAR, "a pipe, a socket or a device")
    found = held(path, state)
    if found is None:
        return Skipped(printable(path), reason)
    return Skipped(printable(path), NAMED_LIKE.get(reason, reason), found, state.st_size)


def _by_name(path: str, reason: str, what: str) -> Skipped:
    """What cannot be opened, taken for data where it is called so."""
    found = Holds(what) if promises_data(path) else None
    return Skipped(printable(path), reason, found)


def held(path: str, state: os.stat_result) -> Holds | None:
    """What of data a regular file holds; ``None`` for code, licences, metadata, nothing."""
    if not state.st_size:
        return None
    if is_sparse_file(path):
        return Holds("a sparse file")
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
            if not head.lstrip(b"\xff\xfe" + BLANK):
                head = _behind_blanks(file)
        is_packed, found = packed(Path(path), head)
        if is_packed:
            return found
        found = holds(head, path)
        return None if found and describes(Path(path), head) else found
    except OSError:
        return Holds("a file that cannot be opened")


def _behind_blanks(file: IO[bytes]) -> bytes:
    """The first bytes of a file that are not blank; nothing where all are."""
    while part := file.read(_CHUNK):
        if found := part.lstrip(BLANK):
            return (found + file.read(HEAD))[:HEAD]
    return b""


def is_one_object(path: str) -> bool:
    """Whether a file is a single JSON object, as the settings and words of a model are."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_OBJECT + 1)
        return len(data) <= _LARGEST_OBJECT and isinstance(json.loads(data), dict)
    except (OSError, ValueError, RecursionError):
        return False


def held_in(head: bytes, name: str, *, whole: bool) -> Holds | None:
    """The same of an object of which only the beginning is at hand.

    Args:
        whole: whether that is all of it.
    """
    found = held_packed(head, name)
    if found is None or not whole or head.lstrip()[:1] != b"{":
        return found
    try:
        return None if is_description(json.loads(head)) else found
    except (ValueError, RecursionError):
        return found


def is_sparse_file(path: str) -> bool:
    """Whether almost nothing of the size of a file is stored; a file of moderate size is not."""
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
