"""Where links of a supplied folder may lead: not to files that its supplier was never given."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from provenance.errors import NotFoundError

_PROJECT = (".git", "prov.yaml")
"""A folder that holds one of these is a project or repository."""

_HUB_REPOSITORY = re.compile(r"(?:datasets|models|spaces)--.+")


class Bounds:
    """The places that the links below one path may lead to.

    These are the folder itself, the project or repository that it is in (the nearest folder at or
    above it with ``.git`` or ``prov.yaml``), what ``--follow`` names, and for a snapshot in a cache
    of the Hugging Face hub the blobs of its own repository.

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

    def let(self, path: str) -> bool:
        """Whether what a link stands for lies where it may."""
        target = os.path.realpath(path)
        return f"{target}/".startswith(self._roots) or _is_blob(path, target)


def _project(folder: str) -> str | None:
    """The nearest project at or above a folder; the root of the disk is none."""
    while folder != os.path.dirname(folder):
        if any(os.path.lexists(os.path.join(folder, sign)) for sign in _PROJECT):
            return os.path.realpath(folder)
        folder = os.path.dirname(folder)
    return None


def _is_blob(path: str, target: str) -> bool:
    """Whether a link of ``<repository>/snapshots/<revision>/`` leads to a blob beside it."""
    repository, mark, below = os.path.realpath(os.path.dirname(path)).partition("/snapshots/")
    return (
        bool(mark and below)
        and _HUB_REPOSITORY.fullmatch(os.path.basename(repository)) is not None
        and os.path.dirname(target) == f"{repository}/blobs"
    )
