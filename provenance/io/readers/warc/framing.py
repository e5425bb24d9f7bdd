"""Split WARC and ARC files into records, and decode their headers and HTTP payloads."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from warcio.bufferedreaders import ChunkedDataException, ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException
from warcio.timeutils import timestamp_to_iso_date

from provenance.content.identity import write_digest
from provenance.io.contract.reader import too_long_reason

# What the library has to say is said here as a reject, with its place.
logging.getLogger("warcio").addHandler(logging.NullHandler())

DATA_TYPES = frozenset({"response", "resource", "conversion"})
"""Types of data records; requests, metadata, revisits and the like describe a crawl and are no
records.
"""

_OTHER_TYPES = frozenset(
    {"arc_header", "continuation", "metadata", "request", "revisit", "warcinfo"}
)
_LOOKUPS = ("dns:", "whois:", "ntp:")
_LONGEST_LINE = 64 << 10
_LONGEST_HEADER = 1 << 20
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]+[ \t]*(?:;[^\r\n]*)?\r\n")

_ARC_NAMES = {
    "uri": "WARC-Target-URI",
    "ip-address": "WARC-IP-Address",
    "archive-date": "WARC-Date",
    "content-type": "Content-Type",
    "length": "Content-Length",
}


class FramingError(Exception):
    """An archive cannot be read any further; the message is the reason."""


@dataclass(slots=True)
class WarcRecord:
    """A data record: its offset, its headers, and its payload or defect."""

    offset: int
    kind: str
    headers: dict[str, str]
    payload: bytes
    defect: str
    digest: str
    size: int

    def header(self, name: str) -> str | None:
        """Return the value of a header, whose name is case-insensitive."""
        if name in self.headers:
            return self.headers[name] or None
        wanted = name.lower()
        return next((v for key, v in self.headers.items() if key.lower() == wanted), None) or None


def warc_records(
    stream: BinaryIO, limit: int, passed_over: Counter[str] | None = None
) -> Iterator[WarcRecord]:
    """Yield the data records of an archive, in order.

    Args:
        stream: the archive.
        limit: longest block that is held.
        passed_over: where records that are no data are counted by their type.

    Raises:
        FramingError: no record begins where one should, or its length is not stated.
        DamagedError: the compression of the file is damaged.
    """
    lines = _Lines(stream)
    loader = ArcWarcRecordLoader(arc2warc=False)
    known: str | None = None
    while first := lines.next_filled():
        offset = lines.offset - len(first)
        known = known or ("warc" if first.startswith(b"WARC/") else "arc")
        try:
            found = loader.parse_record_stream(lines, first, known, no_record_parse=True)
        except (ArchiveLoadFailed, StatusAndHeadersParserException, EOFError) as error:
            raise FramingError(f"no record header at byte {offset}") from error
        block = _LimitedBody.read(lines, _length(found, offset), limit)
        fits = bool(block.missing) or lines.at_boundary(known)
        if _is_data(found):
            yield _record(found, offset, block, limit, fits=fits)
        elif passed_over is not None:
            passed_over[_other_type(found)] += 1
        if not fits:
            lines.skip_to_header()


class _Lines:
    """Bounded stream for the header parser, with one line of lookahead."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""
        self._header = 0
        self.offset = 0

    def readline(self, length: int | None = None) -> bytes:
        line, self._ahead = self._ahead, b""
        line = line or self._stream.readline(_LONGEST_LINE)
        self.offset += len(line)
        self._header += len(line)
        if len(line) >= _LONGEST_LINE or self._header > _LONGEST_HEADER:
            raise FramingError(f"a header is too long at byte {self.offset}")
        return line

    def read(self, length: int) -> bytes:
        """Read up to ``length`` bytes, as many as are sound."""
        ahead, self._ahead = self._ahead[:length], self._ahead[length:]
        data = ahead or self._stream.read1(length)  # type: ignore[attr-defined]
        self.offset += len(data)
        return bytes(data)

    def next_filled(self) -> bytes:
        """Return the next line that is not blank; empty at the end of the file."""
        line = b"\n"
        while line and not line.strip():
            self._header = 0
            line = self.readline()
        return line

    def at_boundary(self, known: str) -> bool:
        """Check whether a record ends here: before a blank line, a record, or the end."""
        self._header = 0
        line = self.readline()
        self._unread(line)
        return not line.strip() or known == "arc" or line.startswith(b"WARC/")

    def skip_to_header(self) -> None:
        """Skip to the next line that begins a WARC record."""
        while line := self._ahead or self._stream.readline(_LONGEST_LINE):
            if line.startswith(b"WARC/"):
                self._ahead = line
                return
            self._ahead = b""
            self.offset += len(line)

    def _unread(self, line: bytes) -> None:
        self._ahead = line
        self.offset -= len(line)


