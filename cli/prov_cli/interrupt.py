"""Exit on Ctrl-C, even while DuckDB runs a query."""

from __future__ import annotations

import os
import signal
import threading
import time

GRACE = 3.0  # seconds between Ctrl-C and the end, where the work does not stop by itself


def heed_interrupts(code: int, grace: float = GRACE) -> None:
    """Exit with ``code`` at most ``grace`` seconds after SIGINT.

    Python raises KeyboardInterrupt between two of its instructions. A DuckDB query is one
    instruction, and an import that DuckDB starts swallows the exception, so the query would go on.
    The stored data is consistent at every moment, so exiting is safe.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def watch() -> None:
        while int(signal.SIGINT) not in os.read(read_end, 64):
            continue
        time.sleep(grace)
        os._exit(code)

    threading.Thread(target=watch, name="interrupts", daemon=True).start()
