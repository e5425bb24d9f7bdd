"""A web server with moods: it lists like S3, counts, fails, breaks off, and changes."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Site:
    """What a server holds, and how it behaves.

    Attributes:
        files: content by path, ``/bucket/key``.
        statuses: what it answers to the next requests, before it answers well.
        breaks: how many bodies it breaks off in the middle.
        before: called with the path before a body is sent.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    breaks: int = 0
    ranges: bool = True
    etags: bool = True
    before: Callable[[str], None] = lambda _path: None
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def bodies(self, path: str) -> int:
        """How often the content of a path was asked for."""
        return sum(method == "GET" and target == path for method, target, _ in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        site, pieces = self.site, urlsplit(self.path)
        path, query = unquote(pieces.path), parse_qs(pieces.query)
        site.asked.append((self.command, path, dict(self.headers)))
        if site.statuses:
            self._send(site.statuses.pop(0), b"", {})
        elif "list-type" in query:
            self._send(200, _page(site, path.strip("/"), query), {})
        elif path not in site.files:
            self._send(404, b"", {})
        else:
            self._file(path, body=body)

    def _file(self, path: str, *, body: bool) -> None:
        site = self.site
        if body:
            site.before(path)
        content = site.files.get(path)
        if content is None:
            self._send(404, b"", {})
            return
        headers = {"Last-Modified": formatdate(1_700_000_000, usegmt=True)}
        if site.etags:
            headers["ETag"] = _etag(content)
            if self.headers.get("If-Match", _etag(content)) != _etag(content):
                self._send(412, b"", {})
                return
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked and site.ranges:
            start, end = int(asked[1]), min(int(asked[2]) + 1, len(content))
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
            self._send(206, content[start:end], headers, body=body)
        else:
            self._send(200, content, headers, body=body)

    def _send(
        self, status: int, content: bytes, headers: dict[str, str], *, body: bool = True
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not body or self.command == "HEAD":
            return
        if self.site.breaks > 0 and status in {200, 206}:
            self.site.breaks -= 1
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(content)


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _page(site: Site, bucket: str, query: dict[str, list[str]]) -> bytes:
    """A page of a listing, as S3 writes it."""
    prefix = query.get("prefix", [""])[0]
    after = query.get("continuation-token", [""])[0]
    size = int(query.get("max-keys", ["1000"])[0])
    start = f"/{bucket}/"
    keys = sorted(p.removeprefix(start) for p in site.files if p.startswith(start + prefix))
    keys = [key for key in keys if key > after]
    page, more = keys[:size], len(keys) > size
    items = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>{escape(_etag(site.files[start + key]))}</ETag>"
        f"<Size>{len(site.files[start + key])}</Size></Contents>"
        for key in page
    )
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{items}"
        f"<KeyCount>{len(page)}</KeyCount></ListBucketResult>"
    ).encode()


@contextlib.contextmanager
def served(site: Site) -> Iterator[Site]:
    """The site, up."""
    handler = type("Handler", (_Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
