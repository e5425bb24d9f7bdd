"""Parse the URLs of objects, and print them without signatures or tokens."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from provenance.errors import MisuseError

STORES = ("s3", "gs")
"""Schemes whose objects can be listed."""

WEB = ("https", "http")

# Parameters that sign a request: they change daily, and are secret.
_SIGNATURE = frozenset({"x-amz-signature", "x-goog-signature", "signature", "sig"})
_SIGNING = re.compile(
    r"x-(amz|goog|ms)-.*|awsaccesskeyid|googleaccessid|signature|expires|policy|key-pair-id|"
    r"s(ig|e|p|v|r|t|pr|koid|ktid|kt|ke|ks|kv|ip|dd)",
)
_TOKEN = re.compile(r"(.*_)?token")


@dataclass(frozen=True, slots=True)
class Location:
    """An object or a prefix; its text holds no credential.

    Attributes:
        store: bucket or host.
        key: name of the object in it; on the web the path, as it is written.
        query: on the web, the query string.
    """

    scheme: str
    store: str
    key: str = ""
    query: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.store}/{self.key}{_named(self.query)}"

    def __truediv__(self, name: str) -> Location:
        return Location(self.scheme, self.store, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    @property
    def name(self) -> str:
        """Last component of the key."""
        piece = self.key.rsplit("/", 1)[-1]
        return unquote(piece) if self.scheme in WEB else piece


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was found; its fingerprint changes whenever its content does."""

    location: Location
    bytes: int
    modified_ns: int
    etag: str | None
    version: str | None = None

    @property
    def fingerprint(self) -> str:
        """Entity tag, version or time of the object, with a name for which it is."""
        if self.etag:
            return f"etag:{self.etag.strip(chr(34))}"
        if self.version:
            return f"version:{self.version}"
        return f"modified:{self.modified_ns}:{self.bytes}"


def is_url(text: str) -> bool:
    """Check whether a text is a URL of an object store or of the web.

    >>> is_url("s3://bucket/data/"), is_url("./data"), is_url("ftp://host/data")
    (True, False, False)
    """
    return text.partition("://")[0].lower() in {*STORES, *WEB} and "://" in text


def parse_url(url: str) -> Location:
    """Parse the URL of an object.

    >>> str(parse_url("https://host/a.jsonl?X-Amz-Signature=abc"))
    'https://host/a.jsonl'

    Raises:
        MisuseError: it names no bucket or host, or holds a password.
    """
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme in STORES:
        bucket, _, key = rest.partition("/")
        return _checked(Location(scheme, bucket, key))
    pieces = urlsplit(url)
    return _checked(Location(scheme, pieces.netloc, pieces.path.lstrip("/"), pieces.query))


def _checked(location: Location) -> Location:
    if "@" in location.store:
        raise MisuseError(
            f"a {location.scheme}:// URL with a user or a password in it is not accepted",
            hint="credentials come from the environment, a profile or the machine",
        )
    if not location.store:
        raise MisuseError(
            f"{location.scheme}:// names no bucket", hint="for example s3://bucket/folder/"
        )
    return location


def _named(query: str) -> str:
    """Write a query without its secrets: as a hash that still distinguishes two URLs."""
    pairs = [(name.lower(), value) for name, value in parse_qsl(query, True)]
    signed = any(name in _SIGNATURE for name, _ in pairs)
    rest = [
        (name, value)
        for name, value in pairs
        if not _TOKEN.fullmatch(name) and not (signed and _SIGNING.fullmatch(name))
    ]
    if not rest:
        return ""
    return f"?sha256={hashlib.sha256(urlencode(rest).encode()).hexdigest()[:16]}"
