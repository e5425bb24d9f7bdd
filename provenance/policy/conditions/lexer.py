"""Split the text of a condition into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.errors import ConditionError


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a condition, and its position, counted from 1."""

    kind: str  # name, quoted, text, number, word, operator, punctuation, end
    value: str
    position: int


_KEYWORDS = frozenset(["AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL", "TRUE", "FALSE"])
_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<number>-?(?:\d+(?:\.\d+)?|\.\d+)(?![\w.]))
      | (?P<operator>==|!=|<>|<=|>=|=(?!=)|<|>)
      | (?P<name>[^\W\d]\w*)
      | (?P<punctuation>[(),])""",
    re.VERBOSE,
)
_MEANT = {
    ";": "a condition is one expression, without semicolons",
    "--": "comments are not part of a condition",
    "/*": "comments are not part of a condition",
    "'": "the text is not closed; write '' for a quote inside it",
    '"': "the name is not closed or empty",
}
_ARITHMETIC = "arithmetic, casts and parameters are not part of a condition"


def tokens(text: str) -> list[Token]:
    """Split a condition into tokens, ending in a token of kind ``end``.

    Raises:
        ConditionError: something in it is no word of the grammar.
    """
    found: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _PATTERN.match(text, offset)
        if match is None:
            raise _unreadable(text, offset)
        kind, value = str(match.lastgroup), match.group()
        if kind == "name" and value.upper() in _KEYWORDS:
            kind, value = "word", value.upper()
        if kind != "space":
            found.append(Token(kind, value, offset + 1))
        offset = match.end()
    if any("\x00" in token.value for token in found):
        raise ConditionError("a condition holds no NUL", hint="remove the NUL character")
    return [*found, Token("end", "", len(text) + 1)]


def _unreadable(text: str, offset: int) -> ConditionError:
    rest = text[offset:]
    start = next((start for start in _MEANT if rest.startswith(start)), rest[0])
    if rest[0].isdigit() or rest[0] == ".":
        hint = "write numbers as 12 or 0.5"
    else:
        hint = _MEANT.get(start, _ARITHMETIC)
    message = f"cannot read {start!r} at position {offset + 1} of a condition"
    return ConditionError(message, hint=hint)
