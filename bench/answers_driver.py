"""Run commands of ``prov`` one after the other, each in a process of its own.

    PYTHONPATH=TREE:TREE/cli python bench/answers_driver.py

A line of standard input is a JSON object {argv, cwd, out, err}; the answer to it is a line with the
exit code. Each command runs in a copy of this process (fork), so that it knows nothing of the one
before, and tells what it imported; this process imports that, too, and the next command starts
in a fraction of the time. Not for Windows.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

LIMIT = 3600  # seconds of one command; one that takes longer ends by SIGALRM, with code -14
KEPT = ("provenance", "prov_cli", "duckdb", "pyarrow", "numpy", "pydantic", "yaml")


def main() -> None:
    """Serve until standard input ends."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    sys.path.pop(0)  # this folder, whose modules are not the program's
    answers = os.fdopen(os.dup(1), "w")
    importlib.import_module("prov_cli.main")
    for line in sys.stdin:
        receiving, sending = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receiving)
            _be_the_program(json.loads(line), sending)
        os.close(sending)
        with os.fdopen(receiving) as imported:
            _import(imported.read().split())
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _be_the_program(asked: dict[str, Any], sending: int) -> None:
    """Run one command; the end of it is the end of this process.

    The process ends without tidying up in C++: threads of libraries do not live on in a copy, and
    the libraries would miss them.
    """
    signal.alarm(LIMIT)
    os.chdir(asked["cwd"])
    sys.argv = ["prov", *asked["argv"]]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for descriptor, path, how in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["out"], flags),
        (2, asked["err"], flags),
    ):
        opened = os.open(path, how, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    try:
        sys.modules["prov_cli.main"].main()
        code: Any = 0
    except SystemExit as leaving:
        code = leaving.code
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    names = [name for name in sys.modules if name.partition(".")[0] in KEPT]
    os.write(sending, " ".join(names).encode())
    os._exit(code if isinstance(code, int) else int(code is not None))


def _import(names: list[str]) -> None:
    for name in names:
        if name not in sys.modules:
            with suppress(ImportError):
                importlib.import_module(name)


if __name__ == "__main__":
    main()
