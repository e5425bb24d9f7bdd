"""Extract the scalars of JSON lines from their bytes, where they need no decoding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

QUOTE, BACKSLASH, MINUS, NEWLINE = b'"\\-\n'

_STRICT = r"^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)$"


@dataclass(frozen=True, slots=True)
class ScalarColumn:
    """Start and end of one value of every line, and whether it is a string."""

    starts: Places
    ends: Places
    strings: npt.NDArray[np.bool_]


def is_plain_block(buffer: Bytes, quotes: int, columns: list[ScalarColumn]) -> bool:
    """Check that all scalars of a block are strict JSON, and all strings free of escapes.

    A string between two quotes is valid if it has no quote, backslash or control character inside.
    That holds for all of them when the block has no backslash, no control character but line
    breaks, and no quotes but those outside of scalars and around strings.

    Args:
        buffer: whole lines, valid UTF-8, every byte of them outside of scalars known to be JSON.
        quotes: how many of those other bytes are quotes.
        columns: where the scalars are.
    """
    around = 2 * sum(int(np.count_nonzero(column.strings)) for column in columns)
    if np.count_nonzero(buffer == QUOTE) != quotes + around or (buffer == BACKSLASH).any():
        return False
    if np.count_nonzero(buffer < ord(" ")) != np.count_nonzero(buffer == NEWLINE):
        return False
    return all(_are_strict(buffer, column) for column in columns if column.strings.size)


def _are_strict(buffer: Bytes, column: ScalarColumn) -> bool:
    others = ~column.strings
    if not others.any():
        return True
    written = _strings(*_pick(buffer, column.starts[others], column.ends[others]))
    return bool(pc.all(pc.match_substring_regex(written, _STRICT)).as_py()) and not _zeros(
        buffer, column
    )


def plain_column(buffer: Bytes, column: ScalarColumn) -> pa.Array:
    """Return a column of a plain block; null for JSON null."""
    inset = column.strings.astype(np.int64)
    text = _between(buffer, column.starts + inset, column.ends - inset)
    if column.strings.all():
        return text
    empty = ~column.strings & (buffer[column.starts] == ord("n"))
    return pc.if_else(pa.array(empty), pa.scalar(None, pa.string()), text)


def raw_strings(buffer: Bytes, column: ScalarColumn) -> pa.Array | None:
    """Return strings without escapes; ``None`` where some have escapes or all are long."""
    starts, ends = column.starts + 1, column.ends - 1
    if int((ends - starts).sum()) > buffer.size // 4:
        return None  # long texts are cheaper to have parsed than to be picked byte by byte
    offsets, picked = _pick(buffer, starts, ends)
    return None if (picked == BACKSLASH).any() else _strings(offsets, picked)


def raw_scalars(buffer: Bytes, column: ScalarColumn) -> pa.Array | None:
    """Return numbers and booleans as spelled, null as null; ``None`` where one is ``-0``."""
    if _zeros(buffer, column):
        return None
    text = _strings(*_pick(buffer, column.starts, column.ends))
    first = buffer[column.starts]
    return pc.if_else(pa.array(first == ord("n")), pa.scalar(None, pa.string()), text)


def _zeros(buffer: Bytes, column: ScalarColumn) -> bool:
    """Check for ``-0``, which the exact path writes as 0."""
    first, second = buffer[column.starts], buffer[column.starts + 1]
    zero = (first == MINUS) & (second == ord("0")) & (column.ends - column.starts == 2)
    return bool(zero.any())


def _offsets(starts: Places, ends: Places) -> Places:
    offsets: Places = np.concatenate([[0], np.cumsum(ends - starts)])
    return offsets


def _pick(buffer: Bytes, starts: Places, ends: Places) -> tuple[Places, Bytes]:
    """Copy many short ranges of a buffer end to end, and return their offsets."""
    offsets = _offsets(starts, ends)
    places = np.repeat(starts - offsets[:-1], ends - starts) + np.arange(offsets[-1])
    return offsets, buffer[places]


def _between(buffer: Bytes, starts: Places, ends: Places) -> pa.Array:
    """Return ranges of a buffer as strings, in order, over the same memory."""
    places = np.empty(2 * starts.size, np.int32)
    places[::2], places[1::2] = starts, ends
    pieces = pa.StringArray.from_buffers(
        places.size - 1, pa.py_buffer(places), pa.py_buffer(buffer)
    )
    return pieces.take(pa.array(np.arange(0, places.size, 2)))


def _strings(offsets: Places, data: Bytes) -> pa.Array:
    buffers = pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)
    return pa.StringArray.from_buffers(offsets.size - 1, *buffers)
