"""Keep standard output for answers: redirect what libraries print to standard error."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO, cast

_IN, _OUT, _ERR = 0, 1, 2

_answers: TextIO | None = None


def keep_answers_apart() -> None:
    """Redirect file descriptor 1 to standard error, and ``sys.stdout`` to the former descriptor 1.

    A library that writes to the descriptor itself, such as a solver that prints a banner, would
    corrupt an answer that a script parses. Child processes inherit the redirection. Only for a
    process that this program owns.
    """
    written = cast("io.TextIOWrapper | None", sys.stdout)
    if written is not None and written.fileno() != _OUT:
        return
    _open_closed()
    answers = os.dup(_OUT)
    os.dup2(_ERR, _OUT)
    sys.stdout = io.TextIOWrapper(
        os.fdopen(answers, "wb"),
        encoding=written.encoding if written else "utf-8",
        errors=written.errors if written else "replace",
        line_buffering=os.isatty(answers) or (written is not None and written.write_through),
    )
    # The width of a terminal is asked of this one.
    sys.__stdout__ = sys.stdout  # type: ignore[misc]


def _open_closed() -> None:
    """Let each standard descriptor that the caller closed lead nowhere.

    Else the next file that is opened would take its number, and receive what libraries print.
    """
    for descriptor in (_IN, _OUT, _ERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


@contextlib.contextmanager
def printing_apart() -> Iterator[None]:
    """While a command runs, send what Python libraries print to standard error, too."""
    global _answers  # noqa: PLW0603 - one standard output per process
    outer, _answers = _answers, sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _answers = outer


def answers() -> TextIO:
    """The stream for the answers of the command that runs."""
    return _answers or sys.stdout
