"""Ctrl-C that always ends the program."""

from __future__ import annotations

import os
import signal
import threading
import time

GRACE = 3.0  # seconds between Ctrl-C and the end, where the work does not stop by itself


def heed_interrupts(code: int, grace: float = GRACE) -> None:
    """See to it that the process is over, with ``code``, soon after SIGINT.

    A KeyboardInterrupt reaches Python code between two of its instructions. A query that DuckDB
    runs is one instruction, and an import that DuckDB starts swallows the exception; then nobody
    would end the query. What is stored is whole at every moment, so that it is safe to leave.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)

    def watch() -> None:
        while int(signal.SIGINT) not in os.read(heard, 64):
            continue
        time.sleep(grace)
        os._exit(code)

    threading.Thread(target=watch, name="interrupts", daemon=True).start()
