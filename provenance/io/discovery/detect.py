"""What a file is: by its content first, then by its name, never against either."""

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
from provenance.io.contract.library_errors import LibraryError, library
from provenance.io.readers.columnar.old_arrow import is_old_stream
from provenance.io.readers.media import HEAD, is_such, media_type
from provenance.io.readers.json.recognise import FIRST_LINE, json_objects, lines_or_document
from provenance.io.streams.compression import compression_at
from provenance.io.streams.decompress import DamagedError, decoded, open_path
from provenance.io.streams.tar_members import is_tar

_HEAD = 64 << 10
_BEGINS = {b"{", b"[", b'"'}

_LFS = b"version https://git-lfs.github.com/spec/v1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06\0\0\0\0\0\0\0\0")
"""How an archive begins, and how one of nothing does."""

_NO_FOLDER = re.compile(
    rb"(?:\[Content_Types\]\.xml|_rels/|mimetypeapplication/|META-INF/|[^/]{1,80}/data\.pkl|"
    rb"[^/]{1,80}\.npy)"
)
"""What the first member is called of a zip that is the file of a program: an office document, a
book, a Java archive, a model, arrays."""
_NO_ZIP = STREAMED | {"parquet", "arrow"}
"""Formats whose files are never zip archives."""

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

_OF_TEXT = frozenset({"text", "csv", "tsv"})
"""Formats by whose name a file may hold any text, records of JSON as well."""

_ADVICE = "rename the file, or say what it is with `--format`"


@dataclass(frozen=True, slots=True)
class _Promise:
    """What a file name says."""

    format: str | None
    compression: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to be looked at: its name, and its bytes, or the first of them.

    Attributes:
        whole: whether ``open`` gives all of it.
    """

    name: str | Path
    open: Callable[[], io.RawIOBase]
    whole: bool = True


def detect(path: str | Path) -> tuple[str | None, str]:
    """Format and compression of a file; no format where neither content nor name tells.

    The format of an archive whose members are files of their own is one of
    ``registry.CONTAINERS``, which has no reader.

    Raises:
        InputError: a Git LFS pointer, or a name that contradicts the content.
        NotFoundError, StorageError: the file cannot be opened.
    """
    return detect_sample(_sample(path))


def detect_sample(sample: Sample) -> tuple[str | None, str]:
    """As ``detect``, of a file that may lie in an archive."""
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
    if found in MEDIA and promise.format in MEDIA and is_such(found, promise.format):
        found = promise.format
    if found and promise.format in {None, found}:
        return found, compression
    if found and _certain(sample, found, compression):
        raise InputError(f"{name} is named like {promise.format} but holds {found}", hint=_ADVICE)
    if promise.format in BY_FIRST_BYTES and head:
        raise _no_such(name, promise.format)
    if promise.format in _OF_TEXT and (told := _objects(sample, compression, head)):
        return told, compression
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
    """Compression by content alone: ``""``, or one of ``registry.COMPRESSIONS``.

    Raises:
        InputError: a Git LFS pointer.
        NotFoundError, StorageError: the file cannot be opened.
    """
    return _look(_sample(path))[0]


def container_of(path: str | Path) -> tuple[str | None, str]:
    """The kind of archive that a file is, by its content, and the compression of it.

    Raises:
        InputError: a Git LFS pointer.
        NotFoundError, StorageError: the file cannot be opened.
    """
    sample = _sample(path)
    compression, head, _ = _look(sample)
    found = _archive(replace(sample, whole=False), head, compression, _promise(path))
    return found, compression


def _sample(path: str | Path) -> Sample:
    return Sample(path, lambda: open_path(Path(path)))


def promised(name: str) -> tuple[str | None, str]:
    """Format and compression that a file name promises; of a tar, that it holds samples.

    >>> promised("a.jsonl.gz"), promised("a.bin")
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


