"""Standard output holds the answer and nothing else, whatever a library prints."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.terminal import Terminal

from provenance.policy.fit.milp import Constraint, Variable, solve

NOISY = """
import os, sys
from prov_cli.main import main
from provenance.ledger import Ledger

quiet = Ledger.status

def status(self):
    os.write(1, b"banner of a library\\n")
    os.system("echo noise of a child process")
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

PROV = [sys.executable, "-m", "prov_cli.main"]
POLICY = "policy: p\nunit: bytes\nbudgets:\n  - name: all\n    max_synthetic: 0.5\n"


def answered(terminal: Terminal, command: list[str], **options: object) -> tuple[str, str]:
    done = subprocess.run(
        command, cwd=terminal.folder, capture_output=True, text=True, check=True, **options
    )
    return done.stdout, done.stderr


def test_what_a_library_prints_is_no_part_of_the_answer(terminal: Terminal) -> None:
    terminal.prov("init")
    said, beside = answered(terminal, [sys.executable, "-c", NOISY, "--json"])
    assert json.loads(said)["records"] == 0
    assert "banner of a library" in beside
    assert "noise of a child process" in beside
    text, _ = answered(terminal, [sys.executable, "-c", NOISY])
    assert "banner" not in text
    assert "records" in text


def test_a_process_without_standard_error_answers_too(terminal: Terminal) -> None:
    terminal.prov("init")
    command = " ".join([*PROV, "status", "--json", "2>&-"])
    done = subprocess.run(
        command, cwd=terminal.folder, shell=True, stdout=subprocess.PIPE, check=True
    )
    assert json.loads(done.stdout)["records"] == 0


@pytest.mark.parametrize("talk", [False, True])
def test_a_fit_answers_in_json_alone(terminal: Terminal, *, talk: bool) -> None:
    for source, label in (("h", "human"), ("s", "synthetic")):
        rows = "".join(f'{{"text": "{label} text number {n}"}}\n' for n in range(9))
        terminal.write(f"{source}.jsonl", rows)
        terminal.prov("ingest", f"{source}.jsonl", "--source", source, "--label", label)
    terminal.write("p.yaml", POLICY)
    program = [sys.executable, "-c", TALKING] if talk else PROV
    said, beside = answered(
        terminal, [*program, "assemble", "r", "--policy", "p.yaml", "--fit", "--json"]
    )
    assert json.loads(said)["sealed"]
    assert ("HiGHS" in beside) == talk


def test_the_solver_says_nothing_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """A caller in Python has no program around the solver that keeps its answers apart."""
    found = solve([Variable(1, 0, 3, integer=True)], [Constraint(((0, 1.0),), 2.0)])
    assert found is not None
    assert found.values == (2.0,)
    assert capfd.readouterr().out == ""
