"""Match file names against patterns, case-insensitively."""

from __future__ import annotations

import fnmatch
import re

HIDDEN = (".", "_")
"""First characters of names that a folder walk skips."""


def any_of(*patterns: str) -> re.Pattern[str]:
    """Compile patterns into one regular expression for lower-case names."""
    return re.compile("|".join(fnmatch.translate(pattern.lower()) for pattern in patterns))


ABOUT = any_of("README.md", "README.markdown", "README.txt", "LICENSE*", "LICENCE*")


def matches(path: str, pattern: re.Pattern[str]) -> bool:
    """Check whether the last component of a path matches a pattern."""
    return pattern.match(path[path.rfind("/") + 1 :].lower()) is not None
