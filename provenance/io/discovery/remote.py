"""List inputs in an object store or on the web, and fetch them for a reader."""

from __future__ import annotations

import fnmatch
import glob
import re
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from provenance.errors import InputError, NotFoundError, ProvError
from provenance.io import objects
from provenance.io.contract.formats import CONTAINERS, FORMATS
from provenance.io.contract.name_patterns import ABOUT, HIDDEN, matches
from provenance.io.contract.reader import Input
from provenance.io.discovery.detect import compression_of, detect, format_by_name
from provenance.io.discovery.file_names import (
    DESCRIBES,
    MEDIA_SKIPPED,
    PICTURE_NAMES,
    REPOSITORY,
    Found,
    Skipped,
    non_data_reason,
)
from provenance.io.discovery.skipped_files import NAMED_LIKE, data_in_head
from provenance.io.discovery.sniff import HEAD, DataContent
from provenance.io.objects import Location, StoredObject
from provenance.io.streams.archive_members import MemberFiles

AHEAD = 16
"""Files that are fetched ahead while one is read."""

AHEAD_BYTES = 64 << 20
"""Most bytes of files fetched ahead, including the next one."""

_NAME = 80


def find(location: Location, asked: str | None) -> Iterator[Found]:
    """Resolve a URL: an object, a prefix or a glob; nothing is fetched yet.

    The format is detected by name. An object of unknown format is skipped, unless it was named
    itself: then its content decides when it is read.

    Raises:
        NotFoundError: there is nothing.
        InputError: a key that cannot be read.
        StorageError: the store cannot be reached, or denies it.
    """
    stored = None if location.key.endswith("/") else objects.find(location)
    if stored is not None:
        yield _input(stored, asked)
        return
    found: Iterable[StoredObject] = ()
    if location.scheme in objects.STORES:
        magic = glob.has_magic(location.key)
        found = _matching(location) if magic else _below(location)
    there = False
    for item in _sorted_out(location, found, asked):
        there = True
        yield item
    if not there:
        raise NotFoundError(f"no such object or prefix: {location}", hint="check the name")


def _below(location: Location) -> Iterator[StoredObject]:
    return objects.listing(Location(location.scheme, location.store, location.key.rstrip("/")))


def _matching(location: Location) -> Iterator[StoredObject]:
    """List objects whose keys match a pattern; ``**`` stands for any number of folders."""
    pieces = location.key.split("/")
    fixed = next(n for n, piece in enumerate(pieces) if glob.has_magic(piece))
    for stored in _below(Location(location.scheme, location.store, "/".join(pieces[:fixed]))):
        if _fits(stored.location.key.split("/"), pieces):
            yield stored


def _fits(names: Sequence[str], pieces: Sequence[str]) -> bool:
    if not pieces or not names:
        return not names and all(piece == "**" for piece in pieces)
    if pieces[0] == "**":
        return any(_fits(names[n:], pieces[1:]) for n in range(len(names) + 1))
    return fnmatch.fnmatchcase(names[0], pieces[0]) and _fits(names[1:], pieces[1:])


def _sorted_out(
    location: Location, found: Iterable[StoredObject], asked: str | None
) -> Iterator[Found]:
    """Yield data first; pictures and files about data only where there is no other data."""
    pictures: list[StoredObject] = []
    about: list[StoredObject] = []
    passed: list[tuple[StoredObject, str]] = []
    data = False
    for stored in found:
        key = stored.location.key
        reason = _no_data(location, stored, asked)
        if reason:
            passed.append((stored, reason))
        elif matches(key, ABOUT):
            about.append(stored)
        elif asked is None and matches(key, PICTURE_NAMES):
            pictures.append(stored)
        else:
            data = True
            yield _input(stored, asked)
    for aside, why in ((pictures, MEDIA_SKIPPED), (about, DESCRIBES)):
        if data:
            passed += [(stored, why) for stored in aside]
        else:
            yield from (_input(stored, asked) for stored in aside)
        data = data or bool(aside)
    with ThreadPoolExecutor(AHEAD) as threads:
        yield from threads.map(_passed_over, passed)


def _passed_over(met: tuple[StoredObject, str]) -> Skipped:
    """Skip an object, and note the data that its first bytes seem to hold."""
    stored, reason = met
    name = stored.location.name
    if f"/{REPOSITORY}/" in f"/{stored.location.key}":
        return Skipped(str(stored.location), reason)
    found: DataContent | None
    try:
        head = objects.first_bytes(stored, HEAD)
    except ProvError:
        found = DataContent("an object that cannot be opened")
    else:
        found = data_in_head(head, name, whole=len(head) == stored.bytes)
    if found is None:
        return Skipped(str(stored.location), reason)
    return Skipped(str(stored.location), NAMED_LIKE.get(reason, reason), found, stored.bytes)


