"""Find the files to read under the paths of a request, and report those that are not read."""

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
from provenance.io.discovery.detect import compression_of, container_of, detect
from provenance.io.discovery.file_names import (
    DESCRIBES,
    MEDIA_NAMES,
    MEDIA_SKIPPED,
    METADATA_FILE,
    NOT_REGULAR,
    PICTURE_NAMES,
    Found,
    Refused,
    Skipped,
    non_data_reason,
    printable_path,
)
from provenance.io.discovery.metadata_files import is_metadata_file
from provenance.io.discovery.skipped_files import is_sparse_file, skipped_file
from provenance.io.discovery.sniff import HEAD
from provenance.io.discovery.walk import FolderWalk, mode_of, size_of

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

_ASIDE = ("", MEDIA_SKIPPED, DESCRIBES)
"""Skip reason of each tier of a folder when a tier before it holds data."""

_BREAKS = re.compile(r"[-_.\s]")


@dataclass(frozen=True, slots=True)
class Discovery:
    """Result of a request: inputs in reading order, skipped files, and refused files."""

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
    """Find the files of paths, folders and globs; each file once.

    A named file must be data; a bad file in a folder or glob does not stop the others. The first
    bytes of skipped files are checked for data (``Skipped.holds``).

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
    walk = FolderWalk(tuple(follow), ledger)
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
    """Return the split named by a file name, or else by one of its two nearest folders.

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


def _expand(path: str, asked: str | None, walk: FolderWalk) -> Iterator[Found]:
    if "\x00" in path:
        raise NotFoundError(f"no such path: {path!r}", hint="a path holds no NUL")
    if objects.is_url(path):
        yield from remote.find(objects.parse_url(path), asked)
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
        os.path.isdir(one) or non_data_reason(one) or matches(one, PICTURE_NAMES) for one in met
    )
    top = _top_of(path)
    for match in met:
        if refused := walk.led_out(match, top):
            yield refused
        elif os.path.isdir(match):
            yield from _walk(match, asked, walk)
        elif why := non_data_reason(match):
            yield skipped_file(match, why)
        elif matches(match, PICTURE_NAMES) and not alone:
            yield skipped_file(match, MEDIA_SKIPPED)
        else:
            yield from _met([match], asked)


def _top_of(pattern: str) -> str:
    """Return the folder in which a glob searches."""
    folders = pattern.split("/")
    fixed = next(n for n, piece in enumerate(folders) if glob.has_magic(piece))
    return "/".join(folders[:fixed]) or ("/" if pattern.startswith("/") else ".")


def _named(path: str, asked: str | None, walk: FolderWalk) -> Iterator[Found]:
    """Resolve a path that the user named: what cannot be read is an error, not a skip."""
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
    """Resolve a member, folder or glob that the user named behind an archive."""
    found = _input(container, asked)
    if found is None or found.format not in CONTAINERS.values():
        raise InputError(f"{container} is no archive of files", hint="name the file itself")
    yield from archives.expand(found, asked, name)


def _files_of(found: Input, asked: str | None) -> Iterator[Found]:
    """Yield an input, or the files in it where it is an archive."""
    if found.format in CONTAINERS.values():
        yield from archives.expand(found, asked)
    else:
        yield found


def _walk(folder: str, asked: str | None, walk: FolderWalk) -> Iterator[Found]:
    """Yield everything below a folder.

    Pictures are data only where there is no other data, and files about the data only where there
    is neither.
    """
    files: list[str] = []
    for found in walk.entries(folder):
        if isinstance(found, str):
            files.append(found)
        else:
            yield found
    yield from _by_tier(_tiers(files, asked), asked)


def _by_tier(tiers: Sequence[Sequence[str]], asked: str | None) -> Iterator[Found]:
    """Yield the files of the first tier that holds data; skip those of later tiers."""
    taken = False
    for tier, why in zip(tiers, _ASIDE, strict=True):
        if taken:
            yield from (skipped_file(path, why) for path in tier)
            continue
        for item in _met(tier, asked):
            taken = taken or isinstance(item, Input | Refused)
            yield item


def _tiers(files: Sequence[str], asked: str | None) -> tuple[list[str], list[str], list[str]]:
    """Sort files into data, pictures, and files about data; with an asked format, no pictures."""
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
    """Resolve files found by a walk or glob: unreadable ones are refused, not raised."""
    for path in paths:
        try:
            mode = mode_of(path)
            if mode is None or not stat.S_ISREG(mode):
                yield skipped_file(path, NOT_REGULAR)
                continue
            found = _input(path, asked)
        except ProvError as error:
            yield Refused(printable_path(path), error, size_of(path))
            continue
        if found is None:
            yield skipped_file(path, "unknown format")
        elif asked is None and found.format == "json" and _is_description(found):
            yield Skipped(printable_path(path), METADATA_FILE)
        else:
            yield from _files_of(found, asked)


def _is_description(source: Input) -> bool:
    """Check whether a JSON document is a metadata file, whatever its name."""
    if source.compression:
        return False
    try:
        with source.path.open("rb") as file:
            head = file.read(HEAD)
        return is_metadata_file(source.path, head)
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
    """Return the absolute POSIX path, without following links."""
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
