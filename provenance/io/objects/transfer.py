"""Find, list, download and upload objects, each unchanged since it was found or not at all.

Error messages never quote the library, whose own contain whole URLs with their signatures.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import InputError, NotFoundError, StorageError
from provenance.io.objects.access import BACKOFF, open_store
from provenance.io.objects.naming import STORES, Location, StoredObject

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ObjectStore

RANGE_BYTES = 8 << 20
"""Bytes of one request."""

AT_ONCE = 4
"""Concurrent requests for one object; memory is bounded by their product with ``RANGE_BYTES``."""

PAGE = 1_000
"""Keys per page of a listing, the most that stores return."""

ATTEMPTS = 4
"""Attempts to read the body of an answer."""


@contextmanager
def _at(location: Location) -> Iterator[tuple[ObjectStore, str]]:
    """Open the store of a location and the object's name in it; translate errors of the library."""
    from obstore import exceptions

    try:
        yield open_store(location)
    except FileNotFoundError as error:
        missing = "bucket" if "NoSuchBucket" in str(error) else "object"
        raise NotFoundError(f"no such {missing}: {location}", hint="check the name") from None
    except exceptions.PreconditionError:
        raise _changed(location) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise StorageError(
            f"{location}: access is denied", hint="check the credentials in the environment"
        ) from None
    except (exceptions.InvalidPathError, exceptions.NotSupportedError):
        raise
    except (exceptions.BaseError, OSError, ValueError) as error:
        if "NoSuchBucket" in str(error):
            raise NotFoundError(f"no such bucket: {location}", hint="check the name") from None
        raise StorageError(
            f"{location}: {_summary(error)}", hint="retried several times; check the network"
        ) from None


def _summary(error: Exception) -> str:
    """Summarise an error: the status of the answer, or that there was none."""
    text = str(error)
    if "redirect without LOCATION" in text:
        return "the bucket is in another region (set AWS_REGION)"
    status = re.search(r"status code: (\d{3} ?[A-Za-z ]*)", text)
    if status:
        return f"the store answered {status[1].strip()}"
    if "DecodeCredentials" in text or "OpenCredentials" in text:
        return "the credentials cannot be read (see GOOGLE_APPLICATION_CREDENTIALS)"
    if "segment" in text:
        return "its name has an empty, `.` or `..` piece, which cannot be read"
    for piece in ("timed out", "dns error", "Connection refused", "Content-Length"):
        if piece.lower() in text.lower():
            return f"the store cannot be read ({piece})"
    return "the store cannot be reached, or its answer was cut off"


def _changed(location: Location) -> InputError:
    return InputError(
        f"{location}: changed while it was read",
        hint="nothing of it was kept; run again when it is not being written",
    )


def _stored(location: Location, meta: ObjectMeta) -> StoredObject:
    modified = int(meta["last_modified"].timestamp() * 1_000_000) * 1_000
    return StoredObject(location, meta["size"], modified, meta["e_tag"], meta["version"])


def find(location: Location) -> StoredObject | None:
    """Look an object up; return ``None`` where there is none.

    Raises:
        StorageError: the store cannot be reached, or denies it.
    """
    if not location.key and location.scheme in STORES:
        return None
    try:
        with _at(location) as (store, name):
            return _stored(location, store.head(name))
    except NotFoundError:
        return None


def listing(prefix: Location) -> Iterator[StoredObject]:
    """List every object below a prefix, page by page.

    Raises:
        NotFoundError: there is no such bucket.
        StorageError: the store cannot be reached, or denies it.
    """
    from obstore.exceptions import InvalidPathError

    with _at(prefix) as (store, name):
        pages = store.list(name.rstrip("/") or None, chunk_size=PAGE)
    while True:
        try:
            with _at(prefix):
                page = next(pages, None)
        except InvalidPathError:
            raise InputError(
                f"below {prefix} there is a key with an empty, `.` or `..` piece in its path",
                hint="such keys cannot be read: rename them, or name the other folders",
            ) from None
        if page is None:
            return
        for meta in page:
            yield _stored(Location(prefix.scheme, prefix.store, meta["path"]), meta)


