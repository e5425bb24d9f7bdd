"""Limit where links in a supplied folder may lead: not to files outside of it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from provenance.errors import NotFoundError

_PROJECT = (".git", "prov.yaml")
"""Entries that mark a folder as a project or repository."""

_HUB_REPOSITORY = re.compile(r"(?:datasets|models|spaces)--.+")


class LinkBounds:
    """Folders that links below one path may lead to.

    These are the folder itself, its project or repository (the nearest folder at or above it with
    ``.git`` or ``prov.yaml``), the folders of ``--follow``, and for a snapshot in the Hugging Face
    hub cache the blobs of its repository.

    Args:
        top: the folder that was named; it may be a link itself.
        follow: folders that links may lead to.

    Raises:
        NotFoundError: a folder to follow is not there.
    """

    def __init__(self, top: str, follow: Sequence[str] = ()) -> None:
        for folder in follow:
            if not os.path.isdir(folder):
                raise NotFoundError(f"no such folder: {folder}", hint="see --follow")
        real = os.path.realpath(top)
        roots = {real, *map(os.path.realpath, follow)}
        roots |= {found for each in (os.path.abspath(top), real) if (found := _project(each))}
        self._roots = tuple(root.rstrip("/") + "/" for root in roots)

    def allow(self, path: str) -> bool:
        """Check whether the target of a link is within the bounds."""
        target = os.path.realpath(path)
        return f"{target}/".startswith(self._roots) or _is_blob(path, target)


def _project(folder: str) -> str | None:
    """Find the nearest project at or above a folder; the root of the disk is none."""
    while folder != os.path.dirname(folder):
        if any(os.path.lexists(os.path.join(folder, sign)) for sign in _PROJECT):
            return os.path.realpath(folder)
        folder = os.path.dirname(folder)
    return None


def _is_blob(path: str, target: str) -> bool:
    """Check whether a link of a snapshot leads to a blob of the same repository."""
    repository, mark, below = os.path.realpath(os.path.dirname(path)).partition("/snapshots/")
    return (
        bool(mark and below)
        and _HUB_REPOSITORY.fullmatch(os.path.basename(repository)) is not None
        and os.path.dirname(target) == f"{repository}/blobs"
    )