def _look(sample: Sample) -> tuple[str, bytes, bytes]:
    """Compression, the first bytes within it, and the first bytes of the file itself."""
    with sample.open() as stream:
        raw = stream.read(_HEAD) or b""
    if raw.startswith(_LFS):
        raise InputError(
            f"{sample.name} is a Git LFS pointer, not the data",
            hint="run `git lfs pull` to fetch it",
        )
    compression = compression_at(raw)
    return compression, _decoded(sample, compression, _HEAD) if compression else raw, raw


def _decoded(sample: Sample, compression: str, size: int) -> bytes:
    """The first decoded bytes, as far as they can be had: the reader reports the damage."""
    parts: list[bytes] = []
    left = size
    try:
        with decoded(sample.open(), compression, str(sample.name)) as stream:
            while left > 0 and (part := stream.read1(left)):  # type: ignore[attr-defined]
                parts.append(part)
                left -= len(part)
    except DamagedError:
        pass
    return b"".join(parts)


def _by_content(sample: Sample, head: bytes) -> str | None:
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
    for place, magic, name in _MAGICS:
        if head[place : place + len(magic)] == magic:
            return name
    if kind := media_type(head[:HEAD]):
        return kind.partition("/")[0]
    if head[:4] == b"PK\x03\x04" and _is_docx(sample):
        return "docx"
    return "warc" if _WARC.match(head) else None


def _is_docx(sample: Sample) -> bool:
    """Whether a zip archive is a document of WordprocessingML, by the name of its main part."""
    if not sample.whole:
        return False
    try:
        with sample.open() as stream, library(), zipfile.ZipFile(stream) as archive:
            return "word/document.xml" in archive.NameToInfo
    except LibraryError:
        return False


def _archive(sample: Sample, head: bytes, compression: str, promise: _Promise) -> str | None:
    """The kind of archive: one whose members are files, or samples of a data set in pieces."""
    named = CONTAINERS.get(promise.suffix)
    if head.startswith(_ZIP) and (promise.format is None or promise.format in _NO_ZIP):
        # The first member's name stands behind 30 bytes of header.
        return None if _NO_FOLDER.match(head, 30) and named != "zip" else "zip"
    if not is_tar(head, named=named == "tar"):
        return None
    if not sample.whole:
        return "tar"
    from provenance.io.readers.webdataset.webdataset import holds_samples

    with decoded(sample.open(), compression, str(sample.name)) as stream:
        return "webdataset" if holds_samples(stream, str(sample.name)) else "tar"


def _certain(sample: Sample, found: str, compression: str) -> bool:
    """Whether a magic is no accident: a text may well begin with the letters PAR1."""
    if found not in _MAGIC_AT_END:
        return True
    if compression:
        return False
    with sample.open() as stream:
        if not stream.seekable():
            return True
        stream.seek(max(0, stream.seek(0, io.SEEK_END) - 4))
        return stream.read(4).startswith(_MAGIC_AT_END[found])


def _objects(sample: Sample, compression: str, head: bytes) -> str | None:
    """``jsonl`` or ``json`` where a file with the name of a text holds nothing but records."""
    limit = _HEAD
    if len(head) >= limit and head.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
        limit = _HEAD if b"\n" in head else FIRST_LINE
        head = head if limit == _HEAD else _decoded(sample, compression, limit)
    return json_objects(head, whole=len(head) < limit)


def _json_or_lines(sample: Sample, compression: str, promise: _Promise, head: bytes) -> str | None:
    """``jsonl`` for lines of JSON, ``json`` for a document.

    A name that tells of another kind of file is believed where there is but one document: notebooks
    and maps are such. It takes two objects, each on its line, to be lines then.
    """
    whole = len(head) < _HEAD
    if not whole and b"\n" not in head.removeprefix(BOM).lstrip():
        head = _decoded(sample, compression, FIRST_LINE)
        whole = len(head) < FIRST_LINE
    told = lines_or_document(head, promise.format, whole=whole)
    if promise.format is not None or promise.suffix in {"", *CONTAINERS}:
        return told
    first, _, rest = head.removeprefix(BOM).lstrip().partition(b"\n")
    objects = first[:1] == b"{" and rest.lstrip()[:1] == b"{"
    return "jsonl" if told == "jsonl" and objects else None
