"""How much a file of its size can honestly hold: what is more is a bomb, and refused at once."""

from __future__ import annotations

from provenance.errors import InputError
from provenance.io.contract.record_paths import MAX_ROW_PATHS
from provenance.io.streams.compression import MAX_RATIO, MAX_RATIO_AFTER, DamagedError

MAX_ROWS_AFTER = 1 << 20
"""Rows that are believed of any file; a few bytes hold millions of nulls, or of what repeats."""

MAX_ROWS_PER_BYTE = 2
"""Rows per byte of a file beyond which it is taken for a decompression bomb."""


def require_bytes(decoded: int, encoded: int, believed: int = MAX_RATIO_AFTER) -> None:
    """Refuse what decodes to far more bytes than it takes.

    Args:
        decoded: bytes of the values.
        encoded: bytes of the file.
        believed: decoded bytes that are believed whatever the ratio.

    Raises:
        DamagedError: it does.
    """
    if decoded > max(believed, MAX_RATIO * encoded):
        raise DamagedError(
            f"the data expands more than {MAX_RATIO}:1, like a decompression bomb",
            hint="write the file again without so many repetitions, or in parts",
        )


def require_rows(rows: int, encoded: int) -> None:
    """Refuse what has far more rows than bytes.

    Raises:
        DamagedError: it has.
    """
    if rows > max(MAX_ROWS_AFTER, MAX_ROWS_PER_BYTE * encoded):
        raise DamagedError(
            f"{rows:,} rows in {encoded:,} bytes, like a decompression bomb",
            hint="leave out rows without content, or write the file in parts",
        )


def require_columns(columns: int) -> None:
    """Refuse a table in which no row could be kept, for it has too many fields.

    Raises:
        InputError: it is one.
    """
    if columns > MAX_ROW_PATHS:
        raise InputError(
            f"{columns:,} columns: more than {MAX_ROW_PATHS:,} fields in one record",
            hint="write the file with fewer columns",
        )
