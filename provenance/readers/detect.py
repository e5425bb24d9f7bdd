"""What a file is: by its content first, then by its name, never against either."""

from __future__ import annotations

import json
import os
import re
import zipfile
from dataclasses import dataclass
from os.path import basename, splitext
from pathlib import Path

from provenance.errors import InputError, NotFoundError, StorageError
from provenance.readers.base import Input
from provenance.readers.image import HEAD, is_such, media_type
from provenance.readers.old_arrow import is_old_stream
from provenance.readers.registry import BY_FIRST_BYTES, COMPRESSIONS, MEDIA, SUFFIXES
from provenance.readers.stream import DamagedError, open_bytes

_HEAD = 64 << 10
_FIRST_LINE = 16 << 20
"""A first line longer than this is one document, not one of many."""

_LFS = b"version https://git-lfs.github.com/spec/v1"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_WARC = re.compile(rb"(?:\r?\n)*(?:WARC/[01]\.\d|filedesc://)")
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_ARROW_STREAM = b"\xff\xff\xff\xff"

_MAGICS = (
    (0, b"ORC", "orc"),
    (0, b"Obj\x01", "avro"),
    (0, b"SQLite format 3\0", "sqlite"),
    (8, b"DUCK", "duckdb"),
    (0, b"%PDF-", "pdf"),
    (30, b"mimetypeapplication/epub+zip", "epub"),
)
"""Where a file has bytes of its own, those, and its format."""

_MAGIC_AT_END = {"parquet": b"PAR1", "orc": b"ORC"}
"""What the last four bytes of a file begin with whose first ones are letters."""

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
    if found is None and promise.format is None and _HTML.match(head):
        found = "html"
    if found in MEDIA and promise.format in MEDIA and is_such(found, promise.format):
        found = promise.format
    if found and promise.format in {None, found}:
        return found, compression
    if found and _certain(path, found, compression):
        raise InputError(f"{path} is named like {promise.format} but holds {found}", hint=_ADVICE)
    if promise.format in BY_FIRST_BYTES and head:
        raise InputError(
            f"{path} is named like {promise.format} but its content is not",
            hint="the file may be damaged, or an error page in its place; fetch it again",
        )
    if promise.format == "json" or (not promise.suffix and head.lstrip()[:1] == b"{"):
        return _json_or_lines(path, compression, promise.format), compression
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
    if head[:6] == b"ARROW1" or head[:4] == _ARROW_STREAM or is_old_stream(head):
        return "arrow"
    for place, magic, name in _MAGICS:
        if head[place : place + len(magic)] == magic:
            return name
    if kind := media_type(head[:HEAD]):
        return kind.partition("/")[0]
    if head[:4] == b"PK\x03\x04" and _is_docx(path):
        return "docx"
    return "warc" if _WARC.match(head) else None


def _is_docx(path: str | Path) -> bool:
    """Whether a zip archive is a document of WordprocessingML, by the name of its main part."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "word/document.xml" in archive.NameToInfo
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _certain(path: str | Path, found: str, compression: str) -> bool:
    """Whether a magic is no accident: a text may well begin with the letters PAR1."""
    if found not in _MAGIC_AT_END:
        return True
    if compression:
        return False
    with open(path, "rb") as stream:
        stream.seek(max(0, os.path.getsize(path) - 4))
        return stream.read(4).startswith(_MAGIC_AT_END[found])


def _json_or_lines(path: str | Path, compression: str, promised: str | None) -> str | None:
    """``jsonl`` where several documents stand on lines, ``json`` for one document."""
    text = _decoded(path, compression, _HEAD).lstrip()
    if b"\n" not in text:
        text = _decoded(path, compression, _FIRST_LINE).lstrip()
    first, _, rest = text.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    rest = rest.lstrip()
    if _is_document(first):
        return "jsonl" if rest else "json"
    # Two lines that begin with a brace are never one document, however broken the first may be.
    if first[:1] == b"{" and rest[:1] == b"{":
        return "jsonl"
    return promised


def _is_document(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
