"""The page that draws the house names files that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLANNED = {"provenance/detection/", "provenance/health/", "provenance/proof/", "cli/prov_server/"}
"""Rooms that have a place and are not built."""


def test_every_path_is_there() -> None:
    named = {path for path in re.findall(r"`([\w./-]+(?:/|\.\w+))`", PAGE) if "NAME" not in path}
    rooted = ("provenance/", "cli/", "tests/", "docs/")
    paths = {path for path in named if "/" in path} - PLANNED
    missing = [
        path
        for path in sorted(paths)
        if not (ROOT / path if path.startswith(rooted) else ROOT / "provenance" / path).exists()
    ]
    assert not missing
    assert len(paths) > 40


def test_every_room_and_section_is_drawn() -> None:
    drawing = PAGE.split("```")[1]
    rooms = {
        path.name for path in (ROOT / "provenance").iterdir() if (path / "__init__.py").exists()
    }
    sections = {
        path.name
        for path in (ROOT / "provenance" / "operations").iterdir()
        if (path / "__init__.py").exists()
    }
    lacking = [name for name in sorted(rooms | sections) if f"{name}/" not in drawing]
    assert not lacking, "draw these in docs/architecture.md"
