"""List the members of a tar or zip archive as input files that are read in place."""

from __future__ import annotations

import fnmatch
import io
import posixpath
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import cast

from provenance.errors import InputError, NotFoundError, ProvError
from provenance.io.contract.formats import CONTAINERS
from provenance.io.contract.name_patterns import ABOUT, HIDDEN, matches
from provenance.io.contract.reader import Input, Member
from provenance.io.discovery.detect import FileSample, container_of, detect_sample
from provenance.io.discovery.file_names import (
    DESCRIBES,
    MEDIA_SKIPPED,
    PICTURE_NAMES,
    Found,
    Refused,
    Skipped,
    non_data_reason,
)
from provenance.io.discovery.skipped_files import NAMED_LIKE, data_in_head
from provenance.io.discovery.sniff import HEAD, DataContent
from provenance.io.streams import zip_members
from provenance.io.streams.archive_members import open_member
from provenance.io.streams.compression import compression_at
from provenance.io.streams.decompress import open_decoded, open_path
from provenance.io.streams.tar_members import ArchiveEntry, ForwardStream, entries as tar_entries

SEPARATOR = "!/"
"""Separates an archive from the name of a member in a URI."""

MOST_MEMBERS = 200_000
"""Most members of an archive that are read as files; each is an entry in the ledger."""

_HEAD = 1 << 20
"""Bytes that are read to detect a member of a compressed tar; going back would decode again."""

_ARCHIVES = frozenset({*CONTAINERS.values(), "webdataset"})
_Opened = Callable[[], io.RawIOBase]
"""Function that opens a member, or its first bytes."""

_HARMLESS = frozenset({"a link", "a device", "a pipe", "not a regular file"})
_ASIDE = ("", MEDIA_SKIPPED, DESCRIBES)
"""Skip reason of each tier of an archive when a tier before it holds data."""


def expand(source: Input, asked: str | None, within: str = "") -> Iterator[Found]:
    """Yield the members of an archive like the files of a folder, in the order of the archive.

    Args:
        source: the archive; its format is the kind of it.
        asked: the requested format; else each is detected by content and name.
        within: a member, a folder of members or a glob that is wanted; empty for all.

    Raises:
        NotFoundError: there is nothing of that.
    """
    found = _Found(source, asked, within)
    try:
        for entry, sample in _looked_at(source):
            found.add(entry, sample)
    except InputError as error:
        found.end(error)
    yield from found.all()


def split_uri(path: str) -> tuple[str, str] | None:
    """Split a path into archive and member; ``None`` where it leads into no archive.

    >>> split_uri("/no/such.tar!/a.jsonl") is None
    True
    """
    at = path.find(SEPARATOR)
    while at > 0:
        if Path(path[:at]).is_file():
            return path[:at], path[at + len(SEPARATOR) :]
        at = path.find(SEPARATOR, at + 1)
    return None


def find_member(uri: str, form: str, compression: str) -> Input | None:
    """Find a member that was read before, by its URI; ``None`` outside of archives.

    Raises:
        NotFoundError: the archive has no such member any more.
        InputError: it is no archive any more, or not sound.
    """
    parts = split_uri(uri)
    if parts is None:
        return None
    path = Path(parts[0])
    state = path.stat()
    members = _by_name(path, state.st_size, state.st_mtime_ns)
    if parts[1] not in members:
        raise NotFoundError(
            f"{uri}: the archive has no such member any more", hint="put the old archive back"
        )
    return Input(uri, path, form, compression, member=members[parts[1]])


@lru_cache(maxsize=8)
def _by_name(path: Path, size: int, _mtime_ns: int) -> dict[str, Member]:
    kind, compression = container_of(path)
    if kind is None:
        raise InputError(f"{path} is no archive any more", hint="put the old one back")
    source = Input(path.as_posix(), path, kind, compression)
    found = {}
    for count, entry in enumerate(_entries(source)):
        name, defect = _name(entry.name)
        if not defect and not entry.defect:
            found[name] = _member(source, name, entry, size)
        _require_member_limit(count, source)
    return found


