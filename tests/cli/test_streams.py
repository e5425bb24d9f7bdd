"""Standard output holds the answer and nothing else, whatever a library prints."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios

import pytest
from support.terminal import Terminal

from provenance.policy.fit.milp import Constraint, Variable, solve

NOISY = """
import ctypes, os, sys
from prov_cli.main import main
from provenance.ledger import Ledger

quiet = Ledger.status

def status(self):
    os.write(1, b"banner of a library\\n")
    os.system("echo noise of a child process")
    print("words of a library in Python")
    ctypes.CDLL(None).puts(b"words that C keeps until the end")
    return quiet(self)

Ledger.status = status
sys.argv = ["prov", "status", *sys.argv[1:]]
main()
"""

TALKING = """
import sys
import highspy
from prov_cli.main import main

class Talking(highspy.Highs):
    def setOptionValue(self, name, value):
        return super().setOptionValue(name, name == "output_flag" or value)

highspy.Highs = Talking
main()
"""

WORKER_NOISE = """
import os, sys
if any("forkserver" in word for word in sys.orig_argv):
    os.write(1, b"words of a server of workers\\n")
"""

PROV = [sys.executable, "-m", "prov_cli.main"]
POLICY = "policy: p\nunit: bytes\nbudgets:\n  - name: all\n    max_synthetic: 0.5\n"


def answered(terminal: Terminal, command: list[str], **options: object) -> tuple[str, str]:
    done = subprocess.run(
        command, cwd=terminal.folder, capture_output=True, text=True, check=True, **options
    )
    return done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.newest
def test_what_a_library_prints_is_no_part_of_the_answer(terminal: Terminal) -> None:
    terminal.prov("init")
    said, beside = answered(terminal, [sys.executable, "-c", NOISY, "--json"])
    assert json.loads(said)["records"] == 0
    assert "banner of a library" in beside
    assert "noise of a child process" in beside
    assert "words of a library in Python" in beside
    assert "words that C keeps until the end" in beside
    text, _ = answered(terminal, [sys.executable, "-c", NOISY])
    assert "banner" not in text
    assert "records" in text


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-"])
def test_a_process_without_standard_error_answers_alone_too(
    terminal: Terminal, closed: str
) -> None:
    terminal.prov("init")
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(NOISY)} --json {closed}"
    done = subprocess.run(
        command, cwd=terminal.folder, shell=True, stdout=subprocess.PIPE, check=True
    )
    assert json.loads(done.stdout)["records"] == 0


@pytest.mark.slow
def test_a_process_without_standard_output_says_what_libraries_print(terminal: Terminal) -> None:
    """And the files that it opens do not take the place of standard output."""
    terminal.prov("init")
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(NOISY)} --json >&-"
    _, beside = answered(terminal, ["bash", "-c", command])
    assert "banner of a library" in beside
    assert "records" not in beside
    assert terminal.prov("verify").code == 0


@pytest.mark.slow
def test_what_workers_print_is_no_part_of_the_answer(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.write("quirks/sitecustomize.py", WORKER_NOISE)
    path = [str(terminal.folder / "quirks"), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    terminal.write("a.jsonl", '{"text": "a text"}\n')
    terminal.prov("init")
    said, beside = answered(terminal, [*PROV, "ingest", "a.jsonl", "--source", "s", "--json"])
    assert json.loads(said)["read"] == 1
    assert "words of a server of workers" in beside


def test_a_table_is_as_wide_as_standard_output(terminal: Terminal) -> None:
    """Not as the terminal that only shows the errors."""
    terminal.prov("init")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    try:
        done = subprocess.run(
            [*PROV, "query", f"SELECT '{'wide ' * 20}' AS text"],
            cwd=terminal.folder,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            check=True,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert max(map(len, done.stdout.splitlines())) >= 99


@pytest.mark.slow
@pytest.mark.newest
def test_a_fit_whose_solver_talks_answers_in_json_alone(terminal: Terminal) -> None:
    for source, label in (("h", "human"), ("s", "synthetic")):
        rows = "".join(f'{{"text": "{label} text number {n}"}}\n' for n in range(9))
        terminal.write(f"{source}.jsonl", rows)
        terminal.prov("ingest", f"{source}.jsonl", "--source", source, "--label", label)
    terminal.write("p.yaml", POLICY)
    fit = ["assemble", "r", "--policy", "p.yaml", "--fit", "--json"]
    said, beside = answered(terminal, [sys.executable, "-c", TALKING, *fit])
    assert json.loads(said)["sealed"]
    assert "HiGHS" in beside


def test_the_solver_says_nothing_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """A caller in Python has no program around the solver that keeps its answers apart."""
    found = solve([Variable(1, 0, 3, integer=True)], [Constraint(((0, 1.0),), 2.0)])
    assert found is not None
    assert found.values == (2.0,)
    assert capfd.readouterr().out == ""
