"""``prov --help`` costs little more than click itself: no engine is loaded, and it is measured."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("duckdb", "pyarrow", "pydantic", "rich", "numpy", "yaml", "provenance.ledger")

ATTEMPTS = 4

MOST = 1.5
"""How much of an empty program's time the help may take."""

EMPTY = """
import click

@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option("1")
def cli() -> None:
    "An empty program."

cli()
"""

HELP = "from prov_cli.main import main; main()"


def environment() -> dict[str, str]:
    """Ours, without what a coverage run adds to every process."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_loads_no_engine(arguments: list[str]) -> None:
    program = (
        "import sys, contextlib\n"
        f"sys.argv = ['prov', *{arguments!r}]\n"
        "from prov_cli.main import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main()\n"
        f"print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert done.stdout.splitlines()[-1] == "LOADED"


def cpu(program: list[str]) -> float:
    """Processor seconds of one run."""
    before = os.times()
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL, env=environment())
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


@pytest.mark.slow
def test_help_costs_at_most_half_as_much_again_as_an_empty_program(tmp_path: Path) -> None:
    empty = tmp_path / "empty.py"
    empty.write_text(EMPTY, encoding="utf-8")
    ours = tmp_path / "ours.py"
    ours.write_text(HELP, encoding="utf-8")
    # In turns, so that whatever else the machine does falls on both; several times, so that a
    # single busy moment decides nothing.
    for _ in range(ATTEMPTS):
        pairs = [
            (
                cpu([sys.executable, str(ours), "--help"]),
                cpu([sys.executable, str(empty), "--help"]),
            )
            for _ in range(15)
        ]
        mine = statistics.median(pair[0] for pair in pairs)
        theirs = statistics.median(pair[1] for pair in pairs)
        if mine <= MOST * theirs:
            return
    pytest.fail(f"{mine:.3f} s against {theirs:.3f} s after {ATTEMPTS} attempts")
