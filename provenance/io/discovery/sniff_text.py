"""Decode the first bytes of a file as text: UTF-8, or UTF-16 and UTF-32 without a mark."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

BLANK = b" \t\r\n\x0b\x0c\x00"
"""Bytes that may precede data without being data."""

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LITTLE = ("utf-16-le", "utf-32-le")
_BIG = ("utf-16-be", "utf-32-be")
_PRINTED = 0.95
"""Share of printable characters in a text decoded from wide units."""


def texts_of(head: bytes) -> Iterator[str]:
    """Yield every text that the bytes may be.

    Leading blanks are removed, which turns big-endian ASCII into little-endian.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            yield from _decoded(head, encoding)
            return
    bare = head.lstrip(BLANK)
    if b"\x00" not in bare:
        yield bare.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        return
    wide = [text for encoding in _LITTLE for text in _decoded(bare, encoding)]
    wide += [text for encoding in _BIG for text in _decoded(head, encoding)]
    yield from (text.lstrip(" \t\r\n\x00") for text in wide if _is_printed(text))
    if bare[:2] in {b'{"', b"[{"}:
        yield bare.replace(b"\x00", b"\n").decode("utf-8", "replace")


def is_binary(head: bytes) -> bool:
    """Check whether the bytes are not UTF-8 text."""
    if b"\x00" in head:
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return True
    return False


def _decoded(data: bytes, encoding: str) -> Iterator[str]:
    try:
        yield codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return


def _is_printed(text: str) -> bool:
    sample = text[:4096]
    return sum(c.isprintable() or c in "\t\r\n\x00" for c in sample) >= _PRINTED * len(sample) > 0
