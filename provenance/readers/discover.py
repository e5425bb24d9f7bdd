"""From the paths that a user names to the files that will be read, and those that will not."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance import objects
from provenance.errors import InputError, MisuseError, NotFoundError, StorageError
from provenance.readers import remote
from provenance.readers.base import Input
from provenance.readers.detect import compression_of, detect
from provenance.readers.found import (
    ABOUT,
    BESIDE,
    DESCRIBES,
    HIDDEN,
    MEDIA_NAMES,
    PICTURE_NAMES,
    Found,
    Refused,
    Skipped,
    matches,
    no_data,
)
from provenance.readers.registry import FORMATS

_SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
}

_ASIDE = ("", BESIDE, DESCRIBES)
"""Why each tier of a folder is passed over where one before it held data."""

_BREAKS = re.compile(r"[-_.\s]")


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a request comes to: files in reading order, what was left out, and what is wrong."""

    inputs: tuple[Input, ...]
    skipped: tuple[Skipped, ...]
    refused: tuple[Refused, ...] = ()


def discover(
    paths: Sequence[str],
    *,
    format: str | None = None,  # noqa: A002 (the word of the option)
) -> Discovery:
    """Find the files that paths, folders and globs stand for; each file once.

    A file that is named must be data; one that a folder or a glob holds does not stop the others.

    Args:
        paths: files, folders (walked, sorted by name) and globs; an existing file of that literal
            name comes before the glob.
        format: read every file as this, whatever its name and content say.

    Raises:
        InputError: a file that was named is of unknown format; a Git LFS pointer; a name that
            contradicts the content.
        MisuseError: a format that does not exist.
        NotFoundError, StorageError: a path is not there, or cannot be read.
    """
    if format is not None and format not in FORMATS:
        raise MisuseError(f"unknown format: {format!r}", hint=f"one of {', '.join(FORMATS)}")
    inputs: dict[str, Input] = {}
    skipped: dict[str, Skipped] = {}
    refused: dict[str, Refused] = {}
    for path in paths:
        for found in _expand(path, format):
            if isinstance(found, Input):
                inputs.setdefault(found.uri, found)
            elif isinstance(found, Refused):
                refused.setdefault(found.path, found)
            else:
                skipped.setdefault(found.path, found)
    left_out = tuple(item for item in skipped.values() if item.path not in inputs)
    return Discovery(tuple(inputs.values()), left_out, tuple(refused.values()))


def split_of(uri: str) -> str | None:
    """The split that a file name speaks of, or else one of its two nearest folders.

    >>> split_of("/data/train-00000-of-00012.parquet"), split_of("/data/dev/part-1.jsonl")
    ('train', 'validation')
    >>> split_of("/data/latest.jsonl") is None
    True
    """
    *folders, name = uri.lower().split("/")
    words = {_SPLITS[word] for word in _BREAKS.split(name) if word in _SPLITS}
    if words:
        return words.pop() if len(words) == 1 else None
    return next((_SPLITS[folder] for folder in folders[:-3:-1] if folder in _SPLITS), None)


def _expand(path: str, asked: str | None) -> Iterator[Found]:
    if "\x00" in path:
        raise NotFoundError(f"no such path: {path!r}", hint="a path holds no NUL")
    if objects.is_url(path):
        yield from remote.find(objects.parse(path), asked)
        return
    if _exists(path):
        yield from _named(path, asked)
        return
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", path):
        raise InputError(
            f"URLs of the kind {path.partition('://')[0]}:// are not read",
            hint="fetch it first, and name the local file",
        )
    met = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []
    if not met:
        raise NotFoundError(
            f"no such file or folder: {path}", hint="check the path, and quote it for the shell"
        )
    alone = asked is not None or all(
        os.path.isdir(one) or no_data(one) or matches(one, PICTURE_NAMES) for one in met
    )
    for match in met:
        if os.path.isdir(match):
            yield from _walk(match, asked)
        elif why := no_data(match):
            yield Skipped(_printable(match), why)
        elif matches(match, PICTURE_NAMES) and not alone:
            yield Skipped(_printable(match), BESIDE)
        else:
            yield from _met([match], asked)


def _named(path: str, asked: str | None) -> Iterator[Found]:
    """A path that the user wrote: what cannot be read is an error, not a skip."""
    mode = _mode(path)
    if mode is None:
        raise NotFoundError(f"{path} is a link to nothing", hint="check where it should point")
    if stat.S_ISDIR(mode):
        yield from _walk(path, asked)
        return
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is not a regular file", hint="write its content to a file first")
    found = _input(path, asked)
    if found is None:
        raise InputError(
            f"cannot tell the format of {path}",
            hint=f"say it with `--format`: one of {', '.join(FORMATS)}",
        )
    yield found


