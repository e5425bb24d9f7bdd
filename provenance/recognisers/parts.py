"""The texts that a structured record is made of, and whose each of them is."""

from __future__ import annotations

from typing import Any

from provenance.identity import CONTROL_KEYS, TURN_METADATA
from provenance.recognisers.turns import ANSWERS, MODEL_ROLES, PROMPTS

_SAID = frozenset({"content", "value"})
"""Members of a turn that hold what was said: the part is called as the turn is."""


Part = tuple[str, str | None, bool | None, str]
"""One text of a structured record: place, role, side, text.

The place is where it stands: ``output``, ``messages[1]``, ``messages[1].content[0].text``. The role
is who speaks, as the file has it; ``None`` outside of turns. The side is whether a generator that
is named for the record speaks here; ``None`` where the record is no chat and no pair, so that it
speaks everywhere or nobody knows where. The texts are those of ``identity.text_parts``, in order.
"""


def parts_of(record: Any) -> list[Part]:
    """The texts of a record, whose sides are those of ``turns.model_sides``.

    >>> [part[:3] for part in parts_of({"messages": [{"role": "user", "content": "Hi"}]})]
    [('messages[0]', 'user', False)]
    >>> [part[:3] for part in parts_of({"instruction": "Rhyme", "output": "Time"})]
    [('instruction', None, False), ('output', None, True)]
    """
    found: list[Part] = []
    _gather(record, found, skip=True)
    if not found:  # then names and roles are all the text there is, and no side's
        _gather(record, found, skip=False)
    return found


def _gather(record: Any, found: list[Part], *, skip: bool) -> None:
    if not isinstance(record, dict):
        _walk(record, "", None, None, found, skip)
        return
    turn = "role" in record or "from" in record
    noted = TURN_METADATA if turn else frozenset()
    told = {n: v for n, v in record.items() if v is not None and n not in noted}
    chats = {name: roles for name, value in told.items() if (roles := _roles(value))}
    names = {name.lower() for name in told}
    divided = bool(chats) or bool(names & ANSWERS and names & PROMPTS)
    for name, value in record.items():
        control = skip and name in CONTROL_KEYS and isinstance(value, str)
        if control or (skip and name in noted):
            continue
        if name in chats:
            for place, (said, role) in enumerate(zip(value, chats[name], strict=True)):
                side = skip and role.strip().lower() in MODEL_ROLES
                _walk(said, f"{name}[{place}]", role, side, found, skip)
        else:
            answer = skip and name.lower() in ANSWERS
            _walk(value, name, None, answer if divided else None, found, skip)


def _roles(value: Any) -> list[str] | None:
    """Who speaks in each turn of a chat; ``None`` where a value is none."""
    if not isinstance(value, list):
        return None
    roles: list[str] = []
    for turn in value:
        role = _role(turn)
        if not role:
            return None
        roles.append(role)
    return roles


def _role(turn: Any) -> str:
    if isinstance(turn, dict):
        for key in ("role", "from"):
            role = turn.get(key)
            if isinstance(role, str):
                return role if role.strip() else ""
    return ""


def _walk(
    value: Any, place: str, role: str | None, side: bool | None, found: list[Part], skip: bool
) -> None:
    """Add the strings of a value as ``identity.text_parts`` finds them."""
    if isinstance(value, str):
        found.append((place, role, side, value))
    elif isinstance(value, dict):
        turn = skip and ("role" in value or "from" in value)
        for key, item in value.items():
            text = isinstance(item, str)
            if (skip and text and key in CONTROL_KEYS) or (turn and key in TURN_METADATA):
                continue
            if turn and text and key in _SAID:
                found.append((place, role, side, item))
            else:
                _walk(item, f"{place}.{key}", role, side, found, skip)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _walk(item, f"{place}[{number}]", role, side, found, skip)
