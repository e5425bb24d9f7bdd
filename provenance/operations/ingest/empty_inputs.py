"""Turn named files, folders and globs that hold no record into errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from pathlib import Path

from provenance.errors import InputError
from provenance.io.objects import is_url, parse_url
from provenance.operations.ingest.summary import FileSummary


def explain_empty(
    files: Sequence[FileSummary], paths: Iterable[str], unchanged: Iterable[str]
) -> list[FileSummary]:
    """Set an error on the files of each named path that gave no record.

    An empty file in a folder with other records is not an error.

    Args:
        unchanged: uris of files that are in the ledger already.
    """
    fruitful = {file.uri for file in files if file.kept}.union(unchanged)
    empty: set[str] = set()
    for path in paths:
        location = str(parse_url(path)) if is_url(path) else str(Path(path).absolute())
        glob = translate(location.replace("**/", "*"))
        inside = re.compile(f"{re.escape(location.rstrip('/'))}(?:!?/|$)|{glob}").match
        if not any(map(inside, fruitful)):
            empty |= {file.uri for file in files if inside(file.uri)}
    return [_explained(file) if file.uri in empty and not file.error else file for file in files]


def _explained(file: FileSummary) -> FileSummary:
    why = f"{file.uri}: it holds no records"
    if file.rejects:
        why = f"{file.rejects[0].as_line(file.uri)}; nothing was kept"
    return file.model_copy(
        update={
            "error": why,
            "hint": f"the rejects are in {file.quarantine}" if file.quarantine else "",
            "exit_code": InputError.exit_code,
        }
    )
