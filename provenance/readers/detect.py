"""What a file is: by its content first, then by its name, never against either."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from os.path import basename, splitext
from pathlib import Path

from provenance.errors import InputError, NotFoundError, StorageError
from provenance.readers.base import Input
from provenance.readers.image import HEAD, media_type
from provenance.readers.json_exact import BOM
from provenance.readers.near_json import FIRST_LINE, lines_or_document
from provenance.readers.registry import COMPRESSIONS, SUFFIXES
from provenance.readers.stream import DamagedError, open_bytes

_HEAD = 64 << 10
_BEGINS = {b"{", b"[", b'"'}

_LFS = b"version https://git-lfs.github.com/spec/v1"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_WARC = re.compile(rb"(?:\r?\n)*(?:WARC/[01]\.\d|filedesc://)")
_ARROW_STREAM = b"\xff\xff\xff\xff"

_ADVICE = "rename the file, or say what it is with `--format`"


@dataclass(frozen=True, slots=True)
class _Promise:
    """What a file name says."""

    format: str | None
    compression: str
    suffix: str


def detect(path: str | Path) -> tuple[str | None, str]:
    """Format and compression of a file; no format where neither content nor name tells.

    Raises:
        InputError: a Git LFS pointer, or a name that contradicts the content.
        NotFoundError, StorageError: the file cannot be opened.
    """
    compression, head, whole = _look(path)
    promise = _promise(path)
    if promise.compression and whole and compression != promise.compression:
        raise InputError(
            f"{path} is named .{promise.compression} but is not compressed that way",
            hint="rename the file to what it is, or fetch it again",
        )
    found = _by_content(path, head)
    if found and promise.format in {None, found}:
        return found, compression
    if found and _certain(path, found, compression):
        raise InputError(f"{path} is named like {promise.format} but holds {found}", hint=_ADVICE)
    if promise.format in {"parquet", "arrow", "warc", "image"} and head:
        raise InputError(
            f"{path} is named like {promise.format} but its content is not",
            hint="the file may be damaged, or an error page in its place; fetch it again",
        )
    begins = head.removeprefix(BOM).lstrip()[:1] in _BEGINS
    if promise.format in {"json", "jsonl"} or (not promise.suffix and begins):
        return _json_or_lines(path, compression, promise.format, head), compression
    return promise.format, compression


def compression_of(path: str | Path) -> str:
    """Compression by content alone: ``""``, ``gz`` or ``zst``.

    Raises:
        InputError: a Git LFS pointer.
        NotFoundError, StorageError: the file cannot be opened.
    """
    return _look(path)[0]


def promised(name: str) -> tuple[str | None, str]:
    """Format and compression that a file name promises.

    >>> promised("a.jsonl.gz"), promised("a.bin")
    (('jsonl', 'gz'), (None, ''))
    """
    promise = _promise(name)
    return promise.format, promise.compression


def _promise(path: str | Path) -> _Promise:
    stem, suffix = splitext(basename(path).lower())
    compression = COMPRESSIONS.get(suffix, "")
    if compression:
        stem, suffix = splitext(stem)
    return _Promise(SUFFIXES.get(suffix), compression, suffix)


def _look(path: str | Path) -> tuple[str, bytes, bytes]:
    """Compression, the first bytes within it, and the first bytes of the file itself."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read(_HEAD)
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file: {path}", hint="check the path") from error
    except OSError as error:
        raise StorageError(
            f"cannot read {path}: {error.strerror}", hint="check the permissions of the file"
        ) from error
    if raw.startswith(_LFS):
        raise InputError(
            f"{path} is a Git LFS pointer, not the data", hint="run `git lfs pull` to fetch it"
        )
    if raw.startswith(_GZIP):
        return "gz", _decoded(path, "gz", _HEAD), raw
    if raw.startswith(_ZSTD):
        return "zst", _decoded(path, "zst", _HEAD), raw
    return "", raw, raw


def _decoded(path: str | Path, compression: str, size: int) -> bytes:
    """The first decoded bytes, as far as they can be had: the reader reports the damage."""
    parts: list[bytes] = []
    left = size
    try:
        with open_bytes(Input(str(path), Path(path), "", compression)) as stream:
            while left > 0 and (part := stream.read1(left)):  # type: ignore[attr-defined]
                parts.append(part)
                left -= len(part)
    except DamagedError:
        pass
    return b"".join(parts)


def _by_content(path: str | Path, head: bytes) -> str | None:
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:4] == b"PARE":
        raise InputError(f"{path} is an encrypted Parquet file", hint="decrypt it first")
    if head[:4] == b"FEA1":
        raise InputError(
            f"{path} is a Feather file of version 1", hint="write it again as Arrow IPC or Parquet"
        )
    if head[:6] == b"ARROW1" or head[:4] == _ARROW_STREAM:
        return "arrow"
    if media_type(head[:HEAD]):
        return "image"
    return "warc" if _WARC.match(head) else None


def _certain(path: str | Path, found: str, compression: str) -> bool:
    """Whether a magic is no accident: a text may well begin with the letters PAR1."""
    if found != "parquet":
        return True
    if compression:
        return False
    with open(path, "rb") as stream:
        stream.seek(max(0, os.path.getsize(path) - 4))
        return stream.read(4) == b"PAR1"


def _json_or_lines(
    path: str | Path, compression: str, promised: str | None, head: bytes
) -> str | None:
    """``jsonl`` for lines of JSON, ``json`` for a document."""
    whole = len(head) < _HEAD
    if not whole and b"\n" not in head.removeprefix(BOM).lstrip():
        head = _decoded(path, compression, FIRST_LINE)
        whole = len(head) < FIRST_LINE
    return lines_or_document(head, promised, whole=whole)
