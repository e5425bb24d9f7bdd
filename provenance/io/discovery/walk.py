"""Walk a folder by name, without loops, following links only within bounds."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.errors import InputError, StorageError
from provenance.io.contract.name_patterns import HIDDEN
from provenance.io.discovery import hf_folders
from provenance.io.discovery.file_names import (
    LINK_TO_NOTHING,
    NOT_REGULAR,
    REPOSITORY,
    Refused,
    Skipped,
    non_data_reason,
    printable_path,
)
from provenance.io.discovery.lance_folders import is_lance_part
from provenance.io.discovery.links import LinkBounds
from provenance.io.discovery.skipped_files import is_one_object, skipped_file
from provenance.io.discovery.sniff import DataContent

_HIDES = "hidden"
_OUT = "a link that leads out of its folder"

Entry = str | Skipped | Refused


@dataclass(frozen=True, slots=True)
class FolderWalk:
    """Options of a folder walk.

    Attributes:
        follow: folders that links may lead to.
        ledger: a folder that holds no data of anybody: the ledger's own.
    """

    follow: tuple[str, ...] = ()
    ledger: str | None = None

    def entries(self, top: str) -> Iterator[Entry]:
        """Yield the paths below a folder that may be data, and what is skipped or refused."""
        bounds = LinkBounds(top, self.follow)
        walked: set[tuple[int, int]] = set()
        pending = [top]
        while pending:
            path = pending.pop()
            try:
                mode = mode_of(path)
                if path != top and mode and os.path.islink(path) and not bounds.allow(path):
                    yield _refused(path)
                    continue
                if mode is None or not stat.S_ISDIR(mode):
                    yield _entry(path, mode)
                    continue
                names = _names(path)
            except StorageError as error:
                if path == top:
                    raise
                yield Refused(printable_path(path), error)
                continue
            if why := self._no_folder(path, walked):
                yield Skipped(printable_path(path), why)
                continue
            if not names:
                yield Skipped(printable_path(path), "empty folder")
            aside = hf_folders.non_data_entries(path, names)
            for name, found in aside.items():
                yield from self._set_aside(os.path.join(path, name), found, bounds)
            names = [name for name in names if name not in aside]
            for name in names:
                if name.startswith(HIDDEN):
                    yield from self._hidden(os.path.join(path, name), bounds)
            visible = (name for name in reversed(names) if not name.startswith(HIDDEN))
            pending.extend(os.path.join(path, name) for name in visible)

    def led_out(self, path: str, top: str) -> Refused | None:
        """Refuse a link, found by a glob, that leads out of the folder."""
        if not os.path.islink(path) or LinkBounds(top, self.follow).allow(path):
            return None
        return _refused(path)

    def _no_folder(self, path: str, walked: set[tuple[int, int]]) -> str:
        """Return why a folder is not walked; mark it as walked otherwise."""
        state = os.stat(path)
        if (state.st_dev, state.st_ino) in walked:
            return "folder was already walked (link)"
        walked.add((state.st_dev, state.st_ino))
        return "the ledger itself" if self._is_ledger(path) else ""

    def _is_ledger(self, path: str) -> bool:
        return self.ledger is not None and os.path.realpath(path) == os.path.realpath(self.ledger)

    def _hidden(self, path: str, bounds: LinkBounds) -> Iterator[Skipped]:
        """Skip a hidden file or folder, and list the files in it that hold data."""
        if os.path.islink(path) and not bounds.allow(path) and os.path.isdir(path):
            yield Skipped(printable_path(path), _HIDES, DataContent(_OUT))
            return
        yield skipped_file(path, _HIDES)
        if not os.path.isdir(path) or os.path.basename(path) == REPOSITORY:
            return
        if not self._is_ledger(path):
            yield from _data_below(path, _HIDES, bounds)

    def _set_aside(
        self, path: str, found: Skipped | Refused, bounds: LinkBounds
    ) -> Iterator[Skipped | Refused]:
        """Skip an entry that a tool keeps, and list the files in it that hold data."""
        if isinstance(found, Refused):
            yield found
        elif os.path.islink(path) and not bounds.allow(path):
            yield _refused(path)
        elif os.path.isdir(path):
            yield found
            if not self._is_ledger(path):
                yield from _data_below(path, found.reason, bounds)
        else:
            yield skipped_file(path, found.reason)


def _data_below(top: str, reason: str, bounds: LinkBounds) -> Iterator[Skipped]:
    """List the files below a skipped folder that hold data."""
    read, is_model = hf_folders.blobs_read(top), hf_folders.is_model(top)
    for folder, folders, files in os.walk(top):
        inner = sorted(folders)
        folders[:] = [name for name in inner if name != REPOSITORY]
        for name in inner:
            below = os.path.join(folder, name)
            if os.path.islink(below) and not bounds.allow(below):
                yield Skipped(printable_path(below), reason, DataContent(_OUT))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if read and os.path.realpath(path) in read:
                continue
            found = skipped_file(path, reason)
            aside = is_lance_part(path) or (is_model and is_one_object(path))
            if found.holds and not aside:
                yield found


def mode_of(path: str) -> int | None:
    """Return the mode of the target of a path; ``None`` for a broken link.

    Raises:
        StorageError: its metadata cannot be read.
    """
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link that points at itself
            return None
        raise StorageError(
            f"cannot look at {path}: {error.strerror}", hint="check the permissions"
        ) from error


def size_of(path: str) -> int:
    """Return the size of a file; 0 where it is unknown."""
    try:
        state = os.stat(path)
    except OSError:
        return 0
    return state.st_size if stat.S_ISREG(state.st_mode) else 0


def _entry(path: str, mode: int | None) -> Entry:
    if mode is None:
        return skipped_file(path, LINK_TO_NOTHING)
    if not stat.S_ISREG(mode):
        return skipped_file(path, NOT_REGULAR)
    why = non_data_reason(path)
    return skipped_file(path, why) if why else path


def _refused(path: str) -> Refused:
    target = printable_path(os.path.realpath(path))
    error = InputError(
        f"{printable_path(path)} is a link that leads out of its folder",
        hint=f"it leads to {target}: to allow that, add `--follow DIR` with a folder above it",
    )
    return Refused(printable_path(path), error, size_of(path))


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise StorageError(
            f"cannot list {folder}: {error.strerror}", hint="check the permissions of the folder"
        ) from error
