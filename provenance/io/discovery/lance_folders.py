"""What stands beside the rows in the folder of a Lance data set, and is no data of its own."""

from __future__ import annotations

import os
import re

_PART = re.compile(
    r"(.*/)(?:_deletions/\d+-\d+-\d+\.(?:arrow|bin)|_indices/[0-9a-f-]{36}/[^/]+"
    r"|_versions/latest_version_hint\.json)"
)
"""Lists of deleted rows, indices, and which version is the newest, as lance.org/format names them:
what has another name is looked at."""


def is_part(path: str) -> bool:
    """Whether a hidden file belongs to a data set of Lance, whose reader knows what it is for."""
    found = _PART.fullmatch(path)
    if found is None:
        return False
    return all(os.path.isdir(found[1] + name) for name in ("data", "_versions"))
