"""Recognise the auxiliary files of a Lance data set, which hold no rows."""

from __future__ import annotations

import os
import re

_PART = re.compile(
    r"(.*/)(?:_deletions/\d+-\d+-\d+\.(?:arrow|bin)|_indices/[0-9a-f-]{36}/[^/]+"
    r"|_versions/latest_version_hint\.json)"
)
"""Lists of deleted rows, indices and the version hint, as lance.org/format names them."""


def is_lance_part(path: str) -> bool:
    """Check whether a hidden file belongs to a Lance data set."""
    found = _PART.fullmatch(path)
    if found is None:
        return False
    return all(os.path.isdir(found[1] + name) for name in ("data", "_versions"))
