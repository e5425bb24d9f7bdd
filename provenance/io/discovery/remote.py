"""Inputs that lie in an object store or on the web: found by listing, fetched for a reader."""

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
from provenance.io.discovery.detect import compression_of, detect, promised
from provenance.io.discovery.file_names import (
    BESIDE,
    DESCRIBES,
    PICTURE_NAMES,
    REPOSITORY,
    Found,
    Skipped,
    no_data,
)
from provenance.io.discovery.skipped_files import NAMED_LIKE, held_in
from provenance.io.discovery.sniff import HEAD, Holds
from provenance.io.objects import Place, Stored
from provenance.io.streams.archive_members import Shelf

AHEAD = 16
"""Files that are fetched while one is read: a store answers slowly, but many at once."""

AHEAD_BYTES = 64 << 20
"""And no more of them than this, together with the one that is read next."""

_NAME = 80


def find(place: Place, asked: str | None) -> Iterator[Found]:
    """What a URL stands for: an object, a prefix (walked) or a glob; nothing is fetched yet.

    Formats are told by name alone here. A name that tells nothing is passed over, unless it was
    named itself: then its content is looked at when it is read.

    Raises:
        NotFoundError: there is nothing.
        InputError: a key that cannot be read.
        StorageError: the store cannot be reached, or denies it.
    """
    stored = None if place.key.endswith("/") else objects.find(place)
    if stored is not None:
        yield _input(stored, asked)
        return
    found: Iterable[Stored] = ()
    if place.scheme in objects.STORES:
        magic = glob.has_magic(place.key)
        found = _matching(place) if magic else _below(place)
    there = False
    for item in _sorted_out(place, found, asked):
        there = True
        yield item
    if not there:
        raise NotFoundError(f"no such object or prefix: {place}", hint="check the name")


def _below(place: Place) -> Iterator[Stored]:
    return objects.listing(Place(place.scheme, place.store, place.key.rstrip("/")))


def _matching(place: Place) -> Iterator[Stored]:
    """Objects whose keys a pattern matches; ``**`` stands for any number of folders."""
    pieces = place.key.split("/")
    fixed = next(n for n, piece in enumerate(pieces) if glob.has_magic(piece))
    for stored in _below(Place(place.scheme, place.store, "/".join(pieces[:fixed]))):
        if _fits(stored.place.key.split("/"), pieces):
            yield stored


def _fits(names: Sequence[str], pieces: Sequence[str]) -> bool:
    if not pieces or not names:
        return not names and all(piece == "**" for piece in pieces)
    if pieces[0] == "**":
        return any(_fits(names[n:], pieces[1:]) for n in range(len(names) + 1))
    return fnmatch.fnmatchcase(names[0], pieces[0]) and _fits(names[1:], pieces[1:])


def _sorted_out(place: Place, found: Iterable[Stored], asked: str | None) -> Iterator[Found]:
    """As a walk over a folder does it: pictures, and files about data, are data where they must."""
    pictures: list[Stored] = []
    about: list[Stored] = []
    passed: list[tuple[Stored, str]] = []
    data = False
    for stored in found:
        key = stored.place.key
        reason = _no_data(place, stored, asked)
        if reason:
            passed.append((stored, reason))
        elif matches(key, ABOUT):
            about.append(stored)
        elif asked is None and matches(key, PICTURE_NAMES):
            pictures.append(stored)
        else:
            data = True
            yield _input(stored, asked)
    for aside, why in ((pictures, BESIDE), (about, DESCRIBES)):
        if data:
            passed += [(stored, why) for stored in aside]
        else:
            yield from (_input(stored, asked) for stored in aside)
        data = data or bool(aside)
    with ThreadPoolExecutor(AHEAD) as threads:
        yield from threads.map(_passed_over, passed)


def _passed_over(met: tuple[Stored, str]) -> Skipped:
    """An object that is not read, with what of data it holds; only its beginning is fetched."""
    stored, reason = met
    name = stored.place.name
    if f"/{REPOSITORY}/" in f"/{stored.place.key}":
        return Skipped(str(stored.place), reason)
    found: Holds | None
    try:
        head = objects.first_bytes(stored, HEAD)
    except ProvError:
        found = Holds("an object that cannot be opened")
    else:
        found = held_in(head, name, whole=len(head) == stored.bytes)
    if found is None:
        return Skipped(str(stored.place), reason)
    return Skipped(str(stored.place), NAMED_LIKE.get(reason, reason), found, stored.bytes)


def _no_data(place: Place, stored: Stored, asked: str | None) -> str:
    """Why an object below a prefix is passed over; empty where it is not."""
    key = stored.place.key
    below = key.removeprefix(place.key.rstrip("/")) if not glob.has_magic(place.key) else ""
    names = below.split("/") if below else [stored.place.name]
    if any(name.startswith(HIDDEN) for name in names):
        return "hidden"
    if why := no_data(key):
        return why
    if asked or promised(stored.place.name)[0]:
        return ""
    packed = stored.place.name.lower().endswith(".zip")
    return "an archive in a store: fetch it to read its files" if packed else "unknown format"


def _input(stored: Stored, asked: str | None) -> Input:
    name = stored.place.name
    form, compression = promised(name)
    return Input(str(stored.place), Path(name), asked or form or "", compression, stored)


def again(uri: str) -> Stored:
    """The object of a uri that was read before.

    Raises:
        NotFoundError: it is not there any more.
        StorageError: the store cannot be reached, or denies it.
    """
    stored = objects.find(objects.parse(uri))
    if stored is None:
        raise NotFoundError(f"{uri}: the object is gone", hint="put it back, or see `--root`")
    return stored


class Spool:
    """Fetches inputs into a temporary folder, some ahead of the one that is read.

    Whoever reads takes them in the order in which they were given; local ones pass through.
    """

    def __init__(self, sources: Sequence[Input]) -> None:
        self._waiting = deque(source for source in sources if source.stored)
        self._fetching: deque[tuple[Input, Path, Future[None]]] = deque()
        self._count = 0
        self._shelf = Shelf()
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
        """An input that a reader can open; failures name it as the ledger does.

        Args:
            asked: the format that was asked for; else it is told by the content.

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
            yield _told(replace(source, path=path), asked)
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
def opened(source: Input, asked: str | None, shelf: Shelf) -> Iterator[Input]:
    """One input that a reader can open, as ``Spool.opened``; members of archives by the shelf."""
    if source.stored is None:
        with shelf.opened(source) as found:
            yield found
        return
    with Spool([source]) as spool, spool.opened(source, asked) as found:
        yield found


def _told(source: Input, asked: str | None) -> Input:
    """A fetched input with the format that its content has."""
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
    """A name that any disk takes, with the suffixes that tell the format."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", source.path.name)[-_NAME:]
