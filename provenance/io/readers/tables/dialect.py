"""Detect the dialect of a text table from its first rows, as far as it is not stated."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.errors import InputError
from provenance.io.contract.reader import Input, TableStyle
from provenance.io.readers.tables.dialect_fit import GrammarFit, fit_of
from provenance.io.readers.tables.encoding import encoding_of
from provenance.io.readers.tables.header import check_header, leading_comments
from provenance.io.readers.tables.row_grammar import Grammar
from provenance.io.readers.tables.unsupported_tables import refuse_blanks, refuse_ruled
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes

_PROMISED = {"csv": ",", "tsv": "\t"}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_ODD = re.compile(r"[^\w\s\-.\"'()\[\]{}?!,;|]|[\x01-\x08\x0e-\x1f]")
"""Characters that might be a delimiter, outside of the known ones."""
_SAMPLE_BYTES = 256 << 10
_SAMPLE_ROWS = 200
_SEP = re.compile(r"sep=([^\w\s]|\t)(?:\r\n|\n|\r)", re.IGNORECASE)
"""First line by which Excel states the delimiter."""
_CLOSED = re.compile(r'"(?:[^"]|"")*+"')
_SAY_DELIMITER = "state the delimiter with `--delimiter`"


@dataclass(frozen=True)
class Dialect:
    """Dialect of a text table.

    Attributes:
        grammar: delimiter, quote and escape.
        encoding: as ``encoding_name`` spells it, with its byte order.
        end: the one sign that ends a line: LF (also of CR LF) or CR.
        skipped: lines before the first row.
        comments: whether those lines are comments, so that others may be.
        header: whether the first row names the columns.
        columns: how many cells the first rows have, mostly.
        quotes: whether cells are quoted in the first rows.
        closed: whether one of them ends in the line in which it begins.
        trailing: whether every row ends in a delimiter that the header has not.
        mixed: whether lines end in LF, so that a CR before it may be text.
        notes: what of it is not what the name of the file promises, for people to read.
    """

    grammar: Grammar
    encoding: str = "utf-8"
    end: str = "\n"
    skipped: int = 0
    comments: bool = False
    header: bool = True
    columns: int = 0
    quotes: bool = False
    closed: bool = False
    trailing: bool = False
    mixed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def crlf(self) -> bytes:
        """The characters CR LF in its encoding."""
        return "\r\n".encode(self.encoding)


def detect_dialect(source: Input) -> Dialect:
    """Detect the dialect of a table, with notes on what its file name does not say.

    Raises:
        InputError: the first rows do not tell, or contradict what was stated.
    """
    given = source.table_style
    head, whole = _head(source)
    encoding, notes = encoding_of(head, given.encoding, source.uri)
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    end = _end(text)
    text = text if whole else text[: text.rfind(end) + 1] or text
    lines = _lines(text, end)
    sep_line = _SEP.fullmatch(lines[0]) if lines else None
    lines = lines[1:] if sep_line else lines
    delimiter = given.delimiter or (sep_line[1] if sep_line else None)
    comments = leading_comments(
        lines, source, given.header, lambda some: _grammar(some, delimiter, source)[1].rows
    )
    lines = lines[comments:]
    grammar, fit = _grammar(lines, delimiter, source)
    if given.header is None:
        check_header(fit.rows, source)
    header = given.header is not False
    body = "".join(lines)
    dialect = Dialect(
        grammar,
        encoding,
        end,
        (1 if sep_line else 0) + comments,
        comments > 0,
        header,
        _columns(fit.rows),
        re.search(_opening(grammar), body) is not None,
        re.search(_closed_cell(grammar), body) is not None,
        header and _all_trail(fit.rows),
        _is_mixed(body, end),
    )
    promised = given.delimiter or _PROMISED[source.format]
    return _noted(dialect, notes, promised, given.escape)


def joined_by_tabs(line: str, columns: int) -> list[str] | None:
    """Split a line at its tabs, where a quote in it is not closed within a cell.

    Tab-separated tables are mostly written without quoting, so a quote at the start of a cell is
    text. A line with another number of cells may begin a quoted cell of several lines.

    >>> joined_by_tabs('"Hello\\tb', 2), joined_by_tabs('"a, b"\\tc', 2)
    (['"Hello', 'b'], None)
    """
    if '"' not in line or line.count("\t") != columns - 1:
        return None
    cells = line.rstrip("\r\n").split("\t")
    closed = [bool(_CLOSED.fullmatch(cell)) for cell in cells]
    if all(shut or not cell.startswith('"') for cell, shut in zip(cells, closed, strict=True)):
        return None
    return [
        cell[1:-1].replace('""', '"') if shut else cell
        for cell, shut in zip(cells, closed, strict=True)
    ]


def _noted(dialect: Dialect, notes: tuple[str, ...], promised: str, escape: str | None) -> Dialect:
    """Add notes on everything that the file name does not say."""
    grammar = dialect.grammar
    found = list(notes)
    if grammar.delimiter != promised:
        named = _DELIMITERS.get(grammar.delimiter, repr(grammar.delimiter))
        found.append(f"its columns are parted by {named}")
    if grammar.escape and escape is None:
        found.append("a backslash in it stands before quotes and delimiters that are text")
    if grammar.quote != '"':
        found.append(f"its cells are quoted with {grammar.quote}")
    if dialect.comments:
        found.append(f"lines before its header that are comments, left out: {dialect.skipped:,}")
    elif dialect.skipped:
        found.append("its first line, which names the delimiter, is left out")
    if not dialect.header:
        named = f"column1 to column{dialect.columns}" if dialect.columns > 1 else "column1"
        found.append(f"without a header, its columns are called {named}")
    if dialect.trailing:
        found.append("its rows end in a delimiter that the header has not")
    if dialect.end == "\r":
        found.append("its lines end in carriage returns")
    return Dialect(**{**vars(dialect), "notes": tuple(found)})


def _head(source: Input) -> tuple[bytes, bool]:
    """Read the first bytes of a file, and tell whether that is all of it."""
    head = bytearray()
    try:
        with open_bytes(source) as stream:
            while len(head) <= _SAMPLE_BYTES and (part := stream.read1(_SAMPLE_BYTES)):  # type: ignore[attr-defined]
                head += part
    except DamagedError:
        return bytes(head[: -(len(head) % 4) or None]), False
    if len(head) <= _SAMPLE_BYTES:
        return bytes(head), True
    cut = bytes(head[:_SAMPLE_BYTES])
    # Behind the last line end there may be half a letter.
    line = max(cut.rfind(b"\n\0\0\0"), cut.rfind(b"\n\0"), cut.rfind(b"\n"))
    return (cut if line < 0 or b"\0" in cut else cut[: line + 1]), False


def _end(text: str) -> str:
    """Return the line terminator: CR where no LF is outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", text)
    return "\r" if "\r" in bare and "\n" not in bare else "\n"


