"""List the formats that can be read, with the reader of each; readers are imported on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import cast

from provenance.errors import MisuseError
from provenance.io.contract.reader import Reader


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name, the suffixes of its files, and where its reader is."""

    name: str
    suffixes: tuple[str, ...]
    module: str
    reader: str


PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".avif", ".heic")
"""Suffixes of pictures, which are skipped in a folder that holds other data."""

SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aif", ".aiff")
FILMS = (".mp4", ".m4v", ".webm", ".mkv", ".mov", ".avi", ".ogv", ".3gp")
"""Suffixes of films, which are treated like pictures."""

MEDIA = {"image": PICTURES, "audio": SOUNDS, "video": FILMS}
"""Suffixes of the formats in which one file is one record of bytes."""

_ALL = (
    Format(
        "jsonl", (".jsonl", ".ndjson", ".jsonlines", ".jl", ".ldjson"), "json.lines", "JsonLines"
    ),
    Format("json", (".json",), "json.document", "JsonDocument"),
    Format("parquet", (".parquet",), "columnar.parquet", "Parquet"),
    Format("arrow", (".arrow", ".feather", ".ipc"), "columnar.arrow_ipc", "ArrowIpc"),
    Format("orc", (".orc",), "columnar.orc", "Orc"),
    Format("lance", (".lance",), "columnar.lance", "Lance"),
    Format("avro", (".avro",), "columnar.avro", "Avro"),
    Format("sqlite", (".sqlite", ".sqlite3", ".db"), "databases.sqlite_table", "SqliteTable"),
    Format("duckdb", (".duckdb", ".ddb"), "databases.duckdb_table", "DuckdbTable"),
    Format("csv", (".csv",), "tables.delimited", "Delimited"),
    Format("tsv", (".tsv",), "tables.delimited", "Delimited"),
    Format("text", (".txt", ".md", ".markdown"), "plain_text", "PlainText"),
    Format("lines", (), "text_lines", "TextLines"),
    Format("warc", (".warc", ".wet", ".wat", ".arc"), "warc.warc", "Warc"),
    Format("html", (".html", ".htm", ".xhtml"), "documents.text_documents", "Document"),
    Format("pdf", (".pdf",), "documents.text_documents", "Document"),
    Format("epub", (".epub",), "documents.text_documents", "Document"),
    Format("docx", (".docx",), "documents.text_documents", "Document"),
    Format("image", PICTURES, "media", "MediaFile"),
    Format("audio", SOUNDS, "media", "MediaFile"),
    Format("video", FILMS, "media", "MediaFile"),
    Format("webdataset", (), "webdataset.webdataset", "WebDataset"),
)

FORMATS: dict[str, Format] = {each.name: each for each in _ALL}
"""Every format by name."""

SUFFIXES: dict[str, str] = {suffix: each.name for each in _ALL for suffix in each.suffixes}
"""Format by suffix of the file name."""

BY_FIRST_BYTES = (
    "parquet",
    "arrow",
    "orc",
    "avro",
    "sqlite",
    "warc",
    "pdf",
    "epub",
    "docx",
    *MEDIA,
)
"""Formats whose files always begin with a signature."""

STREAMED = frozenset({"jsonl", "json", "csv", "tsv", "text", "lines", "warc", "webdataset", *MEDIA})
"""Formats whose readers only read ``open_bytes`` from the beginning; others need a real file, so
archive members are extracted for them.
"""

COMPRESSIONS: dict[str, str] = {
    ".gz": "gz",
    ".gzip": "gz",
    ".zst": "zst",
    ".zstd": "zst",
    ".bz2": "bz2",
    ".xz": "xz",
    ".lzma": "lzma",
    ".lz4": "lz4",
}
"""Compression by suffix of the file name; it follows the suffix of the format."""

CONTAINERS: dict[str, str] = {".tar": "tar", ".zip": "zip"}
"""Archive by suffix of the file name; each member is a file of its own."""

SHORT: dict[str, str] = {
    ".tgz": ".tar.gz",
    ".tbz2": ".tar.bz2",
    ".tbz": ".tar.bz2",
    ".txz": ".tar.xz",
    ".tzst": ".tar.zst",
}
"""Suffixes that stand for two."""


@cache
def reader_for(format: str) -> Reader:  # noqa: A002 (the word of the option)
    """Return the reader of a format.

    Raises:
        MisuseError: there is no such format.
    """
    known = FORMATS.get(format)
    if known is None:
        raise MisuseError(f"unknown format: {format!r}", hint=f"one of {', '.join(FORMATS)}")
    module = import_module(f"provenance.io.readers.{known.module}")
    return cast("Reader", getattr(module, known.reader)())
