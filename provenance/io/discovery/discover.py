"""From the paths that a user names to the files that will be read, and those that will not."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import InputError, MisuseError, NotFoundError, ProvError, StorageError
from provenance.io import objects
from provenance.io.contract.formats import CONTAINERS, FORMATS
from provenance.io.contract.name_patterns import ABOUT, matches
from provenance.io.contract.reader import Input
from provenance.io.discovery import archives, remote
from provenance.io.discovery.metadata_files import describes
from provenance.io.discovery.detect import compression_of, container_of, detect
from provenance.io.discovery.file_names import (
    BESIDE,
    DESCRIBES,
    MEDIA_NAMES,
    METADATA_FILE,
    NOT_REGULAR,
    PICTURE_NAMES,
    Found,
    Refused,
    Skipped,
    no_data,
    printable,
)
from provenance.io.discovery.skipped_files import is_sparse_file, passed_over
from provenance.io.discovery.sniff import HEAD
from provenance.io.discovery.walk import Walk, mode_of, size_of

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
    follow: Sequence[str] = (),
    ledger: str | None = None,
) -> Discovery:
    """Find the files that paths, folders and globs stand for; each file once.

    A file that is named must be data; one that a folder or a glob holds does not stop the others.
    What is passed over is looked at by its first bytes, for it may hold data (``Skipped.holds``).

    Args:
        paths: files, folders (walked, sorted by name) and globs; an existing file of that literal
            name comes before the glob.
        format: read every file as this, whatever its name and content say.
        follow: folders that links in the others may lead to (``links.Bounds``).
        ledger: a folder that is no data: that of the ledger itself.

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
    walk = Walk(tuple(follow), ledger)
    for path in paths:
        for found in _expand(path, format, walk):
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
    if words := _splits_in(name):
        return words.pop() if len(words) == 1 else None
    for folder in folders[:-3:-1]:
        # An archive is a folder with the name of a file.
        words = _splits_in(folder) if folder.endswith("!") else {_SPLITS.get(folder, "")} - {""}
        if len(words) == 1:
            return words.pop()
    return None


def _splits_in(name: str) -> set[str]:
    return {_SPLITS[word] for word in _BREAKS.split(name) if word in _SPLITS}


def _expand(path: str, asked: str | None, walk: Walk) -> Iterator[Found]:
    if "\x00" in path:
        raise NotFoundError(f"no such path: {path!r}", hint="a path holds no NUL")
    if objects.is_url(path):
        yield from remote.find(objects.parse(path), asked)
        return
    if _exists(path):
        yield from _named(path, asked, walk)
        return
    if inside := archives.split_uri(path):
        yield from _within(*inside, asked)
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
    top = _top_of(path)
    for match in met:
        if refused := walk.led_out(match, top):
            yield refused
        elif os.path.isdir(match):
            yield from _walk(match, asked, walk)
        elif why := no_data(match):
            yield passed_over(match, why)
        elif matches(match, PICTURE_NAMES) and not alone:
            yield passed_over(match, BESIDE)
        else:
            yield from _met([match], asked)


def _top_of(pattern: str) -> str:
    """The folder below which a glob looks."""
    folders = pattern.split("/")
    fixed = next(n for n, piece in enumerate(folders) if glob.has_magic(piece))
    return "/".join(folders[:fixed]) or ("/" if pattern.startswith("/") else ".")


def _named(path: str, asked: str | None, walk: Walk) -> Iterator[Found]:
    """A path that the user wrote: what cannot be read is an error, not a skip."""
    mode = mode_of(path)
    if mode is None:
        raise NotFoundError(f"{path} is a link to nothing", hint="check where it should point")
    if stat.S_ISDIR(mode):
        yield from _walk(path, asked, walk)
        return
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is not a regular file", hint="write its content to a file first")
    found = _input(path, asked)
    if found is None:
        raise InputError(
            f"cannot tell the format of {path}",
            hint=f"say it with `--format`: one of {', '.join(FORMATS)}",
        )
    yield from _files_of(found, asked)


def _within(container: str, name: str, asked: str | None) -> Iterator[Found]:
    """A member, a folder or a glob of members that the user wrote behind an archive."""
    found = _input(container, asked)
    if found is None or found.format not in CONTAINERS.values():
        raise InputError(f"{container} is no archive of files", hint="name the file itself")
    yield from archives.expand(found, asked, name)


def _files_of(found: Input, asked: str | None) -> Iterator[Found]:
    """The files that a file stands for: those in it, where it is an archive."""
    if found.format in CONTAINERS.values():
        yield from archives.expand(found, asked)
    else:
        yield found


def _walk(folder: str, asked: str | None, walk: Walk) -> Iterator[Found]:
    """Everything below a folder.

    Pictures are data only where there is no other, and files about the data only where there is
    neither.
    """
    files: list[str] = []
    for found in walk.entries(folder):
        if isinstance(found, str):
            files.append(found)
        else:
            yield found
    yield from _by_tier(_tiers(files, asked), asked)


def _by_tier(tiers: Sequence[Sequence[str]], asked: str | None) -> Iterator[Found]:
    """The files of the first tier that holds data; those after it are listed."""
    taken = False
    for tier, why in zip(tiers, _ASIDE, strict=True):
        if taken:
            yield from (passed_over(path, why) for path in tier)
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


def _met(paths: Sequence[str], asked: str | None) -> Iterator[Found]:
    """Files that a walk or a glob came upon: what cannot be taken is listed, and passed over."""
    for path in paths:
        try:
            mode = mode_of(path)
            if mode is None or not stat.S_ISREG(mode):
                yield passed_over(path, NOT_REGULAR)
                continue
            found = _input(path, asked)
        except ProvError as error:
            yield Refused(printable(path), error, size_of(path))
            continue
        if found is None:
            yield passed_over(path, "unknown format")
        elif asked is None and found.format == "json" and _is_description(found):
            yield Skipped(printable(path), METADATA_FILE)
        else:
            yield from _files_of(found, asked)


def _is_description(source: Input) -> bool:
    """Whether a JSON document is what a tool writes beside data, whatever it is called."""
    if source.compression:
        return False
    try:
        with source.path.open("rb") as file:
            head = file.read(HEAD)
        return describes(source.path, head)
    except OSError:
        return False  # who reads it says why


def _input(path: str, asked: str | None) -> Input | None:
    uri = uri_of(path)
    if not _is_text(uri):
        raise InputError(
            f"the name of {path!a} is not valid UTF-8", hint="rename the file, then try again"
        )
    if is_sparse_file(path):
        raise InputError(
            f"{path} is a sparse file: almost nothing of its size is stored",
            hint="write the data that it should hold",
        )
    if asked == "webdataset":
        return Input(uri, Path(uri), asked, compression_of(path))
    if asked is not None:
        kind, compression = container_of(path)
        return Input(uri, Path(uri), kind or asked, compression)
    found, compression = detect(path)
    return None if found is None else Input(uri, Path(uri), found, compression)


def uri_of(path: str) -> str:
    """The absolute POSIX path; links are not followed, for they are what the user named."""
    return os.path.abspath(path)


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
