"""What fails is told apart from what it was read with, and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provenance.errors import ProvError, UnforeseenError

if TYPE_CHECKING:
    from provenance.operations.ingest.worker_contract import UnitTask


def divide_unit(task: UnitTask, position: int | None) -> Sequence[UnitTask]:
    """Units that come to the same, the file at this place last; halves where none is named.

    A unit of one file has no parts.
    """
    files = task.files
    if len(files) == 1:
        return ()
    if position is None:
        middle = len(files) // 2
        return [replace(task, files=files[:middle]), replace(task, files=files[middle:])]
    others = files[:position] + files[position + 1 :]
    return [replace(task, files=others), replace(task, files=(files[position],))]


def with_file_name(error: ProvError, uri: str) -> ProvError:
    """The same failure, with the file it is about in its message."""
    if uri in error.message:
        return error
    if isinstance(error, UnforeseenError):
        return UnforeseenError(f"{uri}: {error.message}", hint=error.hint, trace=error.trace)
    return type(error)(f"{uri}: {error.message}", hint=error.hint)
