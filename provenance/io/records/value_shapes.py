"""Classify the values of fields: prose, short words, or ids, dates and codes.

A name says much, but a column of ids is no text, whatever its name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provenance.io.contract.reader import Shape
from provenance.io.contract.record_paths import is_turn
from provenance.io.records.content_names import ANSWERS, CHATS, PREFERENCE, TEXTS, is_export_field
from provenance.io.records.turns_text import parse_turns

LEVELS = 4
"""Levels of nested objects that are searched for texts."""

_MOST_ITEMS = 20
_HEAD = 1_000
_WORDS = 4
_LETTERS = 8

# Scripts from Thai on are mostly written without spaces: there one run of letters is a text.
_TOKEN = re.compile(r"[\x21-\u0dff]+")
_SENTENCE = re.compile(r"[^\W\d_]+[.!?…]+")
_DATE = re.compile(r"[\d\s:./TZ+-]*\d[\d\s:./TZ+-]*")
_VALUE = r"[-+\d.eE]++|[tT]rue|[fF]alse|null|None|NaN"
_MEASURES = re.compile(
    rf'[\[{{](?:[\s,:\[\]{{}}]|{_VALUE}|"[^"]*+"\s*:)*+(?:"[^"]*+|[a-zA-Z]{{1,4}})?'
)
"""Numbers and truth values in lists or objects, in JSON or Python; may be cut off."""
_UNSPACED = re.compile(r"[\u0e00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_RARE = 4
_CONTROL = frozenset({"role", "from", "type", "name", "id", "tool_call_id"})


def look_of(texts: Sequence[str]) -> str:
    """Classify texts as ``terse`` (ids, dates, codes), ``prose`` or ``short``.

    >>> look_of(["did:plc:abc", "did:plc:xyz"]), look_of(["2024-01-01 10:00:00"])
    ('terse', 'terse')
    >>> look_of(["closed qa", "open qa"]), look_of(["It was a dark night."])
    ('short', 'prose')
    >>> look_of(["Rain."]), look_of(["rain", "snow"])
    ('short', 'terse')
    >>> look_of(["[101, 2023, 102]"]), look_of(['["rain", "snow or hail"]'])
    ('terse', 'prose')
    """
    filled = [text[:_HEAD].strip() for text in texts if text.strip()]
    if all(map(_is_terse, filled)):
        return "terse"
    prose = sum(_is_prose(text) for text in filled)
    return "prose" if 2 * prose > len(filled) else "short"


def _is_terse(text: str) -> bool:
    """Check whether a value is one word, a code, a date, or numbers; a word may be a sentence."""
    token = _TOKEN.fullmatch(text) and not _SENTENCE.fullmatch(text)
    return bool(token or _DATE.fullmatch(text) or _MEASURES.fullmatch(text))


def _is_prose(text: str) -> bool:
    return len(text.split()) >= _WORDS or len(_UNSPACED.findall(text)) >= _LETTERS


def with_looks(shape: Shape, records: Sequence[Mapping[str, Any]]) -> Shape:
    """Add to a shape what the values of its fields look like.

    A field that holds conversations as JSON text becomes a field of messages. Where a text of a
    known name settles the content, only ``prose`` is filled.
    """
    shape = replace(shape, prose=_prose(shape.fields, records))
    if not names_leave_doubt(shape.fields):
        return shape
    unpacked_records = [
        {n: parse_turns(v, n) for n, v in record.items() if not is_export_field(n)}
        for record in records
    ]
    fields = dict(shape.fields)
    for name, kind in fields.items():
        fields[name] = _unpacked_kind(name, kind, unpacked_records) if kind == "string" else kind
    texts: dict[str, list[str]] = {}
    below: dict[str, Counter[str]] = {}
    for record, raw in zip(unpacked_records, records, strict=True):
        for name, value in record.items():
            texts.setdefault(name, []).extend(_some(texts_in(value)))
            # No path leads into what is written as text.
            _gather(name, raw[name], LEVELS, texts, below)
    return replace(
        shape,
        fields=fields,
        below={path: kinds.most_common(1)[0][0] for path, kinds in below.items()},
        looks={path: look_of(found) for path, found in texts.items() if any(found)},
        repeats=frozenset(_repeats(fields, unpacked_records)),
    )


def names_leave_doubt(fields: Mapping[str, str]) -> bool:
    """Check whether the names of fields do not settle what the content is."""
    known = any(fields.get(name) == "string" for name in TEXTS)
    return not known or any(name in fields for name in (*CHATS, *ANSWERS, *PREFERENCE))


def _prose(fields: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Find fields with a text in more than one value of ``_RARE``."""
    found = []
    for name in fields:
        if is_export_field(name):
            continue
        values = (_some(texts_in(value)) for record in records if (value := record.get(name)))
        filled = [texts for texts in values if texts]
        prose = sum(any(_is_prose(text[:_HEAD]) for text in texts) for texts in filled)
        if prose * _RARE > len(filled):
            found.append(name)
    return tuple(found)


def _unpacked_kind(name: str, kind: str, records: Sequence[Mapping[str, Any]]) -> str:
    filled = [value for record in records if (value := record.get(name)) not in (None, "")]
    talks = [value for value in filled if isinstance(value, (list, dict)) and value]
    if 2 * len(talks) <= len(filled) or not talks or isinstance(talks[0], dict):
        return kind
    return "messages" if all(map(is_turn, talks[0])) else "list"


def texts_in(value: Any) -> Iterator[str]:
    """Iterate over the strings in a value, without speakers and types."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if not (key in _CONTROL and isinstance(item, str)):
                yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def _some(texts: Iterator[str]) -> list[str]:
    return [text for text, _ in zip(texts, range(_MOST_ITEMS), strict=False)]


def _gather(
    path: str,
    value: Any,
    levels: int,
    texts: dict[str, list[str]],
    below: dict[str, Counter[str]],
) -> None:
    """Collect the members of objects, and those of the first object of a list."""
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            for name, item in value[0].items():
                if isinstance(item, str):
                    below.setdefault(f"{path}[].{name}", Counter())["string"] += 1
                    texts.setdefault(f"{path}[].{name}", []).append(item)
        return
    if not isinstance(value, dict) or levels == 0:
        return
    for name, item in value.items():
        inner = f"{path}.{name}"
        kind = _kind(item)
        if kind:
            below.setdefault(inner, Counter())[kind] += 1
            texts.setdefault(inner, []).extend(_some(texts_in(item)))
        _gather(inner, item, levels - 1, texts, below)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "messages" if value and all(map(is_turn, value)) else "list"
    return "object" if isinstance(value, dict) else ""


def _repeats(
    fields: Mapping[str, str], records: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Find fields whose texts another field mostly contains: ``(prompt, messages)``."""
    large = [n for n, kind in fields.items() if kind == "messages" or n in PREFERENCE]
    if not large:
        return
    small = [n for n, kind in fields.items() if kind in {"string", "messages", "list"}]
    texts: list[dict[str, frozenset[str]]] = [
        {n: _distinct_texts(record[n]) for n in {*large, *small} if n in record}
        for record in records
    ]
    for one in small:
        for other in large:
            if one == other:
                continue
            both = [(r[one], r[other]) for r in texts if r.get(one) and r.get(other)]
            if both and 2 * sum(left <= right for left, right in both) > len(both):
                yield one, other


def _distinct_texts(value: Any) -> frozenset[str]:
    return frozenset(text for text in (each.strip() for each in texts_in(value)) if text)