@dataclass(slots=True)
class _LimitedBody:
    """The body of a record: hashed completely, kept up to a limit."""

    data: bytes
    size: int
    digest: str
    missing: int

    @classmethod
    def read(cls, lines: _Lines, length: int, limit: int) -> _LimitedBody:
        state, kept, left = hashlib.sha256(), bytearray(), length
        while left and (chunk := lines.read(min(left, _CHUNK))):
            state.update(chunk)
            left -= len(chunk)
            if length <= limit:
                kept += chunk
        return cls(bytes(kept), length, write_digest(state.digest()), left)


_LARGEST = (1 << 63) - 1
"""Largest Content-Length that is accepted."""


def _length(found: Any, offset: int) -> int:
    """Return the size of the body."""
    if found.length is None:
        raise FramingError(f"the record at byte {offset} has no Content-Length")
    length = int(found.length)
    if length > _LARGEST:
        raise FramingError(f"the record at byte {offset} cannot be as long as it says")
    return length


def _is_data(found: Any) -> bool:
    uri = _headers(found).get("WARC-Target-URI", "")
    return found.rec_type in DATA_TYPES and not uri.startswith(_LOOKUPS)


def _other_type(found: Any) -> str:
    """Return the type of a record that is no data; ``other`` for an unknown one."""
    if found.rec_type in DATA_TYPES:
        return "lookup"
    return found.rec_type if found.rec_type in _OTHER_TYPES else "other"


def _headers(found: Any) -> dict[str, str]:
    """Map header names to values; ARC headers get their WARC names, and dates in ISO 8601."""
    headers = {str(name): str(value) for name, value in found.rec_headers.headers}
    if found.format != "arc":
        return headers
    headers = {_ARC_NAMES.get(name, name): value for name, value in headers.items()}
    date = headers.get("WARC-Date", "")
    if re.fullmatch(r"[0-9]{14}", date):
        with suppress(ValueError):  # month 13: handed over as it is written
            headers["WARC-Date"] = timestamp_to_iso_date(date)
    return headers


def _record(found: Any, offset: int, block: _LimitedBody, limit: int, *, fits: bool) -> WarcRecord:
    headers, payload, defect = _headers(found), b"", ""
    stated = headers.get("Content-Length", "").strip()
    if block.missing:
        defect = f"file: truncated, {block.missing} of {block.size} bytes of a record are missing"
    elif not stated.isdigit():
        defect = f"Content-Length {stated[:40]!r} is not a size"
    elif not fits:
        defect = "Content-Length does not fit the record"
    elif "WARC-Segment-Number" in headers:
        defect = "a segment of a larger record"
    elif not block.data and block.size:
        defect = too_long_reason(limit)
    else:
        payload, defect = _payload(found.rec_type, headers, block.data, limit)
    if not defect and not payload:
        defect = "the payload is empty"
    return WarcRecord(offset, found.rec_type, headers, payload, defect, block.digest, block.size)


def _payload(kind: str, headers: dict[str, str], block: bytes, limit: int) -> tuple[bytes, str]:
    """Return the payload of a body, or its defect; set the content type of HTTP."""
    if kind != "response" or not block.startswith(b"HTTP/"):
        return block, ""
    stream = io.BytesIO(block)
    http = StatusAndHeadersParser([], verify=False).parse(stream)
    headers["Content-Type"] = http.get_header("Content-Type") or ""
    payload = stream.read()
    transfer = (http.get_header("Transfer-Encoding") or "").strip().lower()
    # Crawlers that store what they decoded often keep the headers of what they received.
    if transfer == "chunked" and _CHUNK_SIZE.match(payload):
        try:
            payload = ChunkedDataReader(io.BytesIO(payload), raise_exceptions=True).read()
        except ChunkedDataException:
            return b"", "the chunked transfer encoding is broken"
    encoding = (http.get_header("Content-Encoding") or "identity").strip().lower()
    return _decoded(payload, encoding, limit)


def _decoded(payload: bytes, encoding: str, limit: int) -> tuple[bytes, str]:
    """Undo the content encoding of a payload, or return its defect."""
    if encoding in {"", "identity", "none"}:
        return payload, ""
    if encoding in {"gzip", "x-gzip"}:
        if not payload.startswith(_GZIP):
            return payload, ""
        return _inflated(payload, 31, limit) or (b"", f"broken content encoding {encoding!r}")
    if encoding == "deflate" and (
        found := _inflated(payload, 15, limit) or _inflated(payload, -15, limit)
    ):
        return found
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return b"", f"content encoding {encoding[:40]!r} is not decoded"
    return payload, ""  # text is what a compressor never writes: it was decoded when it was stored


def _inflated(payload: bytes, window: int, limit: int) -> tuple[bytes, str] | None:
    decoder = zlib.decompressobj(window)
    try:
        data = decoder.decompress(payload, limit + 1)
    except zlib.error:
        return None
    if len(data) > limit:
        return b"", too_long_reason(limit)
    return data, "" if decoder.eof else "the content encoding is truncated"
