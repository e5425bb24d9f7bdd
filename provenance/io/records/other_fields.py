"""What a row holds that is not its content: what may tell two rows of one content apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provenance.io.records.content_names import MEDIA, PARTS, TEXTS, is_ours, is_remark, leaf
from provenance.io.records.value_shapes import LEVELS, look_of, texts_in

_MOST_LOOKED_AT = 50


def texts_beside(
    row: Mapping[str, Any], content: Sequence[str], media: Sequence[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Paths to texts, lists and media of a row, without its content and what is said about it.

    These are fields that a part of a record is named like, whatever reads like a text, and lists
    that hold words, be they written as JSON in a text. Ids, addresses, dates, scores and remarks (a
    title, a label, metadata) make no other record.

    Args:
        media: paths of the bytes of media.

    >>> texts_beside({"answer": "Yes.", "prompt": "Is it?", "id": "a1", "title": "A"}, ["answer"])
    {'prompt': ('Is it?',)}
    >>> texts_beside({"text": "Yes.", "choices": '["a", "b"]', "n": [1], "tags": ["c"]}, ["text"])
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
        held = isinstance(value, dict) and f"{path}.bytes" in media
        if path in content or is_ours(path) or (name in MEDIA and not held):
            continue
        known = leaf(name) in PARTS or leaf(name) in TEXTS
        if not known and not held and is_remark(name):
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
    """A list with words in it, or an object written as text, as JSON; else nothing.

    Lists of numbers alone are measures, or texts in the code of a model.
    """
    told = value
    if isinstance(value, str):
        if value.lstrip()[:1] not in ("[", "{"):
            return ""
        try:
            told = json.loads(value)
        except (ValueError, RecursionError):
            return ""
    if not isinstance(told, list if told is value else (list, dict)) or not _has_word(told):
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _has_word(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_word, value.values()))
    return any(map(_has_word, value)) if isinstance(value, list) else isinstance(value, str)
