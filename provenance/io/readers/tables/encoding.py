"""Detect the encoding of a text table, and split its bytes into lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from provenance.errors import InputError

_CHUNK = 1 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; those of UTF-32 begin like those of UTF-16."""

_WIDE = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4, "utf-32-le": 4, "utf-32-be": 4}
"""Bytes per unit of wide encodings."""

_ZEROS = {2: 0.5, 4: 2.5}
"""Fewest zero bytes per unit, on average, by its width."""

_SHIFTED = re.compile(r"utf-7|hz|iso2022.*|punycode|idna|.*escape|undefined|mbcs|oem|cp65001")
"""Stateful encodings, and names that are no encodings of text."""

_CONTROLS = "it has signs that are no text in Latin-1; `--encoding cp1252` may be meant"

_SIGNS = "\n\r\"',;\t|\\"
_ADJACENT_LETTER = re.compile(r"[A-Za-z][\udcc0-\udcff]|[\udcc0-\udcff][A-Za-z]")
"""A single-byte letter beyond ASCII next to an ASCII one, in ``surrogateescape``."""


def encoding_name(name: str) -> str:
    """Normalise the name of an encoding in which tables can be read.

    >>> encoding_name("Latin-1"), encoding_name("utf8"), encoding_name("UTF-16LE")
    ('iso8859-1', 'utf-8', 'utf-16-le')

    Raises:
        ValueError: there is none of that name, or no table can be read in it.
    """
    try:
        found = codecs.lookup(name)
        known = found.name.removesuffix("-sig")
        plain = known in _WIDE or _SIGNS.encode(known) == _SIGNS.encode("ascii")
    except (LookupError, ValueError, TypeError):
        raise ValueError(f"there is no encoding {name!r}") from None
    if not plain or _SHIFTED.fullmatch(known.replace("_", "-").lower()):
        raise ValueError(f"a table in {name!r} cannot be read")
    return known


def encoding_of(head: bytes, asked: str | None, uri: str) -> tuple[str, tuple[str, ...]]:
    """Detect the encoding of a file, with a note where it is not UTF-8.

    Args:
        head: whole lines, or all there is.
        asked: the encoding that was said.

    Raises:
        InputError: it is not what was said; or nothing was said, and it is not UTF-8.
    """
    mark = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if asked is not None:
        known = _as_asked(head, encoding_name(asked), mark, uri)
        controls = known == "iso8859-1" and re.search(rb"[\x80-\x9f]", head)
        return known, (_CONTROLS,) if controls else ()
    if mark and mark != "utf-8":
        return mark, (f"its encoding is {_display_name(mark)}, by its byte order mark",)
    if wide := _without_mark(head):
        raise InputError(
            f"the file seems to be {_display_name(wide)} without a byte order mark: {uri}",
            hint=f"if it is, say `--encoding {wide}`",
        )
    if _single_bytes(head):
        raise InputError(
            f"the file is not UTF-8, and has no mark of another encoding: {uri}",
            hint="say its encoding: `--encoding cp1252` (Windows), `cp1251`, `shift_jis`, …",
        )
    return "utf-8", ()


def _as_asked(head: bytes, asked: str, mark: str | None, uri: str) -> str:
    """Return the stated encoding, unless the file contradicts it."""
    order = mark or _without_mark(head) if asked in {"utf-16", "utf-32"} else asked
    fits = order is not None and order.startswith(asked) and mark in {None, order}
    if fits and order == "utf-8" and _without_mark(head):
        fits = False
    if fits and order not in _WIDE and order != "utf-8" and not head.isascii():
        # Text of several bytes a letter is hardly ever UTF-8 by accident.
        fits = not _is_utf8(head)
    if fits and order in _WIDE:
        fits = mark is not None or not _is_utf8(head) or b"\0" in head
    if not fits or order is None:
        other = mark or _without_mark(head) or ("utf-8" if _is_utf8(head) else None)
        seems = f"seems to be {_display_name(other)}" if other else "does not begin like it"
        raise InputError(
            f"the file is stated to be {_display_name(asked)} and {seems}: {uri}",
            hint="leave --encoding out, or name the right one",
        )
    return order


def _display_name(name: str) -> str:
    return name.upper().replace("-LE", " (little-endian)").replace("-BE", " (big-endian)")


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _without_mark(head: bytes) -> str | None:
    """Recognise UTF-16 or UTF-32 without a mark by its zero bytes."""
    for name, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        high = 0 if name.endswith("be") else width - 1
        low = width - 1 - high
        units = len(head) // width
        zeros = sum(head[at::width].count(0) for at in range(width) if at != low)
        if units and zeros > units * _ZEROS[width] and not head[low::width].count(0):
            return name
    return None


def _single_bytes(head: bytes) -> bool:
    """Check for a single-byte encoding: more bytes that are not UTF-8 than letters that are."""
    text = head.decode("utf-8", "surrogateescape")
    if head.isascii() or not (wrong := len(re.findall("[\udc80-\udcff]", text))):
        return False
    right = sum(char > "\x7f" for char in text) - wrong
    return wrong > right and (_ADJACENT_LETTER.search(text) is not None or _all_wrong(head))


def _all_wrong(head: bytes) -> bool:
    """Check that at least two rows, and half of all, are beyond ASCII, and none is UTF-8."""
    _, *rows = [line for line in head.splitlines() if line.strip()] or [b""]
    beyond = [row for row in rows if not row.isascii()]
    return 2 <= len(beyond) >= len(rows) / 2 and not any(map(_is_utf8, beyond))


def physical_lines(stream: BinaryIO, limit: int, encoding: str, end: str) -> Iterator[bytes]:
    """Yield lines with their terminators; one beyond the limit comes in pieces.

    Args:
        end: the one sign that ends a line, LF or CR; what it is in bytes tells the encoding.
    """
    sign = end.encode(encoding)
    rest = b""
    while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]
        lines = _split(rest + chunk, sign)
        rest = lines.pop()
        if len(rest) > limit:
            whole = len(rest) - len(rest) % len(sign)
            lines.append(rest[:whole])
            rest = rest[whole:]
        yield from lines
    if rest:
        yield rest


def _split(data: bytes, sign: bytes) -> list[bytes]:
    """Split text into its lines and the rest after the last terminator."""
    if sign == b"\n" and data.count(b"\r") == data.count(b"\r\n"):
        whole = data.splitlines(keepends=True)
        return whole if whole and not whole[-1].endswith(sign) else [*whole, b""]
    if len(sign) == 1:
        *lines, rest = data.split(sign)
        return [*(line + sign for line in lines), rest]
    lines, start, at = [], 0, data.find(sign)
    while at >= 0:
        behind = at + (len(sign) if at % len(sign) == 0 else 1)
        if at % len(sign) == 0:
            lines.append(data[start:behind])
            start = behind
        at = data.find(sign, behind)
    return [*lines, data[start:]]
