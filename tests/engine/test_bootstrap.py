"""A process of ours does without what its libraries would load and never use."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

ARRAY = "import pyarrow; pyarrow.array(['a']); import os, sys; "
THREADS = "print(len(os.listdir('/proc/self/task')))"


def said(program: str) -> str:
    """What a program prints that does nothing but what it is told."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="pandas is not installed")
def test_pandas_stays_away_from_our_processes_and_from_no_others() -> None:
    loaded = "print('pandas' in sys.modules)"
    assert said(ARRAY + loaded) == "True"
    assert said("import provenance; provenance.bootstrap(); " + ARRAY + loaded) == "False"
    assert said("import provenance.ledger, provenance; import pandas; print(1)") == "1"


def test_no_threads_wait_for_linear_algebra() -> None:
    assert said("import provenance; provenance.bootstrap(); import numpy, os; " + THREADS) == "1"


def test_the_program_is_lean() -> None:
    program = (
        "import sys; sys.argv = ['prov', '--ledger', '/nowhere', 'status']\n"
        "from prov_cli.main import main\n"
        "try: main()\n"
        "except SystemExit: print('provenance.engine.bootstrap' in sys.modules)"
    )
    assert said(program) == "True"
