"""Progress: a callback is called, and a bar is drawn where somebody looks."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from rich.console import Console
from support.datafiles import texts, write_jsonl
from traitlets.config import Config

import provenance
from provenance.operations.progress import progress_callback


def test_a_callback_is_told_the_bytes(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 3))
    calls: list[tuple[int, int]] = []
    provenance.init(tmp_path / "l").ingest(
        path, source="a", progress=lambda done, total: calls.append((done, total))
    )
    assert calls[-1] == (path.stat().st_size, path.stat().st_size)


def test_a_bar_is_drawn_on_a_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress_callback("auto", console) as progress:
        assert progress is not None
        progress(500, 1000)
    assert "0.5/1.0 kB" in console.file.getvalue()  # type: ignore[attr-defined]


def test_nothing_is_drawn_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes that for a terminal
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    for asked in ("auto", None):
        with progress_callback(asked) as progress:  # type: ignore[arg-type]
            assert progress is None
    assert written.getvalue() == ""


def test_a_bar_is_drawn_below_a_cell_and_moves(tmp_path: Path) -> None:
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=quiet, ipython_dir=str(tmp_path))
    before, shell.display_pub = shell.display_pub, CapturingDisplayPublisher()
    try:
        with progress_callback("auto", Console(force_jupyter=True, width=100)) as progress:
            assert progress is not None
            progress(500, 1000)
        outputs = shell.display_pub.outputs
    finally:
        shell.display_pub = before
        InteractiveShell.clear_instance()
    assert [output["update"] for output in outputs] == [False, True]
    assert outputs[0]["transient"] == outputs[1]["transient"]
    assert "0.5/1.0 kB" in outputs[1]["data"]["text/plain"]
    assert "<pre" in outputs[1]["data"]["text/html"]
