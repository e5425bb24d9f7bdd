"""The program as a user runs it, in this process: arguments in, exit code and text out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prov_cli.main import run


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run of the program left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as one JSON document."""
        return json.loads(self.out)


class Terminal:
    """A folder in which the program is run."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def prov(self, *arguments: str) -> Answer:
        """Run ``prov`` with these arguments."""
        self._monkeypatch.chdir(self.folder)
        self._monkeypatch.setattr("sys.argv", ["prov", *arguments])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run()
        captured = self._capsys.readouterr()
        return Answer(int(left.value.code or 0), captured.out, captured.err)

    def write(self, name: str, content: str | bytes) -> str:
        """A file in the folder; returns its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name
