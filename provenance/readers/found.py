"""What a search for files comes upon, and which names are not those of data."""

from __future__ import annotations

import fnmatch
import functools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.errors import InputError
from provenance.readers.base import Input
from provenance.readers.registry import PICTURES

HIDDEN = (".", "_")
"""First characters of names that a walk passes over, as most tools of the field do."""

METADATA = (
    "dataset_info.json",
    "dataset_infos.json",
    "state.json",
    "_SUCCESS",
    "_metadata",
    "_common_metadata",
    "*.lock",
    "*.crc",
)
ABOUT = ("README.md", "README.markdown", "README.txt", "LICENSE*", "LICENCE*")

BESIDE = "a picture beside other data: `--format image` reads pictures"
DESCRIBES = "describes the data beside it"

PICTURE_NAMES = tuple(f"*{suffix}" for suffix in PICTURES)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that was met and is not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was met, would be data, and cannot be taken; its path is printable text."""

    path: str
    error: InputError


Found = Input | Skipped | Refused


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether the last piece of a path is like one of these, in whatever case."""
    return _any_of(tuple(patterns)).match(os.path.basename(path).lower()) is not None


@functools.cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern.lower()) for pattern in patterns))
