"""Encryption of Parquet files, told by their first and last bytes."""

from __future__ import annotations

import os
from typing import BinaryIO

from provenance.errors import InputError
from provenance.io.contract.reader import Input

_SEALED = b"PARE"
"""How a file begins and ends whose footer is encrypted."""


SIGNATURE = 28
"""Bytes that follow a footer in plain text where columns are encrypted: a nonce of 12, a tag of 16
(https://parquet.apache.org/docs/file-format/data-pages/encryption/, "Plaintext footer mode")."""


def is_sealed(stream: BinaryIO) -> bool:
    """Whether the footer is encrypted, and with it what the columns are."""
    stream.seek(0)
    return stream.read(len(_SEALED)) == _SEALED


def footer_bytes(stream: BinaryIO) -> int:
    """Length of the footer, which stands before the last four bytes."""
    stream.seek(-8, os.SEEK_END)
    return int.from_bytes(stream.read(4), "little")


def encrypted(source: Input) -> InputError:
    """The error of an encrypted file."""
    return InputError(f"the Parquet file is encrypted: {source.uri}", hint="decrypt it first")