def download(stored: StoredObject, target: Path) -> None:
    """Download an object range by range; fail if it changed since it was found.

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
                f"{stored.location}: vanished while it was read", hint="nothing of it was kept"
            ) from None


def _pieces(stored: StoredObject) -> Iterator[bytes]:
    from obstore.exceptions import NotSupportedError

    ranges = (
        (start, min(start + RANGE_BYTES, stored.bytes))
        for start in range(0, stored.bytes, RANGE_BYTES)
    )
    try:
        yield from (_range(stored, *span) for span in islice(ranges, 1))
    except NotSupportedError:
        # A plain web server may know no ranges; it says so at the first one.
        yield from _stream(stored)
        return
    yield from _ahead(stored, ranges)


def _ahead(stored: StoredObject, ranges: Iterator[tuple[int, int]]) -> Iterator[bytes]:
    """Fetch ranges in order, several at a time."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = deque(threads.submit(_range, stored, *span) for span in islice(ranges, AT_ONCE))
        try:
            while asked:
                yield asked.popleft().result()
                asked.extend(threads.submit(_range, stored, *span) for span in islice(ranges, 1))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _stream(stored: StoredObject) -> Iterator[bytes]:
    length = 0
    with _at(stored.location) as (store, name):
        answer = store.get(name)
        if _stored(stored.location, answer.meta).fingerprint != stored.fingerprint:
            raise _changed(stored.location)
        for piece in answer.stream(RANGE_BYTES):
            length += len(piece)
            yield bytes(piece)
    if length != stored.bytes:
        raise _changed(stored.location)


def _range(stored: StoredObject, start: int, end: int) -> bytes:
    """Fetch a range of an object, again after a delay where the answer breaks off."""
    for attempt in range(ATTEMPTS):
        try:
            data = _asked(stored, start, end)
        except StorageError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            if len(data) != end - start:
                raise _changed(stored.location)
            return data
        time.sleep(BACKOFF.total_seconds() * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _asked(stored: StoredObject, start: int, end: int) -> bytes:
    options: GetOptions = {"range": (start, end)}
    if stored.etag and not stored.etag.startswith("W/"):
        options["if_match"] = stored.etag
    with _at(stored.location) as (store, name):
        answer = store.get(name, options=options)
        # Not every server heeds the condition.
        if _stored(stored.location, answer.meta).fingerprint != stored.fingerprint:
            raise _changed(stored.location)
        return bytes(answer.bytes())


def first_bytes(stored: StoredObject, size: int) -> bytes:
    """Fetch the first bytes of an object.

    Raises:
        InputError: it changed.
        NotFoundError: it is gone.
        StorageError: the store cannot be reached, or denies it.
    """
    from obstore.exceptions import NotSupportedError

    end = min(size, stored.bytes)
    try:
        return _range(stored, 0, end) if end else b""
    except NotSupportedError:
        return next(_stream(stored), b"")[:end]


def read(location: Location) -> bytes:
    """Fetch a whole object into memory.

    Raises:
        NotFoundError: there is none.
        StorageError: the store cannot be reached, or denies it.
    """
    with _at(location) as (store, name):
        return bytes(store.get(name).bytes())


def upload(source: Path, location: Location) -> None:
    """Upload a file with its SHA-256, which the store checks; all of it or nothing.

    Raises:
        NotFoundError: there is no such bucket.
        StorageError: the store cannot be reached, or denies it.
    """
    with _at(location) as (store, name):
        store.put(name, source)


def remove(location: Location) -> None:
    """Delete an object, if it exists.

    Raises:
        StorageError: the store cannot be reached, or denies it.
    """
    try:
        with _at(location) as (store, name):
            store.delete(name)
    except NotFoundError:
        return
