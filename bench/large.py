"""A JSONL file of many gigabytes, no two of its records the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ingest import corpus

_BLOCK = 64 << 20


def large(folder: Path, size: int, records: int) -> Path:
    """The file, of about so many bytes; a longer one that is there is cut, for it costs space.

    Args:
        records: of the corpus that is written again and again, each time with other texts.
    """
    path = folder / "large.jsonl"
    if not path.exists() or path.stat().st_size < size - _BLOCK:
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            for block in _blocks(corpus(folder, records)):
                file.write(block)
                if file.tell() >= size:
                    break
        partial.rename(path)
    _cut(path, size)
    return path


def _blocks(original: Path) -> Iterator[bytes]:
    """Whole lines without end; every copy has texts and ids of its own."""
    copy = 0
    while True:
        with original.open("rb") as file:
            rest = b""
            while block := file.read(_BLOCK):
                whole, newline, rest = (rest + block).rpartition(b"\n")
                own = (whole + newline).replace(b'"id": "', b'"id": "%d-' % copy)
                yield own.replace(b'"text": "', b'"text": "Copy %d. ' % copy)
        copy += 1


def _cut(path: Path, size: int) -> None:
    """Shorten a file to its last whole line within a size."""
    if path.stat().st_size <= size:
        return
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 20)))
        start = file.tell()
        ends = start + file.read(size - start).rfind(b"\n") + 1
    os.truncate(path, ends)
