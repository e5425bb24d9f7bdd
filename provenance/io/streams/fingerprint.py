"""By what it is told whether a file is still the one that was read."""

from __future__ import annotations

import xxhash

from provenance.content.identity import write_fingerprint
from provenance.errors import InputError
from provenance.io.contract.reader import Input
from provenance.io.streams.open_input import open_raw


def fingerprint(source: Input) -> str:
    """XXH3-128 of a file's bytes, as they lie on disk; of an object, what its store knows it by.

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
