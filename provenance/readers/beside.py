"""The texts of a row that are not its content: what may tell two rows of one content apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provenance.readers.content_names import MEDIA, PARTS, TEXTS, is_ours, is_remark, leaf
from provenance.readers.looks import LEVELS, look_of, texts_in

_MOST_LOOKED_AT = 50


def texts_beside(row: Mapping[str, Any], content: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Paths to texts of a row, without its content and without what is said about it.

    These are fields that a part of a record is named like, and whatever reads like a text. Ids,
    addresses, dates, scores and remarks (a title, a label, metadata) make no other record.

    >>> texts_beside({"answer": "Yes.", "prompt": "Is it?", "id": "a1", "title": "A"}, ["answer"])
    {'prompt': ('Is it?',)}
    """
    return dict(_texts("", row, frozenset(content), LEVELS))


def _texts(
    above: str, members: Mapping[str, Any], content: frozenset[str], levels: int
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in members.items():
        path = f"{above}{name}"
        if path in content or is_ours(path) or name in MEDIA:
            continue
        known = leaf(name) in PARTS or leaf(name) in TEXTS
        if not known and is_remark(name):
            continue
        if isinstance(value, dict) and levels and not ("role" in value or "from" in value):
            yield from _texts(f"{path}.", value, content, levels - 1)
            continue
        texts = tuple(text for text in texts_in(value) if text.strip())
        if texts and (known or look_of(texts[:_MOST_LOOKED_AT]) == "prose"):
            yield path, texts
