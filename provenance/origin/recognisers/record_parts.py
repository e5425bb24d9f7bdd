"""Split a structured record into its texts, each with the side that wrote it."""

from __future__ import annotations

from typing import Any

from provenance.content.identity import text_members
from provenance.origin.recognisers.speakers import (
    ANSWERS,
    MODEL_ROLES,
    conversations,
    is_divided,
    last_name,
)

_CONTENT_KEYS = frozenset({"content", "value"})
"""Members of a turn that hold what was said: the part is called as the turn is."""


RecordPart = tuple[str, str | None, bool | None, str]
"""One text of a structured record: place, role, side, text.

The place is where it stands: ``output``, ``messages[1]``, ``messages[1].content[0].text``. The role
is who speaks, as the file has it; ``None`` outside of turns. The side is whether a generator that
is named for the record speaks here; ``None`` where the record is no chat and no pair, so that it
speaks everywhere or nobody knows where. The texts are those of ``identity.text_parts``, in order.
"""


def parts_of(record: Any) -> list[RecordPart]:
    """The texts of a record, whose sides are those of ``turns.model_sides``.

    >>> [part[:3] for part in parts_of({"messages": [{"role": "user", "content": "Hi"}]})]
    [('messages[0]', 'user', False)]
    >>> [part[:3] for part in parts_of({"instruction": "Rhyme", "output": "Time"})]
    [('instruction', None, False), ('output', None, True)]
    """
    found: list[RecordPart] = []
    _gather(record, found, skip=True)
    if not found:  # then names and roles are all the text there is, and no side's
        _gather(record, found, skip=False)
    return found


def _gather(record: Any, found: list[RecordPart], *, skip: bool) -> None:
    if not isinstance(record, dict):
        _walk(record, "", None, None, found, skip)
        return
    chats = conversations(record)
    divided = is_divided(record, chats)
    if not skip:
        for name, value in record.items():
            _walk(value, name, None, False if divided else None, found, skip)
        return
    for name, value, inside in text_members(record):
        if name in chats:
            for path, _, role, content in chats[name]:
                side = role.strip().lower() in MODEL_ROLES
                # Most turns are a role and a text: a walk through each would cost more than all.
                text = (
                    content.get("content") if type(content) is dict and len(content) == 2 else None
                )
                if type(text) is str:
                    found.append((f"{name}{path}", role, side, text))
                else:
                    _walk(content, f"{name}{path}", role or None, side, found, inside)
        else:
            answer = last_name(name) in ANSWERS if divided else None
            _walk(value, name, None, answer, found, inside)


def _walk(
    value: Any, path: str, role: str | None, side: bool | None, found: list[RecordPart], skip: bool
) -> None:
    """Add the strings of a value as ``identity.text_parts`` finds them."""
    if isinstance(value, str):
        found.append((path, role, side, value))
    elif isinstance(value, dict):
        turn = skip and ("role" in value or "from" in value)
        members = text_members(value) if skip else [(k, v, False) for k, v in value.items()]
        for key, item, inside in members:
            if turn and isinstance(item, str) and key in _CONTENT_KEYS:
                found.append((path, role, side, item))
            else:
                _walk(item, f"{path}.{key}", role, side, found, inside)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _walk(item, f"{path}[{number}]", role, side, found, skip)
