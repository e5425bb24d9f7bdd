"""Describe the data in a file that is not read, by its first bytes and its name."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from itertools import islice
from os.path import basename

from provenance.io.contract.formats import COMPRESSIONS, CONTAINERS, SHORT, SUFFIXES
from provenance.io.discovery.sniff_text import is_binary, texts_of
from provenance.io.readers.media import HEAD as MEDIA_HEAD, media_type

HEAD = 64 << 10
"""First bytes that are checked."""

LINES = 50
"""Lines of a text that are checked."""


@dataclass(frozen=True, slots=True)
class DataContent:
    """Data in a file or in a member of an archive.

    Attributes:
        description: for display: ``JSON``, ``a table``, ``a zip archive with JSON``.
        medium: a picture, sound or film: data only where the set is one of media.
    """

    description: str
    medium: bool = False


# The first bytes of each format, as its specification gives them.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PAR1", "Parquet"),
    (0, b"PARE", "encrypted Parquet"),
    (0, b"ARROW1", "Arrow"),
    (0, b"\xff\xff\xff\xff", "Arrow"),
    (0, b"FEA1", "Feather"),
    (0, b"ORC", "ORC"),
    (0, b"Obj\x01", "Avro"),
    (0, b"SQLite format 3\x00", "SQLite"),
    (8, b"DUCK", "DuckDB"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an office"),
    *((at, b"\x89HDF\r\n\x1a\n", "HDF5") for at in (0, *(512 << n for n in range(7)))),
    (0, b"\x93NUMPY", "an array of NumPy"),
    (0, b"Salted__", "an encrypted file"),
    (0, b"-----BEGIN PGP MESSAGE-----", "an encrypted file"),
    (0, b"age-encryption.org/v1", "an encrypted file"),
)
_APPLE = (b"\x00\x05\x16\x07", b"\x00\x00\x00\x01Bud1")
"""Signatures of AppleDouble files and of Finder settings."""

_SUMS = b"crc\x00"
"""Signature of Hadoop checksum files."""

WARC_START = re.compile(rb"(?:\r?\n)*(?:WARC/[01]\.\d|filedesc://)")
# Streams of Arrow before 0.15 begin with the length of their schema alone.
_OLD_ARROW = re.compile(rb"[^\x00].{2}\x00(?:\x10|\x0c|\x08|\x14|\x18)\x00{3}", re.DOTALL)
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"

_SOUND_AND_FILM: tuple[tuple[int, bytes, str], ...] = (
    (0, b"ID3", "sound"),
    (0, b"fLaC", "sound"),
    (0, b"OggS", "sound"),
    (0, b"\xff\xfb", "sound"),
    (0, b"\xff\xf3", "sound"),
    (0, b"\xff\xf1", "sound"),
    (8, b"WAVE", "sound"),
    (8, b"AIFF", "sound"),
    (0, b"#!AMR", "sound"),
    (4, b"ftypM4A", "sound"),
    (4, b"ftyp", "a film"),
    (8, b"AVI ", "a film"),
    (0, b"\x1aE\xdf\xa3", "a film"),
    (0, b"FLV\x01", "a film"),
    (0, b"\x00\x00\x01\xba", "a film"),
    (0, b"\x00\x00\x01\xb3", "a film"),
    (0, b"\x00\x00\x00\x0cjP  ", "a picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a picture"),
    (0, b"\xff\x0a", "a picture"),
    (6, b"\x00\x00\x00\x00", "bitmap"),
)

_JSON = re.compile(r"[\s\x1e]*(?:\{\s*[\"}]|\[\s*(?:[{\"\d\]-]|\[\s*[{\"\d\[\]-]))")
_COLUMN = re.compile(r"[\w][\w .#/()-]{0,63}")
_DELIMITERS = ",\t;|"

_CODE = (
    *(".py", ".pyi", ".sh", ".js", ".ts", ".c", ".h", ".cpp", ".java", ".go", ".rs", ".r", ".sql"),
    *(".html", ".css", ".yaml", ".yml", ".toml", ".cfg", ".ini"),
)
"""Suffixes of hand-written files, in which equal numbers of commas do not make a table."""

_BY_NAME = frozenset({"jsonl", "csv", "tsv", "parquet", "arrow", "warc"})
"""Formats whose suffix counts where the first bytes say nothing."""


def detect_data(head: bytes, name: str) -> DataContent | None:
    """Describe the data that begins with these bytes; ``None`` for code, licences, nothing.

    Args:
        head: the first bytes, decoded where they are compressed; ``HEAD`` of them or all.
        name: what the file is called; it tells tables of one column, and what is damaged.
    """
    if not head:
        return None
    if head.startswith(_APPLE) and b'{"' not in head and len(head) < HEAD:
        return None
    if found := _by_magic(head, name):
        return found
    promised = _promised(name)
    for text in texts_of(head):
        if description := _of_text(text, name):
            return DataContent(description)
    if promised in _BY_NAME:
        is_old = promised == "arrow" and b"\x00" in head and _OLD_ARROW.match(head)
        return DataContent("Arrow" if is_old else f"what is named like {promised}")
    return _by_inner_name(head, name)


def _by_inner_name(head: bytes, name: str) -> DataContent | None:
    """Recognise binary files with an unknown suffix after one of data, as of encryption."""
    stem, dot, last = basename(name).lower().rpartition(".")
    known = f".{last}" in {*SUFFIXES, *COMPRESSIONS, *CONTAINERS}
    if not dot or known or head.startswith(_SUMS) or not is_binary(head):
        return None
    inner = f".{stem.rpartition('.')[2]}"
    if promises_data(stem) or inner in {*CONTAINERS, *COMPRESSIONS, *SHORT}:
        return DataContent(f"what is named like {inner[1:]}, with .{last}")
    return None


def _by_magic(head: bytes, name: str) -> DataContent | None:
    if head.startswith(LFS_POINTER):
        return DataContent("a Git LFS pointer", _promised(name) == "image")
    for at, magic, description in _MAGIC:
        if head.startswith(magic, at):
            return DataContent(description)
    if WARC_START.match(head):
        return DataContent("WARC")
    medium = _medium(head)
    return DataContent(medium, medium=True) if medium else None


def promises_data(name: str) -> bool:
    """Check whether a name has the suffix of data other than media and plain text.

    >>> promises_data(".part.jsonl.gz"), promises_data("notes.txt"), promises_data("a.sock")
    (True, False, False)
    """
    return _promised(name) in _BY_NAME | {"json"}


def _promised(name: str) -> str | None:
    """Return the format by the suffixes of a name, also of a hidden file."""
    pieces = basename(name).lower().split(".")
    if len(pieces) > 1 and f".{pieces[-1]}" in COMPRESSIONS:
        pieces.pop()
    return SUFFIXES.get(f".{pieces[-1]}") if len(pieces) > 1 else None


def _medium(head: bytes) -> str | None:
    if media_type(head[:MEDIA_HEAD]):
        return "a picture"
    for at, magic, description in _SOUND_AND_FILM:
        if description == "bitmap":
            if head.startswith(b"BM") and head.startswith(magic, at):
                return "a picture"
        elif head.startswith(magic, at):
            return description
    return None


def _of_text(text: str, name: str) -> str | None:
    if _JSON.match(text):
        return "JSON"
    lines = [line for line in islice(text.splitlines(), LINES) if line.strip()]
    if lines and sum(map(_is_record, lines)) * 2 >= len(lines):
        return "JSON lines"
    return "a table" if _is_table(text, name) else None


def _is_record(line: str) -> bool:
    """Check whether a line is a JSON object, list or string."""
    line = line.strip(" \t\r\x1e")
    if not line.startswith(("{", "[", '"')):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return line.startswith('{"')
    return True


def _is_table(text: str, name: str) -> bool:
    """Check whether lines have equally many cells, below a header or for enough lines."""
    whole = text if len(text) < HEAD // 4 or "\n" not in text else text[: text.rindex("\n")]
    for delimiter in _DELIMITERS:
        rows = _rows(whole, delimiter)
        width = len(rows[0]) if rows else 0
        if width < 2 or len(rows) < 2 or any(len(row) != width for row in rows):
            continue
        named = all(_COLUMN.fullmatch(cell.strip()) for cell in rows[0])
        named = named and len(set(rows[0])) == width
        by_hand = name.lower().endswith(_CODE)
        if (named and len(rows) >= (4 if by_hand else 2)) or (len(rows) >= 5 and not by_hand):
            return True
    return False


def _rows(text: str, delimiter: str) -> list[list[str]]:
    if delimiter not in text:
        return []
    try:
        read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return list(islice((row for row in read if row), LINES))
    except csv.Error:
        return []
