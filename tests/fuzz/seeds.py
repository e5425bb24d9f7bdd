"""Small valid files of every format, to be damaged."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from fuzz import document_seeds, media_seeds, table_seeds
from fuzz.rows import CHATS, ROWS, lines, table

from provenance.io.contract.formats import FORMATS


def parquet() -> list[bytes]:
    """Several encodings, compressions and page versions."""
    found = []
    settings: list[dict[str, Any]] = [
        {"compression": "none", "row_group_size": 4, "write_page_checksum": True},
        {"compression": "zstd", "data_page_version": "2.0", "use_dictionary": False},
        {"compression": "snappy", "use_byte_stream_split": False, "data_page_size": 64},
    ]
    for each in settings:
        out = io.BytesIO()
        pq.write_table(table(), out, **each)
        found.append(out.getvalue())
    return found


def arrow() -> list[bytes]:
    """Streams and files, compressed or not."""
    found = []
    for codec in (None, "zstd", "lz4"):
        options = pa.ipc.IpcWriteOptions(compression=codec)
        for new in (pa.ipc.new_stream, pa.ipc.new_file):
            out = io.BytesIO()
            with new(out, table().schema, options=options) as writer:
                writer.write_table(table(), max_chunksize=5)
            found.append(out.getvalue())
    return found


def delimited(delimiter: str) -> list[bytes]:
    """A header and rows, with quotes where that is not tabs."""
    quote = "" if delimiter == "\t" else '"'
    body = [f"{row['id']}{delimiter}{quote}{row['text']}{quote}{delimiter}x" for row in ROWS]
    plain = "\r\n".join([delimiter.join(("id", "text", "model")), *body])
    return [plain.encode(), b"\xef\xbb\xbf" + plain.replace("\r\n", "\n").encode() + b"\n"]


def warc() -> list[bytes]:
    """Responses, one gzip member each or plain, and extracted text."""
    responses, texts = [], []
    for row in ROWS:
        body = str(row["text"]).encode()
        packed = gzip.compress(body, mtime=0)
        http = (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/html\r\n\r\n" + packed
        )
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
            len(body),
            body,
        )
        responses += [_record("response", http), _record("response", chunked)]
        texts.append(_record("conversion", body))
    return [b"".join(responses), b"".join(texts)]


def _record(kind: str, block: bytes) -> bytes:
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
        f"WARC-Target-URI: http://example.com/\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def documents() -> list[bytes]:
    """Arrays, and columns."""
    columns = {name: [row[name] for row in ROWS] for name in ("id", "text", "n")}
    values = (ROWS, CHATS, columns)
    return [json.dumps(value, indent=indent).encode() for value in values for indent in (None, 1)]


def texts_by_line() -> list[bytes]:
    """One kind of line break and the other, blank lines, and no break at the end."""
    some = [str(row["text"]) for row in ROWS]
    return [("\n".join(some) + "\n").encode(), "\r\n\r\n \t".join(some).encode()]


def texts() -> list[bytes]:
    """Prose, and prose with front matter."""
    front = "---\ntitle: a\ntags: [x, &a y, *a]\nmeta:\n  model: gpt-4\n---\n"
    return [lines(), (front + "some text\n" * 20).encode()]


def lance(kind: str) -> list[bytes]:
    """The file of a data set that a target damages."""
    return [table_seeds.lance_folder()[table_seeds.lance_file(kind)]]


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "jsonl": lambda: [
        lines(),
        lines(CHATS),
        lines().replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + lines(),
        lines() * 60,
    ],
    "json": documents,
    "parquet": parquet,
    "arrow": arrow,
    "csv": lambda: delimited(","),
    "tsv": lambda: delimited("\t"),
    "text": texts,
    "warc": warc,
    "orc": table_seeds.orcs,
    "lance": lambda: lance("data"),
    "avro": table_seeds.avro,
    "sqlite": table_seeds.sqlite,
    "duckdb": table_seeds.databases,
    "lines": texts_by_line,
    "html": document_seeds.pages,
    "pdf": document_seeds.pdfs,
    "epub": document_seeds.books,
    "docx": document_seeds.letters,
    "image": media_seeds.pictures,
    "audio": media_seeds.sounds,
    "video": media_seeds.films,
    "webdataset": media_seeds.samples,
}
"""By format, what makes its seeds."""

PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "jsonl.gz": ("jsonl", lambda data: gzip.compress(data, mtime=0)),
    "jsonl.zst": ("jsonl", zstandard.compress),
    "csv.gz": ("csv", lambda data: gzip.compress(data[:200], mtime=0) + gzip.compress(data[200:])),
    "warc.gz": ("warc", lambda data: gzip.compress(data, mtime=0)),
    "arrow.zst": ("arrow", zstandard.compress),
}
"""Formats within a compression, which is what is damaged then."""

ARCHIVES: dict[str, Callable[[], list[bytes]]] = {
    "tar": media_seeds.tars,
    "zip": media_seeds.zips,
    "tar.gz": lambda: [gzip.compress(data, mtime=0) for data in media_seeds.tars()],
}
"""Files of which every member is read."""

LANCE = {"lance": "data", "lance.deletions": "_deletions", "lance.versions": "_versions"}
"""Which file of a data set of Lance is damaged: the others are as they were."""

INSIDE = {
    "docx.document": ("docx", "word/document.xml"),
    "docx.relations": ("docx", "_rels/.rels"),
    "epub.book": ("epub", "OPS/book.opf"),
    "epub.chapter": ("epub", "OPS/a.xhtml"),
}
"""Members of documents, which a checksum guards where it is the whole that is damaged."""

_WAYS: tuple[Iterable[str], ...] = (FORMATS, PACKED, ARCHIVES, LANCE, INSIDE)

TARGETS = tuple(dict.fromkeys(chain.from_iterable(_WAYS)))
"""Everything that is fuzzed."""


def seeds_of(target: str) -> list[bytes]:
    """The valid files from which those of a target are made.

    Raises:
        KeyError: a format of which there are none.
    """
    if target in PACKED:
        form, pack = PACKED[target]
        within = SEEDS[form]()
        # A file of Arrow is read from its end, which a compression has not.
        return [pack(data) for data in within if not data.startswith(b"ARROW1")]
    if target in ARCHIVES:
        return ARCHIVES[target]()
    if target in LANCE:
        return lance(LANCE[target])
    if target in INSIDE:
        form, member = INSIDE[target]
        with zipfile.ZipFile(io.BytesIO(SEEDS[form]()[0])) as archive:
            return [archive.read(member)]
    return SEEDS[target]()
