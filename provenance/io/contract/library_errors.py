"""Translate whatever a library raises on damaged data into one exception."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from provenance.errors import ProvError

Item = TypeVar("Item")

_PANIC = "PanicException"
"""Name of the exception that pyo3 raises for a Rust panic; it is no ``Exception`` and cannot be
imported.
"""

_IN_SOURCE = re.compile(r", /\S+\.rs:\d+:\d+$")
"""Position in a Rust source file at the end of a message."""

_LONGEST = 200


class LibraryError(Exception):
    """A library could not read on; the message is the first line of its own."""


@contextmanager
def library_errors() -> Iterator[None]:
    """Translate any exception that a library raises on data from outside.

    Raises:
        LibraryError: it raised something. What this package raises, as its streams do, stays.
    """
    try:
        yield
    except (ProvError, LibraryError):
        raise
    except Exception as error:
        raise LibraryError(_reason(error)) from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise LibraryError(_reason(error)) from error


def iterate_library(items: Iterable[Item]) -> Iterator[Item]:
    """Iterate over the items of a library, translating what it raises.

    Raises:
        LibraryError: as ``library_errors``.
    """
    with library_errors():
        yield from items


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "a length in it asks for more memory than there is"
    message = _IN_SOURCE.sub("", str(error).partition("\n")[0]).strip()
    cut = f"{message[:_LONGEST]}…" if len(message) > _LONGEST else message
    return f"{type(error).__name__}: {cut}" if cut else type(error).__name__
