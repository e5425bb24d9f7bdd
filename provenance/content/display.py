"""Text from data made safe to look at: nothing in it moves a cursor or turns a line around."""

from __future__ import annotations

LONGEST = 240
"""Characters of one value that a person is shown; machine formats carry all of it."""


def visible(text: str) -> str:
    r"""The text with everything that cannot be seen written as an escape.

    Control characters and terminal sequences, bidirectional and zero-width marks, line and
    paragraph separators, odd spaces, lone surrogates and unassigned code points. Letters of every
    script and emoji stay. A backslash stays too: this is for eyes, not for reading back.

    >>> visible("safe\x1b[31m \u202etxt.exe\n")
    'safe\\x1b[31m \\u202etxt.exe\\n'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(text: str) -> str:
    """``visible``, with the end of a very long text left out and its length said.

    >>> shown("x" * 1000)[-26:]
    'xxxxxx… (1,000 characters)'
    """
    if len(text) <= LONGEST:
        return visible(text)
    return f"{visible(text[:LONGEST])}… ({len(text):,} characters)"
