"""Keep standard output for answers: redirect what libraries print to standard error."""

from __future__ import annotations

import io
import os
import sys

_OUT, _ERR = 1, 2


def keep_answers_apart() -> None:
    """Redirect file descriptor 1 to standard error, and ``sys.stdout`` to the former descriptor 1.

    A library that writes to the descriptor itself, such as a solver that prints a banner, would
    corrupt an answer that a script parses. Child processes inherit the redirection. Only for a
    process that this program owns.
    """
    written = sys.stdout
    if written is None or written.fileno() != _OUT:
        return
    written.flush()
    answers = os.dup(_OUT)
    try:
        os.dup2(_ERR, _OUT)
    except OSError:  # standard error is closed
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _OUT)
        os.close(nowhere)
    sys.stdout = io.TextIOWrapper(
        os.fdopen(answers, "wb"),
        encoding=written.encoding,
        errors=written.errors,
        line_buffering=os.isatty(answers),
    )
