"""Normalise text by rule ``norm-2`` so that copies of a text can be found by a hash (pure).

A rule never changes under its name. Readings keep the rule that they were read with; readings of
older ledgers have ids of ``norm-1`` (NFKC, casefold, letters and digits only). The ids of two rules
never meet, because each rule hashes with a seed of its own.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import xxhash

NORM_RULE = "norm-2"
"""Name of the rule for new readings."""

SEEDS = {"norm-1": 0, "norm-2": 2}
"""Hash seed of every rule."""

KNOWN_COPY = 40
"""Fewest characters of normalised text for which a match means a copy; short texts coincide."""

ASCII_FOLD = bytes(range(256)).lower().translate(bytes.maketrans(b"l10", b"iio"))
"""Translation table of norm-2 for ASCII."""

ASCII_DROP = bytes(b for b in range(128) if not chr(b).isalnum())
"""ASCII bytes that norm-2 drops: all but letters and digits."""

SYLLABLES = range(0xAC00, 0xD7A4)
"""Hangul syllables, which are decomposed by arithmetic."""

_TABLE = Path(__file__).with_name("norm-2.txt")
_ASCII_LETTER = re.compile(r"[A-Za-z]")

_TAG = re.compile(r"<(?:/?[A-Za-z]|[!?])[^<>]*>")
# An ampersand that was escaped, however often, is one; it may begin a reference.
_REFERENCE = re.compile(
    r"&(?:(?:amp|AMP|#0{0,5}38|#[xX]0{0,4}26);)*"
    r"(?:(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)?"
)

Row = tuple[str, str, tuple[str, ...]]


def normalise(text: bytes | memoryview) -> bytes:
    """Normalise a text by ``norm-2``: fold letters and digits, drop everything else.

    Character references of HTML are decoded and tags removed. Case, compatibility forms (full
    width, ligatures, mathematical letters), accents and other marks, and lookalikes of Latin
    letters and digits are folded by the table ``norm-2.txt``. White space, punctuation, symbols
    and invisible characters are dropped, so that wrapping and quotation do not matter either.

    Args:
        text: UTF-8.

    >>> normalise(b"The  quick-\\nbrown <b>FOX</b>.")
    b'thequickbrownfox'
    >>> normalise("\\ufb01ne\\u200b CAF\\u00c9 &amp; \\u0440\\u0430p\\u0435r".encode())
    b'finecafepaper'
    """
    data = bytes(text)
    if data.isascii() and b"&" not in data and b"<" not in data:
        return data.translate(ASCII_FOLD, ASCII_DROP)
    plain = open_html(data.decode("utf-8", "surrogatepass"))
    return fold_text(plain, latin=is_latin(plain))


def hash_normalised(text: bytes | memoryview, rule: str = NORM_RULE) -> bytes:
    """Hash a text that is normalised already into the 16 bytes of a ``norm_id``."""
    return xxhash.xxh3_128_digest(text, SEEDS[rule])


def open_html(text: str) -> str:
    """Decode the character references of a text, then remove its tags.

    >>> open_html("<p>a &lt;b&gt;bold&lt;/b&gt; caf&eacute; &amp;amp;</p>")
    'a bold café &'
    """
    if "&" in text:
        text = _REFERENCE.sub(_decode, text)
    return _TAG.sub("", text) if "<" in text else text


def _decode(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return "&"
    if name[0] != "#":
        text = names().get(name)
        return f"&{name};" if text is None else text
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def is_latin(text: str) -> bool:
    """Check whether lookalike letters of other scripts are read as Latin letters.

    Greek nu looks like v, and its capital like N: it is read as v where Latin letters prevail, and
    else folded like its capital.
    """
    if not _torn().search(text):
        return False
    folds = _folds(False)
    others = sum(char >= "\u0370" and folds[ord(char)] != "" for char in text)
    return len(_ASCII_LETTER.findall(text)) > others


def fold_text(text: str, *, latin: bool = False) -> bytes:
    """Fold text without HTML by ``norm-2``, character by character."""
    return text.translate(_folds(latin)).encode()


class _Folds(dict[int, str]):
    """Replacement of each code point, looked up in the table on first use."""

    def __init__(self, latin: bool) -> None:
        super().__init__(torn() if latin else {})
        self._runs = sorted(runs(), key=lambda run: run[0])
        self._starts = [first for first, _, _ in self._runs]

    def __missing__(self, code: int) -> str:
        first, last, replacement = self._runs[max(bisect_right(self._starts, code) - 1, 0)]
        if code in SYLLABLES:
            text = unicodedata.normalize("NFD", chr(code))
        elif not first <= code <= last:
            text = ""
        else:
            text = chr(code) if replacement is None else replacement
        self[code] = text
        return text


@cache
def _folds(latin: bool) -> _Folds:
    return _Folds(latin)


@cache
def _torn() -> re.Pattern[str]:
    return re.compile(f"[{''.join(map(chr, torn()))}]")


@cache
def names() -> dict[str, str]:
    """Map names of character references to their text; to "" where it would be dropped anyway."""
    return {
        name: "" if kind[1] == "-" else text_of(kind[1])
        for kind in table()
        if kind[0] == "named"
        for name in kind[2]
    }


def runs() -> Iterator[tuple[int, int, str | None]]:
    """List ranges of code points with their replacement; ``None`` keeps each code point."""
    for kind, text, items in table():
        if kind in {"keep", "fold"}:
            replacement = None if kind == "keep" else text_of(text)
            yield from ((*_run(item), replacement) for item in items)


@cache
def torn() -> dict[int, str]:
    """Map code points to their replacement in Latin text."""
    return {
        code: text_of(text)
        for kind, text, items in table()
        if kind == "latin"
        for first, last in map(_run, items)
        for code in range(first, last + 1)
    }


@cache
def table() -> tuple[Row, ...]:
    """Read the rows of ``norm-2.txt``: kind, text, and code points or names."""
    rows: list[Row] = []
    for line in _TABLE.read_text(encoding="ascii").splitlines():
        if line[:1] not in {"", "#"}:
            kind, *rest = line.split()
            text = "" if kind == "keep" else rest.pop(0)
            rows.append((kind, text, tuple(rest)))
    return tuple(rows)


def text_of(codes: str) -> str:
    """Decode text that the table writes as code points: ``61+65`` is ``ae``."""
    return "".join(chr(int(code, 16)) for code in codes.split("+"))


def _run(item: str) -> tuple[int, int]:
    first, _, last = item.partition("-")
    return int(first, 16), int(last or first, 16)