def _member(source: Input, name: str, entry: ArchiveEntry, size: int) -> Member:
    position = entry.position
    return Member(name, source.path, source.format, source.compression, position, entry.size, size)


def _entries(source: Input) -> Iterator[ArchiveEntry]:
    if source.format == "zip":
        _require_plain(source)
        yield from zip_members.entries(source.path, source.uri)
        return
    with open_decoded(open_path(source.path), source.compression, source.uri) as stream:
        yield from tar_entries(ForwardStream(stream, source.uri))


def _looked_at(source: Input) -> Iterator[tuple[ArchiveEntry, _Opened]]:
    """Yield members with a function that opens them, valid until the next one."""
    if source.format == "zip" or not source.compression:
        for entry in _entries(source):
            member = _member(source, entry.name, entry, 0)
            yield entry, partial(open_member, member, f"{source.uri}{SEPARATOR}{entry.name}")
        return
    with open_decoded(open_path(source.path), source.compression, source.uri) as stream:
        forward = ForwardStream(stream, source.uri)
        with closing(tar_entries(forward)) as found:  # type: ignore[type-var]
            for entry in found:
                head = forward.read(min(_HEAD, entry.size)) if not entry.defect else b""
                yield entry, partial(_in_memory, head)


def _in_memory(head: bytes) -> io.RawIOBase:
    return cast("io.RawIOBase", io.BytesIO(head))


def _require_plain(source: Input) -> None:
    if source.compression:
        raise InputError(
            f"a zip archive inside .{source.compression} is not read: {source.uri}",
            hint="decompress it first",
        )


def _require_member_limit(count: int, source: Input) -> None:
    if count >= MOST_MEMBERS:
        raise _TooManyError(
            f"an archive of more than {MOST_MEMBERS:,} members: {source.uri}", hint="unpack it"
        )


class _TooManyError(InputError):
    """An archive has more members than are read as files, so none is read."""


@dataclass(frozen=True, slots=True)
class _Item:
    """Result for a member, and its tier: data, pictures, or files about data.

    Attributes:
        aside: what it is where a tier before it holds data.
    """

    found: Found
    tier: int | None = None
    aside: Skipped | None = None


