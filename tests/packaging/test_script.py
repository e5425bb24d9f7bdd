"""The package as somebody's script uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.datafiles import texts, write_jsonl

SCRIPT = """
import provenance
from provenance.operations.ingest import IngestOptions

print("started")
ledger = provenance.init("ledger")
print(ledger.ingest(["a.jsonl"], IngestOptions(source="a")).kept)
"""


@pytest.mark.slow
def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", texts("a", 3))
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "started\n3\n"
    assert "Traceback" not in done.stderr
