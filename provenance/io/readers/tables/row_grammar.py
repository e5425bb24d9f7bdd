"""What a row of a table may be, quote by quote; and where reading goes on behind a broken one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

OUTSIDE, INSIDE = False, True
"""Where a line begins or ends: outside of a quoted cell, or in one."""

_END = r"(?:\r\n|\n|\r)?"


@dataclass(frozen=True)
class Grammar:
    """The rows of RFC 4180 with any delimiter, quote and escape; it has no quote within a cell.

    Attributes:
        delimiter: the one sign between cells.
        quote: the one sign around a cell; doubled in it, it is text.
        escape: the one sign before a sign that is text; empty for none.
    """

    delimiter: str
    quote: str = '"'
    escape: str = ""

    @cached_property
    def _inner(self) -> str:
        """What stands in a quoted cell, as a pattern that never goes back."""
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        plain = rf"[^{quote}{escape}]*+"
        pair = rf"{quote}{quote}" + (rf"|{escape}[\s\S]" if escape else "")
        return rf"{plain}(?:(?:{pair}){plain})*+"

    @cached_property
    def _cell(self) -> str:
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        plain = rf"[^{quote}{escape}{re.escape(self.delimiter)}\r\n]*+"
        bare = rf"{plain}(?:{escape}[\s\S]{plain})*+" if escape else plain
        return rf"(?:{quote}{self._inner}{quote}|{bare})"

    @cached_property
    def _row(self) -> re.Pattern[str]:
        return re.compile(rf"{self._cell}(?:{re.escape(self.delimiter)}{self._cell})*+{_END}")

    @cached_property
    def _opens(self) -> re.Pattern[str]:
        quote = re.escape(self.quote)
        return re.compile(rf"(?:{self._cell}{re.escape(self.delimiter)})*+{quote}{self._inner}")

    @cached_property
    def _stays(self) -> re.Pattern[str]:
        return re.compile(self._inner)

    @cached_property
    def _closes(self) -> re.Pattern[str]:
        quote, delimiter = re.escape(self.quote), re.escape(self.delimiter)
        return re.compile(rf"{self._inner}{quote}(?:{delimiter}{self._cell})*+{_END}")

    @cached_property
    def _closes_and_opens(self) -> re.Pattern[str]:
        quote, delimiter = re.escape(self.quote), re.escape(self.delimiter)
        return re.compile(
            rf"{self._inner}{quote}{delimiter}(?:{self._cell}{delimiter})*+{quote}{self._inner}"
        )

    def is_row(self, text: str) -> bool:
        """Whether a text is one whole row, with every quote in its place."""
        return self._row.fullmatch(text) is not None

    def after(self, line: str, begins: bool) -> bool | None:
        """Where a line ends that begins outside or inside; ``None`` where it cannot.

        >>> Grammar(",").after('1,"a', OUTSIDE), Grammar(",").after('1,"a', INSIDE)
        (True, None)
        """
        if begins == OUTSIDE:
            if self._row.fullmatch(line):
                return OUTSIDE
            return INSIDE if self._opens.fullmatch(line) else None
        if self._stays.fullmatch(line) or self._closes_and_opens.fullmatch(line):
            return INSIDE
        return OUTSIDE if self._closes.fullmatch(line) else None


class _Way:
    """One opinion about where the first line begins, as far as the lines bear it out."""

    def __init__(self, state: bool) -> None:
        self.state: bool | None = state
        self.start = 0 if state == OUTSIDE else -1

    def take(self, grammar: Grammar, line: str, place: int) -> None:
        """Follow the line at that place."""
        if self.state is not None:
            self.state = grammar.after(line, self.state)
            if self.state == OUTSIDE and self.start < 0:
                self.start = place + 1


def go_on(
    lines: Iterator[bytes],
    decode: Callable[[bytes], str],
    grammar: Grammar,
    limit: int,
    lose: Callable[[bytes], None],
) -> list[bytes]:
    """Lines behind a broken row that were looked at, and are to be read next.

    After a quote in the wrong place nobody knows whether the next line begins outside of a cell or
    in one. Both are followed until the lines contradict one of them; where they contradict both,
    what was read so far may be anything, and the question is asked again.

    Args:
        lines: from behind the line in which the defect is.
        limit: bytes of lines that are held; a cell of more is none.
        lose: is given every line that belongs to the broken row, or may.
    """
    while True:
        held: list[bytes] = []
        ways = [_Way(OUTSIDE), _Way(INSIDE)]
        size = 0
        for line in lines:
            held.append(line)
            size += len(line)
            text = decode(line)
            for way in ways:
                way.take(grammar, text, len(held) - 1)
            ways = [way for way in ways if way.state is not None]
            if not ways or size > limit or (len(ways) == 1 and ways[0].start >= 0):
                ways = [way for way in ways if way.start >= 0]
                break
        else:  # the file ends, and no cell may be open there
            ways = [way for way in ways if way.state == OUTSIDE]
            start = ways[0].start if ways else len(held)
            _lose(held[:start], lose)
            return held[start:]
        if len(ways) == 1:
            _lose(held[: ways[0].start], lose)
            return held[ways[0].start :]
        _lose(held, lose)


def _lose(lines: list[bytes], lose: Callable[[bytes], None]) -> None:
    for line in lines:
        lose(line)
