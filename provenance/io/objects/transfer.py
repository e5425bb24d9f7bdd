"""Objects found, listed and moved, each as it was found or not at all.

Messages are made here and never quote the library: its own hold whole URLs, signatures among them.
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
from provenance.io.objects.access import BACKOFF, opened
from provenance.io.objects.naming import STORES, Place, Stored

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ObjectStore

RANGE_BYTES = 8 << 20
"""What one request asks for …"""

AT_ONCE = 4
"""… and how many requests for one object are under way: memory is bounded by their product."""

PAGE = 1_000
"""Keys of one page of a listing, which is what stores give at most."""

ATTEMPTS = 4
"""How often the body of an answer that breaks off is asked for."""


@contextmanager
def _at(place: Place) -> Iterator[tuple[ObjectStore, str]]:
    """The store of a place and the name in it; failures of the library come out as ours."""
    from obstore import exceptions

    try:
        yield opened(place)
    except FileNotFoundError as error:
        what = "bucket" if "NoSuchBucket" in str(error) else "object"
        raise NotFoundError(f"no such {what}: {place}", hint="check the name") from None
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
    if "DecodeCredentials" in text or "OpenCredentials" in text:
        return "the credentials cannot be read (see GOOGLE_APPLICATION_CREDENTIALS)"
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
    try:
        with _at(place) as (store, name):
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

    with _at(prefix) as (store, name):
        pages = store.list(name.rstrip("/") or None, chunk_size=PAGE)
    while True:
        try:
            with _at(prefix):
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


def _ahead(stored: Stored, ranges: Iterator[tuple[int, int]]) -> Iterator[bytes]:
    """Ranges in order, some of them asked for at once: one connection does not fill a line."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = deque(threads.submit(_range, stored, *span) for span in islice(ranges, AT_ONCE))
        try:
            while asked:
                yield asked.popleft().result()
                asked.extend(threads.submit(_range, stored, *span) for span in islice(ranges, 1))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _stream(stored: Stored) -> Iterator[bytes]:
    length = 0
    with _at(stored.place) as (store, name):
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
        time.sleep(BACKOFF.total_seconds() * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _asked(stored: Stored, start: int, end: int) -> bytes:
    options: GetOptions = {"range": (start, end)}
    if stored.etag and not stored.etag.startswith("W/"):
        options["if_match"] = stored.etag
    with _at(stored.place) as (store, name):
        answer = store.get(name, options=options)
        # Not every server heeds the condition.
        if _stored(stored.place, answer.meta).fingerprint != stored.fingerprint:
            raise _changed(stored.place)
        return bytes(answer.bytes())


def first_bytes(stored: Stored, size: int) -> bytes:
    """What an object begins with: so many bytes, or all of it where it is shorter.

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


def read(place: Place) -> bytes:
    """A whole object, which fits into memory.

    Raises:
        NotFoundError: there is none.
        StorageError: the store cannot be reached, or denies it.
    """
    with _at(place) as (store, name):
        return bytes(store.get(name).bytes())


def upload(source: Path, place: Place) -> None:
    """A file into a store, with its SHA-256 for the store to check; all of it or nothing.

    Raises:
        NotFoundError: there is no such bucket.
        StorageError: the store cannot be reached, or denies it.
    """
    with _at(place) as (store, name):
        store.put(name, source)


def remove(place: Place) -> None:
    """Take an object out of a store, if it is there.

    Raises:
        StorageError: the store cannot be reached, or denies it.
    """
    try:
        with _at(place) as (store, name):
            store.delete(name)
    except NotFoundError:
        return