def _lines(text: str, end: str) -> list[str]:
    *lines, rest = text.split(end)
    return [*(line + end for line in lines), *([rest] if rest else [])]


def _is_mixed(text: str, end: str) -> bool:
    """Check whether some lines, among them the first, end in LF alone."""
    bare = re.sub(r'"[^"]*"', "", text)
    first = bare.find("\n")
    later = bare[first + 1 :]
    alone = not later or re.search(r"(?<!\r)\n", later) is not None
    return end == "\n" and first >= 0 and bare[first - 1 : first] != "\r" and alone


def _opening(grammar: Grammar) -> str:
    delimiter, quote = re.escape(grammar.delimiter), re.escape(grammar.quote)
    return rf"(?:\A|[\r\n]|{delimiter}){quote}"


def _closed_cell(grammar: Grammar) -> str:
    delimiter, quote = re.escape(grammar.delimiter), re.escape(grammar.quote)
    return rf"{_opening(grammar)}[^{quote}\r\n]*{quote}(?=[\r\n]|{delimiter}|\Z)"


def _columns(rows: list[list[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def _all_trail(rows: list[list[str]]) -> bool:
    width = len(rows[0]) if rows else 0
    return len(rows) > 1 and all(len(row) == width + 1 and not row[-1] for row in rows[1:])


def _grammar(
    lines: Sequence[str], delimiter: str | None, source: Input
) -> tuple[Grammar, GrammarFit]:
    """Determine delimiter and quoting of some lines."""
    given = source.table_style
    if delimiter in {None, "|"}:
        refuse_ruled(lines, source.uri)
    if delimiter is not None:
        fit = _best(lines, delimiter, given)
        if _width(fit, given) == 1:
            _check_one(lines, delimiter, source)
        return _sure(fit, given, source)
    promised = _PROMISED[source.format]
    fits = {each: _best(lines, each, given) for each in _DELIMITERS}
    parting = {each: fit for each, fit in fits.items() if _width(fit, given) > 1}
    if not parting and (odd := _odd_delimiter("".join(lines))):
        raise InputError(
            f"the columns seem to be separated by {odd!r}, which was not stated: {source.uri}",
            hint=f"if they are, say `--delimiter {odd!r}`; else {_SAY_DELIMITER}",
        )
    if not parting or (lines and _DELIMITERS.keys().isdisjoint(re.sub(r'"[^"]*"', "", lines[0]))):
        refuse_blanks(lines, _best(lines, " ", given), source.uri)
    if not parting:
        return _sure(fits[promised], given, source)
    best = max(fit.share for fit in parting.values())
    good = [each for each in parting if parting[each].share == best]
    rows = max(len(fit.rows) for fit in parting.values())
    if promised in good and (len(good) == 1 or (rows < 2 and given.header is not False)):
        good = [promised]
    elif len(good) > 1 or best <= 0.5:
        named = " or ".join(_DELIMITERS[each] for each in parting if each in good)
        raise InputError(
            f"the columns may be separated by {named}, which the rows do not confirm: {source.uri}",
            hint=_SAY_DELIMITER,
        )
    return _sure(parting[good[0]], given, source)


def _check_one(lines: Sequence[str], delimiter: str, source: Input) -> None:
    """Refuse a stated delimiter that yields one column, where another one fits.

    Raises:
        InputError: another one parts the header and the rows alike.
    """
    for other, named in _DELIMITERS.items():
        fit = _best(lines, other, source.table_style)
        parts = len(fit.rows) > 1 and _width(fit, source.table_style) > 1 and fit.share > 0.5
        if parts and other != delimiter:
            raise InputError(
                f"the columns are separated by {named}, and not by {delimiter!r}: {source.uri}",
                hint="leave --delimiter out, or name the right one",
            )


def _width(fit: GrammarFit, given: TableStyle) -> int:
    """Return the number of columns of the header, or of most rows without one."""
    if not fit.rows:
        return 0
    return _columns(fit.rows) if given.header is False else len(fit.rows[0])


def _best(lines: Sequence[str], delimiter: str, given: TableStyle) -> GrammarFit:
    """Read rows with the quote and escape that fit best, preferring the usual ones."""
    text = "".join(lines)
    escapes = [given.escape] if given.escape is not None else ["", "\\"] if "\\" in text else [""]
    single = re.search(rf"(?:\A|[\r\n]|{re.escape(delimiter)})'", text)
    quotes = ['"', "'"] if single else ['"']
    headed = given.header is not False
    fits = [
        fit_of(lines, Grammar(delimiter, quote, escape), headed, _SAMPLE_ROWS)
        for quote in quotes
        for escape in escapes
    ]
    best = max(fits, key=lambda fit: fit.share)  # the first of equal ones
    if best is fits[0] and single and fits[0].rows:
        wrapped = all(re.fullmatch(r"'[^']*'", cell) for cell in fits[0].rows[0])
        best = next((fit for fit in fits if fit.grammar.quote == "'"), best) if wrapped else best
    return best


def _sure(fit: GrammarFit, given: TableStyle, source: Input) -> tuple[Grammar, GrammarFit]:
    """Accept a fit, unless a backslash in it might be an escape.

    Raises:
        InputError: nothing tells.
    """
    grammar = fit.grammar
    if given.escape is None and not grammar.escape and fit.escapes_fit:
        other = Grammar(grammar.delimiter, grammar.quote, "\\")
        escaped = fit_of(fit.lines, other, given.header is not False, _SAMPLE_ROWS)
        if escaped.wrong <= fit.wrong and escaped.rows != fit.rows:
            raise InputError(
                f"a backslash may be text, or an escape before other characters: {source.uri}",
                hint="say `--escape none` if it is text, `--escape '\\'` if it is an escape",
            )
    return grammar, fit


def _odd_delimiter(sample: str) -> str | None:
    """Find an unusual character that is equally frequent in the header and most lines."""
    unquoted = re.sub(r'"[^"]*"', "", sample)
    header, *lines = [line for line in re.split(r"\r?\n|\r", unquoted) if line.strip()] or [""]
    lines = lines[:_SAMPLE_ROWS]
    marks: Counter[str] = Counter(_ODD.findall(header))
    for mark, count in marks.items():
        same = sum(line.count(mark) == count for line in lines)
        if same * 2 > len(lines):
            return mark
    return None
