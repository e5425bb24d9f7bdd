"""Collect the texts of a row outside its content, which distinguish rows of equal content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provenance.io.records.content_names import (
    MEDIA,
    PARTS,
    TEXTS,
    is_export_field,
    is_remark,
    leaf,
)
from provenance.io.records.value_shapes import LEVELS, look_of, texts_in

_MOST_LOOKED_AT = 50


def other_texts(
    row: Mapping[str, Any], content: Sequence[str], media: Sequence[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Collect texts, lists and media of a row outside its content and its description.

    These are fields named like a part of a record, values that read like a text, and lists of
    words, also as JSON in a text. Ids, addresses, dates, scores and remarks (a title, a label,
    metadata) do not make another record.

    Args:
        media: paths of the bytes of media.

    >>> other_texts({"answer": "Yes.", "prompt": "Is it?", "id": "a1", "title": "A"}, ["answer"])
    {'prompt': ('Is it?',)}
    >>> other_texts({"text": "Yes.", "choices": '["a", "b"]', "n": [1], "tags": ["c"]}, ["text"])
    {'choices': ('["a", "b"]',)}
    """
    return dict(_texts("", row, (frozenset(content), frozenset(media)), LEVELS))


def _texts(
    above: str,
    members: Mapping[str, Any],
    paths: tuple[frozenset[str], frozenset[str]],
    levels: int,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    content, media = paths
    for name, value in members.items():
        path = f"{above}{name}"
        if path in media and path not in content and isinstance(value, str):
            yield path, (value,)
            continue
        is_medium = isinstance(value, dict) and f"{path}.bytes" in media
        if path in content or is_export_field(path) or (name in MEDIA and not is_medium):
            continue
        known = leaf(name) in PARTS or leaf(name) in TEXTS
        if not known and not is_medium and is_remark(name):
            continue
        if isinstance(value, dict) and levels and not ("role" in value or "from" in value):
            yield from _texts(f"{path}.", value, paths, levels - 1)
            continue
        texts = tuple(text for text in texts_in(value) if text.strip())
        if texts and (known or look_of(texts[:_MOST_LOOKED_AT]) == "prose"):
            yield path, texts
        elif not known and (whole := _of_words(value)):
            yield path, (whole,)


def _of_words(value: Any) -> str:
    """Return a list with words in it, or an object written as text, as JSON; else "".

    Lists of numbers are measures, or token ids.
    """
    parsed = value
    if isinstance(value, str):
        if value.lstrip()[:1] not in ("[", "{"):
            return ""
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return ""
    if not isinstance(parsed, list if parsed is value else (list, dict)) or not _has_word(parsed):
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _has_word(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_word, value.values()))
    return any(map(_has_word, value)) if isinstance(value, list) else isinstance(value, str)
