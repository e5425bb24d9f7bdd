"""Measure how well a grammar fits the first rows of a table."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

from provenance.io.readers.tables.row_grammar import Grammar


@dataclass(frozen=True, slots=True)
class GrammarFit:
    """Rows as one grammar reads them.

    Attributes:
        lines: what they were read from.
        rows: the good ones, the header first.
        wrong: rows whose quotes are out of place, if it quotes cells.
        share: of the rows after the header, those with as many cells; 1 where there are none.
    """

    grammar: Grammar
    lines: Sequence[str]
    rows: list[list[str]]
    wrong: int
    share: float

    @property
    def escapes_fit(self) -> bool:
        """Whether every backslash is before a character that writers escape."""
        signs = re.escape("\\" + self.grammar.quote + self.grammar.delimiter) + r"\r\n"
        text = "".join(self.lines)
        return "\\" in text and "\\" not in re.sub(rf"\\[{signs}]", "", text)


def fit_of(lines: Sequence[str], grammar: Grammar, headed: bool, most: int) -> GrammarFit:
    """Measure how well a grammar fits the rows of some lines.

    Args:
        headed: whether the first row tells how many cells the others have; else most of them do.
        most: rows to read.
    """
    rows, wrong = rows_of(lines, grammar, most)
    if not rows:
        return GrammarFit(grammar, lines, rows, wrong, 0.0)
    counts = Counter(map(len, rows[1:] if headed else rows))
    width = len(rows[0]) if headed else counts.most_common(1)[0][0]
    tabs = grammar.delimiter == "\t"
    total = counts.total() + (0 if tabs and not grammar.escape else wrong)
    same = counts[width]
    if headed and not same and len(counts) == 1 and not any(row[-1] for row in rows[1:]):
        same = counts[width + 1]  # every row ends in a delimiter
    return GrammarFit(grammar, lines, rows, wrong, same / total if total else 1.0)


def rows_of(lines: Sequence[str], grammar: Grammar, most: int) -> tuple[list[list[str]], int]:
    """Read the first rows of some lines, and count the broken ones."""
    rows, wrong = _parsed(lines, grammar, most)
    tabs = grammar.delimiter == "\t" and grammar.quote == '"' and not grammar.escape
    if tabs and (wrong or len(set(map(len, rows))) > 1):
        # Written without quotes, as tables with tabs mostly are.
        split = (line.rstrip("\r\n").split("\t") for line in lines if line.strip("\r\n"))
        return list(islice(split, most)), wrong
    return rows, wrong


def _parsed(lines: Sequence[str], grammar: Grammar, most: int) -> tuple[list[list[str]], int]:
    plain = kept_escapes(grammar) if grammar.escape else str
    parser = csv.reader(
        map(plain, lines),
        delimiter=grammar.delimiter,
        quotechar=grammar.quote,
        escapechar=grammar.escape or None,
        strict=True,
    )
    rows: list[list[str]] = []
    wrong = 0
    while len(rows) + wrong < most:
        try:
            row = next(parser)
        except StopIteration:
            break
        except csv.Error:
            wrong += 1
            continue
        if row:
            rows.append(row)
    return rows, wrong


@cache
def kept_escapes(grammar: Grammar) -> Callable[[str], str]:
    """Make a function that protects escapes from the ``csv`` module, which drops them all.

    Tools escape the quote, the delimiter, the escape itself and line ends; before any other
    character a backslash is text, as in ``C:\\new``.
    """
    escape = re.escape(grammar.escape)
    signs = re.escape(grammar.quote + grammar.delimiter) + r"\r\n"
    pattern = re.compile(rf"{escape}({escape}|[{signs}])|{escape}")
    double = grammar.escape * 2

    def safe(line: str) -> str:
        return pattern.sub(lambda found: found[0] if found[1] else double, line)

    return safe
