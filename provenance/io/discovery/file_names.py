"""Define the results of a search for files, and the file names that are not data."""

from __future__ import annotations

import os
from dataclasses import dataclass

from provenance.errors import ProvError
from provenance.io.contract.formats import MEDIA
from provenance.io.contract.name_patterns import any_of, matches
from provenance.io.contract.reader import Input
from provenance.io.discovery.sniff import DataContent

METADATA = any_of(
    "dataset_dict.json",
    "dataset_info.json",
    "dataset_infos.json",
    "state.json",
    "_SUCCESS",
    "_metadata",
    "_common_metadata",
    "*.lock",
    "*.crc",
)
CACHES = any_of("cache-*.arrow")
"""Cache files that ``datasets`` writes next to saved data."""

MEDIA_NAMES = {
    medium: any_of(*(f"*{suffix}" for suffix in suffixes)) for medium, suffixes in MEDIA.items()
}
PICTURE_NAMES = any_of(*(f"*{suffix}" for suffixes in MEDIA.values() for suffix in suffixes))
"""Names of pictures, sounds and films."""

MEDIA_SKIPPED = "media beside other data: `--format image`, `audio` or `video` reads them"
DESCRIBES = "describes the data beside it"
METADATA_FILE = "metadata file"
NOT_REGULAR = "not a regular file"
REPOSITORY = ".git"
"""Folder that never holds data."""

LINK_TO_NOTHING = "link to nothing"


def non_data_reason(path: str) -> str:
    """Return why a file is no data by its name; empty where it may be."""
    if matches(path, METADATA):
        return METADATA_FILE
    return "cache of data beside it" if matches(path, CACHES) else ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that is not read, and why.

    Attributes:
        holds: what of data it holds by its first bytes; ``None`` for what is no data.
        bytes: its size, where it holds data.
    """

    path: str
    reason: str
    holds: DataContent | None = None
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that should be data and cannot be read.

    Attributes:
        bytes: its size, where that is known.
    """

    path: str
    error: ProvError
    bytes: int = 0


Found = Input | Skipped | Refused


def printable_path(path: str) -> str:
    """Return the absolute path as text, with bytes that are no UTF-8 escaped."""
    return os.path.abspath(path).encode("utf-8", "backslashreplace").decode()
