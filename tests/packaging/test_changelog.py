"""The fragments of the changelog are taken by the tool that renders them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRAGMENTS = ROOT / "changelog.d"


def test_every_fragment_has_a_name_that_the_changelog_takes() -> None:
    named = re.compile(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md")
    others = {path.name for path in FRAGMENTS.iterdir() if not named.fullmatch(path.name)}
    assert others <= {"README.md", "template.jinja"}


def test_no_fragment_brings_a_bullet_of_its_own() -> None:
    texts = {path.name: path.read_text("utf-8") for path in FRAGMENTS.glob("*.*.md")}
    assert not {name for name, text in texts.items() if text.startswith(("-", "*"))}


def test_a_release_moves_the_fragments_into_the_changelog(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    shutil.copy(FRAGMENTS / "template.jinja", folder)
    (folder / "doors.added.md").write_text("Doors open\nto both sides.\n", "utf-8")
    (folder / "walls.fixed.md").write_text("Walls stand.\n", "utf-8")
    (folder / "gates.added.md").write_text("Gates close.\n", "utf-8")
    towncrier = [sys.executable, "-m", "towncrier", "build", "--yes", "--version", "9.8.7"]
    subprocess.run(
        [*towncrier, "--date", "2031-02-03"], cwd=tmp_path, check=True, capture_output=True
    )
    before, _, after = (tmp_path / "CHANGELOG.md").read_text("utf-8").partition("the newest first.")
    assert before.startswith("# Changelog")
    notes = """\
## 9.8.7 (2031-02-03)

### Added

- Doors open
  to both sides.
- Gates close.

### Fixed

- Walls stand.
"""
    assert notes in after
    assert [path.name for path in folder.iterdir()] == ["template.jinja"]


def test_every_fragment_is_in_the_next_notes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.8.7"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = set(done.stdout.splitlines())
    fragments = list(FRAGMENTS.glob("*.*.md"))
    first = {path.name: path.read_text("utf-8").splitlines()[0] for path in fragments}
    assert not {name: line for name, line in first.items() if f"- {line}" not in lines}
