"""Columns of text beside the content: what is not judged has to be said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from provenance.io.contract.reader import Shape
from provenance.io.contract.record_paths import ABOVE
from provenance.io.records.content_names import RESERVED, is_about
from provenance.operations.ingest.batch_fields import BatchKey

_TEXTS = frozenset(
    ("text", "content", "body", "document", "article", "completion", "response", "output")
)
"""Members of objects that are texts by their name."""

_NUMBER = re.compile(r"(?:.*[_.-])?(?:length|size|count|num|number|bytes)", re.IGNORECASE)
"""Fields of headers that are numbers, though they are written as text."""

MOST = 20
"""Most columns that are named."""


def unjudged_columns(shape: Mapping[str, str], key: BatchKey) -> tuple[str, ...]:
    """Columns of a batch that hold text and are neither content nor words about it.

    Args:
        shape: path to kind, as in ``Batch.shape``.
        key: what is content, and what the other fields mean.
    """
    return _unjudged_columns(tuple(shape.items()), key.content, key.interpretation.fields)


def unjudged_prose(shape: Shape, content: tuple[str, ...]) -> tuple[str, ...]:
    """Fields whose values are texts, and that are no part of the content, whatever their names.

    Args:
        shape: what the first records of a file look like.
        content: fields that are content; none where the content is made of all of them.
    """
    if not content or content in {("*",), ("payload",)}:
        return ()
    judged = {each.partition(".")[0].partition("[]")[0] for each in content} | {*content}
    names = [name for name in (*shape.prose, *shape.media) if name not in judged]
    return tuple(dict.fromkeys(names))[:MOST]


@lru_cache(maxsize=64)
def _unjudged_columns(
    shape: tuple[tuple[str, str], ...], content: tuple[str, ...], interpreted: tuple[str, ...]
) -> tuple[str, ...]:
    if content in {("*",), ("payload",)}:
        return ()
    tables = {path.partition("[]")[0] for path, _ in shape if "[]" in path}
    found: dict[str, None] = {}
    for path, kind in shape:
        name = _column(path, kind, tables)
        # A word that is read as a mark is no text; a chat may be both.
        taken = content if kind == "messages" else (*content, *interpreted)
        if name and not _is_part(name, taken):
            found[name] = None
    return tuple(found)[:MOST]


def _column(path: str, kind: str, tables: set[str]) -> str:
    """The column that a path of text belongs to; empty for what is no text.

    Args:
        tables: paths of lists of objects. Of what other lists hold nothing is known.
    """
    name, _, inner = path.partition("[]")
    *holders, last = name.split(".")
    if (
        ABOVE in holders
        or last == ABOVE
        or path.startswith(RESERVED)
        or is_about(last)
        or _NUMBER.fullmatch(last)
    ):
        return ""
    if inner:
        return name if kind == "string" and inner.rpartition(".")[2] in _TEXTS else ""
    if kind == "messages" or (kind == "list" and not holders and name not in tables):
        return name
    return name if kind == "string" and (not holders or last in _TEXTS) else ""


def _is_part(name: str, taken: Iterable[str]) -> bool:
    """Whether a column is one of some fields, or within one."""
    return any(name == each or name.startswith((f"{each}.", f"{each}[")) for each in taken)
