"""Compute the fingerprint of an input, by which a changed file is noticed."""

from __future__ import annotations

import xxhash

from provenance.content.identity import write_fingerprint
from provenance.errors import InputError
from provenance.io.contract.reader import Input
from provenance.io.streams.open_input import open_raw


def fingerprint(source: Input) -> str:
    """Hash the stored bytes of a file with XXH3-128; of an object, use the store's own mark.

    Raises:
        InputError: it cannot be read.
    """
    if source.stored is not None:
        return source.stored.fingerprint
    state = xxhash.xxh3_128()
    try:
        with open_raw(source) if source.member else source.path.open("rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    except OSError as error:
        raise InputError(f"{source.uri}: cannot be read: {error.strerror}") from error
    return write_fingerprint(state.digest())
