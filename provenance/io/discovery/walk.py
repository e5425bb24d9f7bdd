"""A walk over a folder: by name, without loops, and no further than links may lead."""

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
    no_data,
    printable,
)
from provenance.io.discovery.lance_folders import is_part
from provenance.io.discovery.links import Bounds
from provenance.io.discovery.skipped_files import is_one_object, passed_over
from provenance.io.discovery.sniff import Holds

_HIDES = "hidden"
_OUT = "a link that leads out of its folder"

Entry = str | Skipped | Refused


@dataclass(frozen=True, slots=True)
class Walk:
    """How folders are walked.

    Attributes:
        follow: folders that links may lead to.
        ledger: a folder that holds no data of anybody: the ledger's own.
    """

    follow: tuple[str, ...] = ()
    ledger: str | None = None

    def entries(self, top: str) -> Iterator[Entry]:
        """Paths of the files below a folder that may be data, and what else there is."""
        bounds = Bounds(top, self.follow)
        walked: set[tuple[int, int]] = set()
        pending = [top]
        while pending:
            path = pending.pop()
            try:
                mode = mode_of(path)
                if path != top and mode and os.path.islink(path) and not bounds.let(path):
                    yield _refused(path)
                    continue
                if mode is None or not stat.S_ISDIR(mode):
                    yield _entry(path, mode)
                    continue
                names = _names(path)
            except StorageError as error:
                if path == top:
                    raise
                yield Refused(printable(path), error)
                continue
            if why := self._no_folder(path, walked):
                yield Skipped(printable(path), why)
                continue
            if not names:
                yield Skipped(printable(path), "empty folder")
            aside = hf_folders.aside(path, names)
            for name, found in aside.items():
                yield from self._set_aside(os.path.join(path, name), found, bounds)
            names = [name for name in names if name not in aside]
            for name in names:
                if name.startswith(HIDDEN):
                    yield from self._hidden(os.path.join(path, name), bounds)
            visible = (name for name in reversed(names) if not name.startswith(HIDDEN))
            pending.extend(os.path.join(path, name) for name in visible)

    def led_out(self, path: str, top: str) -> Refused | None:
        """What a glob met below a folder, where it is a link that leads out of that."""
        if not os.path.islink(path) or Bounds(top, self.follow).let(path):
            return None
        return _refused(path)

    def _no_folder(self, path: str, walked: set[tuple[int, int]]) -> str:
        """Why a folder is not walked; empty where it is, and it is noted then."""
        state = os.stat(path)
        if (state.st_dev, state.st_ino) in walked:
            return "folder was already walked (link)"
        walked.add((state.st_dev, state.st_ino))
        return "the ledger itself" if self._is_ledger(path) else ""

    def _is_ledger(self, path: str) -> bool:
        return self.ledger is not None and os.path.realpath(path) == os.path.realpath(self.ledger)

    def _hidden(self, path: str, bounds: Bounds) -> Iterator[Skipped]:
        """A hidden file or folder, and the files in it that hold data."""
        if os.path.islink(path) and not bounds.let(path) and os.path.isdir(path):
            yield Skipped(printable(path), _HIDES, Holds(_OUT))
            return
        yield passed_over(path, _HIDES)
        if not os.path.isdir(path) or os.path.basename(path) == REPOSITORY:
            return
        if not self._is_ledger(path):
            yield from _data_below(path, _HIDES, bounds)

    def _set_aside(
        self, path: str, found: Skipped | Refused, bounds: Bounds
    ) -> Iterator[Skipped | Refused]:
        """What a tool keeps beside its data, and the files in it that hold data."""
        if isinstance(found, Refused):
            yield found
        elif os.path.islink(path) and not bounds.let(path):
            yield _refused(path)
        elif os.path.isdir(path):
            yield found
            if not self._is_ledger(path):
                yield from _data_below(path, found.reason, bounds)
        else:
            yield passed_over(path, found.reason)


def _data_below(top: str, reason: str, bounds: Bounds) -> Iterator[Skipped]:
    """The files below a folder that is not walked, as far as they hold data."""
    read, is_model = hf_folders.read_already(top), hf_folders.is_model(top)
    for folder, folders, files in os.walk(top):
        inner = sorted(folders)
        folders[:] = [name for name in inner if name != REPOSITORY]
        for name in inner:
            below = os.path.join(folder, name)
            if os.path.islink(below) and not bounds.let(below):
                yield Skipped(printable(below), reason, Holds(_OUT))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if read and os.path.realpath(path) in read:
                continue
            found = passed_over(path, reason)
            aside = is_part(path) or (is_model and is_one_object(path))
            if found.holds and not aside:
                yield found


def mode_of(path: str) -> int | None:
    """Kind and rights of what a path stands for; ``None`` for a link to nothing.

    Raises:
        StorageError: it may not be looked at.
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
    """Bytes of a file; 0 where nobody can say."""
    try:
        state = os.stat(path)
    except OSError:
        return 0
    return state.st_size if stat.S_ISREG(state.st_mode) else 0


def _entry(path: str, mode: int | None) -> Entry:
    if mode is None:
        return passed_over(path, LINK_TO_NOTHING)
    if not stat.S_ISREG(mode):
        return passed_over(path, NOT_REGULAR)
    why = no_data(path)
    return passed_over(path, why) if why else path


def _refused(path: str) -> Refused:
    target = printable(os.path.realpath(path))
    error = InputError(
        f"{printable(path)} is a link that leads out of its folder",
        hint=f"it leads to {target}: if that is meant, say `--follow DIR` with a folder above that",
    )
    return Refused(printable(path), error, size_of(path))


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise StorageError(
            f"cannot list {folder}: {error.strerror}", hint="check the permissions of the folder"
        ) from error