def _walk(folder: str, asked: str | None) -> Iterator[Found]:
    """Everything below a folder.

    Pictures are data only where there is no other, and files about the data only where there is
    neither.
    """
    files: list[str] = []
    for found in _entries(folder):
        if isinstance(found, Skipped):
            yield found
        else:
            files.append(found)
    yield from _by_tier(_tiers(files, asked), asked)


def _by_tier(tiers: Sequence[Sequence[str]], asked: str | None) -> Iterator[Found]:
    """The files of the first tier that holds data; those after it are listed."""
    taken = False
    for tier, why in zip(tiers, _ASIDE, strict=True):
        if taken:
            yield from (Skipped(_printable(path), why) for path in tier)
            continue
        for item in _met(tier, asked):
            taken = taken or isinstance(item, Input | Refused)
            yield item


def _tiers(files: Sequence[str], asked: str | None) -> tuple[list[str], list[str], list[str]]:
    """Data, pictures that may be, and files about data; of a format that was asked for no two."""
    about = [path for path in files if matches(path, ABOUT)]
    rest = [path for path in files if not matches(path, ABOUT)]
    if asked in MEDIA_NAMES:
        others = [path for path in rest if not matches(path, MEDIA_NAMES[asked])]
        return [path for path in rest if matches(path, MEDIA_NAMES[asked])], [], [*others, *about]
    if asked is not None:
        return rest, [], about
    pictures = [path for path in rest if matches(path, PICTURE_NAMES)]
    return [path for path in rest if not matches(path, PICTURE_NAMES)], pictures, about


def _entries(top: str) -> Iterator[str | Skipped]:
    """Files below a folder in the order of their names, without recursion and without loops."""
    walked: set[tuple[int, int]] = set()
    pending = [top]
    while pending:
        path = pending.pop()
        mode = _mode(path)
        if mode is None:
            yield Skipped(_printable(path), "link to nothing")
        elif stat.S_ISDIR(mode):
            state = os.stat(path)
            if (state.st_dev, state.st_ino) in walked:
                yield Skipped(_printable(path), "folder was already walked (link)")
                continue
            walked.add((state.st_dev, state.st_ino))
            names = _names(path)
            if not names:
                yield Skipped(_printable(path), "empty folder")
            for name in names:
                if name.startswith(HIDDEN):
                    yield Skipped(_printable(os.path.join(path, name)), "hidden")
            visible = (name for name in reversed(names) if not name.startswith(HIDDEN))
            pending.extend(os.path.join(path, name) for name in visible)
        elif not stat.S_ISREG(mode):
            yield Skipped(_printable(path), "not a regular file")
        elif why := no_data(path):
            yield Skipped(_printable(path), why)
        else:
            yield path


def _met(paths: Sequence[str], asked: str | None) -> Iterator[Found]:
    """Files that a walk or a glob came upon: what cannot be taken is listed, and passed over."""
    for path in paths:
        mode = _mode(path)
        if mode is None or not stat.S_ISREG(mode):
            yield Skipped(_printable(path), "not a regular file")
            continue
        try:
            found = _input(path, asked)
        except InputError as error:
            yield Refused(_printable(path), error)
        else:
            yield found or Skipped(_printable(path), "unknown format")


def _input(path: str, asked: str | None) -> Input | None:
    uri = uri_of(path)
    if not _is_text(uri):
        raise InputError(
            f"the name of {path!a} is not valid UTF-8", hint="rename the file, then try again"
        )
    if asked is not None:
        return Input(uri, Path(uri), asked, compression_of(path))
    found, compression = detect(path)
    return None if found is None else Input(uri, Path(uri), found, compression)


def uri_of(path: str) -> str:
    """The absolute POSIX path; links are not followed, for they are what the user named."""
    return os.path.abspath(path)


def _printable(path: str) -> str:
    """The absolute path as text; bytes of a name that are no UTF-8 are escaped."""
    return uri_of(path).encode("utf-8", "backslashreplace").decode()


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except PermissionError as error:
        raise StorageError(
            f"cannot look at {path}: {error.strerror}", hint="check the permissions"
        ) from error
    except OSError:
        return False
    return True


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == 40:  # ELOOP: a link that points at itself
            return None
        raise StorageError(
            f"cannot look at {path}: {error.strerror}", hint="check the permissions"
        ) from error


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise StorageError(
            f"cannot list {folder}: {error.strerror}", hint="check the permissions of the folder"
        ) from error
