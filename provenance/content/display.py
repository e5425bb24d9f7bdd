"""Escape text from data for display: control characters cannot move a cursor or reverse a line."""

from __future__ import annotations

LONGEST = 240
"""Characters of one value that are displayed; machine formats carry all of it."""


def visible(text: str, *, longest: int | None = None) -> str:
    r"""The text with everything that cannot be seen written as an escape.

    Control characters and terminal sequences, bidirectional and zero-width marks, line and
    paragraph separators, odd spaces, lone surrogates and unassigned code points. Letters of every
    script and emoji stay. A backslash stays too: this is for eyes, not for reading back.

    Args:
        longest: characters after which the rest is left out, and the length stated.

    >>> visible("safe\x1b[31m \u202etxt.exe\n")
    'safe\\x1b[31m \\u202etxt.exe\\n'
    """
    if longest is not None and len(text) > longest:
        return f"{visible(text[:longest])}… ({len(text):,} characters)"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(text: str) -> str:
    """Escape a text as ``visible`` does; cut a very long one and add its length.

    >>> shown("x" * 1000)[-26:]
    'xxxxxx… (1,000 characters)'
    """
    return visible(text, longest=LONGEST)
