"""Find text columns other than the content, so that they can be reported as not judged."""

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
"""Member names that denote texts."""

_NUMBER = re.compile(r"(?:.*[_.-])?(?:length|size|count|num|number|bytes)", re.IGNORECASE)
"""Names of fields that hold numbers as text."""

MOST = 20
"""Most columns that are reported."""


def unjudged_columns(shape: Mapping[str, str], key: BatchKey) -> tuple[str, ...]:
    """List columns of a batch that hold text and are neither content nor metadata.

    Args:
        shape: path to kind, as in ``Batch.shape``.
        key: content fields, and the roles of the other fields.
    """
    return _unjudged_columns(tuple(shape.items()), key.content, key.interpretation.fields)


def unjudged_prose(shape: Shape, content: tuple[str, ...]) -> tuple[str, ...]:
    """List fields with prose values that are not part of the content, whatever their names.

    Args:
        shape: shape of the first records of a file.
        content: content fields; empty if all fields are content.
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
        # A field that is read as a mark is not text; a chat may be both.
        taken = content if kind == "messages" else (*content, *interpreted)
        if name and not _is_part(name, taken):
            found[name] = None
    return tuple(found)[:MOST]


def _column(path: str, kind: str, tables: set[str]) -> str:
    """Get the column that a path of text belongs to; empty if it is not text.

    Args:
        tables: paths of lists of objects; the items of other lists are not known.
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
    """Whether a column is one of some fields or nested in one."""
    return any(name == each or name.startswith((f"{each}.", f"{each}[")) for each in taken)
