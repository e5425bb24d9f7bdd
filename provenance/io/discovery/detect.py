"""Detect format and compression of a file by its content and its name, which must not conflict."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from os.path import basename, splitext
from pathlib import Path

from provenance.content.json_reader import BOM
from provenance.errors import InputError
from provenance.io.contract.formats import (
    BY_FIRST_BYTES,
    COMPRESSIONS,
    CONTAINERS,
    MEDIA,
    SHORT,
    STREAMED,
    SUFFIXES,
)
from provenance.io.contract.library_errors import LibraryError, library_errors
from provenance.io.discovery.sniff import LFS_POINTER, WARC_START
from provenance.io.readers.columnar.old_arrow import is_old_stream
from provenance.io.readers.json.recognise import FIRST_LINE, json_objects, lines_or_document
from provenance.io.readers.media import HEAD, is_medium, media_type
from provenance.io.streams.compression import compression_at
from provenance.io.streams.decompress import DamagedError, open_decoded, open_path
from provenance.io.streams.tar_members import is_tar

_HEAD = 64 << 10
_BEGINS = {b"{", b"[", b'"'}

_ZIP = (b"PK\x03\x04", b"PK\x05\x06\0\0\0\0\0\0\0\0")
"""First bytes of a zip archive, and of an empty one."""

_NO_FOLDER = re.compile(
    rb"(?:\[Content_Types\]\.xml|_rels/|mimetypeapplication/|META-INF/|[^/]{1,80}/data\.pkl|"
    rb"[^/]{1,80}\.npy)"
)
"""First member of a zip that is the file of a program: an office document, a book, a Java archive,
a model, arrays.
"""
_NO_ZIP = STREAMED | {"parquet", "arrow"}
"""Formats whose files are never zip archives."""

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
"""Offset, bytes and format of each signature."""

_MAGIC_AT_END = {"parquet": b"PAR1", "orc": b"ORC"}
"""First of the last four bytes of formats whose signature is made of letters."""

_OF_TEXT = frozenset({"text", "csv", "tsv"})
"""Formats whose suffix fits any text, also JSON records."""

_ADVICE = "rename the file, or say what it is with `--format`"


@dataclass(frozen=True, slots=True)
class _Promise:
    """Format and compression that a file name states."""

    format: str | None
    compression: str
    suffix: str


@dataclass(frozen=True, slots=True)
class FileSample:
    """A file to detect: its name, and its bytes or the first of them.

    Attributes:
        whole: whether ``open`` gives all of it.
    """

    name: str | Path
    open: Callable[[], io.RawIOBase]
    whole: bool = True


def detect(path: str | Path) -> tuple[str | None, str]:
    """Detect format and compression of a file; no format where content and name do not tell.

    An archive whose members are separate files has a format of ``formats.CONTAINERS``, which has no
    reader.

    Raises:
        InputError: a Git LFS pointer, or a name that contradicts the content.
        NotFoundError, StorageError: the file cannot be opened.
    """
    return detect_sample(_sample(path))


def detect_sample(sample: FileSample) -> tuple[str | None, str]:
    """Detect the format of a file that may be in an archive, as ``detect`` does."""
    name = sample.name
    compression, head, whole = _look(sample)
    promise = _promise(name)
    if promise.compression and whole and compression != promise.compression:
        raise InputError(
            f"{name} is named .{promise.compression} but is not compressed that way",
            hint="rename the file to what it is, or fetch it again",
        )
    found = _by_content(sample, head) or _archive(sample, head, compression, promise)
    if found is None and promise.format is None and _HTML.match(head):
        found = "html"
    if found in MEDIA and promise.format in MEDIA and is_medium(found, promise.format):
        found = promise.format
    if found and promise.format in {None, found}:
        return found, compression
    if found and _certain(sample, found, compression):
        raise InputError(f"{name} is named like {promise.format} but holds {found}", hint=_ADVICE)
    if promise.format in BY_FIRST_BYTES and head:
        raise _no_such(name, promise.format)
    if promise.format in _OF_TEXT and (recognised := _objects(sample, compression, head)):
        return recognised, compression
    begins = head.removeprefix(BOM).lstrip()[:1] in _BEGINS
    if promise.format in {"json", "jsonl"} or (promise.format is None and begins):
        return _json_or_lines(sample, compression, promise, head), compression
    if promise.suffix in CONTAINERS and whole:
        raise _no_such(name, CONTAINERS[promise.suffix])
    return promise.format, compression


def _no_such(name: str | Path, form: str) -> InputError:
    return InputError(
        f"{name} is named like {form} but its content is not",
        hint="the file may be damaged, or an error page in its place; fetch it again",
    )


def compression_of(path: str | Path) -> str:
    """Detect the compression by content alone.

    Raises:
        InputError: a Git LFS pointer.
        NotFoundError, StorageError: the file cannot be opened.
    """
    return _look(_sample(path))[0]


def container_of(path: str | Path) -> tuple[str | None, str]:
    """Detect by content the kind of archive that a file is, and its compression.

    Raises:
        InputError: a Git LFS pointer.
        NotFoundError, StorageError: the file cannot be opened.
    """
    sample = _sample(path)
    compression, head, _ = _look(sample)
    found = _archive(replace(sample, whole=False), head, compression, _promise(path))
    return found, compression


def _sample(path: str | Path) -> FileSample:
    return FileSample(path, lambda: open_path(Path(path)))


def format_by_name(name: str) -> tuple[str | None, str]:
    """Return format and compression by the file name; a tar counts as a WebDataset.

    >>> format_by_name("a.jsonl.gz"), format_by_name("a.bin")
    (('jsonl', 'gz'), (None, ''))
    """
    promise = _promise(name)
    samples = "webdataset" if CONTAINERS.get(promise.suffix) == "tar" else None
    return promise.format or samples, promise.compression


def _promise(path: str | Path) -> _Promise:
    name = basename(path).lower()
    stem, suffix = splitext(name)
    if suffix in SHORT:
        stem, suffix = splitext(stem + SHORT[suffix])
    compression = COMPRESSIONS.get(suffix, "")
    if compression:
        stem, suffix = splitext(stem)
    return _Promise(SUFFIXES.get(suffix), compression, suffix)


def _look(sample: FileSample) -> tuple[str, bytes, bytes]:
    """Return the compression, the first decoded bytes, and the first raw bytes."""
    with sample.open() as stream:
        raw = stream.read(_HEAD) or b""
    if raw.startswith(LFS_POINTER):
        raise InputError(
            f"{sample.name} is a Git LFS pointer, not the data",
            hint="run `git lfs pull` to fetch it",
        )
    compression = compression_at(raw)
    return compression, _decoded(sample, compression, _HEAD) if compression else raw, raw


def _decoded(sample: FileSample, compression: str, size: int) -> bytes:
    """Decode the first bytes, as far as they are sound; the reader reports damage."""
    parts: list[bytes] = []
    left = size
    try:
        with open_decoded(sample.open(), compression, str(sample.name)) as stream:
            while left > 0 and (part := stream.read1(left)):  # type: ignore[attr-defined]
                parts.append(part)
                left -= len(part)
    except DamagedError:
        pass
    return b"".join(parts)


def _by_content(sample: FileSample, head: bytes) -> str | None:
    path = sample.name
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
    for position, magic, name in _MAGICS:
        if head[position : position + len(magic)] == magic:
            return name
    if kind := media_type(head[:HEAD]):
        return kind.partition("/")[0]
    if head[:4] == b"PK\x03\x04" and _is_docx(sample):
        return "docx"
    return "warc" if WARC_START.match(head) else None


def _is_docx(sample: FileSample) -> bool:
    """Check whether a zip archive is a Word document, by the name of its main part."""
    if not sample.whole:
        return False
    try:
        with sample.open() as stream, library_errors(), zipfile.ZipFile(stream) as archive:
            return "word/document.xml" in archive.NameToInfo
    except LibraryError:
        return False


def _archive(sample: FileSample, head: bytes, compression: str, promise: _Promise) -> str | None:
    """Tell whether an archive holds separate files, or the samples of a WebDataset."""
    named = CONTAINERS.get(promise.suffix)
    if head.startswith(_ZIP) and (promise.format is None or promise.format in _NO_ZIP):
        # The first member's name follows 30 bytes of header.
        return None if _NO_FOLDER.match(head, 30) and named != "zip" else "zip"
    if not is_tar(head, named=named == "tar"):
        return None
    if not sample.whole:
        return "tar"
    from provenance.io.readers.webdataset.webdataset import holds_samples

    with open_decoded(sample.open(), compression, str(sample.name)) as stream:
        return "webdataset" if holds_samples(stream, str(sample.name)) else "tar"


def _certain(sample: FileSample, found: str, compression: str) -> bool:
    """Check that a signature is no accident: a text may begin with the letters PAR1."""
    if found not in _MAGIC_AT_END:
        return True
    if compression:
        return False
    with sample.open() as stream:
        if not stream.seekable():
            return True
        stream.seek(max(0, stream.seek(0, io.SEEK_END) - 4))
        return stream.read(4).startswith(_MAGIC_AT_END[found])


def _objects(sample: FileSample, compression: str, head: bytes) -> str | None:
    """Return ``jsonl`` or ``json`` for a file named like a text that holds only records."""
    limit = _HEAD
    if len(head) >= limit and head.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
        limit = _HEAD if b"\n" in head else FIRST_LINE
        head = head if limit == _HEAD else _decoded(sample, compression, limit)
    return json_objects(head, whole=len(head) < limit)


def _json_or_lines(
    sample: FileSample, compression: str, promise: _Promise, head: bytes
) -> str | None:
    """Return ``jsonl`` for lines of JSON, ``json`` for a document.

    If the name has an unknown suffix, a single document is not data (notebooks and maps are such);
    it takes two objects on lines of their own.
    """
    whole = len(head) < _HEAD
    if not whole and b"\n" not in head.removeprefix(BOM).lstrip():
        head = _decoded(sample, compression, FIRST_LINE)
        whole = len(head) < FIRST_LINE
    recognised = lines_or_document(head, promise.format, whole=whole)
    if promise.format is not None or promise.suffix in {"", *CONTAINERS}:
        return recognised
    first, _, rest = head.removeprefix(BOM).lstrip().partition(b"\n")
    objects = first[:1] == b"{" and rest.lstrip()[:1] == b"{"
    return "jsonl" if recognised == "jsonl" and objects else None
