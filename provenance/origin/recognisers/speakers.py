"""Find the turns of a conversation and their speakers, in all common layouts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from provenance.content.identity import CONTROL_KEYS, TURN_METADATA, text_members

MODEL_ROLES = frozenset(
    {"assistant", "gpt", "model", "chatgpt", "bot", "ai", "bing", "bard", "function_call"}
)
USER_ROLES = frozenset({"user", "human", "prompter"})

ANSWERS = frozenset(
    {"output", "response", "completion", "answer", "generation", "solution"}
    | {"outputs", "responses", "completions", "answers", "generations", "solutions"}
    | {"chosen", "rejected"}
    | {"reasoning", "reasoning_content", "thinking", "thought", "thoughts", "cot"}
)
"""Fields of a pair that a model is asked to fill, what it thought before it did included."""

PROMPTS = frozenset(
    {"instruction", "instructions", "prompt", "input", "question", "query", "system", "problem"}
    | {"system_prompt", "context", "history", "tools", "functions"}
)
"""Fields of a pair that the model was given."""

_PAIRED = frozenset({"history", "conversation", "conversations", "messages"})
"""Fields in which bare texts are taken for turns: elsewhere a list may be of anything."""

_ASKS = USER_ROLES | (PROMPTS - {"context", "history", "tools", "functions"})
_PREFERENCE = {"chosen", "rejected"}
_TELLS = MODEL_ROLES | (ANSWERS - {"chosen", "rejected"})


class Turn(NamedTuple):
    """One turn of a conversation.

    Attributes:
        path: where it stands in the field: ``[0]``, ``[0][1]``; empty for the whole of it.
        key, role: the member that says who speaks, and what it says, as the file has it; the key
            is empty where a place or a name tells.
        content: the turn, or the text.
    """

    path: str
    key: str
    role: str
    content: Any


def turns_of_field(name: str, value: Any) -> list[Turn]:
    """The turns of a field, in order; none where it is no conversation.

    These are turns with a role, one such turn alone, objects whose names tell who speaks, and in
    ``history`` and its like pairs of texts, or texts in turn, of which the last is the model's.

    >>> [v[:3] for v in turns_of_field("history", [["Hi", "Hello"]])]
    [('[0][0]', '', 'user'), ('[0][1]', '', 'assistant')]
    >>> [v[:3] for v in turns_of_field("chosen", {"from": "gpt", "value": "Yes"})]
    [('', 'from', 'gpt')]
    """
    if isinstance(value, dict):
        key, role = speaker(value)
        spoken = role.strip().lower() in MODEL_ROLES | USER_ROLES | {"system", "tool"}
        return [Turn("", key, role, value)] if spoken and not _is_bare(value) else []
    if not isinstance(value, list) or not value:
        return []
    turns = [Turn(f"[{n}]", *speaker(turn), turn) for n, turn in enumerate(value)]
    if all(turn.role.strip() for turn in turns):
        return turns
    if all(map(_is_named_pair, value)):
        return list(_named(value))
    if last_name(name) in _PAIRED:
        return list(_in_turn(value))
    return []


def conversations(record: Mapping[str, Any]) -> dict[str, list[Turn]]:
    """The fields of a record that are conversations, with their turns."""
    fields = ((name, value) for name, value, structured in text_members(record) if structured)
    return {name: turns for name, value in fields if (turns := turns_of_field(name, value))}


def is_divided(record: Mapping[str, Any], chats: Mapping[str, Sequence[Turn]]) -> bool:
    """Whether a record is a chat or a pair, so that a model speaks for one side of it only.

    What is null is absent: a file of columns fills what a row does not have. What a log notes
    beside a turn is no text of it.

    Args:
        chats: the conversations in it.
    """
    noted = TURN_METADATA if "role" in record or "from" in record else frozenset()
    fields = (name for name, value in record.items() if value is not None and name not in noted)
    names = set(map(last_name, fields))
    given = names & PROMPTS or (names >= _PREFERENCE and names - ANSWERS)
    return bool(chats) or bool(names & ANSWERS and given)


def last_name(path: str) -> str:
    """The last name of a dotted path, in lower case.

    >>> last_name("data.Output")
    'output'
    """
    return path.rpartition(".")[2].lower()


def speaker(turn: Any) -> tuple[str, str]:
    """The member that says who speaks, and what it says; empty for what is no turn."""
    if isinstance(turn, dict):
        role = turn.get("role")
        if isinstance(role, str):
            return "role", role
        role = turn.get("from")
        if isinstance(role, str):
            return "from", role
    return "", ""


def _is_bare(turn: dict[str, Any]) -> bool:
    """Whether nothing is said: ``{"from": "user", "to": "model"}`` is no turn."""
    return not ({"content", "value", "text", "tool_calls"} & turn.keys())


def _is_named_pair(item: Any) -> bool:
    """Whether an object is a question and an answer, by the names of its members."""
    if not isinstance(item, dict):
        return False
    names = {name.lower() for name, value in item.items() if value is not None}
    return bool(names & _ASKS and names & _TELLS)


def _named(items: list[dict[str, Any]]) -> Iterator[Turn]:
    for path, item in enumerate(items):
        for name, content in item.items():
            if name in CONTROL_KEYS and isinstance(content, str):
                continue
            known = name.lower() in _TELLS | _ASKS
            role = "assistant" if name.lower() in _TELLS else "user" if known else ""
            yield Turn(f"[{path}].{name}", "", role, content)


def _in_turn(items: list[Any]) -> Iterator[Turn]:
    sides = ("user", "assistant")
    if all(isinstance(item, list) and 1 <= len(item) <= 2 for item in items):
        for path, pair in enumerate(items):
            for side, content in enumerate(pair):
                yield Turn(f"[{path}][{side}]", "", sides[side], content)
    elif all(isinstance(item, str) for item in items):
        for path, content in enumerate(items):
            yield Turn(f"[{path}]", "", sides[(path - len(items)) % 2], content)
