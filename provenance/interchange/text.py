"""Shorten text from data, and find the characters that XML cannot hold."""

from __future__ import annotations

import re

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def shorten(text: str, longest: int) -> str:
    """Leave out the middle of a text that is too long: ids differ at either end.

    >>> shorten("record:sha256:0123456789abcdef", 16)
    'record:s…9abcdef'
    """
    if len(text) <= longest:
        return text
    head = longest // 2
    return f"{text[:head]}…{text[len(text) - (longest - head - 1) :]}"
