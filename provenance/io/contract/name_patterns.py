"""Patterns of file names, and the names that are not those of data."""

from __future__ import annotations

import fnmatch
import re

HIDDEN = (".", "_")
"""First characters of names that a walk passes over, as most tools of the field do."""


def any_of(*patterns: str) -> re.Pattern[str]:
    """What a name in small letters is held against; it takes part in every look at every file."""
    return re.compile("|".join(fnmatch.translate(pattern.lower()) for pattern in patterns))


ABOUT = any_of("README.md", "README.markdown", "README.txt", "LICENSE*", "LICENCE*")


def matches(path: str, pattern: re.Pattern[str]) -> bool:
    """Whether the last piece of a path is like this, in whatever case."""
    return pattern.match(path[path.rfind("/") + 1 :].lower()) is not None
