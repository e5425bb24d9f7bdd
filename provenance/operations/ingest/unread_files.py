"""Collect files and rows that were not read: skipped, refused, failed or rejected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from provenance.io.discovery.discover import Discovery
from provenance.model.unread import UnreadFile
from provenance.store.layout import Layout

_POSITION = re.compile(
    r",? \(?(?:(?:at|after|near|in) (?:the )?)?(?:(?:byte|offset|position|column)s? [\d,]+"
    r"|[\d,]+ (?:decoded )?bytes)\b\)?(?=[\s:,;.]|$)"
)
"""Positions in messages, which differ from file to file."""

WHOLE = "file: "
"""Prefix of the reason of a reject that covers the rest of a file."""


def ledger_folder(layout: Layout) -> str | None:
    """Get the folder of a local ledger, whose files are never read as data."""
    return str(layout.root) if isinstance(layout.root, Path) else None


def unread_files(found: Discovery, *, media: bool) -> Iterator[UnreadFile]:
    """Yield skipped and refused files that hold data.

    Args:
        media: whether media files count as data.
    """
    for item in found.skipped:
        if item.holds and (media or not item.holds.medium):
            yield UnreadFile(
                path=item.path, reason=item.reason, holds=item.holds.description, bytes=item.bytes
            )
    for refused in found.refused:
        yield failed_file(refused.path, refused.error.message, refused.bytes, refused.error.hint)


def failed_file(path: str, message: str, size: int, hint: str = "") -> UnreadFile:
    """Describe a file that could not be read."""
    return UnreadFile(path=path, reason=_without_path(message, path), bytes=size, hint=hint)


def unread_rows(rejects: Iterable[str]) -> Iterator[UnreadFile]:
    """Count rejected rows by file and reason.

    Args:
        rejects: Parquet files of rejects, as ``store.quarantine`` writes them.
    """
    rows: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    for path in rejects:
        with pq.ParquetFile(Path(path)) as file:
            for batch in file.iter_batches(columns=["uri", "reason", "raw_bytes"]):
                columns = (batch.column(n).to_pylist() for n in range(3))
                for uri, reason, size in zip(*columns, strict=True):
                    rows[uri, reason] += 1
                    sizes[uri, reason] += size or 0
    for (uri, reason), count in rows.items():
        whole = reason.startswith(WHOLE)
        yield UnreadFile(
            path=uri,
            reason=_without_path(reason.removeprefix(WHOLE), uri),
            bytes=sizes[uri, reason],
            rows=None if whole else count,
            holds="the rest of the file" if whole else None,
        )


def _without_path(message: str, path: str) -> str:
    """Remove the path and positions from a reason, so that files can be grouped by it.

    >>> _without_path("d/a.jsonl is damaged", "/data/d/a.jsonl")
    'damaged'
    >>> _without_path("gz data is truncated, after 12 decoded bytes: /a.gz", "/a.gz")
    'gz data is truncated'
    """
    pieces = path.split("/")
    named = ("/".join(pieces[start:]) for start in range(len(pieces)))
    here = next((name for name in named if name and name in message), None)
    if here is not None:
        message = re.sub(rf"(?:\.{{0,2}}/)*{re.escape(here)}", "", message)
    text = re.sub(r"\s+", " ", _POSITION.sub("", message))
    return re.sub(r"^(?:is|:)\s+", "", text.strip(" :,;")) or "cannot be read"
