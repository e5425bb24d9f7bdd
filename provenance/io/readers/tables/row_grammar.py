"""Define the grammar of a table row, and resume reading after a row that breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

OUTSIDE, INSIDE = False, True
"""State at the start or end of a line: outside of a quoted cell, or inside."""

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
        """Pattern of the text of a quoted cell, without backtracking."""
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
        """Check whether a text is one whole row."""
        return self._row.fullmatch(text) is not None

    def after(self, line: str, begins: bool) -> bool | None:
        """Return the state at the end of a line; ``None`` where it cannot begin in that state.

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


class _Hypothesis:
    """A hypothesis about the state at the first line, checked line by line."""

    def __init__(self, state: bool) -> None:
        self.state: bool | None = state
        self.start = 0 if state == OUTSIDE else -1

    def take(self, grammar: Grammar, line: str, position: int) -> None:
        """Check the next line."""
        if self.state is not None:
            self.state = grammar.after(line, self.state)
            if self.state == OUTSIDE and self.start < 0:
                self.start = position + 1


def resume_after_defect(
    lines: Iterator[bytes],
    decode: Callable[[bytes], str],
    grammar: Grammar,
    limit: int,
    lose: Callable[[bytes], None],
) -> list[bytes]:
    """Find the lines after a broken row at which reading resumes.

    After a misplaced quote the next line may begin outside of a quoted cell or inside. Both
    hypotheses are checked until the lines contradict one; where they contradict both, all lines
    read so far are lost, and the search begins again.

    Args:
        lines: from behind the line in which the defect is.
        limit: bytes of lines that are held; a cell of more is none.
        lose: is given every line that belongs to the broken row, or may.
    """
    while True:
        lookahead: list[bytes] = []
        hypotheses = [_Hypothesis(OUTSIDE), _Hypothesis(INSIDE)]
        size = 0
        for line in lines:
            lookahead.append(line)
            size += len(line)
            text = decode(line)
            for hypothesis in hypotheses:
                hypothesis.take(grammar, text, len(lookahead) - 1)
            hypotheses = [hypothesis for hypothesis in hypotheses if hypothesis.state is not None]
            if (
                not hypotheses
                or size > limit
                or (len(hypotheses) == 1 and hypotheses[0].start >= 0)
            ):
                hypotheses = [hypothesis for hypothesis in hypotheses if hypothesis.start >= 0]
                break
        else:  # the file ends, and no cell may be open there
            hypotheses = [hypothesis for hypothesis in hypotheses if hypothesis.state == OUTSIDE]
            start = hypotheses[0].start if hypotheses else len(lookahead)
            _lose(lookahead[:start], lose)
            return lookahead[start:]
        if len(hypotheses) == 1:
            _lose(lookahead[: hypotheses[0].start], lose)
            return lookahead[hypotheses[0].start :]
        _lose(lookahead, lose)


def _lose(lines: list[bytes], lose: Callable[[bytes], None]) -> None:
    for line in lines:
        lose(line)