def _no_data(location: Location, stored: StoredObject, asked: str | None) -> str:
    """Return why an object below a prefix is skipped; empty where it is not."""
    key = stored.location.key
    below = key.removeprefix(location.key.rstrip("/")) if not glob.has_magic(location.key) else ""
    names = below.split("/") if below else [stored.location.name]
    if any(name.startswith(HIDDEN) for name in names):
        return "hidden"
    if why := non_data_reason(key):
        return why
    if asked or format_by_name(stored.location.name)[0]:
        return ""
    packed = stored.location.name.lower().endswith(".zip")
    return "an archive in a store: fetch it to read its files" if packed else "unknown format"


def _input(stored: StoredObject, asked: str | None) -> Input:
    name = stored.location.name
    form, compression = format_by_name(name)
    return Input(str(stored.location), Path(name), asked or form or "", compression, stored)


def find_stored(uri: str) -> StoredObject:
    """Find an object that was read before, by its URI.

    Raises:
        NotFoundError: it is not there any more.
        StorageError: the store cannot be reached, or denies it.
    """
    stored = objects.find(objects.parse_url(uri))
    if stored is None:
        raise NotFoundError(f"{uri}: the object is gone", hint="put it back, or see `--root`")
    return stored


class FetchQueue:
    """Fetches inputs into a temporary folder, some ahead of the one that is read.

    They must be read in the order in which they were given; local inputs pass through.
    """

    def __init__(self, sources: Sequence[Input]) -> None:
        self._waiting = deque(source for source in sources if source.stored)
        self._fetching: deque[tuple[Input, Path, Future[None]]] = deque()
        self._count = 0
        self._shelf = MemberFiles()
        self._folder = tempfile.TemporaryDirectory(prefix="prov-") if self._waiting else None
        self._threads = ThreadPoolExecutor(AHEAD) if self._waiting else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shelf.__exit__(kind, error, trace)
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        if self._folder is not None:
            self._folder.cleanup()

    @contextmanager
    def opened(self, source: Input, asked: str | None) -> Iterator[Input]:
        """Provide an input that a reader can open; errors name its URI.

        Args:
            asked: the requested format; else it is detected by the content.

        Raises:
            InputError: it changed, vanished or is no data.
            StorageError: the store cannot be reached, or denies it.
        """
        if source.stored is None:
            with self._shelf.opened(source) as found:
                yield found
            return
        path, fetched = self._next(source)
        try:
            fetched.result()
            yield _detected(replace(source, path=path), asked)
        except ProvError as error:
            if str(path) not in error.message:
                raise
            message = error.message.replace(str(path), source.uri)
            raise type(error)(message, hint=error.hint) from error
        finally:
            path.unlink(missing_ok=True)

    def _next(self, source: Input) -> tuple[Path, Future[None]]:
        self._fetch_ahead()
        while self._fetching:
            item, path, fetched = self._fetching.popleft()
            self._fetch_ahead()
            if item == source:
                return path, fetched
            # It failed in an earlier pass and is left out now; it goes with the folder.
        raise AssertionError(f"{source.uri} was not given, or was read already")

    def _fetch_ahead(self) -> None:
        while self._waiting and self._threads is not None and self._folder is not None:
            size = sum(item.stored.bytes for item, *_ in self._fetching if item.stored)
            full = len(self._fetching) >= AHEAD or size >= AHEAD_BYTES
            if self._fetching and full:
                return
            source = self._waiting.popleft()
            self._count += 1
            path = Path(self._folder.name) / f"{self._count}-{_file_name(source)}"
            if source.stored is not None:
                fetching = self._threads.submit(objects.download, source.stored, path)
                self._fetching.append((source, path, fetching))


@contextmanager
def readable_input(source: Input, asked: str | None, shelf: MemberFiles) -> Iterator[Input]:
    """Provide one input that a reader can open, fetched or extracted where needed."""
    if source.stored is None:
        with shelf.opened(source) as found:
            yield found
        return
    with FetchQueue([source]) as spool, spool.opened(source, asked) as found:
        yield found


def _detected(source: Input, asked: str | None) -> Input:
    """Set the format of a fetched input by its content."""
    if asked is not None:
        return replace(source, format=asked, compression=compression_of(source.path))
    form, compression = detect(source.path)
    if form in CONTAINERS.values():
        raise InputError(
            f"an archive in a store is not looked into: {source.uri}",
            hint="fetch it, and read it from disk; one of samples (WebDataset) is read in place",
        )
    if form is None:
        raise InputError(
            f"cannot tell the format of {source.uri}",
            hint=f"say it with `--format`: one of {', '.join(FORMATS)}",
        )
    return replace(source, format=form, compression=compression)


def _file_name(source: Input) -> str:
    """Make a file name that is valid on any disk and keeps the suffixes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", source.path.name)[-_NAME:]
