"""A terminal for every test of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.terminal import Terminal


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """The program, run in an empty folder."""
    monkeypatch.delenv("PROV_LEDGER", raising=False)
    return Terminal(tmp_path, monkeypatch, capsys)
