"""Gather what was not read of some paths: files passed over, refused or failed, and rows."""

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
"""Where in a file something was met: of no two files the same."""

WHOLE = "file: "
"""What the reason of a reject begins with that stands for the rest of a file."""


def ledger_folder(layout: Layout) -> str | None:
    """Where a ledger lies that is a folder of this machine: its files are no data of anybody."""
    return str(layout.root) if isinstance(layout.root, Path) else None


def unread_files(found: Discovery, *, media: bool) -> Iterator[UnreadFile]:
    """Files that were met and not taken, though they hold data.

    Args:
        media: whether what was read are pictures, sounds or films: only then those are data.
    """
    for item in found.skipped:
        if item.holds and (media or not item.holds.medium):
            yield UnreadFile(
                path=item.path, reason=item.reason, holds=item.holds.what, bytes=item.bytes
            )
    for refused in found.refused:
        yield failed_file(refused.path, refused.error.message, refused.bytes, refused.error.hint)


def failed_file(path: str, message: str, size: int, hint: str = "") -> UnreadFile:
    """A file that was to be read, and could not be."""
    return UnreadFile(path=path, reason=_without_path(message, path), bytes=size, hint=hint)


def unread_rows(rejects: Iterable[str]) -> Iterator[UnreadFile]:
    """Rows that were read and refused, by file and reason.

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
    """A reason without the file that it is about, so that files can be counted by it.

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
