"""Isolate the file that makes a unit of work fail, and name it in the error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provenance.errors import ProvError, UnforeseenError

if TYPE_CHECKING:
    from provenance.operations.ingest.worker_contract import UnitTask


def divide_unit(task: UnitTask, position: int | None) -> Sequence[UnitTask]:
    """Divide a unit: all other files first, then the file at ``position``; without one, halves.

    A unit of one file cannot be divided.
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
    """Return the same error with the file in its message."""
    if uri in error.message:
        return error
    if isinstance(error, UnforeseenError):
        return UnforeseenError(f"{uri}: {error.message}", hint=error.hint, trace=error.trace)
    return type(error)(f"{uri}: {error.message}", hint=error.hint)