class _Found:
    """Results for an archive, collected member by member."""

    def __init__(self, source: Input, asked: str | None, within: str) -> None:
        self._source = source
        self._asked = asked
        self._within = within.rstrip("/")
        self._size = source.path.stat().st_size
        self._items: dict[str, _Item] = {}
        self._more: list[Found] = []
        self._count = 0

    def add(self, entry: ArchiveEntry, opened: _Opened) -> None:
        """Classify the next member."""
        _require_member_limit(self._count, self._source)
        self._count += 1
        name, bad = _name(entry.name)
        uri = f"{self._source.uri}{SEPARATOR}{name}"
        if bad:
            self._more.append(_refused(uri, bad, "its bytes are not read; rename it"))
        elif _is_wanted(name, self._within):
            twice = self._items.pop(name, None)
            if twice is not None and not isinstance(twice.found, Skipped):
                why = "another member of the same name comes behind it"
                where = f"{uri} (the one before)"
                self._more.append(_refused(where, why, "the last one is read; rename them"))
            self._items[name] = self._item(name, uri, entry, opened)

    def end(self, error: InputError) -> None:
        """Note an error that ends the archive."""
        if isinstance(error, _TooManyError):
            self._items.clear()
            self._more.clear()
        self._more.append(Refused(self._source.uri, error))

    def all(self) -> Iterator[Found]:
        """Yield all results in the order of the archive; lower tiers are skipped."""
        tiers = {item.tier for item in self._items.values() if item.tier is not None}
        first = min(tiers, default=0)
        for item in self._items.values():
            if item.tier is None or item.tier == first:
                yield item.found
            else:
                yield item.aside or Skipped(_path(item.found), _ASIDE[item.tier])
        yield from self._more
        if self._items or self._more:
            return
        if self._within:
            raise NotFoundError(
                f"no such member: {self._source.uri}{SEPARATOR}{self._within}",
                hint="check the name; `tar -t` or `unzip -l` lists them",
            )
        yield Skipped(self._source.uri, "an archive without files")

    def _item(self, name: str, uri: str, entry: ArchiveEntry, opened: _Opened) -> _Item:
        reason = entry.defect if entry.defect in _HARMLESS else self._no_data(name)
        found: Found
        if reason:
            found = (
                Skipped(uri, reason) if entry.defect else _passed_over(uri, reason, entry, opened)
            )
        elif entry.defect:
            found = _refused(uri, entry.defect, "unpack it, or write it again")
        else:
            found = self._detected(uri, _member(self._source, name, entry, self._size), opened)
            if isinstance(found, Skipped):
                found = _passed_over(uri, found.reason, entry, opened)
        if isinstance(found, Skipped):
            return _Item(found)
        tier = self._tier(name)
        aside = _passed_over(uri, _ASIDE[tier], entry, opened) if tier else None
        if isinstance(found, Refused):
            found = replace(found, bytes=entry.size)
        return _Item(found, tier, aside)

    def _tier(self, name: str) -> int:
        if matches(name, ABOUT):
            return 2
        return 1 if self._asked is None and matches(name, PICTURE_NAMES) else 0

    def _no_data(self, name: str) -> str:
        if any(piece.startswith(HIDDEN) for piece in name.split("/")):
            return "hidden"
        if self._asked == "image" and not matches(name, PICTURE_NAMES):
            return DESCRIBES
        return non_data_reason(name)

    def _detected(self, uri: str, member: Member, opened: _Opened) -> Found:
        source = Input(uri, self._source.path, "", member=member)
        if self._asked is not None:
            with opened() as stream:
                compression = compression_at(stream.read(1 << 16) or b"")
            return replace(source, format=self._asked, compression=compression)
        try:
            form, compression = detect_sample(FileSample(uri, opened, whole=False))
        except InputError as error:
            return Refused(uri, error)
        if form is None:
            return Skipped(uri, "unknown format")
        if form in _ARCHIVES:
            return _refused(uri, "an archive within an archive", "unpack the outer one")
        return replace(source, format=form, compression=compression)


def _passed_over(uri: str, reason: str, entry: ArchiveEntry, opened: _Opened) -> Skipped:
    """Skip a member, and note the data that it seems to hold."""
    found: DataContent | None
    try:
        with opened() as stream:
            head = stream.read(HEAD) or b""
    except ProvError:
        found = DataContent("a member that cannot be opened")
    else:
        found = data_in_head(head, uri, whole=len(head) == entry.size)
    if found is None:
        return Skipped(uri, reason)
    return Skipped(uri, NAMED_LIKE.get(reason, reason), found, entry.size)


def _refused(uri: str, why: str, hint: str) -> Refused:
    return Refused(uri, InputError(f"{why}: {uri}", hint=hint))


def _path(found: Found) -> str:
    return found.uri if isinstance(found, Input) else found.path


def _name(name: str) -> tuple[str, str]:
    """Return the name of a member as it is written in a URI, and what is wrong with it."""
    shown = name.encode("utf-8", "backslashreplace").decode()
    if shown != name:
        return shown, "the name of a member is not valid UTF-8"
    if "\0" in name:
        return name.replace("\0", "\\0"), "the name of a member holds a NUL"
    if name.startswith("/"):
        return name.lstrip("/"), "the name of a member is absolute"
    if ".." in name.split("/"):
        return name, "the name of a member leads out of the archive"
    if posixpath.normpath(name) == ".":
        return name, "a member has no name"
    return posixpath.normpath(name), ""


def _is_wanted(name: str, within: str) -> bool:
    if not within or name == within or name.startswith(f"{within}/"):
        return True
    return fnmatch.fnmatchcase(name, within)
