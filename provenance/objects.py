"""Objects in stores and on the web: how they are named, reached with the usual credentials, moved.

Messages are made here and never quote the library: its own hold whole URLs, signatures among them.
"""

from __future__ import annotations

import functools
import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from provenance.errors import InputError, MisuseError, NotFoundError, StorageError

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ObjectStore

STORES = ("s3", "gs")
"""Schemes whose objects can be listed."""

WEB = ("https", "http")

RANGE_BYTES = 8 << 20
"""What one request asks for: memory is bounded by this."""

PAGE = 1_000
"""Keys of one page of a listing, which is what stores give at most."""

ATTEMPTS = 4
"""How often the body of an answer that breaks off is asked for."""

_RETRIES = 6
_BACKOFF = timedelta(milliseconds=100)
_RETRY_FOR = timedelta(seconds=90)
_TIMEOUT = timedelta(seconds=60)

# What signs a request: it changes from one day to the next, and is nobody else's business.
_SIGNING = re.compile(
    r"x-(amz|goog|ms)-.*|awsaccesskeyid|googleaccessid|signature|sig|se|sp|sv|sr|st|spr|skoid|"
    r"sktid|skt|ske|sks|skv|expires|policy|key-pair-id|.*token.*|.*secret.*|.*password.*|.*key",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """An object, or the prefix of some; as text it holds nothing that opens a door.

    Attributes:
        store: bucket or host.
        key: name of the object in it; on the web the path, as it is written.
        query: on the web, what stands behind the path.
    """

    scheme: str
    store: str
    key: str = ""
    query: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.store}/{self.key}{_named(self.query)}"

    def __truediv__(self, name: str) -> Place:
        return Place(self.scheme, self.store, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    @property
    def name(self) -> str:
        """The last piece of the key."""
        piece = self.key.rsplit("/", 1)[-1]
        return unquote(piece) if self.scheme in WEB else piece


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was found; the fingerprint changes whenever its content does."""

    place: Place
    bytes: int
    modified_ns: int
    etag: str | None
    version: str | None = None

    @property
    def fingerprint(self) -> str:
        """What the store itself knows it by, with the name of that."""
        if self.etag:
            return f"etag:{self.etag.strip(chr(34))}"
        if self.version:
            return f"version:{self.version}"
        return f"modified:{self.modified_ns}:{self.bytes}"


def is_url(text: str) -> bool:
    """Whether a text names something in an object store or on the web.

    >>> is_url("s3://bucket/data/"), is_url("./data"), is_url("ftp://host/data")
    (True, False, False)
    """
    return text.partition("://")[0].lower() in {*STORES, *WEB} and "://" in text


def parse(url: str) -> Place:
    """The place behind a URL.

    >>> str(parse("https://host/a.jsonl?X-Amz-Signature=abc"))
    'https://host/a.jsonl'

    Raises:
        MisuseError: it names no bucket or host, or holds a password.
    """
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme in STORES:
        bucket, _, key = rest.partition("/")
        return _checked(Place(scheme, bucket, key))
    pieces = urlsplit(url)
    return _checked(Place(scheme, pieces.netloc, pieces.path.lstrip("/"), pieces.query))


def _checked(place: Place) -> Place:
    if "@" in place.store:
        raise MisuseError(
            f"a {place.scheme}:// URL with a user or a password in it is not taken",
            hint="credentials come from the environment, a profile or the machine",
        )
    if not place.store:
        raise MisuseError(
            f"{place.scheme}:// names no bucket", hint="for example s3://bucket/folder/"
        )
    return place


def _named(query: str) -> str:
    """What tells two URLs of one path apart, without saying it: it may be a secret."""
    rest = [pair for pair in parse_qsl(query, True) if not _SIGNING.fullmatch(pair[0])]
    if not rest:
        return ""
    return f"?sha256={hashlib.sha256(urlencode(rest).encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Access:
    """How S3 is reached: what the environment, the profile files or the machine say."""

    region: str
    endpoint: str | None
    credentials: Any = field(repr=False)

    def frozen(self) -> tuple[str, str, str | None] | None:
        """Key, secret and token as they are now; nothing where there are none."""
        if self.credentials is None:
            return None
        now = self.credentials.get_frozen_credentials()
        return now.access_key, now.secret_key, now.token


@functools.cache
def s3_access() -> Access:
    """What the usual AWS chain says; one look per process.

    Raises:
        StorageError: a profile is named that does not exist, or the like.
    """
    from botocore.configprovider import ConfiguredEndpointProvider
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    session = Session()
    try:
        endpoint = ConfiguredEndpointProvider(
            full_config=session.full_config,
            scoped_config=session.get_scoped_config(),
            client_name="s3",
        ).provide()
        credentials = session.get_credentials()
        region = session.get_config_variable("region") or environ.get("AWS_REGION")
    except BotoCoreError as error:
        raise StorageError(
            f"the AWS credentials cannot be used: {type(error).__name__}",
            hint="see AWS_PROFILE and the files in ~/.aws",
        ) from error
    return Access(region or "us-east-1", endpoint, credentials)


@functools.cache
def _store(scheme: str, name: str) -> ObjectStore:
    """A bucket, or an object on the web, with retries that wait longer each time."""
    from obstore.store import GCSStore, HTTPStore, S3Store

    retry: Any = {
        "max_retries": _RETRIES,
        "retry_timeout": _RETRY_FOR,
        "backoff": {"init_backoff": _BACKOFF, "max_backoff": timedelta(seconds=5), "base": 2},
    }
    client: Any = {"timeout": _TIMEOUT}
    if scheme == "gs":
        return GCSStore(name, client_options=client, retry_config=retry)
    if scheme in WEB:
        client["allow_http"] = scheme == "http"
        return HTTPStore.from_url(name, client_options=client, retry_config=retry)
    access = s3_access()
    config: Any = {"region": access.region, "checksum_algorithm": "sha256"}
    if access.credentials is None:
        config["skip_signature"] = True
    if access.endpoint:
        config["endpoint"] = access.endpoint
        client["allow_http"] = access.endpoint.startswith("http://")
    provider: Any = None if access.credentials is None else _provide
    return S3Store(
        name,
        config=config,
        client_options=client,
        retry_config=retry,
        credential_provider=provider,
    )


def _provide() -> Any:
    """Credentials as the store's library asks for them, again and again."""
    key, secret, token = s3_access().frozen() or ("", "", None)
    soon = datetime.now().astimezone() + timedelta(minutes=5)
    return {
        "access_key_id": key,
        "secret_access_key": secret,
        "token": token,
        "expires_at": soon,
    }


def _opened(place: Place) -> tuple[ObjectStore, str]:
    """The store of a place, and the object's name in it."""
    if place.scheme in WEB:
        query = f"?{place.query}" if place.query else ""
        return _store(place.scheme, f"{place.scheme}://{place.store}/{place.key}{query}"), ""
    return _store(place.scheme, place.store), place.key


@contextmanager
def _failures(place: Place) -> Iterator[None]:
    """Failures of a store as ours; none of the library's words are passed on."""
    from obstore import exceptions

    try:
        yield
    except FileNotFoundError:
        raise NotFoundError(f"no such object: {place}", hint="check the name") from None
    except exceptions.PreconditionError:
        raise _changed(place) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise StorageError(
            f"{place}: access is denied", hint="see which credentials the environment gives"
        ) from None
    except (exceptions.InvalidPathError, exceptions.NotSupportedError):
        raise
    except (exceptions.BaseError, OSError, ValueError) as error:
        if "NoSuchBucket" in str(error):
            raise NotFoundError(f"no such bucket: {place}", hint="check the name") from None
        raise StorageError(
            f"{place}: {_said(error)}", hint="tried again several times; see the network"
        ) from None


def _said(error: Exception) -> str:
    """What went wrong in general: the answer's status, or that there was none."""
    text = str(error)
    if "redirect without LOCATION" in text:
        return "the bucket is in another region (set AWS_REGION)"
    status = re.search(r"status code: (\d{3} ?[A-Za-z ]*)", text)
    if status:
        return f"the store answered {status[1].strip()}"
    if "segment" in text:
        return "its name has an empty, `.` or `..` piece, which cannot be read"
    for piece in ("timed out", "dns error", "Connection refused", "Content-Length"):
        if piece.lower() in text.lower():
            return f"the store cannot be read ({piece})"
    return "the store cannot be reached, or broke off its answer"


def _changed(place: Place) -> InputError:
    return InputError(
        f"{place}: changed while it was read",
        hint="nothing of it was kept; run again when nobody writes to it",
    )


def _stored(place: Place, meta: ObjectMeta) -> Stored:
    modified = int(meta["last_modified"].timestamp() * 1_000_000) * 1_000
    return Stored(place, meta["size"], modified, meta["e_tag"], meta["version"])


def find(place: Place) -> Stored | None:
    """An object as it is now; nothing where there is none.

    Raises:
        StorageError: the store cannot be reached, or denies it.
    """
    if not place.key and place.scheme in STORES:
        return None
    store, name = _opened(place)
    try:
        with _failures(place):
            return _stored(place, store.head(name))
    except NotFoundError:
        return None


def listing(prefix: Place) -> Iterator[Stored]:
    """Every object below a prefix, page by page.

    Raises:
        NotFoundError: there is no such bucket.
        StorageError: the store cannot be reached, or denies it.
    """
    from obstore.exceptions import InvalidPathError

    store, name = _opened(prefix)
    pages = store.list(name.rstrip("/") or None, chunk_size=PAGE)
    while True:
        try:
            with _failures(prefix):
                page = next(pages, None)
        except InvalidPathError:
            raise InputError(
                f"below {prefix} there is a key with an empty, `.` or `..` piece in its path",
                hint="such keys cannot be read: rename them, or name the folders beside them",
            ) from None
        if page is None:
            return
        for meta in page:
            yield _stored(Place(prefix.scheme, prefix.store, meta["path"]), meta)


def download(stored: Stored, target: Path) -> None:
    """An object into a file, range by range, and only as it was when it was found.

    Raises:
        InputError: it changed or vanished meanwhile.
        StorageError: the store cannot be reached, or denies it.
    """
    with target.open("wb") as file:
        try:
            for piece in _pieces(stored):
                file.write(piece)
        except NotFoundError:
            raise InputError(
                f"{stored.place}: vanished while it was read", hint="nothing of it was kept"
            ) from None


def _pieces(stored: Stored) -> Iterator[bytes]:
    from obstore.exceptions import NotSupportedError

    try:
        for start in range(0, stored.bytes, RANGE_BYTES):
            yield _range(stored, start, min(start + RANGE_BYTES, stored.bytes))
    except NotSupportedError:
        # A plain web server may know no ranges; it says so at the first one.
        yield from _stream(stored)


def _stream(stored: Stored) -> Iterator[bytes]:
    store, name = _opened(stored.place)
    length = 0
    with _failures(stored.place):
        answer = store.get(name)
        if _stored(stored.place, answer.meta).fingerprint != stored.fingerprint:
            raise _changed(stored.place)
        for piece in answer.stream(RANGE_BYTES):
            length += len(piece)
            yield bytes(piece)
    if length != stored.bytes:
        raise _changed(stored.place)


def _range(stored: Stored, start: int, end: int) -> bytes:
    """A range of an object; one that breaks off is asked for again, after a while."""
    for attempt in range(ATTEMPTS):
        try:
            data = _asked(stored, start, end)
        except StorageError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            if len(data) != end - start:
                raise _changed(stored.place)
            return data
        time.sleep(_BACKOFF.total_seconds() * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _asked(stored: Stored, start: int, end: int) -> bytes:
    options: GetOptions = {"range": (start, end)}
    if stored.etag and not stored.etag.startswith("W/"):
        options["if_match"] = stored.etag
    store, name = _opened(stored.place)
    with _failures(stored.place):
        answer = store.get(name, options=options)
        # Not every server heeds the condition.
        if _stored(stored.place, answer.meta).fingerprint != stored.fingerprint:
            raise _changed(stored.place)
        return bytes(answer.bytes())


def read(place: Place) -> bytes:
    """A whole object, which fits into memory.

    Raises:
        NotFoundError: there is none.
        StorageError: the store cannot be reached, or denies it.
    """
    store, name = _opened(place)
    with _failures(place):
        return bytes(store.get(name).bytes())


def upload(source: Path, place: Place) -> None:
    """A file into a store, with its SHA-256 for the store to check; all of it or nothing.

    Raises:
        NotFoundError: there is no such bucket.
        StorageError: the store cannot be reached, or denies it.
    """
    store, name = _opened(place)
    with _failures(place):
        store.put(name, source)


def remove(place: Place) -> None:
    """Take an object out of a store, if it is there.

    Raises:
        StorageError: the store cannot be reached, or denies it.
    """
    store, name = _opened(place)
    try:
        with _failures(place):
            store.delete(name)
    except NotFoundError:
        return
