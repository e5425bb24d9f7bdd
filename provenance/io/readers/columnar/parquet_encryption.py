"""Recognise encrypted Parquet files by their first and last bytes."""

from __future__ import annotations

import os
from typing import BinaryIO

from provenance.errors import InputError
from provenance.io.contract.reader import Input

_SEALED = b"PARE"
"""First and last bytes of a file with an encrypted footer."""


SIGNATURE = 28
"""Bytes after a plaintext footer with encrypted columns: a nonce of 12 and a tag of 16
(https://parquet.apache.org/docs/file-format/data-pages/encryption/, "Plaintext footer mode").
"""


def is_sealed(stream: BinaryIO) -> bool:
    """Check whether the footer is encrypted."""
    stream.seek(0)
    return stream.read(len(_SEALED)) == _SEALED


def footer_bytes(stream: BinaryIO) -> int:
    """Read the length of the footer, stored before the last four bytes."""
    stream.seek(-8, os.SEEK_END)
    return int.from_bytes(stream.read(4), "little")


def encrypted(source: Input) -> InputError:
    """Make the error of an encrypted file."""
    return InputError(f"the Parquet file is encrypted: {source.uri}", hint="decrypt it first")
