"""Standard output for answers alone: what libraries print goes to standard error."""

from __future__ import annotations

import io
import os
import sys

_OUT, _ERR = 1, 2


def keep_answers_apart() -> None:
    """Let only this program's own answers reach standard output.

    A library that writes to the descriptor itself, as a solver does with its banner, would spoil an
    answer that a script parses. From here on the descriptor leads to standard error, for child
    processes too, and ``sys.stdout`` to where it led before. Only for a process that is wholly
    ours.
    """
    written = sys.stdout
    if written is None or written.fileno() != _OUT:
        return
    written.flush()
    answers = os.dup(_OUT)
    try:
        os.dup2(_ERR, _OUT)
    except OSError:  # standard error is closed: there is nowhere to say it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _OUT)
        os.close(nowhere)
    sys.stdout = io.TextIOWrapper(
        os.fdopen(answers, "wb"),
        encoding=written.encoding,
        errors=written.errors,
        line_buffering=os.isatty(answers),
    )
