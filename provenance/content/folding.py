"""Normalise many texts by rule norm-2 in the compiled loop ``fold.c``, where it is built (pure)."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from provenance.content.norm_rules import ASCII_DROP, ASCII_FOLD, SYLLABLES, names, runs, torn

Offsets = npt.NDArray[np.int64]

_FORM = 2
"""Version of the interface of ``fold.c`` that this module calls."""

_ASCII = bytes(0 if byte in ASCII_DROP else ASCII_FOLD[byte] for byte in range(256))

_SLACK = 128
"""Spare bytes that the loop needs behind the output of the current text."""

_ITSELF, _SYLLABLE, _TEXTS, _LENGTH_BITS, _TORN = 1, 2, 128, 6, 1 << 31
"""As in ``fold.c``."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Some texts under norm-2, end to end.

    Attributes:
        data: the folded bytes.
        ends: int64[n], where each text ends in them.
        norm_chars: int64[n], code points of the folded texts.
        chars: int64[n], code points of the texts as they were.
        words: int64[n], maximal runs of bytes above the space in the texts as they were.
    """

    data: memoryview
    ends: Offsets
    norm_chars: Offsets
    chars: Offsets
    words: Offsets


class _Tables(ctypes.Structure):
    kept_alive: tuple[npt.NDArray[np.generic], ...]
    codes: int | None
    _fields_ = (
        ("ascii", ctypes.c_char_p),
        ("codes", ctypes.c_void_p),
        ("texts", ctypes.c_char_p),
        ("torn", ctypes.c_void_p),
        ("torn_count", ctypes.c_int64),
        ("names", ctypes.c_char_p),
        ("name_ends", ctypes.c_void_p),
        ("named", ctypes.c_char_p),
        ("named_ends", ctypes.c_void_p),
        ("name_count", ctypes.c_int64),
    )


def fold(data: memoryview, offsets: Offsets) -> Folded | None:
    """Normalise texts in one compiled pass; return ``None`` where the loop was not compiled.

    Args:
        data: UTF-8.
        offsets: int64[n + 1], where each text begins.
    """
    if _LIBRARY is None:
        return None
    count = len(offsets) - 1
    places = np.ascontiguousarray(offsets - offsets[0])
    texts = np.frombuffer(data[int(offsets[0]) : int(offsets[-1])], np.uint8)
    scratch = np.empty(int(np.diff(places).max(initial=0)), np.uint8)
    norm_chars, chars, words = (np.empty(count, np.int64) for _ in range(3))
    ends = np.empty(count, np.int64)
    pieces: list[npt.NDArray[np.uint8]] = []
    # The tables are made for the first text that needs them, and room for those that grow.
    tables, grown, done = _tables(), 1, 0
    while done < count:
        capacity = int(places[-1] - places[done]) * grown + _SLACK
        folded = np.empty(capacity, np.uint8)
        got = _LIBRARY.prov_fold(
            _at(texts),
            _at(places[done:]),
            count - done,
            ctypes.byref(tables),
            _at(scratch),
            _at(folded),
            capacity,
            *(_at(column[done:]) for column in (ends, norm_chars, chars, words)),
        )
        if got:
            end, before = int(ends[done + got - 1]), sum(map(len, pieces))
            pieces.append(folded[:end])
            ends[done : done + got] += before
        done += got
        if tables.codes is None:
            tables = _all_tables()
        elif got == 0:
            grown *= 4
    joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces or [scratch[:0]])
    return Folded(joined.data, ends, norm_chars, chars, words)


def _at(array: npt.NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _tables() -> _Tables:
    """Return the tables for ASCII until a text needs the full ones."""
    return _all_tables() if _all_tables.cache_info().currsize else _Tables(ascii=_ASCII)


@cache
def _all_tables() -> _Tables:
    codes, texts = np.zeros(0x110000, np.uint32), bytearray(b"\0" * _TEXTS)
    known: dict[str, int] = {}

    def value(text: str) -> int:
        if len(text) == 1 and text.isascii():
            return ord(text)
        if text not in known:
            replacement = text.encode()
            known[text] = len(texts) << _LENGTH_BITS | len(replacement)
            texts.extend(replacement)
        return known[text]

    for first, last, replacement in runs():
        codes[first : last + 1] = _ITSELF if replacement is None else value(replacement)
    codes[SYLLABLES.start : SYLLABLES.stop] = _SYLLABLE
    other = np.array([[code, value(text)] for code, text in torn().items()], np.uint32)
    codes[other[:, 0]] |= _TORN
    listed = sorted((name.encode(), text.encode()) for name, text in names().items())
    name_ends, named_ends = (
        np.cumsum([len(item[position]) for item in listed], dtype=np.int32) for position in (0, 1)
    )
    tables = _Tables(
        ascii=_ASCII,
        codes=_at(codes),
        texts=bytes(texts),
        torn=_at(other),
        torn_count=len(other),
        names=b"".join(name for name, _ in listed),
        name_ends=_at(name_ends),
        named=b"".join(text for _, text in listed),
        named_ends=_at(named_ends),
        name_count=len(listed),
    )
    tables.kept_alive = (codes, other, name_ends, named_ends)
    return tables


def _load() -> ctypes.CDLL | None:
    """Load the compiled library, if it is there and has the expected interface version."""
    try:
        library = ctypes.CDLL(str(Path(__file__).with_name("fold.so")))
        form = ctypes.c_int32.in_dll(library, "prov_fold_form").value
    except (OSError, ValueError):
        return None
    if form != _FORM:
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    library.prov_fold.argtypes = [
        *(pointer, pointer, number, pointer, pointer, pointer, number),
        *(pointer, pointer, pointer, pointer),
    ]
    library.prov_fold.restype = number
    return library


_LIBRARY = _load()
"""The compiled loop."""
