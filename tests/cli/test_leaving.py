"""How the program ends when its reader or its user goes away."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from support.terminal import Terminal

PROV = [sys.executable, "-m", "prov_cli.main"]


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("arguments", [["--help"], ["query"], ["status", "--json"]])
def test_a_closed_pipe_ends_with_141(terminal: Terminal, arguments: list[str]) -> None:
    terminal.prov("init")
    child = subprocess.Popen([*PROV, *arguments], stdout=subprocess.PIPE, cwd=terminal.folder)
    assert child.stdout is not None
    child.stdout.close()
    assert child.wait(60) == 141


def test_a_reader_that_stops_in_the_middle(terminal: Terminal) -> None:
    terminal.prov("init")
    query = ["query", "SELECT range AS x FROM range(300000)", "--format", "csv"]
    child = subprocess.Popen([*PROV, *query], stdout=subprocess.PIPE, cwd=terminal.folder)
    assert child.stdout is not None
    assert child.stdout.readline() == b"x\n"
    child.stdout.close()
    assert child.wait(60) == 141


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 1.8, 3])
def test_ctrl_c_at_any_moment_of_a_long_query_ends_with_130(
    terminal: Terminal, seconds: float
) -> None:
    terminal.prov("init")
    query = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
    child = subprocess.Popen(
        [*PROV, "query", query],
        cwd=terminal.folder,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them ignore the signal.
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - no thread runs yet
    )
    try:
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130
    assert "Traceback" not in said


def test_without_arguments_the_help_is_shown(terminal: Terminal) -> None:
    answer = terminal.prov()
    assert answer.code == 2
    assert "Usage: prov" in answer.out + answer.err
