"""norm-1 of many texts at once, where a compiler was at hand at installation (pure)."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from provenance.identity import ASCII_DROP, ASCII_FOLD

Offsets = npt.NDArray[np.int64]

_FORM = 1
"""Of the library: what ``fold.c`` calls by this name."""

_TABLE = bytes(0 if byte in ASCII_DROP else ASCII_FOLD[byte] for byte in range(256))


@dataclass(frozen=True, slots=True)
class Folded:
    """Some texts under norm-1, end to end.

    Attributes:
        data: the folded bytes.
        ends: int64[n], where each text ends in them.
        chars: int64[n], code points of the texts as they were.
        words: int64[n], maximal runs of bytes above the space in the texts as they were.
        wide: int64[m], which texts are not in ``data``, for they need the Unicode tables.
    """

    data: memoryview
    ends: Offsets
    chars: Offsets
    words: Offsets
    wide: Offsets


def fold(data: memoryview, offsets: Offsets) -> Folded | None:
    """Texts under norm-1, in one compiled pass; ``None`` where that was not compiled.

    Args:
        data: UTF-8.
        offsets: int64[n + 1], where each text begins.
    """
    if _LIBRARY is None:
        return None
    count = len(offsets) - 1
    places = np.ascontiguousarray(offsets - offsets[0])
    folded = np.empty(int(places[-1]), np.uint8)
    ends, chars, words = (np.empty(count, np.int64) for _ in range(3))
    wide = np.empty(count, np.uint8)
    texts = np.frombuffer(data[int(offsets[0]) : int(offsets[-1])], np.uint8)
    _LIBRARY.prov_fold(
        _at(texts),
        _at(places),
        count,
        _TABLE,
        _at(folded),
        _at(ends),
        _at(chars),
        _at(words),
        _at(wide),
    )
    return Folded(folded.data, ends, chars, words, np.flatnonzero(wide))


def _at(array: npt.NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _load() -> ctypes.CDLL | None:
    """The library, where it is there and of the form that is known here."""
    try:
        library = ctypes.CDLL(str(Path(__file__).with_name("fold.so")))
        form = ctypes.c_int32.in_dll(library, "prov_fold_form").value
    except (OSError, ValueError):
        return None
    if form != _FORM:
        return None
    pointer = ctypes.c_void_p
    library.prov_fold.argtypes = [
        *(pointer, pointer, ctypes.c_int64, ctypes.c_char_p),
        *(pointer, pointer, pointer, pointer, pointer),
    ]
    library.prov_fold.restype = None
    return library


_LIBRARY = _load()
