"""Find the brackets and commas of JSON text outside of strings, and their depth, piece by piece."""

from __future__ import annotations

import numpy as np

from provenance.io.readers.json.scalars import BACKSLASH, QUOTE, Places
from provenance.io.streams.byte_feed import Bytes

COMMA = ord(",")
OPENS, CLOSES = b"[{", b"]}"

_MARK, _SLASH, _QUOTE = 1, 2, 3
_KIND = np.zeros(256, np.uint8)
_KIND[list(b"[]{},")] = _MARK
_KIND[BACKSLASH] = _SLASH
_KIND[QUOTE] = _QUOTE
_STEP = np.zeros(256, np.int64)
_STEP[list(OPENS)] = 1
_STEP[list(CLOSES)] = -1


class BracketScan:
    """Scans a text piece by piece, and keeps the state between pieces.

    Attributes:
        inside: whether that is a string.
    """

    def __init__(self) -> None:
        self.inside = False
        self._escaped = False
        self._depth = 0

    def feed(self, data: Bytes) -> tuple[Places, Places]:
        """Return offsets of brackets and commas of a piece, and the depth after each.

        >>> marks, depths = BracketScan().feed(np.frombuffer(b'[{"a,": 1}, 2]', np.uint8))
        >>> marks.tolist(), depths.tolist()
        ([0, 1, 9, 10, 13], [1, 2, 1, 1, 0])
        """
        kinds = _KIND[data]
        hot = np.flatnonzero(kinds)
        kinds = kinds[hot]
        quotes = self._real(hot[kinds == _QUOTE], hot[kinds == _SLASH], data.size)
        marks = hot[kinds == _MARK]
        odd = np.searchsorted(quotes, marks) % 2 == 1
        marks = marks[odd == self.inside]
        self.inside ^= quotes.size % 2 == 1
        depths = self._depth + np.cumsum(_STEP[data[marks]])
        if depths.size:
            self._depth = int(depths[-1])
        return marks, depths

    def _real(self, quotes: Places, slashes: Places, size: int) -> Places:
        """Return the quotes that are not escaped; keep the state for the next piece."""
        if not slashes.size and not self._escaped:
            return quotes
        begins = np.ones(slashes.size, np.bool_)
        begins[1:] = np.diff(slashes) != 1
        starts = np.maximum.accumulate(np.where(begins, slashes, 0))
        # A backslash that ended the piece before belongs to a run that begins this one.
        starts = np.where((starts == 0) & self._escaped, -1, starts)
        before = np.searchsorted(slashes, quotes) - 1
        runs = np.zeros(quotes.size, np.int64)
        if slashes.size:
            adjacent = (before >= 0) & (slashes[before] == quotes - 1)
            runs[adjacent] = quotes[adjacent] - starts[before[adjacent]]
        escaped = runs % 2 == 1
        if self._escaped and quotes.size and quotes[0] == 0:
            escaped[0] = True
        if slashes.size and slashes[-1] == size - 1:
            self._escaped = bool((size - starts[-1]) % 2 == 1)
        elif size:
            self._escaped = False
        real: Places = quotes[~escaped]
        return real


def is_balanced(raw: bytes) -> bool:
    """Check whether all brackets of a text are closed by one of their kind, and none is left.

    >>> is_balanced(b'{"a": [1, NaN]}'), is_balanced(b'{"a": [1}'), is_balanced(b'{"a": [1}, 2]')
    (True, False, False)
    """
    data = np.frombuffer(raw, np.uint8)
    scan = BracketScan()
    marks, _ = scan.feed(data)
    if scan.inside:
        return False
    opened: list[int] = []
    for byte in data[marks].tolist():
        if byte in OPENS:
            opened.append(byte)
        elif byte in CLOSES and (not opened or OPENS.index(opened.pop()) != CLOSES.index(byte)):
            return False
    return not opened
