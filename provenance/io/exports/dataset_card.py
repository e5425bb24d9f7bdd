"""Write the dataset card of an export, which tells the library ``datasets`` its data files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

_TEXT = """\
Exported by prov. The columns `prov_*` say where each row comes from and what is known of its
origin; `_manifest/` lists every record. Only the files named above are data.
"""


def write_card(folder: Path, files: Sequence[str], *, split: bool) -> None:
    """Write ``README.md``, by which the library ``datasets`` finds the data files only.

    Without it, the lists in ``_manifest/`` would count as data as well.

    Args:
        files: the names of the data files.
        split: whether each is a split.
    """
    paths = [{"split": name, "path": path} for name, path in zip(_names(files), files, strict=True)]
    listed = paths if split else list(files)
    config = json.dumps([{"config_name": "default", "data_files": listed}])
    text = f"---\nconfigs: {config}\n---\n\n{_TEXT}"
    (folder / "README.md").write_text(text, encoding="utf-8")


def _names(files: Sequence[str]) -> list[str]:
    """Make split names that ``datasets`` accepts: letters, digits and underscores."""
    names: list[str] = []
    for path in files:
        stem = name = re.sub(r"\W", "_", Path(path).stem, flags=re.ASCII)
        number = 1
        while name in names:
            number += 1
            name = f"{stem}_{number}"
        names.append(name)
    return names
