"""Refuse files that decode to more bytes, rows or columns than an honest file of their size."""

from __future__ import annotations

from provenance.errors import InputError
from provenance.io.contract.record_paths import MAX_ROW_PATHS
from provenance.io.streams.compression import MAX_RATIO, MAX_RATIO_AFTER, DamagedError

MAX_ROWS_AFTER = 1 << 20
"""Rows that are accepted of any file: a few bytes can hold millions of nulls."""

MAX_ROWS_PER_BYTE = 2
"""Rows per byte of a file above which it is a decompression bomb."""


def require_bytes(decoded: int, encoded: int, believed: int = MAX_RATIO_AFTER) -> None:
    """Refuse data that decodes to far more bytes than it takes.

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
    """Refuse a file with far more rows than bytes.

    Raises:
        DamagedError: it has.
    """
    if rows > max(MAX_ROWS_AFTER, MAX_ROWS_PER_BYTE * encoded):
        raise DamagedError(
            f"{rows:,} rows in {encoded:,} bytes, like a decompression bomb",
            hint="leave out rows without content, or write the file in parts",
        )


def require_columns(columns: int) -> None:
    """Refuse a table with more columns than a record may have fields.

    Raises:
        InputError: it is one.
    """
    if columns > MAX_ROW_PATHS:
        raise InputError(
            f"{columns:,} columns: more than {MAX_ROW_PATHS:,} fields in one record",
            hint="write the file with fewer columns",
        )
