"""What libraries raise on damaged data: anything, and no two of them the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from provenance.errors import ProvError

Item = TypeVar("Item")

_PANIC = "PanicException"
"""What Rust raises where it gives up, as pyo3 names it: no ``Exception``, and of no module that
could be imported."""

_IN_SOURCE = re.compile(r", /\S+\.rs:\d+:\d+$")
"""Where in the source of a library an error was made, on the machine that built it."""

_LONGEST = 200


class LibraryError(Exception):
    """A library could not read on; the message is the first line of what it raised."""


@contextmanager
def library() -> Iterator[None]:
    """Run code of a library, and nothing else, on data from outside.

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


def read_by_library(items: Iterable[Item]) -> Iterator[Item]:
    """What a library yields.

    Raises:
        LibraryError: as ``library``.
    """
    with library():
        yield from items


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "a length in it asks for more memory than there is"
    said = _IN_SOURCE.sub("", str(error).partition("\n")[0]).strip()
    cut = f"{said[:_LONGEST]}…" if len(said) > _LONGEST else said
    return f"{type(error).__name__}: {cut}" if cut else type(error).__name__
